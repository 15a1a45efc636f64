/** Logs and levels as people see them: from the manager's operations and on the command line, with daemons that come and go. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { agentPod, CONTROLLER_POD } from '../../src/sandbox/antrea-pods.ts'
import { createRest } from '../../src/sandbox/rest.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { ALL_LEVELS, agentsTold, levelsOf } from './antrea-apis.ts'
import { type Parts, startParts } from './parts.ts'
import { runToEnd, start, until } from './process.ts'

interface Shown {
  readonly id: string
  readonly state: string
  readonly events: readonly {
    readonly t: string
    readonly code?: string
    readonly phase?: string
    readonly lines?: readonly { readonly source: string; readonly text: string }[]
    readonly targets?: readonly object[]
  }[]
}

const operations = (parts: Parts) => {
  const path = `/mp/v1/clusters/${parts.clusterId}/operations`
  return {
    async ask(kind: string, body: object, timeout_ms = 60_000): Promise<string> {
      const { body: made } = await parts.admin.call('POST', path, { kind, body, timeout_ms })
      return (made as Shown).id
    },
    show: (id: string) => parts.admin.get<Shown>(`${path}/${id}`),
    cancel: (id: string) => parts.admin.call('DELETE', `${path}/${id}`),
  }
}

const textsOf = ({ events }: Shown) => events.flatMap(({ lines = [] }) => lines.map(({ text }) => text))

async function begin(context: TestContext) {
  const parts = await startParts(context, { antreaPods: true, antreaApis: true })
  await agentsTold(parts.kube)
  const daemon = parts.run()
  await until('the daemon is ready', async () => (await daemon.status())?.ready, 20_000, daemon.stdout)
  return { parts, daemon, ...operations(parts) }
}

test('asked from NSX: logs followed and levels changed over a kill of the leader, and cancelled', async (context) => {
  const { parts, daemon, ask, show, cancel } = await begin(context)
  const { logs } = parts.cluster
  logs.klog(CONTROLLER_POD, 'E', 'a bad thing')
  const once = await ask('logs', { level: 'error' })
  const answered = await until('it is answered', async () => {
    const shown = await show(once)
    return shown.state === 'DONE' && shown
  })
  assert.ok(textsOf(answered).some((text) => text.endsWith('a bad thing')))
  const own = await ask('logs', { component: 'adapter', since: '10m' })
  await until("the adapter's own log is shown", async () =>
    textsOf(await show(own)).some((text) => text.includes('antrea-nsx-adapter starts')),
  )

  const followed = await ask('logs', { nodes: ['node-2'], follow: true, since: 1 })
  const says = (text: string) =>
    until(`it says ${text}`, async () => textsOf(await show(followed)).some((line) => line.endsWith(text)))
  await until('it runs', async () => (await show(followed)).events.length > 0)
  logs.klog(agentPod('node-2'), 'I', 'before')
  await says('before')
  const level = await ask('log-level', { level: 4, duration: '25s' })
  await until('the levels are changed', async () =>
    (await show(level)).events.some(({ phase }) => phase === 'changed'),
  )
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(4))
  daemon.child.kill('SIGKILL')
  const next = parts.run()
  await until(
    'the next one leads',
    async () => (await next.status())?.role === 'leading',
    40_000,
    next.stdout,
  )
  await until('it goes on', async () => (await show(followed)).state === 'RUNNING')
  logs.klog(agentPod('node-2'), 'I', 'after')
  await says('after')
  const texts = textsOf(await show(followed))
  assert.equal(texts.length, new Set(texts).size, 'nothing is said twice')
  await cancel(followed)
  await until('it is over', async () => (await show(followed)).events.at(-1)?.code === 'CANCELLED')

  const returned = await until('the next leader puts the levels back', async () => {
    const shown = await show(level)
    return shown.state === 'DONE' && shown.events.at(-1)
  })
  assert.equal(returned.phase, 'returned')
  assert.deepEqual(returned.targets?.[0], { target: 'controller', was: 0, is: 0 })
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(0))

  const ofAdapter = await ask('log-level', { component: 'adapter', level: 'debug', duration: 60 })
  await until('the level is changed', async () =>
    (await show(ofAdapter)).events.some(({ phase }) => phase === 'changed'),
  )
  const client = createHttpClient({ origin: 'http://localhost', socketPath: next.socket })
  context.after(() => client.close())
  const now = async () => (await createRest(client).get<{ level: string }>('/log-level')).level
  assert.equal(await now(), 'debug')
  await cancel(ofAdapter)
  await until('it is cancelled', async () => (await show(ofAdapter)).events.at(-1)?.code === 'CANCELLED')
  assert.equal(await now(), 'info')
})

test('on the command line, without NSX: chosen, as JSON, followed until Ctrl-C, and into a pipe that closes', async (context) => {
  const { parts, daemon } = await begin(context)
  const { logs } = parts.cluster
  const where = [
    ...['--kubeconfig', parts.kubeconfigFor(parts.apiUrl, parts.authority.ca)],
    ...['--socket', daemon.socket],
  ]
  logs.klog(agentPod('node-1'), 'W', '\u001b[31ma strange thing')
  const some = await runToEnd(context, ['logs', ...where, '--agents', '--level', 'warn'])
  assert.deepEqual([some.code, some.stderr], [0, ''])
  assert.match(some.stdout, /^20\S+Z agent\/node-1 W\d{4} .*\] \?\[31ma strange thing\n$/)

  const all = await runToEnd(context, ['logs', ...where, '--json'])
  const words = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const sources = new Set(words.filter(({ t }) => t === 'line').map(({ source }) => source))
  for (const source of [`controller/${CONTROLLER_POD}`, 'agent/node-3', 'adapter/here'])
    assert.ok(sources.has(source), source)
  assert.equal(words.at(-1).t, 'result')
  const times = words.filter(({ t }) => t === 'line').map(({ time }) => time)
  assert.deepEqual(times, times.toSorted())

  const nobody = await runToEnd(context, ['logs', ...where, '--node', 'node-9'])
  assert.deepEqual([nobody.code, nobody.stdout], [1, ''])
  assert.match(nobody.stderr, /^antrea-nsx-adapter: LOGS_NONE: /)

  const follow = start(context, ['logs', ...where, '-f', '--since', '1s'])
  await until('it follows', () => /adapter\/here/.test(follow.stdout()) || follow.child.exitCode === null)
  await until('a line comes', () => {
    logs.klog(CONTROLLER_POD, 'I', 'again and again')
    return follow.stdout().includes('again and again')
  })
  follow.child.kill('SIGINT')
  assert.equal(await follow.ended, 0)
  assert.equal(follow.stderr(), '')

  const leaving = start(context, ['logs', ...where, '-f', '--controller'])
  await until('it has begun', () => leaving.stdout() !== '')
  leaving.child.stdout?.destroy()
  const ended = leaving.ended
  let isEnded = false
  void ended.then(() => {
    isEnded = true
  })
  await until('it ends when nobody reads', () => {
    logs.klog(CONTROLLER_POD, 'I', 'nobody reads this')
    return isEnded
  })
})

test('without a daemon the cluster’s logs are shown all the same, and it is said', async (context) => {
  const parts = await startParts(context, { antreaPods: true })
  const where = [
    '--kubeconfig',
    parts.kubeconfigFor(parts.apiUrl, parts.authority.ca),
    '--socket',
    '/nowhere',
  ]
  const { code, stdout, stderr } = await runToEnd(context, ['logs', ...where])
  assert.equal(code, 0)
  assert.equal(stdout.trim().split('\n').length, 4)
  assert.match(stderr, /^antrea-nsx-adapter: without the adapter's own log: .*DAEMON_UNREACHABLE/)
  const asked = await runToEnd(context, ['logs', ...where, '--adapter'])
  assert.equal(asked.code, 1)
  assert.match(asked.stderr, /DAEMON_UNREACHABLE/)
})
