/**
 * One random history: objects are written and deleted while the link breaks, falls silent and comes back, the server
 * forgets its past, ends watches, refuses and breaks off. At every step the store is what the server was at the store's
 * resourceVersion; at the end it is what the server is.
 */
import assert from 'node:assert/strict'
import { createActor } from 'xstate'
import { createReader } from '../../../src/kube/reader.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import { createStore } from '../../../src/kube/store.ts'
import { provideWatch } from '../../../src/kube/watch.ts'
import { type ApiServer, createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { Handler, HttpClient, Peer, ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../fakes/clock.ts'

const ADMIN: Peer = {
  address: 'test',
  commonName: 'admin',
  organizations: ['system:masters'],
  verified: true,
}
const NODES = '/api/v1/nodes'
const NAMES = 12

/** The server and what it held after each of its versions. Many histories follow each other on one. */
export interface HistoryWorld {
  readonly clock: FakeClock
  readonly api: ApiServer
  readonly admin: HttpClient
  /** Name → resourceVersion, after each write, oldest first. The versions are numbers to the writer only. */
  readonly states: { readonly version: number; readonly objects: ReadonlyMap<string, string> }[]
}

export function createHistoryWorld(seed: number): HistoryWorld {
  const clock = createFakeClock()
  const api = createApiServer({ clock, random: createSeededRandom(seed) })
  const { client } = connectInProcess(api.handler, { origin: 'https://embedded', peer: ADMIN, clock })
  return { clock, api, admin: client, states: [{ version: 0, objects: new Map() }] }
}

/** What a history met, so that a run can say that it met everything. */
export type Tally = Record<string, number>

interface Run {
  readonly world: HistoryWorld
  readonly dice: (sides: number) => number
  readonly link: ReturnType<typeof connectInProcess>
  readonly tally: Tally
  /** Requests of the watch that get this answer, and how many of them. */
  instead: { answer: () => ServerResponse; left: number } | undefined
}

const count = (tally: Tally, what: string) => {
  tally[what] = (tally[what] ?? 0) + 1
}

async function write(world: HistoryWorld, method: 'PUT' | 'POST' | 'DELETE', name: string, label: string) {
  const before = world.states.at(-1)
  assert.ok(before)
  const path = method === 'POST' ? NODES : `${NODES}/${name}`
  const body = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { label } } }
  const answer = await world.admin.request({
    method,
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 0,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  assert.ok(answer.status < 300, `${method} ${name}: ${answer.status} ${text.slice(0, 300)}`)
  const objects = new Map(before.objects)
  if (method === 'DELETE') {
    objects.delete(name)
    world.states.push({ version: await versionOf(world), objects })
    return
  }
  const { resourceVersion } = (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata
  objects.set(name, resourceVersion)
  world.states.push({ version: Number(resourceVersion), objects })
}

/** The answer to a deletion tells the object's last version, not that of its deletion. */
async function versionOf(world: HistoryWorld): Promise<number> {
  const answer = await world.admin.request({ method: 'GET', path: `${NODES}?limit=1`, headersTimeoutMs: 0 })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const { metadata } = JSON.parse(Buffer.concat(chunks).toString()) as {
    metadata: { resourceVersion: string }
  }
  return Number(metadata.resourceVersion)
}

async function change({ world, dice }: Run): Promise<void> {
  const name = `n${dice(NAMES)}`
  const exists = world.states.at(-1)?.objects.has(name) === true
  if (!exists) await write(world, 'POST', name, String(dice(1_000)))
  else if (dice(3) === 0) await write(world, 'DELETE', name, '')
  else await write(world, 'PUT', name, `${dice(1_000_000)}`)
}

const refusal = (code: number, reason: string) => (): ServerResponse => ({
  status: code,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message: reason,
  }),
})

const OUTCOMES: readonly (() => ServerResponse)[] = [
  refusal(410, 'Expired'),
  refusal(500, 'InternalError'),
  refusal(429, 'TooManyRequests'),
  refusal(504, 'Timeout'),
  refusal(403, 'Forbidden'),
  () => ({ status: 200, body: '' }),
  () => ({ status: 200, body: '{"type":"ADDED","obj' }),
  () => ({
    status: 200,
    body: `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
  }),
]

const EVENTS: readonly (readonly [name: string, weight: number, act: (run: Run) => Promise<void> | void])[] =
  [
    ['change', 30, change],
    [
      'burst',
      5,
      async (run) => {
        for (let each = run.dice(6); each >= 0; each -= 1) await change(run)
      },
    ],
    ['a moment', 10, ({ world, dice }) => world.clock.advance(dice(2_000))],
    ['a while', 6, ({ world, dice }) => world.clock.advance(dice(50_000))],
    ['a long while', 1, ({ world, dice }) => world.clock.advance(300_000 + dice(400_000))],
    ['cut', 4, ({ link }) => link.faults.cut()],
    ['down', 3, ({ link }) => link.faults.down(true)],
    ['up', 5, ({ link }) => link.faults.down(false)],
    ['silence', 3, ({ link }) => link.faults.blackhole(true)],
    ['sound', 5, ({ link }) => link.faults.blackhole(false)],
    ['compaction', 4, ({ world }) => world.api.compact()],
    ['watches ended', 3, ({ world }) => void world.api.faults.dropWatches()],
    ['watches frozen', 2, ({ world }) => void world.api.faults.freezeWatches()],
    [
      'answers',
      5,
      (run) => {
        const answer = OUTCOMES[run.dice(OUTCOMES.length)]
        assert.ok(answer)
        run.instead = { answer, left: 1 + run.dice(3) }
      },
    ],
  ]
const WEIGHTS = EVENTS.reduce((sum, [, weight]) => sum + weight, 0)

function drawn(dice: (sides: number) => number): (typeof EVENTS)[number] {
  let at = dice(WEIGHTS)
  for (const event of EVENTS) {
    at -= event[1]
    if (at < 0) return event
  }
  throw new Error('the weights do not add up')
}

/** Before the server: its answers in its place, pages of three objects, and streamed lists refused where it shall not know them. */
function before(run: () => Run, knowsStreamedLists: boolean, handler: Handler): Handler {
  return async (request) => {
    const it = run()
    if (it.instead !== undefined) {
      const { answer, left } = it.instead
      it.instead = left > 1 ? { answer, left: left - 1 } : undefined
      count(it.tally, `answered in its place`)
      return answer()
    }
    const { query } = request
    if (query.has('sendInitialEvents') && !knowsStreamedLists) return refusal(422, 'Invalid')()
    if (query.has('limit')) query.set('limit', '3')
    const what = query.has('sendInitialEvents')
      ? 'streamed list'
      : query.has('watch')
        ? 'resumed'
        : query.has('continue')
          ? 'next page'
          : 'list'
    count(it.tally, what)
    return handler(request)
  }
}

/** Plays one history of `steps` events. Throws, naming the seed, where the store is not what the server was or is. */
export async function playHistory(
  world: HistoryWorld,
  seed: number,
  steps: number,
  tally: Tally,
): Promise<void> {
  const random = createSeededRandom(seed)
  const dice = (sides: number) => Math.floor(random.next() * sides)
  const { clock, api } = world
  const handler = before(() => run, dice(2) === 0, api.handler)
  const options = { origin: 'https://embedded', peer: ADMIN, clock, pings: dice(2) === 0 }
  const run: Run = { world, dice, link: connectInProcess(handler, options), tally, instead: undefined }
  const store = createStore(RESOURCES.nodes)
  const http = run.link.client
  const actor = createActor(
    provideWatch({
      http,
      store,
      reader: createReader('nodes', clock),
      clock,
      random,
      userAgent: 'history/1',
      reachable: async () => {},
      probe: async (signal) => {
        const answer = await http.request({
          method: 'GET',
          path: '/version',
          headersTimeoutMs: 5_000,
          signal,
        })
        for await (const _ of answer.body) break
      },
      doubt: () => {},
      report: () => {},
    }),
    { clock },
  )
  const what = () => `seed ${seed}, version ${store.position}, ${JSON.stringify(actor.getSnapshot().value)}`
  actor.start()
  await clock.settle()
  for (let step = 0; step < steps; step += 1) {
    const [name, , act] = drawn(dice)
    count(tally, name)
    await act(run)
    if (dice(3) > 0) await clock.settle()
    assertWasSo(world, store, what)
  }
  run.instead = undefined
  run.link.faults.down(false)
  run.link.faults.blackhole(false)
  // A refusal is looked at again each 30 s, a silence noticed within 45 s, a back-off at most 30 s; a watch that says
  // nothing on a connection that lives is found out by a second one within 225 s.
  for (let waited = 0; waited < 60 && !(store.live && isLatest(world, store)); waited += 1) {
    await clock.advance(5_000)
    assertWasSo(world, store, what)
  }
  assert.ok(store.synced && store.live, `not live after five minutes: ${what()}`)
  assert.ok(isLatest(world, store), `not what the server holds: ${what()}`)
  actor.send({ type: 'STOP' })
  await clock.settle()
  // What comes after this is another history's; nothing looks further back than its beginning.
  world.states.splice(0, world.states.length - 1)
}

type NodeStore = ReturnType<typeof createStore>

const holds = (store: NodeStore, objects: ReadonlyMap<string, string>): boolean =>
  store.size === objects.size &&
  [...objects].every(([name, version]) => store.get(name)?.metadata.resourceVersion === version)

const isLatest = ({ states }: HistoryWorld, store: NodeStore): boolean =>
  holds(store, states.at(-1)?.objects ?? new Map())

function assertWasSo({ states }: HistoryWorld, store: NodeStore, what: () => string): void {
  if (store.position === undefined) return
  const position = Number(store.position)
  const state = states.findLast(({ version }) => version <= position) ?? states[0]
  assert.ok(state !== undefined && holds(store, state.objects), `not what the server was: ${what()}`)
}
