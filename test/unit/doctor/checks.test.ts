/** Each check sees exactly what is broken, with its cause, a code that is explained, and what to do. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXPLANATIONS } from '../../../src/cli/explain.ts'
import { CHECKS, type Result } from '../../../src/doctor/index.ts'
import { kubeconfig } from '../../../src/sandbox/files.ts'
import { openAuthority } from '../../../src/sandbox/pki.ts'
import type { ServerResponse } from '../../../src/world/index.ts'
import { createRealClock, serve } from '../../../src/world/real.ts'
import { hangUp } from '../../e2e/parts.ts'
import { CLUSTER_NAME, otherAuthority, type Scene, startScene } from './scene.ts'

let scene: Scene
const seen = new Set<string>()

const json = (status: number, body: unknown): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const failure = (code: number, reason: string, message: string) =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message })

/** The one check's result, which must be this. */
async function sees(
  name: string,
  file: string,
  wanted: {
    readonly state: Result['state']
    readonly code?: string
    readonly cause?: RegExp
    readonly fix?: RegExp
  },
  world: Parameters<Scene['examine']>[2] = {},
): Promise<Result> {
  const [result] = await scene.examine(file, [name], world)
  assert.ok(result !== undefined)
  const words = JSON.stringify(result)
  assert.equal(result.state, wanted.state, words)
  if (wanted.code === undefined) return result
  const problem = result.problems.find(({ code }) => code === wanted.code)
  assert.ok(problem !== undefined, words)
  if (wanted.cause !== undefined) assert.match(problem.cause, wanted.cause)
  if (wanted.fix !== undefined) assert.match(problem.fix, wanted.fix)
  assert.ok(EXPLANATIONS.has(problem.code), `${problem.code} is explained`)
  seen.add(name)
  return result
}

