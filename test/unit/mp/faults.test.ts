/**
 * Every call of the inventory answered 429, 503, 409, 500, HTML, in part or not at all, some times in a row and then well:
 * on the first comparison and on a change. Nothing lost, nothing doubled, nothing foreign touched, nothing stuck.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerResponse } from '../../../src/world/index.ts'
import { type Channel, heartbeat, start } from './channel.ts'
import { pod } from './cluster.ts'
import { CLUSTER, failure, type Seen, type Update } from './nsx.ts'

const UPDATES = `/api/v1/inventory/container/${CLUSTER}`
const RECORD = `/api/v1/fabric/container-clusters/${CLUSTER}`

/** `applied`: the manager does what it is asked and its answer is lost. */
interface CallRow {
  readonly call: string
  readonly applied?: true
  isIt(request: Seen): boolean
}
const CALLS: readonly CallRow[] = [
  { call: 'GET node/version', isIt: ({ path }) => path === '/api/v1/node/version' },
  { call: 'GET the record', isIt: ({ method, path }) => method === 'GET' && path === RECORD },
  {
    call: 'POST the record',
    isIt: ({ method, path }) => method === 'POST' && path === '/api/v1/fabric/container-clusters',
  },
  { call: 'read back nodes', isIt: ({ path }) => path === '/api/v1/fabric/container-cluster-nodes' },
  { call: 'read back pods', isIt: ({ path }) => path === '/api/v1/fabric/container-application-instances' },
  { call: 'read back gateways', isIt: ({ path }) => path === '/api/v1/fabric/container-gateways' },
  { call: 'write', isIt: ({ path }) => path === UPDATES },
  { call: 'write that is carried out', isIt: ({ path }) => path === UPDATES, applied: true },
]

const page = (status: number, body: string, type: string): ServerResponse => ({
  status,
  headers: { 'content-type': type },
  body,
})
const HTML = '<html><body><h1>503 Service Unavailable</h1></body></html>'

const FAULTS: Readonly<Record<string, () => Promise<ServerResponse> | ServerResponse>> = {
  '429': () => failure(429),
  '429 with Retry-After': () => failure(429, { 'retry-after': '7' }),
  '503': () => failure(503),
  '409': () => failure(409),
  '412': () => failure(412),
  '500': () => failure(500),
  'HTML with 200': () => page(200, HTML, 'text/html'),
  'HTML with 502': () => page(502, HTML, 'text/html'),
  'cut off': () => page(200, '{"results":[{"external_id":"x","res', 'application/json'),
  'an empty object': () => page(200, '{}', 'application/json'),
  never: () => new Promise(() => {}),
  'a broken connection': () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield '{"results":['
      throw new Error('the connection breaks')
    })(),
  }),
}
const TIMES = 3
/** Three time-outs of a call and the pauses between them. */
const SECONDS_MAX = 400

interface Struck {
  left: number
}

/** Strikes so often; what was carried out is kept by the fake before its answer is replaced. */
function strike(
  { fake }: Channel,
  { isIt, applied }: CallRow,
  answer: () => Promise<ServerResponse> | ServerResponse,
) {
  const struck: Struck = { left: TIMES }
  fake.state.fault = (request) => {
    // Without a record there, the one that makes it is called.
    if (request.method === 'GET' && request.path === RECORD && !isIt(request)) return failure(404)
    if (struck.left === 0 || !isIt(request)) {
      if (request.method === 'POST' && request.path === '/api/v1/fabric/container-clusters')
        return { status: 201, body: '' }
      return undefined
    }
    struck.left -= 1
    if (applied === true) fake.update(request.body as { container_inventory_objects: Update[] })
    return answer()
  }
  return struck
}

const FOREIGN = {
  resource_type: 'ContainerProject',
  external_id: 'foreign',
  container_cluster_id: 'cluster-2',
  display_name: 'shop',
}

const objectsOf = ({ fake }: Channel): string[] =>
  [...fake.objects.values()]
    .flatMap((held) =>
      [...held.values()].map(({ _last_sync_time: _, ...object }) =>
        JSON.stringify(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))),
      ),
    )
    .sort()

async function wellAgain(channel: Channel, expected: readonly string[], what: string): Promise<void> {
  const { clock, fake, watching } = channel
  for (let passed = 0; passed < SECONDS_MAX; passed += 10) {
    await heartbeat(clock, fake, 10)
    if (watching() && objectsOf(channel).join() === expected.join()) break
  }
  await heartbeat(clock, fake, 30)
  assert.ok(watching(), `${what}: ${channel.words()}`)
  assert.deepEqual(objectsOf(channel), expected, what)
}

