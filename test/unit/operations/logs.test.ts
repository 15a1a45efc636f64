/** Logs through the embedded API server: what is there, what comes, and every way a stream may end. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AdapterError } from '../../../src/errors.ts'
import { createRecentLog } from '../../../src/log/index.ts'
import { createLogs, type LogLine, type OperationWord } from '../../../src/operations/index.ts'
import { agentPod, CONTROLLER_POD, createAntreaPod, putRestart } from '../../../src/sandbox/antrea-pods.ts'
import { createEmbeddedCluster } from '../../../src/sandbox/cluster.ts'
import { createRest } from '../../../src/sandbox/rest.ts'
import { ADAPTER_USER, mayDo } from '../../../src/sandbox/rights.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const PODS = '/api/v1/namespaces/kube-system/pods'

async function start(context: TestContext, nodes: readonly string[] = ['node-1', 'node-2']) {
  const clock = createFakeClock()
  const cluster = createEmbeddedCluster({
    clock,
    random: createSeededRandom(1),
    nodes,
    antreaPods: true,
    authorize: mayDo,
  })
  const go = async <T>(work: Promise<T>, stepMs = 100): Promise<T> => {
    let isDone = false
    const done = () => {
      isDone = true
    }
    work.then(done, done)
    for (let steps = 0; !isDone && steps < 20_000; steps += 1) await clock.advance(stepMs)
    return work
  }
  await go(cluster.start())
  await clock.advance(5_000)
  const { client, faults } = cluster.connect({ commonName: ADAPTER_USER, verified: true })
  const recent = createRecentLog()
  const asked: string[] = []
  const operation = createLogs({
    http: {
      ...client,
      request: (wanted) => {
        asked.push(wanted.path)
        return client.request(wanted)
      },
    },
    clock,
    own: { instance: 'cp-1', recent },
  })
  const stop = new AbortController()
  context.after(async () => {
    stop.abort(new Error('the test is over'))
    await clock.advance(1_000)
    await go(cluster.stop())
  })
  const begin = (body: unknown, forMs = 60_000) => {
    const words: OperationWord[] = []
    const answer = operation.accept(body)({
      id: 'r1',
      deadlineMs: clock.now() + forMs,
      signal: stop.signal,
      say: (word) => void words.push(word),
    })
    answer.catch(() => {})
    const lines = () =>
      words.flatMap((word) => (word.t === 'observation' ? (word['lines'] as readonly LogLine[]) : []))
    return {
      answer,
      words,
      lines,
      texts: () => lines().map(({ text }) => text.replace(/^.*sandbox\.go:1\] /, '')),
      events: () =>
        words.flatMap((word) => (word['event'] === undefined ? [] : [`${word['source']} ${word['event']}`])),
    }
  }
  const rest = createRest(cluster.admin)
  return { clock, cluster, logs: cluster.logs, recent, asked, faults, begin, go, stop, rest }
}

const log = (n: number) => `line ${n}`

test('lines of all of them come merged by time, each with its source and level, within the rights of the Role', async (context) => {
  const { clock, logs, recent, begin, go } = await start(context)
  for (const [n, pod] of [agentPod('node-1'), CONTROLLER_POD, agentPod('node-2')].entries()) {
    await clock.advance(10)
    logs.klog(pod, n === 1 ? 'E' : 'I', log(n))
  }
  await clock.advance(10)
  recent.add({ atMs: clock.now(), level: 'warn', text: '{"message":"own"}' })
  const run = begin({ limit: 4 })
  const answer = await go(run.answer)
  assert.deepEqual(
    run.lines().map(({ source, level }) => [source, level]),
    [
      ['agent/node-1', 'info'],
      [`controller/${CONTROLLER_POD}`, 'error'],
      ['agent/node-2', 'info'],
      ['adapter/cp-1', 'warn'],
    ],
  )
  assert.deepEqual(run.texts(), ['line 0', 'line 1', 'line 2', '{"message":"own"}'])
  assert.equal(answer['line_count'], 4)
  assert.equal(answer['lines_left_out'], 3, 'the three lines with which they started are older')
})

test('a level is looked for beyond the tail, further lines of a stack go with it, secrets are masked', async (context) => {
  const { logs, begin, go } = await start(context)
  logs.klog(CONTROLLER_POD, 'E', 'broken: Authorization: Bearer sesame-sesame')
  logs.write(CONTROLLER_POD, 'goroutine 1 [running]:')
  for (let n = 0; n < 300; n += 1) logs.klog(CONTROLLER_POD, 'I', log(n))
  const run = begin({ component: 'controller', level: 'error', limit: 10 })
  await go(run.answer)
  assert.deepEqual(run.texts(), ['broken: Authorization: Bearer ***', 'goroutine 1 [running]:'])
  const all = begin({ component: 'controller', limit: 10 })
  const answer = await go(all.answer)
  assert.deepEqual([all.texts().length, all.texts().at(-1)], [10, 'line 299'])
  assert.equal(answer['lines_left_out'], 0, 'the kubelet was asked for the tail alone')
})

test('since, containers and the run before', async (context) => {
  const { clock, logs, begin, go } = await start(context)
  const pod = agentPod('node-1')
  logs.klog(pod, 'I', 'old')
  logs.write(pod, '2026-01-01T00:00:00.000Z|00001|bridge|WARN|ovs', 'antrea-ovs')
  await clock.advance(120_000)
  logs.klog(pod, 'I', 'young')
  const texts = async (body: object) => {
    const run = begin({ nodes: ['node-1'], ...body })
    await go(run.answer)
    return run.texts()
  }
  assert.deepEqual(await texts({ since: '1m' }), ['young'])
  assert.equal((await texts({ container: 'antrea-ovs', level: 'warn' })).length, 1)
  logs.restart(pod)
  logs.klog(pod, 'I', 'of the new one')
  assert.deepEqual(await texts({}), ['of the new one'])
  assert.equal((await texts({ previous: true })).at(-1), 'young')
})

test('one Pod that answers slowly, wrongly or never is named, and the others go on', async (context) => {
  const { cluster, begin, go } = await start(context, ['node-1', 'node-2', 'node-3', 'node-4'])
  const path = (node: string) => new RegExp(`${agentPod(node)}/log`)
  cluster.api.faults.add({ path: path('node-1'), status: 500 })
  cluster.api.faults.add({ path: path('node-2'), latencyMs: 3_600_000 })
  cluster.api.faults.add({ path: path('node-3'), latencyMs: 2_000 })
  const run = begin({ component: 'agent' }, 120_000)
  const answer = await go(run.answer)
  const problems = (answer['sources'] as { source: string; problem?: { code: string } }[]).map(
    ({ source, problem }) => [source, problem?.code],
  )
  assert.deepEqual(problems, [
    ['agent/node-1', 'KUBE_SERVER_ERROR'],
    ['agent/node-2', 'TRANSPORT_TIMEOUT'],
    ['agent/node-3', undefined],
    ['agent/node-4', undefined],
  ])
  assert.deepEqual(
    run
      .lines()
      .map(({ source }) => source)
      .toSorted(),
    ['agent/node-3', 'agent/node-4'],
  )
})

test('where nothing can be read, that is the answer: no right, no Pod, every Pod refuses', async (context) => {
  const { cluster, begin, go } = await start(context)
  await assert.rejects(go(begin({ nodes: ['node-9'] }).answer), { code: 'LOGS_NONE', kind: 'wait-for' })
  await assert.rejects(go(begin({ component: 'controller', container: 'sshd' }).answer), {
    code: 'LOGS_NONE',
  })
  cluster.api.faults.add({ path: /\/log$/, status: 503 })
  await assert.rejects(
    go(begin({ component: 'controller' }).answer),
    (error) => error instanceof AdapterError && error.kind === 'wait-for',
  )
})

test('what is followed comes as it is written, also of a log that is silent at first, until the deadline', async (context) => {
  const { clock, logs, recent, begin, go } = await start(context)
  const run = begin({ follow: true, since: 1 }, 200_000)
  // Silent for longer than a connection is trusted.
  await clock.advance(90_000)
  assert.deepEqual(run.texts(), [])
  for (let n = 0; n < 5; n += 1) {
    logs.klog(n % 2 === 0 ? CONTROLLER_POD : agentPod('node-2'), 'I', log(n))
    await clock.advance(700)
  }
  recent.add({ atMs: clock.now(), level: 'info', text: 'own' })
  await clock.advance(1_000)
  assert.deepEqual(run.texts(), [0, 1, 2, 3, 4].map(log).concat('own'))
  const answer = await go(run.answer)
  assert.deepEqual([answer['ended'], answer['line_count']], ['deadline', 6])
  assert.ok(clock.now() > 0)
})

test('a link that is cut is taken up where it was left: no line is lost and none is said twice', async (context) => {
  const { clock, logs, faults, begin } = await start(context)
  const run = begin({ component: 'controller', follow: true, since: 1 }, 600_000)
  await clock.advance(1_000)
  for (let n = 0; n < 60; n += 1) {
    logs.klog(CONTROLLER_POD, 'I', log(n))
    if (n % 7 === 3) faults.cut()
    if (n === 30) faults.down(true)
    if (n === 45) faults.down(false)
    // Several in one second, some in one millisecond.
    await clock.advance(n % 3 === 0 ? 0 : 170)
  }
  await clock.advance(60_000)
  assert.deepEqual(
    run.texts(),
    Array.from({ length: 60 }, (_, n) => log(n)),
  )
  assert.ok(run.events().includes(`controller/${CONTROLLER_POD} interrupted`))
  assert.ok(run.events().includes(`controller/${CONTROLLER_POD} resumed`))
})

test('a container that is started again is told of, with the last words of the one before', async (context) => {
  const { clock, logs, begin, rest, faults } = await start(context)
  const pod = agentPod('node-1')
  const run = begin({ nodes: ['node-1'], follow: true, since: 1 }, 600_000)
  await clock.advance(500)
  logs.klog(pod, 'I', 'one')
  await clock.advance(1_000)
  faults.down(true)
  logs.klog(pod, 'F', 'dying')
  logs.restart(pod)
  await putRestart(rest, clock, pod, 1)
  await clock.advance(1)
  logs.klog(pod, 'I', 'two')
  faults.down(false)
  await clock.advance(30_000)
  assert.deepEqual(run.texts(), ['one', 'dying', 'two'])
  const told = run.words.find((word) => word['event'] === 'restarted')
  assert.deepEqual([told?.['restarts'], told?.['reason']], [1, 'Error, exit code 1'])
})

test('a Pod that goes is told of, its successor on the Node is followed, and so is a Node that is new', async (context) => {
  const { clock, logs, begin, go, rest } = await start(context)
  const pod = agentPod('node-1')
  const run = begin({ component: 'agent', follow: true, since: 1 }, 600_000)
  await clock.advance(500)
  await go(rest.call('DELETE', `${PODS}/${pod}?gracePeriodSeconds=0`))
  logs.forget(pod)
  await clock.advance(3_000)
  assert.deepEqual(run.events(), ['agent/node-1 gone'])
  await go(createAntreaPod(rest, clock, 'node-1', 'antrea-agent-xyz'))
  logs.klog('antrea-agent-xyz', 'I', 'back')
  await go(createAntreaPod(rest, clock, 'node-3', 'antrea-agent-new'))
  logs.klog('antrea-agent-new', 'I', 'new')
  await clock.advance(70_000)
  assert.deepEqual(run.events().toSorted(), [
    'agent/node-1 gone',
    'agent/node-1 replaced',
    'agent/node-3 joined',
  ])
  assert.deepEqual(run.texts().toSorted(), ['back', 'new'])
})

test('a cancelled request ends its streams and its timers at once', async (context) => {
  const { clock, logs, begin, stop, asked, go } = await start(context)
  const before = clock.timers
  const run = begin({ follow: true }, 600_000)
  await clock.advance(2_000)
  assert.ok(asked.some((path) => path.includes('follow=true')))
  stop.abort(new Error('cancelled'))
  await assert.rejects(go(run.answer, 10), { message: 'cancelled' })
  const told = run.words.length
  const calls = asked.length
  logs.klog(CONTROLLER_POD, 'I', 'nobody hears it')
  await clock.advance(120_000)
  assert.deepEqual([run.words.length, asked.length], [told, calls])
  assert.ok(clock.timers <= before + 1, `${clock.timers} timers, ${before} before`)
})

test('who writes without end is told at a bounded pace, in bounded words', async (context) => {
  const { clock, logs, begin } = await start(context)
  const run = begin({ component: 'controller', follow: true, since: 1 }, 600_000)
  await clock.advance(500)
  const words = run.words.length
  for (let n = 0; n < 4_500; n += 1) logs.klog(CONTROLLER_POD, 'I', log(n))
  await clock.advance(600)
  assert.ok(run.lines().length <= 2_000, `${run.lines().length} in half a second`)
  await clock.advance(10_000)
  assert.equal(run.lines().length, 4_500)
  assert.ok(run.words.length - words < 100)
})