test('doctor', async (outer) => {
  scene = await startScene(outer)

  await outer.test('where all is well nothing is wrong', async () => {
    const results = await scene.examine(scene.config())
    const bad = results.filter(({ state }) => state === 'failed')
    assert.deepEqual(bad, [])
    const state = (name: string) => results.find((result) => result.name === name)?.state
    for (const name of [
      'kube-rights',
      'antrea-api',
      'admission-webhook',
      'nsx-tls',
      'nsx-login',
      'nsx-cluster',
    ])
      assert.equal(state(name), 'ok', name)
    assert.equal(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length)
    for (const { name } of CHECKS) assert.match(name, /^[a-z]+(-[a-z]+)*$/)
  })

  await outer.test('a trial of the webhook is not stored', async () => {
    await scene.examine(scene.config(), ['admission-webhook'])
    const { items } = await scene.parts.kube.get<{ items: readonly { metadata: { name: string } }[] }>(
      '/apis/crd.antrea.io/v1beta1/clustergroups',
    )
    assert.ok(!items.some(({ metadata }) => metadata.name.includes('doctor')))
  })

  await outer.test('configuration', async () => {
    await sees('config-valid', scene.config({ nsx: { ulr: 'x' } }), {
      state: 'failed',
      code: 'CONFIG_UNKNOWN_KEY',
      cause: /nsx\.ulr.*did you mean/,
      fix: /config check/,
    })
    const [skipped] = await scene.examine(scene.config({ nsx: { ulr: 'x' } }), ['nsx-tcp'])
    assert.deepEqual([skipped?.state, skipped?.detail], ['skipped', 'needs config-valid'])

    const open = scene.write('open.key', 'x', 0o644)
    chmodSync(open, 0o644)
    await sees('file-modes', scene.config({ nsx: { key: open } }), {
      state: 'failed',
      code: 'DOCTOR_FILE_MODE',
      cause: /nsx\.key: .*open\.key has mode 0644/,
      fix: /^chmod 600 .*open\.key$/,
    })
    const loose = scene.config()
    chmodSync(loose, 0o666)
    await sees('file-modes', loose, { state: 'failed', code: 'DOCTOR_FILE_MODE', fix: /^chmod go-w / })

    const other = await (await otherAuthority()).client(CLUSTER_NAME)
    const key = scene.write('other.key', other.key)
    await sees('nsx-certificate', scene.config({ nsx: { key } }), {
      state: 'failed',
      code: 'CONFIG_CERTIFICATE',
      cause: /other\.key\) is not the key of nsx\.cert/,
      fix: /openssl/,
    })
    await sees('certificate-name', scene.config({ cluster: { name: 'elsewhere' } }), {
      state: 'failed',
      code: 'CONFIG_CERTIFICATE',
      cause: /CN=e2e, but cluster\.name is elsewhere/,
      fix: /set cluster\.name to e2e/,
    })
  })

  await outer.test('certificates that are over, and that will be soon', async () => {
    const saved = await scene.parts.authority.saved()
    for (const [validMs, state, code, cause] of [
      [5 * 86_400_000, 'warning', 'DOCTOR_EXPIRY', /nsx\.cert expires in [45] days/],
      [-60_000, 'failed', 'DOCTOR_EXPIRED', /nsx\.cert expired/],
    ] as const) {
      const authority = await openAuthority(saved, createRealClock(), validMs)
      const cert = scene.write(`short-${state}.crt`, (await authority.client(CLUSTER_NAME)).cert)
      await sees('certificate-expiry', scene.config({ nsx: { cert } }), { state, code, cause, fix: /rotate/ })
    }
  })

  await outer.test('the state folder and the diagnostics in it', async () => {
    const { path } = scene.parts
    const none = scene.config({ diagnostics: { file: join(path, 'nowhere', 'x.sqlite') } })
    await sees('state-folder', none, {
      state: 'failed',
      code: 'DOCTOR_FOLDER',
      cause: /nowhere is not there/,
      fix: /install -d -m 0700/,
    })
    const full = { space: async () => ({ freeBytes: 5 * 1024 * 1024, freeFiles: 10 }) }
    await sees(
      'state-folder',
      scene.config(),
      { state: 'failed', code: 'DOCTOR_DISK', cause: /only 5 MiB/ },
      full,
    )
    await sees(
      'state-folder',
      scene.config(),
      { state: 'failed', code: 'DOCTOR_FOLDER' },
      { isWritable: async () => false },
    )
    const folder = join(path, 'open-state')
    mkdirSync(folder)
    chmodSync(folder, 0o755)
    await sees('state-folder', scene.config({ diagnostics: { file: join(folder, 'x.sqlite') } }), {
      state: 'warning',
      code: 'DOCTOR_FILE_MODE',
      fix: /chmod 700/,
    })
    const garbage = scene.write('garbage.sqlite', `${'no database '.repeat(1_000)}`)
    await sees('diagnostics-file', scene.config({ diagnostics: { file: garbage } }), {
      state: 'warning',
      code: 'DIAGNOSTICS_LOST',
      cause: /SQLITE_NOTADB/,
      fix: /systemctl restart/,
    })
    assert.ok(existsSync(garbage), 'it is only looked at')
  })

  await outer.test('the socket, and the daemon behind it', async (context) => {
    const { path } = scene.parts
    await sees('runtime-folder', scene.config({ serve: { socket: join(path, 'no-run', 's.sock') } }), {
      state: 'failed',
      code: 'DOCTOR_FOLDER',
      cause: /cannot listen on s\.sock/,
      fix: /RuntimeDirectory/,
    })
    const file = scene.write('not-a.sock', '')
    await sees('runtime-folder', scene.config({ serve: { socket: file } }), {
      state: 'failed',
      code: 'SERVE_CANNOT_LISTEN',
      cause: /is no socket/,
    })
    const loose = join(path, 'loose')
    mkdirSync(loose)
    chmodSync(loose, 0o777)
    await sees('runtime-folder', scene.config({ serve: { socket: join(loose, 's.sock') } }), {
      state: 'failed',
      code: 'DOCTOR_FILE_MODE',
      cause: /mode 0777/,
    })
    // A socket that somebody left behind.
    const left = join(path, 'left.sock')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(left, resolve))
    context.after(() => server.close())
    server.on('connection', (socket) => socket.destroy())
    await sees('daemon', scene.config({ serve: { socket: left } }), {
      state: 'failed',
      code: 'DAEMON_UNREACHABLE',
      fix: /systemctl status/,
    })
    const status = {
      ready: false,
      role: 'leading',
      instance: 'cp-1',
      version: '1',
      reasons: ['the ccp channel is not watching (refused)', 'NSX_REFUSED: Title'],
      warnings: [{ code: 'NSX_REFUSED', severity: 'error', title: 'Title', detail: '403', text: 'Do this.' }],
    }
    const socketPath = join(path, 'daemon.sock')
    const daemon = await serve({ handler: async () => json(200, status), socketPath })
    context.after(() => daemon.close())
    const result = await sees('daemon', scene.config({ serve: { socket: socketPath } }), {
      state: 'failed',
      code: 'NSX_REFUSED',
      cause: /Title \(403\)/,
      fix: /Do this/,
    })
    assert.deepEqual(
      result.problems.map(({ code }) => code),
      ['NSX_REFUSED', 'DOCTOR_NOT_READY'],
    )
  })

  await outer.test('ports', async (context) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    context.after(() => server.close())
    const { port } = server.address() as { port: number }
    const socket = join(scene.parts.path, 'none.sock')
    await sees('status-port', scene.config({ serve: { socket, listen: `127.0.0.1:${port}` } }), {
      state: 'failed',
      code: 'DOCTOR_PORT_TAKEN',
      cause: /EADDRINUSE/,
      fix: /ss -ltnp/,
    })
    await sees('status-port', scene.config({ serve: { socket, listen: '127.0.0.1:10351' } }), {
      state: 'failed',
      code: 'DOCTOR_PORT_TAKEN',
      cause: /antrea-agent's member list/,
    })
  })

  await outer.test('systemd, the time and limits, as programs of this machine say it', async () => {
    const folder = join(scene.parts.path, 'bin')
    mkdirSync(folder)
    const program = (name: string, output: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\ncat <<'END'\n${output}\nEND\n`)
      chmodSync(join(folder, name), 0o755)
    }
    const before = process.env['PATH']
    process.env['PATH'] = `${folder}:${before}`
    try {
      const good =
        'LoadState=loaded\nActiveState=active\nSubState=running\nUser=antrea-nsx-adapter\nType=notify\nWatchdogUSec=1min\nMemoryMax=1073741824\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nLimitNOFILESoft=1024'
      program('systemctl', good)
      await sees('unit', scene.config(), { state: 'ok' })
      for (const [line, cause, fix] of [
        ['NoNewPrivileges=no', /NoNewPrivileges is no/, /NoNewPrivileges=yes/],
        ['ProtectSystem=full', /ProtectSystem is full/, /ProtectSystem=strict/],
        ['MemoryMax=infinity', /memory has no limit/, /MemoryMax=1G/],
        ['WatchdogUSec=0', /hangs/, /WatchdogSec/],
        ['NeedDaemonReload=yes', /not loaded/, /daemon-reload/],
        ['NRestarts=7', /7 times/, /journalctl/],
      ] as const) {
        program('systemctl', `${good.replace(new RegExp(`^${line.split('=')[0]}=.*$`, 'm'), '')}\n${line}`)
        await sees('unit', scene.config(), { state: 'warning', code: 'DOCTOR_UNIT', cause, fix })
      }
      program('systemctl', good.replace('User=antrea-nsx-adapter', 'User='))
      await sees('unit', scene.config(), { state: 'failed', code: 'DOCTOR_UNIT', cause: /as root\b/ })
      program('systemctl', good.replace('LimitNOFILESoft=1024', 'LimitNOFILESoft=256'))
      await sees('open-files', scene.config(), {
        state: 'failed',
        code: 'DOCTOR_OPEN_FILES',
        cause: /the unit may have 256/,
        fix: /LimitNOFILE=65536/,
      })
      program('timedatectl', 'NTP=no\nNTPSynchronized=no')
      await sees('time-sync', scene.config(), { state: 'warning', code: 'DOCTOR_TIME', fix: /set-ntp true/ })
      program('timedatectl', 'NTP=yes\nNTPSynchronized=yes')
      await sees('time-sync', scene.config(), { state: 'ok' })
    } finally {
      process.env['PATH'] = before
    }
  })

  await outer.test('the way to the API server', async (context) => {
    const { parts } = scene
    await sees('kubeconfig', scene.config({ kube: { kubeconfig: '/nowhere/kubeconfig' } }), {
      state: 'failed',
      code: 'KUBECONFIG_MISSING',
    })
    const other = await otherAuthority()
    await sees(
      'kube-api',
      scene.config({ kube: { kubeconfig: parts.kubeconfigFor(parts.apiUrl, other.ca) } }),
      {
        state: 'failed',
        code: 'TRANSPORT_UNTRUSTED',
        fix: /it shows in TLSv1\.\d: CN=localhost for .*issued by CN=e2e-ca.*SHA-256 [0-9a-f]{64}/,
      },
    )
    const nobody = await hangUp(context)
    await sees(
      'kube-api',
      scene.config({ kube: { kubeconfig: parts.kubeconfigFor(nobody.url, other.ca) } }),
      {
        state: 'failed',
        code: 'TRANSPORT_RESET',
        fix: /curl .*\/version/,
      },
    )
    const stranger = scene.write(
      'stranger.kubeconfig',
      kubeconfig(parts.apiUrl, parts.authority.ca, 'x', await other.client('x')),
    )
    await sees('kube-api', scene.config({ kube: { kubeconfig: stranger } }), { state: 'failed' })
  })

  await outer.test('the clock of the API server, and of NSX', async () => {
    for (const [name, which] of [
      ['kube-clock', 'api'],
      ['nsx-clock', 'manager'],
    ] as const)
      for (const [offMs, state, cause] of [
        [-300_000, 'failed', /(299|300|301) s behind/],
        [20_000, 'warning', /(19|20) s ahead/],
      ] as const) {
        scene.after[which] = (_, answer) => ({
          ...answer,
          headers: { ...answer.headers, date: new Date(Date.now() + offMs).toUTCString() },
        })
        await sees(name, scene.config(), { state, code: 'DOCTOR_CLOCK_SKEW', cause, fix: /timesync/ })
        scene.after[which] = undefined
      }
  })

  await outer.test('each right that is missing is named, with the command that grants it', async () => {
    scene.forbidden.add('create clustergroups.crd.antrea.io')
    scene.forbidden.add('get pods/log')
    const result = await sees('kube-rights', scene.config(), {
      state: 'failed',
      code: 'KUBE_FORBIDDEN',
      fix: /^antrea-nsx-adapter rbac --namespace antrea-nsx-adapter \| kubectl apply -f -$/,
    })
    assert.equal(result.problems.length, 2)
    assert.match(result.problems[0]?.cause ?? '', /it may not create clustergroups\.crd\.antrea\.io \(/)
    assert.match(result.problems[1]?.cause ?? '', /it may not get pods\/log in kube-system \(/)
    const webhook = await scene.examine(scene.config(), ['admission-webhook'])
    assert.equal(webhook[0]?.state, 'skipped')
    scene.forbidden.clear()
  })

  await outer.test('a lease that nobody renews', async () => {
    const spec = {
      holderIdentity: 'gone',
      renewTime: '2020-01-01T00:00:00.000000Z',
      leaseDurationSeconds: 15,
    }
    scene.before.api = ({ path }) =>
      path.includes('/leases/') ? json(200, { metadata: { name: 'x' }, spec }) : undefined
    await sees('lease', scene.config(), { state: 'warning', code: 'DOCTOR_NO_LEADER', cause: /gone held it/ })
    scene.before.api = undefined
  })

  await outer.test('what Antrea serves', async () => {
    scene.before.api = ({ path }) =>
      path === '/apis/crd.antrea.io/v1beta1'
        ? json(200, { kind: 'APIResourceList', resources: [{ name: 'tiers' }] })
        : undefined
    await sees('antrea-api', scene.config(), {
      state: 'failed',
      code: 'ANTREA_API_ABSENT',
      cause: /ClusterGroup/,
    })
    scene.before.api = undefined
    scene.after.api = ({ path }, answer) =>
      path.endsWith('/clusternetworkpolicies.crd.antrea.io') && typeof answer.body === 'string'
        ? { ...answer, body: answer.body.replaceAll('"sourcePort"', '"elsewhere"') }
        : answer
    await sees('antrea-api', scene.config(), {
      state: 'warning',
      code: 'ANTREA_LACKS_FIELD',
      cause: /sourcePort: policies with source ports are held/,
      fix: /upgrade/,
    })
    scene.after.api = ({ path }, answer) =>
      path.endsWith('/clustergroups.crd.antrea.io') && typeof answer.body === 'string'
        ? { ...answer, body: answer.body.replaceAll('"childGroups"', '"elsewhere"') }
        : answer
    await sees('antrea-api', scene.config(), {
      state: 'failed',
      code: 'ANTREA_LACKS_FIELD',
      cause: /childGroups/,
    })
    scene.after.api = undefined
  })

  await outer.test("Antrea's feature gates", async () => {
    const config = (controller: string, agent: string) => ({
      metadata: { name: 'antrea-config', namespace: 'kube-system' },
      data: { 'antrea-controller.conf': controller, 'antrea-agent.conf': agent },
    })
    const tell = (controller: string, agent = '') => {
      scene.before.api = ({ path }) =>
        path.endsWith('/configmaps/antrea-config') ? json(200, config(controller, agent)) : undefined
    }
    tell('featureGates:\n  AntreaPolicy: false\n')
    await sees('antrea-features', scene.config(), {
      state: 'failed',
      code: 'DOCTOR_ANTREA_FEATURE',
      cause: /AntreaPolicy is switched off for antrea-controller: no policy of NSX is enforced/,
      fix: /edit configmap antrea-config/,
    })
    tell('featureGates: {}\n', 'featureGates:\n  NetworkPolicyStats: false\n  Traceflow: true\n')
    await sees('antrea-features', scene.config(), {
      state: 'warning',
      code: 'DOCTOR_ANTREA_FEATURE',
      cause: /NetworkPolicyStats is switched off for antrea-agent/,
    })
    tell(': : no [ yaml')
    await sees('antrea-features', scene.config(), { state: 'warning', code: 'DOCTOR_ANTREA_CONFIG' })
    scene.before.api = undefined
  })

  await outer.test("antrea-controller's and the agents' heartbeats", async () => {
    scene.before.api = ({ path }) =>
      path.endsWith('/antreacontrollerinfos') ? json(200, { items: [] }) : undefined
    await sees('antrea-health', scene.config(), {
      state: 'failed',
      code: 'ANTREA_CONTROLLER_DOWN',
      cause: /never ran/,
    })
    const old = [{ type: 'AgentHealthy', status: 'True', lastHeartbeatTime: '2020-01-01T00:00:00Z' }]
    scene.before.api = ({ path }) =>
      path.endsWith('/antreaagentinfos')
        ? json(200, { items: [{ metadata: { name: 'node-9' }, agentConditions: old }] })
        : undefined
    await sees('antrea-health', scene.config(), {
      state: 'warning',
      code: 'DOCTOR_AGENTS_SILENT',
      cause: /1 of 1 agents .*node-9/,
    })
    scene.before.api = undefined
  })

  await outer.test('tiers', async () => {
    const tier = (name: string, priority: number) => ({ metadata: { name }, spec: { priority } })
    const tell = (...items: object[]) => {
      scene.before.api = ({ path }) => (path.endsWith('/tiers') ? json(200, { items }) : undefined)
    }
    tell(tier('mine', 2))
    await sees('tiers', scene.config(), {
      state: 'failed',
      code: 'TIER_CONFLICT',
      cause: /tier mine has priority 2, which Infrastructure needs/,
      fix: /tiers\.Infrastructure\.name: mine/,
    })
    tell(tier('nsx-category-emergency', 9))
    await sees('tiers', scene.config(), { state: 'failed', code: 'TIER_CONFLICT', cause: /configured for 1/ })
    tell(...Array.from({ length: 18 }, (_, at) => tier(`t-${at}`, 100 + at)))
    await sees('tiers', scene.config(), {
      state: 'failed',
      code: 'DOCTOR_TIER_LIMIT',
      cause: /18 tiers.*4 are still/,
    })
    scene.before.api = undefined
  })

  await outer.test('another adapter', async () => {
    const object = {
      metadata: {
        name: 'theirs',
        labels: { 'app.kubernetes.io/managed-by': 'antrea-nsx-adapter' },
        annotations: { 'antrea-nsx-adapter/cluster-id': 'another-cluster' },
        managedFields: [{ manager: 'antrea-nsx-adapter', operation: 'Update' }],
      },
    }
    scene.before.api = ({ path }) =>
      path.endsWith('/clusternetworkpolicies') ? json(200, { metadata: {}, items: [object] }) : undefined
    await sees('second-adapter', scene.config(), {
      state: 'failed',
      code: 'SECOND_ADAPTER',
      cause: /theirs \(cluster id another-cluster\)/,
      fix: /antrea-nsx-adapter adopt/,
    })
    scene.before.api = undefined
  })

  await outer.test("a webhook that does not answer, as the API server's own words", async () => {
    scene.before.api = ({ path, method }) =>
      method === 'POST' && path.endsWith('/clustergroups')
        ? failure(
            500,
            'InternalError',
            'Internal error occurred: failed calling webhook "clustergroupvalidator.antrea.io": failed to call webhook: Post "https://antrea.kube-system.svc:443/validate/clustergroup?timeout=5s": dial tcp 10.96.0.1:443: connect: connection refused',
          )
        : undefined
    await sees('admission-webhook', scene.config(), {
      state: 'failed',
      code: 'KUBE_WEBHOOK_UNAVAILABLE',
      fix: /crdvalidator\.antrea\.io/,
    })
    scene.before.api = undefined
  })

  await outer.test('the way to NSX', async (context) => {
    const { parts } = scene
    const env = { HTTPS_PROXY: 'http://proxy:3128' }
    await sees(
      'nsx-proxy',
      scene.config(),
      { state: 'warning', code: 'DOCTOR_PROXY', fix: /nsx\.proxy/ },
      { env },
    )
    await sees('nsx-proxy', scene.config(), { state: 'ok' }, { env: { ...env, NO_PROXY: '127.0.0.1' } })
    await sees('nsx-dns', scene.config({ nsx: { url: 'https://nsx.invalid' } }), {
      state: 'failed',
      code: 'TRANSPORT_DNS',
      cause: /nsx\.invalid does not resolve/,
      fix: /getent hosts nsx\.invalid/,
    })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    await sees('nsx-tcp', scene.config({ nsx: { url: `https://127.0.0.1:${port}` } }), {
      state: 'failed',
      code: 'TRANSPORT_REFUSED',
      cause: /ECONNREFUSED/,
      fix: /nc -vz 127\.0\.0\.1/,
    })
    const other = await otherAuthority()
    await sees('nsx-tls', scene.config({ nsx: { ca: scene.write('other-ca.crt', other.ca) } }), {
      state: 'failed',
      code: 'TRANSPORT_UNTRUSTED',
      cause: /it shows in TLSv1\.\d: CN=localhost for .*, issued by CN=e2e-ca, valid for \d+ days/,
      fix: /nsx\.thumbprint: [0-9a-f]{64}$/,
    })
    const wrongName = await serve({
      handler: async () => json(200, {}),
      tls: { ...(await parts.authority.server('elsewhere', { dns: ['elsewhere.example'], ips: [] })) },
    })
    context.after(() => wrongName.close())
    await sees('nsx-tls', scene.config({ nsx: { url: `https://127.0.0.1:${wrongName.port}` } }), {
      state: 'failed',
      code: 'TRANSPORT_UNTRUSTED',
      cause: /elsewhere\.example/,
    })
    await sees('nsx-tls', scene.config({ nsx: { ca: undefined, thumbprint: 'ab'.repeat(32) } }), {
      state: 'failed',
      code: 'TRANSPORT_UNTRUSTED',
      cause: /not known by nsx\.thumbprint \(abab/,
    })
    const nobody = await hangUp(context)
    await sees('nsx-tls', scene.config({ nsx: { url: nobody.url } }), {
      state: 'failed',
      code: 'TRANSPORT_TLS',
      fix: /openssl s_client/,
    })
  })

  await outer.test('a thumbprint that is the right one is enough', async () => {
    const [shown] = await scene.examine(
      scene.config({ nsx: { ca: undefined, thumbprint: 'ab'.repeat(32) } }),
      ['nsx-tls'],
    )
    const sha256 = /nsx\.thumbprint: ([0-9a-f]{64})$/.exec(shown?.problems[0]?.fix ?? '')?.[1]
    await sees('nsx-tls', scene.config({ nsx: { ca: undefined, thumbprint: sha256 } }), { state: 'ok' })
  })

  await outer.test('what NSX offers', async () => {
    scene.before.manager = ({ path }) =>
      /^\/(ccp|mp)\//.test(path) ? json(404, { error_message: 'not here' }) : undefined
    await sees('nsx-channels', scene.config(), {
      state: 'failed',
      code: 'DOCTOR_NSX_CHANNELS',
      cause: /public API alone/,
      fix: /nsx\.driver: rest/,
    })
    scene.before.manager = () => json(404, { error_message: 'nothing here' })
    await sees('nsx-channels', scene.config(), {
      state: 'failed',
      code: 'DOCTOR_NSX_CHANNELS',
      cause: /is no NSX Manager/,
      fix: /nsx\.url/,
    })
    scene.before.manager = undefined
    await sees('nsx-channels', scene.config({ nsx: { driver: 'rest' } }), {
      state: 'warning',
      code: 'DOCTOR_NSX_CHANNELS',
      fix: /nsx\.driver: channel/,
    })
    const hello = { protocol: 'ccp', versions: ['v9'], capabilities: [], source: 's' }
    scene.before.manager = ({ path }) => (path === '/ccp/v1' ? json(200, hello) : undefined)
    await sees('nsx-channels', scene.config(), {
      state: 'failed',
      code: 'VERSION_NOT_SUPPORTED',
      cause: /v9/,
    })
    scene.before.manager = undefined
  })

  await outer.test('whom NSX knows', async () => {
    const stranger = await scene.parts.authority.client(CLUSTER_NAME)
    const identity = {
      cert: scene.write('stranger.crt', stranger.cert),
      key: scene.write('stranger.key', stranger.key),
    }
    await sees('nsx-login', scene.config({ nsx: identity }), {
      state: 'failed',
      cause: /does not let the ccp channel in: it answered 403/,
      code: 'CERTIFICATE_NOT_THIS_CLUSTER',
      fix: /antrea-nsx-adapter register .*SHA-256 [0-9a-f]{64}/,
    })
    await sees('nsx-cluster', scene.config({ nsx: identity }), {
      state: 'failed',
      code: 'CERTIFICATE_NOT_THIS_CLUSTER',
      cause: /by another certificate than this one/,
    })
    await sees('nsx-cluster', scene.config({ cluster: { id: 'nobody-has-this' } }), {
      state: 'failed',
      code: 'CLUSTER_NOT_REGISTERED',
      cause: /no cluster with node_id nobody-has-this/,
      fix: /correct cluster\.id/,
    })
    // By the public API, with a password.
    const passwordFile = scene.write('password', 'wrong\n')
    const rest = {
      driver: 'rest',
      auth: 'basic',
      username: 'admin',
      passwordFile,
      cert: undefined,
      key: undefined,
    }
    await sees('nsx-login', scene.config({ nsx: rest }), { state: 'failed', fix: /passwordFile/ })
  })

  await outer.test('a peer that does not answer holds nobody up', async () => {
    scene.before.manager = () => new Promise<ServerResponse>(() => {})
    const startMs = performance.now()
    const results = await scene.examine(scene.config(), ['nsx-channels', 'nsx-tcp', 'kube-api'])
    const tookMs = performance.now() - startMs
    scene.before.manager = undefined
    const state = (name: string) => results.find((result) => result.name === name)
    assert.equal(state('nsx-channels')?.state, 'failed')
    assert.match(JSON.stringify(state('nsx-channels')?.problems), /TRANSPORT_TIMEOUT|DOCTOR_LATE/)
    assert.equal(state('kube-api')?.state, 'ok')
    assert.ok(tookMs < 12_000, `${tookMs}`)
  })

  await outer.test('every check was seen to fail', () => {
    const never = CHECKS.map(({ name }) => name).filter((name) => !seen.has(name))
    assert.deepEqual(never, [])
  })
})
