/**
 * The daemon as a process against peers that are not there, are not who they should be, refuse, or send rubbish: one
 * clear line with a code and what to do, a state that `status` shows, no crash, no busy loop, nothing deleted.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createApiServer } from '../../src/sandbox/apiserver/index.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { ADAPTER_USER, mayDo } from '../../src/sandbox/rights.ts'
import type { Handler, ServerResponse } from '../../src/world/index.ts'
import { createRealClock, createRealRandom, serve } from '../../src/world/real.ts'
import { type Daemon, hangUp, startParts } from './parts.ts'
import { folder, pause, runToEnd, until } from './process.ts'
import { policyUids, policyWrites, readyWithPolicies, warned } from './seen.ts'

const clock = createRealClock()
const random = createRealRandom()

/** A test that hangs is a failure, too. */
const LIMIT = { timeout: 120_000 }

/** Requests in these seconds stay within what back-off allows: some tens, where a busy loop has thousands. */
const WATCHED_MS = 6_000
const CALLS_MAX = 60

async function alive(context: TestContext, daemon: Daemon): Promise<void> {
  assert.equal(daemon.child.exitCode, null, daemon.stderr())
  assert.equal((await daemon.status())?.ready, false)
  const { code, stdout } = await runToEnd(context, ['status', '--socket', daemon.socket])
  assert.equal(code, 2)
  assert.match(stdout, /^NOT READY/)
  assert.ok((await daemon.stop()) < 3_500, 'a clean stop within 3 s')
  assert.equal(daemon.child.exitCode, 0)
  assert.equal(daemon.stderr(), '')
}

/** How many calls `count` gains while nothing gets better. */
async function gain(count: () => number): Promise<number> {
  const before = count()
  await pause(WATCHED_MS)
  return count() - before
}

test('a manager that is not there', LIMIT, async (context) => {
  const nobody = await hangUp(context)
  const parts = await startParts(context)
  const daemon = parts.run({ nsxUrl: nobody.url })
  await warned(daemon, 'NSX_UNREACHABLE')
  assert.ok((await gain(nobody.connections)) < CALLS_MAX)
  await alive(context, daemon)
})

test('a manager with another certificate', LIMIT, async (context) => {
  const parts = await startParts(context)
  const other = await createAuthority('other-ca', clock)
  const ca = join(parts.path, 'other.crt')
  writeFileSync(ca, other.ca)
  const daemon = parts.run({ nsxCa: ca })
  await warned(daemon, 'NSX_UNTRUSTED')
  assert.equal(parts.requests.manager, 0, 'nothing was sent to it')
  await alive(context, daemon)
})

test('an API server that is not there', LIMIT, async (context) => {
  const nobody = await hangUp(context)
  const parts = await startParts(context)
  const daemon = parts.run({ kubeconfig: parts.kubeconfigFor(nobody.url, parts.authority.ca) })
  await warned(daemon, 'KUBE_UNREACHABLE')
  // Twelve watches, each with its own back-off.
  assert.ok((await gain(nobody.connections)) < 3 * CALLS_MAX)
  await alive(context, daemon)
})

test('an API server with another certificate', LIMIT, async (context) => {
  const parts = await startParts(context)
  const other = await createAuthority('other-ca', clock)
  const daemon = parts.run({ kubeconfig: parts.kubeconfigFor(parts.apiUrl, other.ca) })
  await warned(daemon, 'KUBE_UNTRUSTED')
  assert.equal(parts.requests.api, 0, 'nothing was sent to it')
  await alive(context, daemon)
})

test('a cluster id that NSX does not know', LIMIT, async (context) => {
  const parts = await startParts(context)
  const daemon = parts.run({ clusterId: random.uuid() })
  await warned(daemon, 'NSX_REFUSED')
  assert.ok((await gain(() => parts.requests.manager)) < CALLS_MAX)
  await alive(context, daemon)
})

test('a cluster without Antrea', LIMIT, async (context) => {
  const bare = createApiServer({ clock, random })
  context.after(() => bare.close())
  const parts = await startParts(context, { api: bare.handler })
  const daemon = parts.run()
  await warned(daemon, 'ANTREA_MISSING')
  assert.ok((await gain(() => parts.requests.api)) < 2 * CALLS_MAX)
  await alive(context, daemon)
})

test('rights that are missing', LIMIT, async (context) => {
  const parts = await startParts(context, {
    authorize: (user, verb, resource, namespace) =>
      (user.user !== ADAPTER_USER || resource !== 'pods') && mayDo(user, verb, resource, namespace),
  })
  const daemon = parts.run()
  assert.match(await warned(daemon, 'KUBE_FORBIDDEN'), /pods/)
  assert.ok((await gain(() => parts.requests.api)) < 2 * CALLS_MAX)
  await alive(context, daemon)
})

/** Replaces the body of snapshots while it is on. */
function snapshotFault(change: (lines: string[]) => string) {
  const state = { on: false, struck: 0 }
  const before =
    (next: Handler): Handler =>
    async (request) => {
      if (!state.on || !/^\/ccp\/v1\/clusters\/[^/]+\/snapshot$/.test(request.path)) return next(request)
      // Whole, though the adapter holds it already: a 304 has nothing to spoil.
      const { 'if-none-match': _held, ...headers } = request.headers
      const answer = await next({ ...request, headers })
      state.struck += 1
      return { ...answer, body: change((await whole(answer)).split('\n').filter((line) => line !== '')) }
    }
  return { state, before }
}

async function whole({ body = '' }: ServerResponse): Promise<string> {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  let text = ''
  for await (const chunk of body)
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
  return text
}

