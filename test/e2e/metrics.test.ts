/**
 * Every metric of the table, fed by a daemon as a process between a manager and a cluster on real sockets: each moves when
 * what it counts happens. Beside it the commands that print and hold what is told: metrics, status, pause, resume.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { StatusSchema } from '../../src/cli/status-schema.ts'
import { type Family, METRICS, type MetricName } from '../../src/metrics/index.ts'
import { POLICIES } from '../../src/sandbox/scenario-policy.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { type Daemon, type Parts, startParts } from './parts.ts'
import { pause, runToEnd, until } from './process.ts'
import { ACNP, readyWithPolicies } from './seen.ts'

const LIMIT = { timeout: 120_000 }

async function scrape(daemon: Daemon): Promise<ReadonlyMap<string, Family>> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath: daemon.socket })
  try {
    const answer = await client.request({
      method: 'GET',
      path: '/metrics?format=json',
      headersTimeoutMs: 3_000,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    const families = JSON.parse(Buffer.concat(chunks).toString()) as Family[]
    return new Map(families.map((family) => [family.name, family]))
  } finally {
    await client.close()
  }
}

type Labels = Readonly<Record<string, string>>

/** Sum of the samples with these labels; of a histogram its count. */
function sumOf(families: ReadonlyMap<string, Family>, name: MetricName, labels: Labels = {}): number {
  const { sort, samples = [] } = families.get(name) ?? {}
  return samples
    .filter((sample) => sort !== 'histogram' || sample.name.endsWith('_count'))
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

/** Looks until the value is as wanted. */
const seen = (daemon: Daemon, name: MetricName, labels: Labels, wanted: (value: number) => boolean) =>
  until(
    `${name} ${JSON.stringify(labels)}`,
    async () => wanted(sumOf(await scrape(daemon), name, labels)),
    20_000,
    () => daemon.stdout().slice(-2_000),
  )

const isSome = (value: number) => value > 0

test('every metric moves when what it counts happens', LIMIT, async (context) => {
  const parts = await startParts(context, { antreaPods: true })
  const daemon = await readyWithPolicies(parts)
  // The folder above is not there, so nothing can be kept.
  const broken = parts.run({ diagnostics: join(parts.path, 'no', 'such', 'folder', 'd.sqlite') })
  await until('the other one standing by', async () => (await broken.status())?.ready)
  const moved = new Set<string>()
  const moves = async (of: Daemon, name: MetricName, labels: Labels = {}, wanted = isSome) => {
    await seen(of, name, labels, wanted)
    moved.add(name)
  }
  for (const name of [
    'antrea_nsx_build_info',
    'antrea_nsx_ready',
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
    'antrea_nsx_diagnostics_rows_total',
    'antrea_nsx_policy_propagation_seconds',
    'antrea_nsx_config_last_reload_success_timestamp_seconds',
    'antrea_nsx_health_report_timestamp_seconds',
  ] as const)
    await moves(daemon, name)
  // On a quiet machine its loop never stands still by itself.
  daemon.child.kill('SIGSTOP')
  await pause(300)
  daemon.child.kill('SIGCONT')
  await moves(daemon, 'antrea_nsx_event_loop_stall_seconds')
  await leads(parts, daemon, broken, moves)
  await carries(parts, daemon, moves)
  await suffers(context, parts, daemon, broken, moves)
  // It takes ten thousands of rows to lose one: test/unit/metrics sees it move.
  moved.add('antrea_nsx_diagnostics_dropped_total')
  const idle = Object.keys(METRICS).filter((name) => !moved.has(name))
  assert.deepEqual(idle, [], 'every metric of the table is looked at here')
})

type Moves = (
  of: Daemon,
  name: MetricName,
  labels?: Labels,
  wanted?: (value: number) => boolean,
) => Promise<void>

/** Who leads, what is linked and watched. */
async function leads(parts: Parts, leader: Daemon, standby: Daemon, moves: Moves): Promise<void> {
  await moves(leader, 'antrea_nsx_leader')
  await seen(standby, 'antrea_nsx_leader', {}, (value) => value === 0)
  await moves(leader, 'antrea_nsx_lease_transitions_total')
  await moves(standby, 'antrea_nsx_instances', { role: 'leading' })
  for (const channel of ['ccp', 'mp']) {
    await moves(leader, 'antrea_nsx_channel_state', { channel, state: 'watching' })
    await moves(standby, 'antrea_nsx_channel_state', { channel, state: 'standby' })
    await moves(leader, 'antrea_nsx_channel_connects_total', { channel, result: 'success' })
    await moves(leader, 'antrea_nsx_channel_last_frame_timestamp_seconds', { channel })
    await moves(leader, 'antrea_nsx_channel_last_full_sync_timestamp_seconds', { channel })
  }
  for (const chart of ['adapter', 'lease', 'watch', 'ccp', 'mp', 'instances', 'discovery'])
    await moves(leader, 'antrea_nsx_chart_transitions_total', { chart })
  for (const type of ['added', 'modified'])
    await moves(leader, 'antrea_nsx_watch_events_total', { resource: 'clusterNetworkPolicies', type })
  await moves(leader, 'antrea_nsx_watch_relists_total', { resource: 'pods', cause: 'start' })
  await moves(leader, 'antrea_nsx_watch_silence_seconds', { resource: 'nodes' })
  await moves(
    leader,
    'antrea_nsx_store_objects',
    { resource: 'clusterNetworkPolicies' },
    (value) => value === 3,
  )
  await moves(leader, 'antrea_nsx_store_live', { resource: 'pods' }, (value) => value === 1)
  for (const verb of ['get', 'watch', 'create', 'update'])
    await moves(leader, 'antrea_nsx_kube_requests_total', { verb, result: 'ok' })
  await moves(leader, 'antrea_nsx_kube_request_duration_seconds', { verb: 'create' })
  await moves(leader, 'antrea_nsx_nsx_requests_total', { method: 'post', result: 'ok' })
  await moves(leader, 'antrea_nsx_nsx_request_duration_seconds', { method: 'get' })
  await moves(leader, 'antrea_nsx_agents', { state: 'healthy' })
  await moves(leader, 'antrea_nsx_inventory_objects', { resource: 'ContainerProject' })
  await moves(leader, 'antrea_nsx_inventory_report_duration_seconds', { kind: 'full' })
  await moves(leader, 'antrea_nsx_inventory_writes_total', { do: 'create', result: 'written' })
  for (const role of ['client', 'ca'])
    for (const peer of ['nsx', 'kubernetes'])
      await moves(leader, 'antrea_nsx_certificate_expiry_timestamp_seconds', { peer, role })
  assert.equal(parts.cluster.api.list(ACNP).length, 3)
}

/** Policies, refusals, pauses, requests. */
async function carries(parts: Parts, daemon: Daemon, moves: Moves): Promise<void> {
  const category = String(POLICIES.quarantine.category).toLowerCase()
  await moves(daemon, 'antrea_nsx_policies', { category, result: 'accepted' }, (value) => value === 3)
  await moves(daemon, 'antrea_nsx_rules', { result: 'accepted' })
  await moves(daemon, 'antrea_nsx_policy_apply_total', {
    kind: 'ClusterNetworkPolicy',
    do: 'create',
    result: 'written',
  })
  const [rule] = POLICIES.quarantine.rules ?? []
  await parts.nsx.putPolicy('bad', {
    ...POLICIES.quarantine,
    scope: ['ANY'],
    display_name: 'bad',
    rules: [{ ...rule, id: 'r', sources_excluded: true } as never],
  })
  await moves(daemon, 'antrea_nsx_policies_refused', {}, (value) => value >= 1)
  await seen(daemon, 'antrea_nsx_rules', { result: 'rejected' }, isSome)
  await moves(daemon, 'antrea_nsx_warning_active', { code: 'HELD_POLICIES', severity: 'warning' })
  await parts.nsx.deletePolicy('bad')
  await seen(daemon, 'antrea_nsx_warning_active', { code: 'HELD_POLICIES' }, (value) => value === 0)

  await parts.admin.call('POST', `/mp/v1/clusters/${parts.clusterId}/operations`, {
    kind: 'statistics',
    body: {},
  })
  await moves(daemon, 'antrea_nsx_operation_duration_seconds', { operation: 'statistics', result: 'done' })
  await seen(daemon, 'antrea_nsx_chart_transitions_total', { chart: 'operation' }, isSome)

  await parts.kube.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'later' },
  })
  await seen(daemon, 'antrea_nsx_inventory_report_duration_seconds', { kind: 'delta' }, isSome)

  daemon.child.kill('SIGHUP')
  await moves(daemon, 'antrea_nsx_config_last_reload_successful', {}, (value) => value === 1)
  writeFileSync(daemon.config, 'cluster: [', { mode: 0o600 })
  daemon.child.kill('SIGHUP')
  await seen(daemon, 'antrea_nsx_config_last_reload_successful', {}, (value) => value === 0)
}

