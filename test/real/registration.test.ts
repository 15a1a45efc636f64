/**
 * A cluster's way into NSX and out of it, with the commands that a person types, on a real kube-apiserver with the rights
 * that register grants and nothing more, against a manager that serves NSX's public API alone.
 */
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { createHealth } from '../../src/health/index.ts'
import { createKubeClient, loadAccess, OPEN_GATE } from '../../src/kube/index.ts'
import { claimsOf, createIdentitySecret, keepCredentials } from '../../src/kube/onboarding/index.ts'
import { SILENT } from '../../src/log/index.ts'
import { fingerprintOf } from '../../src/nsx/registration/index.ts'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { type AdapterProcess, withStatus } from './harness/adapter.ts'
import { type Antrea, attachAntrea } from './harness/antrea.ts'
import { inWords } from './harness/audit.ts'
import { type ControlPlane, startControlPlane } from './harness/controlplane.ts'
import { createFleet } from './harness/fleet.ts'
import { type Nsx, podTag, rule, type ServedNsx, serveNsx, USER } from './harness/nsx.ts'
import { start } from './harness/processes.ts'
import { checkSettled } from './harness/stack.ts'
import { programs, skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const options = { skip, timeout: 240_000 }
/** `channel`: the same against a manager that serves docs/protocol.md, too (test:long:registration). */
const DRIVER = process.env['REGISTRATION_DRIVER'] ?? 'rest'
const NAME = 'site-1'
const ACCOUNT = 'system:serviceaccount:antrea-nsx-adapter:antrea-nsx-adapter'
const SECRET = '/api/v1/namespaces/antrea-nsx-adapter/secrets/antrea-nsx-adapter-identity'
const CRD = '/apis/crd.antrea.io/v1beta1'
const MAIN = join(import.meta.dirname, '../../src/main.ts')

let plane: ControlPlane
let antrea: Antrea
let served: ServedNsx
let nsx: Nsx
let adminKubeconfig: string
const running: AdapterProcess[] = []

before(
  async () => {
    if (skip !== false) return
    plane = await startControlPlane({ programs: await programs() })
    const fleet = await createFleet(plane.api)
    antrea = await attachAntrea(plane)
    served = await serveNsx({ publicApiOnly: DRIVER === 'rest' })
    const file = (name: string, text: string) =>
      writeFileSync(join(plane.folder, name), text, { mode: 0o600 })
    file('nsx-admin-password', `${USER.password}\n`)
    file('given-nsx-ca.crt', served.caPem)
    adminKubeconfig = (await plane.addUser('the-person', ['system:masters'])).kubeconfig
    await fleet.namespace('shop')
    for (const [name, app, node, ip] of [
      ['web-1', 'web', 'n1', '10.10.1.1'],
      ['web-2', 'web', 'n2', '10.10.2.1'],
      ['db-1', 'db', 'n3', '10.10.3.1'],
    ] as const)
      await fleet.pod({ namespace: 'shop', name, labels: { app }, node, ip })
  },
  { timeout: 120_000 },
)
after(async () => {
  await Promise.all(running.map((one) => one.stop()))
  await served?.stop()
  await antrea?.stop()
  await plane?.stop()
})

interface Outcome {
  readonly code: number
  readonly text: string
}

let calls = 0

/** A command of the executable, as a process. */
async function cli(...words: readonly string[]): Promise<Outcome> {
  calls += 1
  const logFile = join(plane.folder, `command-${calls}.log`)
  const command = start({ name: words[0] ?? '', command: process.execPath, args: [MAIN, ...words], logFile })
  const code = await command.exited
  return { code: Number(code), text: readFileSync(logFile, 'utf8') }
}

/** Kills the command when it begins this step of its plan, or lets it end when the plan is shorter by now. */
async function killedAt(step: number, ...words: readonly string[]): Promise<string> {
  calls += 1
  const logFile = join(plane.folder, `command-${calls}.log`)
  const command = start({ name: words[0] ?? '', command: process.execPath, args: [MAIN, ...words], logFile })
  await eventually(
    `step ${step}`,
    async () => readFileSync(logFile, 'utf8').includes(` ${step}/`) || !command.isRunning() || undefined,
    { withinMs: 30_000, everyMs: 5 },
  )
  await command.kill()
  return readFileSync(logFile, 'utf8')
}

const node = (name: string) => {
  const folder = join(plane.folder, name)
  return { folder, config: join(folder, 'config.yaml'), socket: join(folder, 'adapter.sock') }
}
const on = (name: string) => ['--folder', node(name).folder, '--config', node(name).config]
const nsxAdmin = () => ['--nsx-password-file', join(plane.folder, 'nsx-admin-password')]
const asAdmin = () => ['--admin-kubeconfig', adminKubeconfig]
const nsxAt = () => ['--nsx-url', served.url, '--nsx-ca', join(plane.folder, 'given-nsx-ca.crt')]

function daemon(name: string): AdapterProcess {
  const { config, socket } = node(name)
  const process_ = start({
    name: `adapter-${name}`,
    command: process.execPath,
    args: [MAIN, 'run', '--config', config, '--instance', name, '--serve-socket', socket],
    logFile: join(plane.folder, `adapter-${name}.log`),
  })
  const adapter = withStatus(process_, name, socket)
  running.push(adapter)
  return adapter
}

const stored = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    Object.entries((await plane.api.get(SECRET)).data as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  )

const settled = () =>
  eventually('everything is settled', () => checkSettled(plane, nsx), { withinMs: 60_000, everyMs: 500 })

/** What the adapter was refused, by the API server. */
const refusedByKube = () =>
  inWords(plane.audit.writes({ user: ACCOUNT }).filter(({ responseStatus }) => responseStatus?.code === 403))

test('register makes the cluster known, a second time it changes nothing', options, async () => {
  const words = ['register', ...nsxAt(), ...nsxAdmin(), ...asAdmin(), ...on('node-1'), '--cluster-name', NAME]
  const dry = await cli(...words, '--dry-run')
  assert.equal(dry.code, 0, dry.text)
  assert.equal((await plane.api.ask('GET', SECRET)).status, 404, 'a dry run does nothing')
  // As if the person's machine went down: at a step in the cluster, in NSX, and here.
  const begun = await killedAt(3, ...words)
  for (const step of [11, 15]) await killedAt(step, ...words)
  const first = await cli(...words)
  assert.equal(first.code, 0, first.text)
  for (const line of dry.text.split('\n').filter((one) => /^ +\d+ /.test(one)))
    assert.ok(begun.includes(line), `${line} was begun as it was shown`)
  const mark = plane.audit.mark()
  served.manager.audit.clear()
  const second = await cli(...words)
  assert.equal(second.code, 0, second.text)
  assert.match(second.text, /Nothing to do/)
  assert.deepEqual(inWords(plane.audit.writes({ user: 'the-person' }, mark)), [])
  const asks = served.manager.audit
    .entries()
    .filter(({ method, path }) => method !== 'GET' && !/session/.test(path))
  assert.deepEqual(asks, [])
  const { folder, config } = node('node-1')
  for (const name of ['tls.key', 'token', 'kubeconfig'])
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  const written = parse(readFileSync(config, 'utf8'))
  assert.equal(written.nsx.driver ?? 'channel', DRIVER)
  const secret = await stored()
  nsx = served.as({
    id: written.cluster.id,
    name: NAME,
    identity: { cert: secret['tls.crt'] ?? '', key: secret['tls.key'] ?? '' },
  })
  assert.equal(readFileSync(join(folder, 'tls.crt'), 'utf8'), secret['tls.crt'])
})

test(
  'join brings it to further nodes, with either kubeconfig; three instances run with their own credentials',
  options,
  async () => {
    const joined = await cli('join', ...asAdmin(), ...on('node-2'))
    assert.equal(joined.code, 0, joined.text)
    const third = await cli(
      'join',
      '--kubeconfig',
      join(node('node-1').folder, 'kubeconfig'),
      ...on('node-3'),
    )
    assert.equal(third.code, 0, third.text)
    const again = await cli('join', ...asAdmin(), ...on('node-2'))
    assert.match(again.text, /Nothing to do/)
    await nsx.putGroup('web', [podTag('app', 'web')])
    await nsx.putGroup('db', [podTag('app', 'db')])
    await nsx.putPolicy('base', basePolicy())
    await daemon('node-1').ready('leading')
    for (const name of ['node-2', 'node-3']) await daemon(name).ready('standby')
    await settled()
    assert.deepEqual(refusedByKube(), [])
  },
)

test(
  'the certificate is rotated under load: nothing is refused, nothing is missing, and the old one is refused then',
  options,
  async () => {
    const before = await stored()
    served.manager.audit.clear()
    const refused: string[] = []
    const unsubscribe = served.manager.audit.subscribe(({ status, method, path, user }) => {
      if (status === 401 || status === 403) refused.push(`${method} ${path} ${status} ${user}`)
    })
    const mark = plane.audit.mark()
    const load = { stop: false, edits: 0, missing: 0 }
    const editing = (async () => {
      while (!load.stop) {
        load.edits += 1
        await nsx.putPolicy('busy', busyPolicy(load.edits))
        const { items } = await plane.api.get(`${CRD}/clusternetworkpolicies`)
        if (
          !items.some((one: { metadata: { annotations?: Record<string, string> } }) =>
            /\/base$/.test(one.metadata.annotations?.['antrea-nsx-adapter/intent-path'] ?? ''),
          )
        )
          load.missing += 1
        await sleep(200)
      }
    })()
    const rotated = await cli('rotate', ...nsxAdmin(), ...asAdmin(), ...on('node-1'))
    // What was shown until now is gone from NSX while the load goes on.
    await sleep(3_000)
    load.stop = true
    await editing
    assert.equal(rotated.code, 0, rotated.text)
    const now = await stored()
    assert.notEqual(now['tls.crt'], before['tls.crt'])
    const print = fingerprintOf(now['tls.crt'] ?? '')
    const leases = await plane.api.get('/apis/coordination.k8s.io/v1/namespaces/antrea-nsx-adapter/leases')
    const shown = leases.items.flatMap(
      ({ metadata }: { metadata: { annotations?: Record<string, string> } }) =>
        metadata.annotations?.['antrea-nsx-adapter/certificate-sha256'] ?? [],
    )
    assert.deepEqual(shown, [print, print, print], 'what each instance says in its Lease')
    for (const one of running)
      assert.equal((await one.status()).instances.find(({ self }) => self)?.certificateSha256, print)
    assert.ok(load.edits > 10, `${load.edits} edits`)
    assert.equal(load.missing, 0, 'the policy was there all the time')
    const deletes = plane.audit
      .writes({ user: ACCOUNT, exceptLeasesIn: 'antrea-nsx-adapter' }, mark)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource === 'clusternetworkpolicies')
    assert.deepEqual(inWords(deletes), [])
    assert.deepEqual(refused, [])
    unsubscribe()
    await settled()
    const ask = async (cert: string | undefined, key: string | undefined) => {
      const http = createHttpClient({
        origin: served.url,
        tls: { ca: served.caPem, cert: cert ?? '', key: key ?? '' },
      })
      const answer = await http.request({
        method: 'GET',
        path: '/policy/api/v1/infra/domains/default/groups',
        headersTimeoutMs: 5_000,
      })
      for await (const _ of answer.body) break
      await http.close()
      return answer.status
    }
    assert.equal(await ask(before['tls.crt'], before['tls.key']), 403, 'the removed certificate')
    assert.equal(await ask(now['tls.crt'], now['tls.key']), 200, 'the new one')
    for (const name of ['node-1', 'node-2', 'node-3'])
      await eventually('the copy is the new one', async () => {
        assert.equal(readFileSync(join(node(name).folder, 'tls.crt'), 'utf8'), now['tls.crt'])
        return true
      })
  },
)