/** What is in NSX without any fault, at first and after the change. */
async function expectedOf(): Promise<{ readonly first: string[]; readonly changed: string[] }> {
  const channel = await start()
  channel.fake.of('ContainerProject').set('foreign', { ...FOREIGN })
  await channel.lead()
  const first = objectsOf(channel)
  change(channel)
  await heartbeat(channel.clock, channel.fake, 10)
  return { first, changed: objectsOf(channel) }
}

function change({ cluster }: Channel): void {
  cluster.put('pods', pod('web-1', { labels: { app: 'api' } }))
  cluster.put('pods', pod('web-9'))
  cluster.remove('pods', 'shop/web-2')
}

for (const row of CALLS)
  test(`${row.call}: answered wrongly in every way, then well`, async () => {
    const expected = await expectedOf()
    for (const [fault, answer] of Object.entries(FAULTS)) {
      // An empty object is a good answer to a write.
      if (fault === 'an empty object' && row.call.startsWith('write')) continue
      const what = `${row.call}, ${fault}`
      const channel = await start()
      const { fake, clock } = channel
      fake.of('ContainerProject').set('foreign', { ...FOREIGN })
      const struck = strike(channel, row, answer)
      await channel.lead()
      await wellAgain(channel, expected.first, `${what}, first`)
      assert.ok(struck.left < TIMES, `${what}: it struck`)
      if (!row.call.includes('record') && !row.call.includes('version')) {
        const again = strike(channel, row, answer)
        change(channel)
        if (row.call.startsWith('read back')) await heartbeat(clock, fake, 700)
        await wellAgain(channel, expected.changed, `${what}, then`)
        assert.ok(again.left < TIMES, `${what}: it struck again`)
      }
      const { batches } = fake.state
      await heartbeat(clock, fake, 700)
      assert.equal(fake.state.batches, batches, `${what}: unchanged, nothing is written`)
      channel.actor.stop()
    }
  })

test('an inventory emptied by hand, and one of last week, come back whole; what is foreign stays', async () => {
  const expected = await expectedOf()
  for (const edit of ['emptied', 'last week', 'one type gone'] as const) {
    const channel = await start()
    const { fake, clock } = channel
    fake.of('ContainerProject').set('foreign', { ...FOREIGN })
    await channel.lead()
    const copy = structuredClone([...fake.objects])
    change(channel)
    await heartbeat(clock, fake, 10)
    if (edit === 'one type gone') fake.of('ContainerApplicationInstance').clear()
    else
      for (const [type, held] of fake.objects)
        for (const id of [...held.keys()])
          if (!(type === 'ContainerProject' && id === 'foreign')) held.delete(id)
    if (edit === 'last week')
      for (const [type, held] of copy) for (const [id, object] of held) fake.of(type).set(id, object)
    fake.say({ t: 'request', id: `r-${edit}`, attempt: 1, kind: 'inventory-resync', timeout_ms: 60_000 })
    await heartbeat(clock, fake, 120)
    assert.deepEqual(objectsOf(channel), expected.changed, edit)
    channel.actor.stop()
  }
})

test('a resync asked for amid faults is answered within its time, once', async () => {
  for (const [fault, answer] of Object.entries(FAULTS)) {
    const channel = await start()
    const { fake, clock } = channel
    await channel.lead()
    let isDown = true
    fake.state.fault = ({ path }) =>
      isDown && path.startsWith('/api/v1/fabric/container-') ? answer() : undefined
    fake.say({ t: 'request', id: 'late', attempt: 1, kind: 'inventory-resync', timeout_ms: 20_000 })
    await heartbeat(clock, fake, 30)
    const said = () => fake.events.flatMap(({ body }) => body.events)
    assert.equal(said().length, 1, fault)
    if (fault !== 'an empty object') assert.equal(said()[0]?.['code'], 'TIMED_OUT', fault)
    isDown = false
    fake.say({ t: 'request', id: 'well', attempt: 1, kind: 'inventory-resync', timeout_ms: 300_000 })
    await heartbeat(clock, fake, 300)
    assert.deepEqual(
      said()
        .slice(1)
        .map(({ t }) => t),
      ['result'],
      fault,
    )
    channel.actor.stop()
  }
})