/** What is paused, cut, guarded and lost. */
async function suffers(
  context: TestContext,
  parts: Parts,
  daemon: Daemon,
  broken: Daemon,
  moves: Moves,
): Promise<void> {
  await runToEnd(context, ['pause', 'all', '--for', '60s', '--socket', daemon.socket])
  for (const channel of ['ccp', 'mp']) {
    await moves(daemon, 'antrea_nsx_paused', { channel })
    await moves(daemon, 'antrea_nsx_pause_end_timestamp_seconds', { channel })
  }
  await parts.nsx.putPolicy('a', {
    ...POLICIES.quarantine,
    scope: ['ANY'],
    display_name: 'another name',
    sequence_number: 77,
  })
  await parts.kube.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'held' },
  })
  await moves(daemon, 'antrea_nsx_policy_drift')
  await moves(daemon, 'antrea_nsx_policy_lag_seconds')
  await moves(daemon, 'antrea_nsx_inventory_lag_seconds')
  await runToEnd(context, ['resume', 'all', '--socket', daemon.socket])
  for (const name of [
    'antrea_nsx_policy_drift',
    'antrea_nsx_policy_lag_seconds',
    'antrea_nsx_inventory_lag_seconds',
    'antrea_nsx_paused',
  ] as const)
    await seen(daemon, name, {}, (value) => value === 0)

  for (const id of ['a', 'b', 'c']) await parts.nsx.deletePolicy(id)
  await moves(daemon, 'antrea_nsx_policy_deletes_held', { reason: 'guard' }, isSome)
  await moves(daemon, 'antrea_nsx_delete_guard_active', { channel: 'ccp' })

  const stop = parts.manager.faults.add({ path: /sessions/, status: 503, times: 1_000 })
  parts.manager.faults.dropStreams()
  await seen(daemon, 'antrea_nsx_channel_connects_total', { channel: 'ccp', result: 'failure' }, isSome)
  await seen(daemon, 'antrea_nsx_nsx_requests_total', { result: 'server-error' }, isSome)
  stop()

  await moves(daemon, 'antrea_nsx_diagnostics_up', {}, (value) => value === 1)
  await seen(broken, 'antrea_nsx_diagnostics_up', {}, (value) => value === 0)
  await moves(broken, 'antrea_nsx_diagnostics_failures_total')
  await moves(broken, 'antrea_nsx_diagnostics_rows_waiting')
}

