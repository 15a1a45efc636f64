/**
 * One manager, read twice: by its channel, which tells everything that ever was, and by its public REST API, with what goes
 * wrong there. Everything that the second reader hands over is held against what the first one saw.
 */
import assert from 'node:assert/strict'
import { type DesiredState, followPolicy } from '../../../../src/ccp/source/index.ts'
import { bodyFrom } from '../../../../src/ccp/source/rest/bodies.ts'
import {
  connectRest,
  followRest,
  type RestMemory,
  restBackoffMs,
  restMemory,
} from '../../../../src/ccp/source/rest/index.ts'
import { type DesiredObjects, objectKey } from '../../../../src/ccp/translate/index.ts'
import { type AdapterError, asAdapterError } from '../../../../src/errors.ts'
import { SILENT } from '../../../../src/log/index.ts'
import { createManager, type Manager } from '../../../../src/manager/index.ts'
import { createNsxManager } from '../../../../src/nsx/index.ts'
import { sleep } from '../../../../src/world/index.ts'
import { connectInProcess, type LinkFaults } from '../../../../src/world/link.ts'
import {
  BASIC,
  CLUSTER,
  clientOver,
  NODE_ID,
  selfSigned,
  type TestClient,
  USER,
} from '../../../contract/manager/harness.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../../fakes/clock.ts'

const certificates = Promise.all([selfSigned(CLUSTER), selfSigned('other')])
const OTHER_ID = '6f1d0c3e-0000-4000-8000-000000000002'

/** Everything the channel ever told of each object. */
interface Seen {
  /** Hashes in their order, and how often the object had gone when each of them came. */
  readonly hashes: Map<string, number>
  readonly order: string[]
  gone: number
}

export interface RestWorld {
  readonly clock: FakeClock
  readonly manager: Manager
  readonly user: TestClient
  readonly link: LinkFaults
  readonly owned: Set<string>
  /** What the channel holds now. */
  wanted(): DesiredObjects
  /** What the REST reader handed over last. */
  held(): DesiredState | undefined
  readonly errors: AdapterError[]
  /** Requests of the REST reader, by path. */
  readonly requests: string[]
  readonly figures: { states: number; missing: number }
  start(): void
  /** Lets everything arrive, and holds what was handed over against what NSX had. */
  settle(): Promise<void>
  stop(): void
  /** Both hold the same. */
  isSame(): boolean
  /** Goes on until both hold the same; false when they do not within the time. */
  converge(withinMs: number): Promise<boolean>
}

export interface WorldOptions {
  readonly seed: number
  readonly memory?: RestMemory
}