const RUBBISH: readonly (readonly [string, (lines: string[]) => string])[] = [
  ['a line that is not JSON', ([begin = '', ...rest]) => `${begin}\n{"t":"put",\n${rest.join('\n')}\n`],
  [
    'a line that is too long',
    ([begin = '']) => `${begin}\n{"t":"put","x":"${'x'.repeat(17 * 1024 * 1024)}"}\n`,
  ],
  ['a snapshot without its end', (lines) => `${lines.slice(0, -2).join('\n')}\n`],
  [
    'a snapshot with fewer objects than it counts',
    (lines) => `${lines.filter((_, n) => n !== 1).join('\n')}\n`,
  ],
]

for (const [name, change] of RUBBISH)
  test(
    `${name}, again and again: thrown away, nothing deleted, and asked for ever less`,
    LIMIT,
    async (context) => {
      const { state, before } = snapshotFault(change)
      const parts = await startParts(context, { beforeManager: before })
      const daemon = await readyWithPolicies(parts)
      const held = policyUids(parts)
      parts.cluster.api.audit.clear()
      state.on = true
      parts.manager.faults.dropStreams()
      await warned(daemon, 'CCP_PROTOCOL')
      assert.ok((await gain(() => state.struck)) <= 12)
      assert.deepEqual(policyUids(parts), held)
      assert.deepEqual(policyWrites(parts), [])
      await alive(context, daemon)
      assert.deepEqual(policyUids(parts), held)
    },
  )

test(
  'a spoilt snapshot once: the next one is taken, and an unchanged full sync writes nothing',
  LIMIT,
  async (context) => {
    const { state, before } = snapshotFault(() => '{"t":"begin"\n')
    const parts = await startParts(context, { beforeManager: before })
    const daemon = await readyWithPolicies(parts)
    const held = policyUids(parts)
    parts.cluster.api.audit.clear()
    state.on = true
    parts.manager.faults.dropStreams()
    await until('the spoilt snapshot', () => state.struck > 0)
    state.on = false
    await until(
      'well again',
      async () => (await daemon.status())?.ready,
      30_000,
      () => daemon.stdout(),
    )
    assert.deepEqual(policyUids(parts), held)
    assert.deepEqual(policyWrites(parts), [])
  },
)

const CONFIGURATIONS: readonly (readonly [string, string, RegExp])[] = [
  [
    'a misspelt key',
    'nsx:\n  ulr: x\n',
    /^antrea-nsx-adapter: CONFIG_UNKNOWN_KEY: \S+config\.yaml:2:3: nsx\.ulr .*did you mean url\?$/m,
  ],
  ['no file at all', '', /^antrea-nsx-adapter: CONFIG_MISSING: .*cluster\.id is needed/m],
  ['broken YAML', 'nsx: [\n', /^antrea-nsx-adapter: CONFIG_SYNTAX: \S+config\.yaml:\d+:\d+: /m],
]

for (const [name, text, wanted] of CONFIGURATIONS)
  test(`${name}: told in a line, exit code 1`, LIMIT, async (context) => {
    const file = join(folder(context), 'config.yaml')
    writeFileSync(file, text)
    const { code, stderr, stdout } = await runToEnd(context, ['run', '--config', file])
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, wanted)
    assert.doesNotMatch(stderr, /^\s+at /m)
  })

test('files that do not fit each other are told before anything is sent', LIMIT, async (context) => {
  const path = folder(context)
  const authority = await createAuthority('e2e-ca', clock)
  const [one, two] = [await authority.client('one'), await authority.client('two')]
  const file = (name: string, content: string) => {
    writeFileSync(join(path, name), content)
    return join(path, name)
  }
  const run = (settings: Record<string, string>) =>
    runToEnd(context, [
      'run',
      ...Object.entries({
        'cluster-id': random.uuid(),
        'cluster-name': 'one',
        'nsx-url': 'https://127.0.0.1:9',
        'nsx-cert': file('one.crt', one.cert),
        'nsx-key': file('one.key', one.key),
        'serve-socket': join(path, 'adapter.sock'),
        'kube-kubeconfig': join(path, 'none'),
        ...settings,
      }).flatMap(([name, value]) => [`--${name}`, value]),
    ])
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      { 'nsx-key': file('two.key', two.key) },
      /CONFIG_CERTIFICATE: flag --nsx-key: .*is not the key of nsx\.cert/,
    ],
    [{ 'cluster-name': 'two' }, /CONFIG_CERTIFICATE: .*CN=one, but cluster\.name is two/],
    [{ 'nsx-cert': file('empty.crt', '') }, /CONFIG_CERTIFICATE: .*holds no certificate/],
    [{ 'nsx-cert': join(path, 'gone.crt') }, /CONFIG_UNREADABLE: .*gone\.crt/],
    [{}, /KUBECONFIG_MISSING: /],
  ]
  for (const [settings, wanted] of cases) {
    const { code, stderr } = await run(settings)
    assert.match(stderr, wanted)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
    assert.equal(code, 1)
  }
})

test('an endpoint that somebody else holds', LIMIT, async (context) => {
  const parts = await startParts(context)
  const first = parts.run()
  await until('the first', () => first.status())
  const server = await serve({
    handler: async () => ({ status: 200 }),
    socketPath: join(parts.path, 'held.sock'),
  })
  context.after(() => server.close())
  const { code, stderr } = await runToEnd(context, [
    'run',
    '--config',
    first.child.spawnargs.at(-1)!,
    '--serve-socket',
    join(parts.path, 'held.sock'),
  ])
  assert.match(stderr, /^antrea-nsx-adapter: SERVE_CANNOT_LISTEN: .*held\.sock/)
  assert.equal(code, 1)
})
