/** The status endpoint on a real unix socket and on loopback: its answers, its mode, and whom it refuses. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { rememberDiagnostics } from '../../../src/diagnostics/index.ts'
import { createMeasuring } from '../../../src/metrics/index.ts'
import { createStatusHandler, type StatusView } from '../../../src/serve/index.ts'
import type { HttpClient, HttpMethod } from '../../../src/world/index.ts'
import { createHttpClient, serve } from '../../../src/world/real.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const check = (name: string, reason = '') => ({ name, ok: reason === '', reason })
const WELL: StatusView = {
  ready: true,
  checks: [check('nsx-unreachable'), check('cluster-read')],
  warnings: [],
}
const ILL: StatusView = {
  ready: false,
  checks: [
    check('nsx-unreachable', 'NSX_UNREACHABLE: The NSX Manager does not answer'),
    check('cluster-read'),
  ],
  warnings: [{ code: 'NSX_UNREACHABLE', severity: 'error', detail: 'refused' }],
}

async function endpoint(context: TestContext, view: () => StatusView) {
  const folder = mkdtempSync(join(tmpdir(), 'serve-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'adapter.sock')
  const approved: number[] = []
  const paused: string[] = []
  const idle = { ms: 0 }
  const adopted: string[] = []
  const handler = createStatusHandler({
    status: view,
    idleMs: () => idle.ms,
    metrics: createMeasuring(createFakeClock()),
    pausing: {
      pause: (channel, forMs) => void paused.push(`${channel} ${forMs}`),
      resume: (channel) => void paused.push(`${channel} -`),
      state: () => ({ role: 'leading', leader: 'a', pauses: {} }),
    },
    history: {
      ...rememberDiagnostics(createFakeClock()),
      read: async ({ limit, machine = '' }) => {
        if (machine === 'lost') throw new Error('disk full')
        return [{ at: limit, machine, from: '', to: 'x', event: 'E' }]
      },
    },
    approve: () => void approved.push(1),
    adoption: () => ['ClusterGroup g', 'ClusterNetworkPolicy p'],
    adopt: async (shown) => void adopted.push(...shown),
  })
  const server = await serve({ handler, socketPath })
  context.after(() => server.close())
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  context.after(() => client.close())
  return { client, socketPath, handler, approved, paused, idle }
}

async function ask(client: HttpClient, path: string, method: HttpMethod = 'GET', headers = {}) {
  const answer = await client.request({ method, path, headers, headersTimeoutMs: 2_000 })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  return { status: answer.status, body: Buffer.concat(chunks).toString() }
}

test('readiness follows the status and says why not', async (context) => {
  let view = WELL
  const { client } = await endpoint(context, () => view)
  assert.deepEqual(await ask(client, '/livez'), { status: 200, body: 'ok\n' })
  assert.deepEqual(await ask(client, '/readyz'), { status: 200, body: 'ok\n' })
  view = ILL
  assert.equal((await ask(client, '/livez')).status, 200)
  const { status, body } = await ask(client, '/readyz?verbose')
  assert.equal(status, 503)
  assert.equal(
    body,
    '[-]nsx-unreachable failed: NSX_UNREACHABLE: The NSX Manager does not answer\n[+]cluster-read ok\n' +
      '[!]NSX_UNREACHABLE: refused\nreadyz check failed\n',
  )
  assert.deepEqual(JSON.parse((await ask(client, '/status')).body), ILL)
})

test('transitions are bounded, and lost diagnostics are told', async (context) => {
  const { client } = await endpoint(context, () => WELL)
  const { body } = await ask(client, '/transitions?limit=7&machine=adapter/ccp')
  assert.deepEqual(JSON.parse(body), {
    transitions: [{ at: 7, machine: 'adapter/ccp', from: '', to: 'x', event: 'E' }],
  })
  for (const limit of ['0', '-1', 'x', '1e9', '1.5'])
    assert.equal((await ask(client, `/transitions?limit=${limit}`)).status, 400, limit)
  assert.equal((await ask(client, '/transitions?machine=lost')).status, 503)
})

test('approving is a POST, and nothing else is there', async (context) => {
  const { client, approved } = await endpoint(context, () => WELL)
  assert.equal((await ask(client, '/approve')).status, 405)
  assert.equal(approved.length, 0)
  assert.equal((await ask(client, '/approve', 'POST')).status, 202)
  assert.equal(approved.length, 1)
  assert.equal((await ask(client, '/nothing')).status, 404)
})

test('what a web page could send is refused', async (context) => {
  const { client, approved } = await endpoint(context, () => WELL)
  assert.equal((await ask(client, '/approve', 'POST', { origin: 'https://evil.example' })).status, 403)
  assert.equal((await ask(client, '/status', 'GET', { host: 'rebound.example:8765' })).status, 403)
  assert.equal((await ask(client, '/status', 'GET', { host: '127.0.0.1:8765' })).status, 200)
  assert.equal(approved.length, 0)
})

test('the socket is for its owner alone; a dead one is replaced, a living one is not', async (context) => {
  const { socketPath, handler } = await endpoint(context, () => WELL)
  assert.equal(statSync(socketPath).mode & 0o777, 0o600)
  await assert.rejects(serve({ handler, socketPath }), /EADDRINUSE/)
  const dead = `${socketPath}.dead`
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(dead, resolve))
  // Closing would remove the file; what a killed process leaves is a file without a listener.
  const { renameSync } = await import('node:fs')
  renameSync(dead, `${dead}.kept`)
  await new Promise((resolve) => other.close(resolve))
  renameSync(`${dead}.kept`, dead)
  const server = await serve({ handler, socketPath: dead })
  await server.close()
})

test('one check has a path of its own, and can be left out', async (context) => {
  const { client } = await endpoint(context, () => ILL)
  assert.deepEqual(await ask(client, '/readyz/cluster-read'), { status: 200, body: 'ok\n' })
  const one = await ask(client, '/readyz/nsx-unreachable')
  assert.equal(one.status, 503)
  assert.match(one.body, /^nsx-unreachable failed: NSX_UNREACHABLE/)
  assert.equal((await ask(client, '/readyz/nothing')).status, 404)
  assert.equal((await ask(client, '/readyz?exclude=nsx-unreachable')).status, 200)
  const left = await ask(client, '/readyz?verbose&exclude=nsx-unreachable&exclude=nothing')
  assert.equal(left.status, 200)
  assert.match(
    left.body,
    /\[\+\]nsx-unreachable excluded: ok\n\[\+\]cluster-read ok\nwarn: .*no matches for "nothing"\n.*\nreadyz check passed\n$/,
  )
})

test('alive means that the charts move, whatever NSX does', async (context) => {
  const { client, idle } = await endpoint(context, () => ILL)
  assert.equal((await ask(client, '/livez?verbose')).body, '[+]ping ok\n[+]charts ok\nlivez check passed\n')
  idle.ms = 59_000
  assert.equal((await ask(client, '/healthz')).status, 200)
  idle.ms = 61_000
  assert.deepEqual(await ask(client, '/livez'), { status: 503, body: 'no statechart has moved for 61 s\n' })
  assert.equal((await ask(client, '/livez/charts')).status, 503)
})

test('a pause has a limit, and is a POST', async (context) => {
  const { client, paused } = await endpoint(context, () => WELL)
  assert.equal((await ask(client, '/pause?channel=ccp')).status, 405)
  for (const query of [
    'channel=x',
    'channel=toString',
    'channel=ccp&seconds=0',
    'channel=ccp&seconds=86401',
    'channel=ccp&seconds=1h',
    '',
  ])
    assert.equal((await ask(client, `/pause?${query}`, 'POST')).status, 400, query)
  assert.deepEqual(paused, [])
  assert.equal((await ask(client, '/pause?channel=all&seconds=60', 'POST')).status, 200)
  assert.equal((await ask(client, '/pause?channel=mp', 'POST')).status, 200)
  assert.equal((await ask(client, '/resume?channel=all', 'POST')).status, 200)
  assert.deepEqual(paused, ['ccp 60000', 'mp 60000', 'mp 3600000', 'ccp -', 'mp -'])
})

test('metrics come as Prometheus reads them, as OpenMetrics where it asks for that, and as JSON', async (context) => {
  const { client } = await endpoint(context, () => WELL)
  const plain = await ask(client, '/metrics')
  assert.match(plain.body, /^# HELP antrea_nsx_build_info .*\n# TYPE antrea_nsx_build_info gauge\n/)
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.2'
  const open = await ask(client, '/metrics', 'GET', { accept })
  assert.match(
    open.body,
    /# TYPE antrea_nsx_lease_transitions counter\nantrea_nsx_lease_transitions_total 0\n/,
  )
  assert.match(open.body, /\n# EOF\n$/)
  assert.ok(Array.isArray(JSON.parse((await ask(client, '/metrics?format=json')).body)))
})