export async function restWorld({ seed, memory = restMemory() }: WorldOptions): Promise<RestWorld> {
  const clock = createFakeClock()
  const random = createSeededRandom(seed)
  const manager = createManager({ clock, random, users: [USER] })
  const [own, other] = await certificates
  manager.register({ nodeId: NODE_ID, name: CLUSTER, certificatePem: own.cert })
  manager.register({ nodeId: OTHER_ID, name: 'other', certificatePem: other.cert })
  const peer = { address: 'test', certificateSha256: own.fingerprint, commonName: CLUSTER }
  const connect = () => connectInProcess(manager.handler, { origin: 'link://nsx', peer, clock })
  const user = clientOver(
    connectInProcess(manager.handler, { origin: 'link://nsx', peer: { address: 'user' }, clock }).client,
    { authorization: BASIC },
  )
  const common = { clock, random, log: SILENT }
  const channel = createNsxManager({ ...common, http: connect().client })
  const slow = connect()
  const requests: string[] = []
  const http = {
    ...slow.client,
    request: (request: Parameters<typeof slow.client.request>[0]) => {
      requests.push(request.path)
      return slow.client.request(request)
    },
  }
  const rest = createNsxManager({ ...common, http })
  const stop = new AbortController()
  const seen = new Map<string, Seen>()
  const closures = new Set<string>()
  let wanted: DesiredObjects = new Map()
  let held: DesiredState | undefined
  const errors: AdapterError[] = []
  const figures = { states: 0, missing: 0 }
  const owned = new Set<string>()

  const note = ({ objects }: DesiredState) => {
    for (const [key, { hash }] of objects) {
      const of: Seen = seen.get(key) ?? { hashes: new Map(), order: [], gone: 0 }
      seen.set(key, of)
      if (of.order.at(-1) !== hash) of.order.push(hash)
      // A policy may go and come back as it was while it is read: then it was let go.
      if (!of.hashes.has(hash)) of.hashes.set(hash, of.gone)
    }
    for (const key of wanted.keys()) {
      const of = seen.get(key)
      if (of !== undefined && !objects.has(key)) of.gone += 1
    }
    wanted = objects
    for (const closure of closuresOf(objects).values()) closures.add(closure)
  }
  const unchecked: DesiredState[] = []
  const take = (state: DesiredState) => {
    unchecked.push(state)
  }
  /** When everything that is under way has arrived: what the channel tells may take some turns. */
  const check = (state: DesiredState) => {
    figures.states += 1
    checkHeld(held?.objects ?? new Map(), state.objects, seen)
    for (const [path, closure] of closuresOf(state.objects))
      if (closure.includes('?')) figures.missing += 1
      else assert.ok(closures.has(closure), `${path} and what it refers to were never so together`)
    held = state
    for (const { kind, path } of state.objects.values()) if (kind === 'SecurityPolicy') owned.add(path)
    for (const path of owned) if (!state.objects.has(objectKey('SecurityPolicy', path))) owned.delete(path)
  }
  const handlers = (onState: (state: DesiredState) => void) => ({
    onSeen: () => {},
    onSnapshot: onState,
    onOpen: () => {},
    onCommit: onState,
  })
  const followChannel = async () => {
    const session = await channel.openSession(
      'ccp',
      NODE_ID,
      {
        instance: 'a',
        adapter_version: '0',
        capabilities: [],
        cluster_uid: 'u',
        leader: { lease_created: 1, transitions: 1 },
      },
      stop.signal,
    )
    await followPolicy(
      { nsx: channel, clock, clusterId: NODE_ID },
      session,
      undefined,
      handlers(note),
      stop.signal,
    )
  }
  const deps = {
    nsx: rest,
    clock,
    random,
    clusterId: NODE_ID,
    clusterName: CLUSTER,
    owned: () => owned,
  }
  /** As the chart does: connect, follow, wait. */
  const followPublic = async () => {
    for (let failures = 1; !stop.signal.aborted; failures += 1) {
      try {
        const session = await connectRest(deps, memory, stop.signal)
        const shown = handlers(take)
        const onCommit = (state: DesiredState) => {
          failures = 0
          take(state)
        }
        await followRest(deps, session, memory, { ...shown, onCommit }, stop.signal)
      } catch (thrown) {
        if (stop.signal.aborted) return
        const error = asAdapterError(thrown)
        // What a check of this test found is no failure of the manager.
        if (error.code === 'INTERNAL') throw thrown
        errors.push(error)
        await sleep(clock, restBackoffMs(random, failures, error), stop.signal)
      }
    }
  }
  let failure: unknown
  const watch = (work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!stop.signal.aborted) failure ??= error
    })
  }
  const settle = async () => {
    await clock.settle()
    for (const state of unchecked.splice(0)) check(state)
    if (failure !== undefined) throw failure
  }
  const same = () => held !== undefined && sameObjects(held.objects, wanted)
  return {
    clock,
    manager,
    user,
    link: slow.faults,
    owned,
    wanted: () => wanted,
    held: () => held,
    errors,
    requests,
    figures,
    start() {
      watch(followChannel())
      watch(followPublic())
    },
    settle,
    isSame: same,
    stop() {
      stop.abort(new Error('the world ends'))
      manager.close()
    },
    async converge(withinMs) {
      for (let passedMs = 0; passedMs <= withinMs; passedMs += 5_000) {
        await settle()
        if (same()) return true
        await clock.advance(5_000)
      }
      await settle()
      return same()
    },
  }
}

export const sameObjects = (one: DesiredObjects, other: DesiredObjects): boolean =>
  one.size === other.size && [...one].every(([key, { hash }]) => other.get(key)?.hash === hash)

/**
 * No object goes back, and no policy goes that NSX did not let go. Members of groups are of a moment of their own: machines
 * come and go without a revision of anything.
 */
function checkHeld(before: DesiredObjects, after: DesiredObjects, seen: ReadonlyMap<string, Seen>): void {
  for (const [key, { kind, hash }] of after) {
    const of = seen.get(key)
    if (kind === 'SecurityPolicy') assert.ok(of?.hashes.has(hash), `${key} was never as it is held`)
    const was = before.get(key)
    if (was === undefined || kind === 'GroupMembers' || of === undefined) continue
    assert.ok(of.order.lastIndexOf(hash) >= of.order.indexOf(was.hash), `${key} went back`)
  }
  for (const [key, { kind, hash }] of before) {
    if (kind !== 'SecurityPolicy' || after.has(key)) continue
    const of = seen.get(key)
    assert.ok(
      of !== undefined && of.gone > (of.hashes.get(hash) ?? 0),
      `${key} was let go and NSX still had it`,
    )
  }
}

/** Of each policy its own hash and those of all it refers to; `?` stands for what is not there. */
function closuresOf(objects: DesiredObjects): ReadonlyMap<string, string> {
  const byPath = new Map(
    [...objects.values()].filter(({ kind }) => kind !== 'GroupMembers').map((o) => [o.path, o]),
  )
  const closures = new Map<string, string>()
  for (const policy of objects.values()) {
    if (policy.kind !== 'SecurityPolicy') continue
    const hashes = new Set<string>()
    const waiting = [policy.path]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const object = byPath.get(next)
      const entry = object === undefined ? `? ${next}` : object.hash
      if (hashes.has(entry)) continue
      hashes.add(entry)
      if (object?.body !== undefined) waiting.push(...(bodyFrom(next, object.body)?.references ?? []))
    }
    closures.set(policy.path, [...hashes].sort().join(' '))
  }
  return closures
}
