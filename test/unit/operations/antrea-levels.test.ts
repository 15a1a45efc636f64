/** The calls for Antrea's log levels: where they go, and whatever comes back slowly, wrongly or never. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentPlace } from '../../../src/kube/agents/index.ts'
import type { AntreaControllerInfo } from '../../../src/kube/index.ts'
import { createAntreaLevels } from '../../../src/operations/index.ts'
import type { Handler } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock } from '../../fakes/clock.ts'

function start(handler: Handler) {
  const clock = createFakeClock()
  const dialled: AgentPlace[] = []
  const asked: string[] = []
  const known = {
    controller: { nodeRef: { name: 'n1' }, apiPort: 20_349 } as unknown as AntreaControllerInfo | undefined,
    ca: 'CA' as string | undefined,
    address: 'fd00::1',
  }
  const levels = createAntreaLevels(
    {
      hasAgent: async (node) => node !== 'gone',
      agent: async (node) => (node === 'new' ? undefined : { origin: `https://${node}:1`, caPem: 'its own' }),
      controller: async () => known.controller,
      node: async (name) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name },
        status: { addresses: [{ type: 'InternalIP', address: known.address }] },
      }),
      controllerCa: async () => known.ca,
      connect(place) {
        dialled.push(place)
        const answer: Handler = (request) => {
          asked.push(`${request.method} ${request.path}?${request.query}`)
          return handler(request)
        }
        return connectInProcess(answer, { origin: place.origin, peer: { address: '' }, clock }).client
      },
    },
    clock,
  )
  return { clock, levels, dialled, asked, known, signal: new AbortController().signal }
}

const text =
  (status: number, body: string): Handler =>
  async () => ({ status, body })

test('a level is read and set by GET, at the process’s own place with its own authority', async () => {
  const { levels, dialled, asked, signal } = start(text(200, '4\n'))
  assert.equal(await levels.read('agent/n2', signal), 4)
  await levels.set('controller', 2, signal)
  assert.deepEqual(asked, ['GET /loglevel?', 'GET /loglevel?level=2'])
  assert.deepEqual(dialled, [
    { origin: 'https://n2:1', caPem: 'its own' },
    { origin: 'https://[fd00::1]:20349', caPem: 'CA', servername: 'antrea.kube-system.svc' },
  ])
})

test('who is gone has no level; whose place is not known is tried again', async () => {
  const { levels, known, signal, dialled } = start(text(200, '0\n'))
  assert.equal(await levels.read('agent/gone', signal), undefined)
  await assert.rejects(levels.read('agent/new', signal), { code: 'AGENT_UNKNOWN', kind: 'retry' })
  known.ca = undefined
  await assert.rejects(levels.read('controller', signal), { code: 'AGENT_UNKNOWN' })
  known.controller = undefined
  assert.equal(await levels.read('controller', signal), undefined)
  assert.deepEqual(dialled, [])
})

test('what is no level is refused: a page, an object, nothing, a refusal, more than a number', async () => {
  for (const [status, body, code] of [
    [200, '<html>sign in</html>', 'AGENT_MALFORMED'],
    [200, '{"level":4}', 'AGENT_MALFORMED'],
    [200, '', 'AGENT_MALFORMED'],
    [200, '4'.repeat(5_000), 'TRANSPORT_TOO_LARGE'],
    [401, 'Unauthorized', 'KUBE_UNAUTHORIZED'],
    [403, 'forbidden: User "x" cannot get path "/loglevel"', 'KUBE_FORBIDDEN'],
    [500, 'broken', 'KUBE_SERVER_ERROR'],
  ] as const) {
    const { levels, signal } = start(text(status, body))
    await assert.rejects(levels.read('agent/n1', signal), { code }, body.slice(0, 30))
  }
})

test('one that answers never, or drips, is given up in ten seconds; one that is cancelled at once', async () => {
  const never: Handler = () => new Promise(() => {})
  const drips: Handler = async () => ({
    status: 200,
    body: (async function* () {
      for (;;) yield await new Promise<string>((resolve) => setTimeout(() => resolve('1'), 1))
    })(),
  })
  for (const handler of [never, drips]) {
    const { clock, levels, signal } = start(handler)
    const reading = levels.read('agent/n1', signal)
    let code = ''
    reading.catch((error) => {
      code = error.code
    })
    await clock.advance(9_900)
    await clock.advance(200)
    assert.match(code, /TRANSPORT_(TIMEOUT|TOO_LARGE)/)
    assert.equal(clock.timers, 0)
  }
  const { levels, clock } = start(never)
  const stop = new AbortController()
  const reading = levels.read('agent/n1', stop.signal)
  stop.abort(new Error('cancelled'))
  await assert.rejects(reading, { message: 'cancelled' })
  assert.equal(clock.timers, 0)
})