test(
  'the token is renewed with the rights that were granted, and taken by the API server',
  options,
  async () => {
    const { folder } = node('node-2')
    const path = join(folder, 'token')
    const before = readFileSync(path, 'utf8')
    const access = await loadAccess({ kubeconfig: join(folder, 'kubeconfig') })
    const http = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
    const real = createRealClock()
    // Ten days on: a third of its life is over.
    const clock = { ...real, now: () => real.now() + 10 * 86_400_000 }
    const stop = new AbortController()
    const health = createHealth(clock)
    const texts: unknown[] = []
    const kube = createKubeClient({ http, gate: OPEN_GATE, clock, log: SILENT, userAgent: 'test' })
    const keeping = keepCredentials({
      http,
      clock,
      health,
      log: SILENT,
      signal: stop.signal,
      token: {
        where: path,
        read: () => readFileSync(path, 'utf8'),
        write: (token) => writeFileSync(path, token, { mode: 0o600 }),
      },
      identity: {
        secret: createIdentitySecret(kube, 'antrea-nsx-adapter'),
        take: (found) => void texts.push(found),
      },
      onRound: () => stop.abort(),
    })
    await keeping
    const after = readFileSync(path, 'utf8')
    assert.notEqual(after, before)
    assert.ok((claimsOf(after)?.issuedMs ?? 0) >= (claimsOf(before)?.issuedMs ?? 0))
    assert.equal(texts.length, 1)
    assert.deepEqual(health.warnings(), [])
    // With the new one, read anew for this call.
    assert.notEqual(
      await kube.get(
        { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
        'antrea-nsx-adapter-identity',
        'antrea-nsx-adapter',
      ),
      undefined,
    )
    await http.close()
  },
)

test(
  'deregister refuses while an instance runs; then it undoes all of it, and register brings it back under its node_id',
  options,
  async () => {
    const words = ['deregister', ...nsxAdmin(), ...asAdmin(), ...on('node-1')]
    const shown = await cli(...words, '--purge-policies')
    assert.match(shown.text, /Nothing was done/)
    assert.equal((await plane.api.ask('GET', SECRET)).status, 200)
    const refused = await cli(...words, '--purge-policies', '--yes')
    assert.equal(refused.code, 1)
    assert.match(refused.text, /REGISTRATION_RUNNING: .*node-1/)
    await Promise.all(running.map((one) => one.stop()))
    const done = await cli(...words, '--purge-policies', '--yes')
    assert.equal(done.code, 0, done.text)
    for (const path of [`${CRD}/clusternetworkpolicies`, `${CRD}/clustergroups`]) {
      const { items } = await plane.api.get(path)
      assert.deepEqual(items, [])
    }
    assert.equal((await plane.api.ask('GET', SECRET)).status, 404)
    assert.equal(
      (await plane.api.ask('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/antrea-nsx-adapter'))
        .status,
      404,
    )
    for (const path of [
      '/api/v1/trust-management/principal-identities',
      '/api/v1/trust-management/certificates',
      '/api/v1/fabric/container-clusters',
      '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes',
    ])
      assert.deepEqual((await nsx.api.get(path)).results, [], path)
    assert.deepEqual(await nsx.inventory('container-application-instances'), [])
    const nothing = await cli(
      ...words,
      '--nsx-url',
      served.url,
      '--nsx-ca',
      join(plane.folder, 'given-nsx-ca.crt'),
      '--yes',
    )
    assert.match(nothing.text, /Nothing to do/)
    const back = await cli('register', ...nsxAt(), ...nsxAdmin(), ...asAdmin(), ...on('node-1'))
    assert.equal(back.code, 0, back.text)
    assert.match(back.text, new RegExp(`node_id is ${nsx.cluster.id}`))
    assert.deepEqual(refusedByKube(), [])
  },
)

const basePolicy = () => ({
  category: 'Application',
  sequence_number: 1,
  scope: ['/infra/domains/default/groups/db'],
  rules: [
    rule({
      id: 'from-web',
      action: 'ALLOW',
      sequence: 1,
      direction: 'IN',
      peers: ['web'],
      tcpPorts: ['5432'],
    }),
  ],
})

const busyPolicy = (edit: number) => ({
  category: 'Application',
  sequence_number: 2,
  scope: ['/infra/domains/default/groups/web'],
  rules: [
    rule({
      id: 'from-db',
      action: 'DROP',
      sequence: 1,
      direction: 'IN',
      peers: ['db'],
      tcpPorts: [String(1_000 + (edit % 50))],
    }),
  ],
})
