/** The table of metrics by Prometheus's rules, the registry's bounds, the text formats, and what transitions and facts count. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import type { Fact } from '../../../src/health/index.ts'
import { METRIC_SERIES_MAX } from '../../../src/limits.ts'
import { countFact } from '../../../src/metrics/facts.ts'
import { createLostRows } from '../../../src/metrics/figures.ts'
import { kubeCalls, nsxCalls, observedClient, resultOf } from '../../../src/metrics/http.ts'
import {
  type Family,
  formatOf,
  METRICS,
  type Metric,
  type MetricName,
  metricsPage,
  writeText,
} from '../../../src/metrics/index.ts'
import { createMetrics } from '../../../src/metrics/registry.ts'
import { watchLoop } from '../../../src/metrics/stalls.ts'
import { createTransitionMeter } from '../../../src/metrics/transitions.ts'
import { createProgress } from '../../../src/status/index.ts'
import type { HttpClient, HttpRequest } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const ALL = Object.entries(METRICS as Readonly<Record<string, Metric>>)

const sum = (families: readonly Family[], name: MetricName, labels: Readonly<Record<string, string>> = {}) =>
  (families.find((family) => family.name === name)?.samples ?? [])
    .filter((sample) => !/_(bucket|sum)$/.test(sample.name))
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((total, { value }) => total + value, 0)

test('names, units and help keep to the conventions of Prometheus', () => {
  for (const [name, { sort, help, labels = {}, buckets }] of ALL) {
    assert.match(name, /^(antrea_nsx|process|nodejs)_[a-z][a-z0-9_]*$/, name)
    assert.equal(
      sort === 'counter',
      name.endsWith('_total'),
      `${name}: counters, and only they, end in _total`,
    )
    assert.ok(
      !/_(milliseconds|ms|minutes|hours|kilobytes|megabytes|percent|count|sum|bucket|gauge|counter)(_|$)/.test(
        name,
      ),
      `${name}: base units`,
    )
    if (/duration|stall|silence|lag|propagation|_timestamp/.test(name)) assert.match(name, /_seconds$/, name)
    if (/memory/.test(name)) assert.match(name, /_bytes$/, name)
    if (sort === 'histogram') {
      assert.match(name, /_seconds$/, name)
      assert.deepEqual(
        [...(buckets ?? [])].sort((a, b) => a - b),
        buckets,
        `${name}: rising buckets`,
      )
      assert.ok((buckets ?? []).length >= 5, name)
    } else assert.equal(buckets, undefined, name)
    assert.match(help, /^[A-Z0-9].{10,}\.$/, `${name}: a sentence says what it is`)
    for (const [label, values] of Object.entries(labels)) {
      assert.match(label, /^[a-z][a-z_]*$/, `${name}{${label}}`)
      assert.ok(
        !['le', 'quantile', 'job', 'instance', 'name', 'policy', 'pod', 'namespace', 'path'].includes(label),
        `${name}{${label}}`,
      )
      assert.ok(values === undefined || (values.length > 0 && new Set(values).size === values.length), name)
    }
    const series = Object.values(labels).reduce((product, values) => product * ((values?.length ?? 0) + 1), 1)
    assert.ok(series <= METRIC_SERIES_MAX, `${name}: ${series} series at most`)
  }
})

test('the names that were promised early are there', () => {
  const early = `build_info leader lease_transitions_total channel_state channel_connects_total
    channel_last_frame_timestamp_seconds watch_events_total watch_relists_total watch_silence_seconds inventory_objects
    inventory_report_duration_seconds inventory_lag_seconds rules policy_apply_total policy_propagation_seconds policy_drift
    operation_duration_seconds diagnostics_dropped_total event_loop_stall_seconds certificate_expiry_timestamp_seconds
    config_last_reload_successful config_last_reload_success_timestamp_seconds`
  for (const name of early.split(/\s+/)) assert.ok(`antrea_nsx_${name}` in METRICS, name)
})

test('docs/metrics.md is made from the table', () => {
  const file = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  assert.equal(file, metricsPage())
  for (const [name] of ALL) assert.equal(file.split(`\`${name}\``).length, 2, `${name} is told once`)
})

test('labels hold only what they may, whatever is said', async () => {
  const metrics = createMetrics()
  metrics.add('antrea_nsx_kube_requests_total', { verb: 'get', result: 'ok', policy: 'secret' })
  metrics.add('antrea_nsx_kube_requests_total', { verb: '__proto__', result: 'x"\n' })
  metrics.onScrape((scrape) => {
    for (let code = 0; code < 10_000; code += 1)
      scrape.set('antrea_nsx_policies_refused', { code: `C${code}` }, 1)
    scrape.set('antrea_nsx_policies_refused', { code: 'x'.repeat(1_000) }, 1)
  })
  const families = await metrics.collect()
  const requests = families.find(({ name }) => name === 'antrea_nsx_kube_requests_total')
  assert.deepEqual(
    requests?.samples.map(({ labels, value }) => [labels, value]),
    [
      [{ verb: 'get', result: 'ok' }, 1],
      [{ verb: 'other', result: 'other' }, 1],
    ],
  )
  const refused = families.find(({ name }) => name === 'antrea_nsx_policies_refused')
  assert.equal(refused?.samples.length, METRIC_SERIES_MAX + 1)
})

test('totals that others count are neither doubled nor lost between scrapes; gauges that are not told go', async () => {
  const metrics = createMetrics()
  let written = 5
  metrics.onScrape((scrape) => {
    scrape.total('antrea_nsx_diagnostics_rows_total', {}, written)
    if (written === 5) scrape.set('antrea_nsx_policies_refused', { code: 'A' }, 1)
  })
  assert.equal(sum(await metrics.collect(), 'antrea_nsx_diagnostics_rows_total'), 5)
  written = 9
  const families = await metrics.collect()
  assert.equal(sum(families, 'antrea_nsx_diagnostics_rows_total'), 9)
  assert.equal(families.find(({ name }) => name === 'antrea_nsx_policies_refused')?.samples.length, 0)
})

test('the two text formats', () => {
  const families: Family[] = [
    {
      name: 'antrea_nsx_leader',
      sort: 'gauge',
      help: 'a \\ b\nc',
      samples: [{ name: 'antrea_nsx_leader', labels: {}, value: Number.POSITIVE_INFINITY }],
    },
    {
      name: 'antrea_nsx_lease_transitions_total',
      sort: 'counter',
      help: 'h',
      samples: [{ name: 'antrea_nsx_lease_transitions_total', labels: { a: '"\\\n' }, value: 2 }],
    },
  ]
  assert.equal(
    writeText(families, 'prometheus'),
    '# HELP antrea_nsx_leader a \\\\ b\\nc\n# TYPE antrea_nsx_leader gauge\nantrea_nsx_leader +Inf\n' +
      '# HELP antrea_nsx_lease_transitions_total h\n# TYPE antrea_nsx_lease_transitions_total counter\n' +
      'antrea_nsx_lease_transitions_total{a="\\"\\\\\\n"} 2\n',
  )
  assert.match(
    writeText(families, 'openmetrics'),
    /# TYPE antrea_nsx_lease_transitions counter\nantrea_nsx_lease_transitions_total\{a=".*"\} 2\n# EOF\n$/,
  )
  for (const [accept, format] of [
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1',
      'openmetrics',
    ],
    ['text/plain;q=0.9,application/openmetrics-text;q=0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
  ] as const)
    assert.equal(formatOf(accept), format, accept)
})

const moved = (machine: string, from: string, to: string, event = 'E') => ({
  at: 0,
  machine,
  from,
  to,
  event,
})

test('lists and their causes, links and reports, from the transitions alone', async () => {
  const metrics = createMetrics()
  const clock = createFakeClock()
  const meter = createTransitionMeter(metrics, clock)
  const watch = (from: string, to: string, event = 'E') =>
    meter.note(moved('adapter/watches/watch.pods', from, to, event))
  const relists = async (cause: string) =>
    sum(await metrics.collect(), 'antrea_nsx_watch_relists_total', { resource: 'pods', cause })
  watch('held', 'following.listing.dialing')
  watch('following.listing.dialing', 'following.listing.streamed')
  watch('following.listing.streamed', 'following.listing.paged', 'xstate.after.streamListSilence.watch.x')
  watch('following.listing.paged', 'following.opening')
  watch('following.streaming.age.grown', 'following.listing.paged', 'FAILED')
  watch('waiting', 'held')
  watch('held', 'following.listing.paged')
  watch('following.listing.dialing', 'following.listing.paged', 'FAILED')
  for (const cause of ['start', 'silent', 'expired', 'error']) assert.equal(await relists(cause), 1, cause)

  const mp = (from: string, to: string) => meter.note(moved('adapter/mp', from, to))
  mp('link.connecting', 'link.waiting')
  mp('link.waiting', 'link.connecting')
  mp('link.connecting', 'link.open.phase.syncing inventory.working.work.reading')
  await clock.advance(2_000)
  mp('inventory.working.work.reading', 'inventory.working.work.applying')
  mp('inventory.working.work.applying', 'inventory.working.work.steady')
  const families = await metrics.collect()
  assert.equal(sum(families, 'antrea_nsx_channel_connects_total', { channel: 'mp', result: 'failure' }), 1)
  assert.equal(sum(families, 'antrea_nsx_channel_connects_total', { channel: 'mp', result: 'success' }), 1)
  assert.equal(sum(families, 'antrea_nsx_inventory_report_duration_seconds', { kind: 'full' }), 1)
})

test('the lag is that of the oldest change, and no older', async () => {
  const clock = createFakeClock()
  const progress = createProgress(clock)
  const mp = (from: string, to: string) =>
    progress.note(moved('adapter/mp', `inventory.working.work.${from}`, `inventory.working.work.${to}`))
  mp('reading', 'applying')
  mp('applying', 'steady')
  assert.equal(progress.view().mp.lagMs, 0)
  assert.equal(progress.view().mp.lastFullSync, undefined, 'it began in the middle')
  mp('steady', 'gathering')
  await clock.advance(200)
  mp('gathering', 'applying')
  await clock.advance(1_000)
  assert.equal(progress.view().mp.lagMs, 1_200)
  // What came meanwhile is not older than this round.
  mp('applying', 'gathering')
  assert.equal(progress.view().mp.lagMs, 1_000)
  mp('gathering', 'applying')
  mp('applying', 'steady')
  assert.equal(progress.view().mp.lagMs, 0)
  mp('steady', 'reading')
  mp('reading', 'applying')
  mp('applying', 'steady')
  assert.equal(progress.view().mp.lastFullSync, clock.now())
  progress.note(moved('adapter/ccp', 'enforcement.idle', 'enforcement.planning link.open.phase.watching'))
  await clock.advance(500)
  assert.equal(progress.view().ccp.lagMs, 500)
  progress.note(moved('adapter/ccp', 'enforcement.planning', 'enforcement.settled guard.waiting'))
  assert.deepEqual([progress.view().ccp.lagMs, progress.view().ccp.guarded], [0, true])
  await clock.advance(7_000)
  assert.equal(progress.idleMs(), 7_000)
})

test('facts are counted by what was done and how it ended', async () => {
  const metrics = createMetrics()
  const facts: Fact[] = [
    {
      kind: 'step',
      channel: 'ccp',
      plan: 1,
      step: 'replace-policy',
      subject: 'x',
      outcome: 'refused',
      code: 'C',
    },
    {
      kind: 'step',
      channel: 'mp',
      plan: 1,
      step: 'DELETE ContainerProject',
      subject: 'x',
      outcome: 'failed',
    },
    {
      kind: 'plan',
      channel: 'ccp',
      plan: 1,
      steps: {},
      written: 1,
      tookMs: 5,
      deliveredMs: 40,
      outcome: 'done',
    },
    { kind: 'request', request: 'r', asked: 'traceflow', outcome: 'timed-out', tookMs: 60_000 },
  ]
  for (const fact of facts) countFact(metrics, fact)
  const families = await metrics.collect()
  assert.equal(
    sum(families, 'antrea_nsx_policy_apply_total', {
      kind: 'ClusterNetworkPolicy',
      do: 'update',
      result: 'refused',
    }),
    1,
  )
  assert.equal(sum(families, 'antrea_nsx_inventory_writes_total', { do: 'delete', result: 'failed' }), 1)
  assert.equal(sum(families, 'antrea_nsx_policy_propagation_seconds'), 1)
  assert.equal(
    sum(families, 'antrea_nsx_operation_duration_seconds', { operation: 'traceflow', result: 'timed-out' }),
    1,
  )
})

test('calls by verb and result, streams by their last word', async () => {
  const metrics = createMetrics()
  const clock = createFakeClock()
  const answers: (number | Error)[] = []
  const client: HttpClient = {
    origin: 'https://x',
    async request() {
      const answer = answers.shift() ?? 200
      if (answer instanceof Error) throw answer
      return {
        status: answer,
        headers: {},
        body: (async function* () {
          yield new Uint8Array(1)
        })(),
      }
    },
    reset() {},
    async close() {},
  }
  const kube = kubeCalls(metrics, clock)
  const observed = observedClient(client, kube.observer, clock)
  const call = async (method: HttpRequest['method'], path: string, answer: number | Error = 200) => {
    answers.push(answer)
    const response = await observed.request({ method, path, headersTimeoutMs: 1 }).catch(() => undefined)
    for await (const _ of response?.body ?? []);
  }
  await call('GET', '/api/v1/pods?watch=true')
  await call('GET', '/api/v1/namespaces/a/pods/b')
  await call('GET', '/apis/crd.antrea.io/v1beta1/tiers?limit=500', 500)
  await call('GET', '/healthz', 429)
  await call('PUT', '/apis/crd.antrea.io/v1beta1/tiers/t', 409)
  await call('DELETE', '/apis/crd.antrea.io/v1beta1/tiers/t', new TransportError('reset', 'gone'))
  const families = await metrics.collect()
  for (const [verb, result] of [
    ['watch', 'ok'],
    ['get', 'ok'],
    ['list', 'server-error'],
    ['get', 'throttled'],
    ['update', 'conflict'],
    ['delete', 'unreachable'],
  ] as const)
    assert.equal(sum(families, 'antrea_nsx_kube_requests_total', { verb, result }), 1, `${verb} ${result}`)
  assert.deepEqual([...kube.heardMs.keys()], ['pods'])
  const nsx = nsxCalls(metrics, clock, 'channels')
  const request = { method: 'GET', headersTimeoutMs: 1 } as const
  assert.equal(
    nsx.observer.streamOf({ ...request, path: '/ccp/v1/clusters/c/watch?x', lane: 'stream' }),
    'ccp',
  )
  assert.equal(nsx.observer.streamOf({ ...request, path: '/mp/v1/clusters/c/health' }), undefined)
  const rest = nsxCalls(metrics, clock, 'rest')
  assert.equal(rest.observer.streamOf({ ...request, path: '/policy/api/v1/infra' }), 'ccp')
  assert.deepEqual([200, 304, 404, 409, 412, 422, 429, 503].map(resultOf), [
    'ok',
    'ok',
    'not-found',
    'conflict',
    'conflict',
    'refused',
    'throttled',
    'server-error',
  ])
})

test('a loop that stands still is noted by how long', async () => {
  const metrics = createMetrics()
  const fake = createFakeClock()
  let late = 0
  const clock = { ...fake, monotonicMs: () => fake.monotonicMs() + late }
  const stop = new AbortController()
  void watchLoop(metrics, clock, stop.signal)
  await fake.advance(1_000)
  assert.equal(sum(await metrics.collect(), 'antrea_nsx_event_loop_stall_seconds'), 0)
  late = 300
  await fake.advance(1_000)
  const families = await metrics.collect()
  assert.equal(sum(families, 'antrea_nsx_event_loop_stall_seconds'), 1)
  stop.abort()
})

test('rows of diagnostics that are lost are counted by what stood in the way', () => {
  const lost = createLostRows()
  lost.note(3, undefined)
  lost.note(10, 'x.sqlite: SQLITE_FULL: database or disk is full; 10 dropped')
  lost.note(10, 'x.sqlite: SQLITE_FULL: database or disk is full; 10 dropped')
  lost.note(12, 'x.sqlite: EROFS: read-only file system')
  lost.note(13, undefined)
  assert.deepEqual(
    [...lost.byReason()],
    [
      ['disk-full', 7],
      ['limit', 4],
      ['error', 2],
    ],
  )
})
