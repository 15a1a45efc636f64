/** The status endpoint on a real unix socket and on loopback: its answers, its mode, and whom it refuses. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { rememberDiagnostics } from '../../../src/diagnostics/index.ts'
import { createStatusHandler, type StatusView } from '../../../src/serve/index.ts'
import type { HttpClient, HttpMethod } from '../../../src/world/index.ts'
import { createHttpClient, serve } from '../../../src/world/real.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const WELL: StatusView = { ready: true, reasons: [], warnings: [] }
const ILL: StatusView = {
  ready: false,
  reasons: ['NSX_UNREACHABLE: The NSX Manager does not answer'],
  warnings: [{ code: 'NSX_UNREACHABLE', severity: 'error', detail: 'refused' }],
}

async function endpoint(context: TestContext, view: () => StatusView) {
  const folder = mkdtempSync(join(tmpdir(), 'serve-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'adapter.sock')
  const approved: number[] = []
  const adopted: string[] = []
  const handler = createStatusHandler({
    status: view,
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
  return { client, socketPath, handler, approved }
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
  assert.match(body, /^\[-\]NSX_UNREACHABLE: .*\n\[!\]NSX_UNREACHABLE: refused\nreadyz check failed\n$/)
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
  assert.equal((await ask(client, '/metrics')).status, 404)
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
