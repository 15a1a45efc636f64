/** The daemon against a manager that serves NSX's public API alone: policy, inventory, traceflow, storms, fail-over, sessions. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Handler, sleep } from '../../src/world/index.ts'
import { createRealClock, serve } from '../../src/world/real.ts'
import { type Daemon, type Parts, startParts, USER } from './parts.ts'
import { until } from './process.ts'
import { ACNP, policyUids, putThreePolicies } from './seen.ts'

const LIMIT = { timeout: 120_000 }
const clock = createRealClock()
const REST = { ANTREA_NSX_ADAPTER_NSX_DRIVER: 'rest' }

const ready = (daemon: Daemon) =>
  until(
    'ready',
    async () => (await daemon.status())?.ready,
    40_000,
    () => daemon.stdout(),
  )
const held = (parts: Parts, count: number, daemon: Daemon) =>
  until(
    `${count} policies in the cluster`,
    () => parts.cluster.api.list(ACNP).length === count,
    60_000,
    () => daemon.stdout(),
  )
const shownPods = async (parts: Parts) => (await parts.nsx.inventory('ContainerApplicationInstance')).length

test(
  'policy comes down, inventory goes up, a traceflow runs once, and a restart writes nothing',
  LIMIT,
  async (context) => {
    const parts = await startParts(context, { publicApiOnly: true })
    await putThreePolicies(parts)
    const daemon = parts.run({ environment: REST })
    await ready(daemon)
    await held(parts, 3, daemon)
    const pods = parts.cluster.api.list('pods')
    await until('all Pods in NSX', async () => (await shownPods(parts)) === pods.length, 20_000)
    const codes = (await daemon.status())?.warnings.map(({ code, severity }) => `${severity} ${code}`)
    assert.ok(codes?.includes('info NSX_PUBLIC_API'), String(codes))
    const [source, destination] = pods.filter(
      ({ spec }) => (spec as { hostNetwork?: boolean }).hostNetwork !== true,
    )
    await parts.admin.call('PATCH', '/policy/api/v1/infra/antrea/traceflows/one', {
      container_cluster_id: parts.clusterId,
      source_external_id: source?.metadata.uid,
      destination_external_id: destination?.metadata.uid,
    })
    const traceflows = () => parts.cluster.api.list('traceflows.crd.antrea.io')
    const [traceflow] = await until(
      'a Traceflow that ended',
      () => {
        const all = traceflows()
        const phase = (all[0] as { status?: { phase?: string } } | undefined)?.status?.phase
        return /^(Succeeded|Failed)$/.test(phase ?? '') && all
      },
      40_000,
      () => daemon.stdout(),
    )
    assert.ok((await daemon.stop()) < 3_500)
    const uids = policyUids(parts)
    parts.manager.audit.clear()
    const again = parts.run({ environment: REST })
    await ready(again)
    // Longer than a poll of the configs.
    await sleep(clock, 12_000)
    assert.deepEqual(policyUids(parts), uids)
    assert.deepEqual(
      traceflows().map(({ metadata }) => metadata.uid),
      [traceflow?.metadata.uid],
    )
    const writes = parts.manager.audit.entries().filter(({ mutating }) => mutating)
    assert.deepEqual(writes, [], 'an unchanged cluster is written to NSX again')
    assert.ok((await again.stop()) < 3_500)
  },
)

/** A second socket of the same manager: several managers of one NSX hold the same. */
async function another(context: TestContext, parts: Parts, before: (next: Handler) => Handler) {
  const server = await serve({
    handler: before(parts.manager.handler),
    tls: { ...parts.identity, ca: parts.authority.ca, requestCert: true },
  })
  context.after(() => server.close())
  return { url: `https://127.0.0.1:${server.port}`, close: () => server.close() }
}

test(
  'a manager goes in the middle of the first sync and storms rage on the other: all of it comes through',
  LIMIT,
  async (context) => {
    const parts = await startParts(context, { publicApiOnly: true })
    await putThreePolicies(parts)
    const state = { isOneGone: false, calls: 0 }
    const servers: Awaited<ReturnType<typeof another>>[] = []
    /** Whoever gets the first batch takes it and is gone; from then on the other one is overloaded. */
    const before =
      (index: number) =>
      (next: Handler): Handler =>
      async (request) => {
        if (!state.isOneGone && request.path.startsWith('/api/v1/inventory/')) {
          state.isOneGone = true
          void servers[index]?.close()
          return new Promise(() => {})
        }
        if (state.isOneGone) state.calls += 1
        if (state.calls % 11 === 2) return { status: 429, headers: { 'retry-after': '1' } }
        if (state.calls % 7 === 3) return { status: 503 }
        return next(request)
      }
    for (const index of [0, 1]) servers.push(await another(context, parts, before(index)))
    const daemon = parts.run({
      environment: { ...REST, ANTREA_NSX_ADAPTER_NSX_URL: servers.map(({ url }) => url).join() },
    })
    const pods = parts.cluster.api.list('pods').length
    await until(
      'all Pods in NSX',
      async () => (await shownPods(parts)) === pods,
      60_000,
      () => daemon.stdout(),
    )
    await held(parts, 3, daemon)
    await ready(daemon)
    assert.ok(state.isOneGone)
    await until(
      'the one that is gone told',
      async () => (await daemon.status())?.warnings.some(({ code }) => code === 'NSX_MANAGER_DOWN'),
      20_000,
      () => daemon.stdout(),
    )
    assert.ok((await daemon.stop()) < 3_500)
  },
)

test(
  'name and password by a session, which is ended at the stop; the password is told nowhere',
  LIMIT,
  async (context) => {
    const parts = await startParts(context, { publicApiOnly: true })
    const passwordFile = join(parts.path, 'password')
    writeFileSync(passwordFile, `${USER.password}\n`, { mode: 0o600 })
    const daemon = parts.run({
      environment: {
        ...REST,
        ANTREA_NSX_ADAPTER_NSX_AUTH: 'session',
        ANTREA_NSX_ADAPTER_NSX_USERNAME: USER.name,
        ANTREA_NSX_ADAPTER_NSX_PASSWORDFILE: passwordFile,
        ANTREA_NSX_ADAPTER_LOG_LEVEL: 'debug',
      },
    })
    await until(
      'Pods in NSX',
      async () => (await shownPods(parts)) > 0,
      20_000,
      () => daemon.stdout(),
    )
    assert.ok((await daemon.stop()) < 3_500)
    const entries = parts.manager.audit.entries().map(({ method, path }) => `${method} ${path}`)
    const count = (wanted: string) => entries.filter((entry) => entry === wanted).length
    assert.equal(count('POST /api/session/create'), 1)
    assert.equal(count('POST /api/session/destroy'), 1)
    assert.ok(!`${daemon.stdout()}${daemon.stderr()}`.includes(USER.password))
  },
)