test(
  'scraped from elsewhere: over TLS, by a certificate or a token, and nothing but health and metrics',
  LIMIT,
  async (context) => {
    const parts = await startParts(context)
    const port = await freePort()
    const write = (name: string, text: string) => {
      writeFileSync(join(parts.path, name), text, { mode: 0o600 })
      return join(parts.path, name)
    }
    const name = 'ANTREA_NSX_ADAPTER_SERVE'
    const environment = {
      [`${name}_LISTEN`]: `0.0.0.0:${port}`,
      [`${name}_TLS_CERT`]: write('serve.crt', parts.identity.cert),
      [`${name}_TLS_KEY`]: write('serve.key', parts.identity.key),
      [`${name}_TLS_CLIENTCA`]: write('clients.crt', parts.authority.ca),
      [`${name}_TOKENFILE`]: write('token', 'a-word-that-is-long-enough'),
    }
    const daemon = parts.run({ environment })
    await until(
      'ready',
      async () => (await daemon.status())?.ready,
      20_000,
      () => daemon.stdout(),
    )
    const ask = async (path: string, identity = {}, headers: Record<string, string> = {}) => {
      const client = createHttpClient({
        origin: `https://127.0.0.1:${port}`,
        tls: { ca: parts.authority.ca, ...identity },
      })
      try {
        const answer = await client.request({ method: 'GET', path, headers, headersTimeoutMs: 3_000 })
        const chunks: Uint8Array[] = []
        for await (const chunk of answer.body) chunks.push(chunk)
        return { status: answer.status, text: Buffer.concat(chunks).toString() }
      } finally {
        await client.close()
      }
    }
    const scraper = await parts.authority.client('prometheus')
    assert.equal((await ask('/metrics')).status, 401)
    assert.match((await ask('/metrics', scraper)).text, /\nantrea_nsx_ready [01]\n/)
    assert.match(
      (await ask('/metrics', scraper)).text,
      /antrea_nsx_certificate_expiry_timestamp_seconds\{peer="serve",role="server"\} 1/,
    )
    const authorization = 'Bearer a-word-that-is-long-enough'
    assert.notEqual((await ask('/readyz', {}, { authorization })).status, 401)
    assert.equal((await ask('/livez', {}, { authorization: `${authorization}r` })).status, 401)
    for (const path of ['/status', '/logs', '/inspect', '/pause?channel=all'])
      assert.equal((await ask(path, scraper)).status, 404, path)
    const open = await runToEnd(context, ['run', '--config', daemon.config, '--serve-listen', '0.0.0.0:1'])
    assert.equal(open.code, 1)
    assert.match(open.stderr, /CONFIG_INVALID.*serve\.listen is not on loopback/)
  },
)

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

test('metrics, status, pause and resume on the command line', LIMIT, async (context) => {
  const parts = await startParts(context)
  const daemon = await readyWithPolicies(parts)
  const on = ['--socket', daemon.socket]
  const run = (...words: string[]) => runToEnd(context, [...words, ...on])
  const text = (await run('metrics', '--filter', '^antrea_nsx_(leader|rules)$')).stdout
  assert.match(
    text,
    /^# HELP antrea_nsx_leader .*\n# TYPE antrea_nsx_leader gauge\nantrea_nsx_leader 1\n# HELP antrea_nsx_rules .*\n# TYPE antrea_nsx_rules gauge\nantrea_nsx_rules\{result="accepted"\} \d+\nantrea_nsx_rules\{result="rejected"\} 0\n$/,
  )
  assert.equal(
    (JSON.parse((await run('metrics', '-o', 'json')).stdout) as unknown[]).length,
    Object.keys(METRICS).length,
  )
  assert.match((await run('metrics', '-o', 'openmetrics')).stdout, /\n# EOF\n$/)
  assert.equal((await run('metrics', '--filter', '(')).code, 2)

  const json = await run('status', '-o', 'json')
  const status = StatusSchema.parse(JSON.parse(json.stdout))
  assert.equal(status.conditions.find(({ type }) => type === 'Ready')?.status, 'True')
  assert.deepEqual(
    StatusSchema.parse(parse((await run('status', '-o', 'yaml')).stdout)).checks,
    status.checks,
  )
  assert.match((await run('status')).stdout, /\nTIER +IN FORCE +REFUSED +EMPTY\n/)

  assert.equal((await run('pause', 'ccp', '--for', '25h')).code, 2)
  assert.equal((await run('pause')).code, 2)
  const paused = await run('pause', 'ccp', '--for', '5m')
  assert.match(paused.stdout, /^ccp: no policy to the cluster for (5 min|4 min 59 s), until 20\d\d-/)
  assert.equal((await run('status')).code, 1)
  assert.match((await run('status')).stdout, /CCP_PAUSED/)
  const before = JSON.stringify(parts.cluster.api.list(ACNP).map((one) => one['spec']))
  await parts.nsx.putPolicy('a', {
    ...POLICIES.quarantine,
    scope: ['ANY'],
    display_name: 'a',
    sequence_number: 78,
  })
  await pause(1_500)
  assert.equal(JSON.stringify(parts.cluster.api.list(ACNP).map((one) => one['spec'])), before)
  assert.match((await run('resume')).stdout, /^Nothing is paused\./)
  await until(
    'the change in the cluster',
    () => JSON.stringify(parts.cluster.api.list(ACNP).map((one) => one['spec'])) !== before,
    5_000,
  )
})
