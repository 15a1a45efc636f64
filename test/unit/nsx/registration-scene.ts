/** A manager in this process, an administrator, and a kept identity in memory: what registration needs, without sockets. */

import { needsPerson } from '../../../src/errors.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createManager, type Manager } from '../../../src/manager/index.ts'
import { createNsxManager, type NsxManager } from '../../../src/nsx/index.ts'
import {
  type ApplyDeps,
  applyPlan,
  checkWish,
  deregisterRefusals,
  fingerprintOf,
  type Kept,
  type KeyPair,
  keptOf,
  makeKeyPair,
  type ObservedNsx,
  observeNsx,
  type Plan,
  planDeregister,
  planRegister,
  planRotate,
  preflight,
  type RecordStore,
  type RegistrationRecord,
  recordOf,
  type Step,
  type Wish,
} from '../../../src/nsx/registration/index.ts'
import type { HttpClient, Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'

export const clock = createRealClock()
const random = createRealRandom()
const ADMIN = { name: 'admin', password: 'a-password' }
const ORIGIN = 'https://nsx.test'

/** Keys take a tenth of a second each: made once for a name. */
const made = new Map<string, Promise<KeyPair>[]>()
export function keyPair(name: string, at: number): Promise<KeyPair> {
  const pairs = made.get(name) ?? []
  made.set(name, pairs)
  pairs[at] ??= makeKeyPair(name, 30, clock)
  return pairs[at]
}

export interface MemoryStore extends RecordStore {
  kept: Kept | undefined
}

/** Keeps what was written as text, so that reading it back is tried too. */
export function memoryStore(): MemoryStore {
  const store: MemoryStore = {
    kept: undefined,
    where: 'the memory of the test',
    load: async () => (store.kept === undefined ? undefined : recordOf(store.kept, store.where)),
    save: async (record) => {
      store.kept = keptOf(record)
    },
    remove: async () => {
      store.kept = undefined
    },
  }
  return store
}

export interface Scene {
  readonly manager: Manager
  readonly nsx: NsxManager
  readonly http: HttpClient
  readonly store: MemoryStore
  readonly wish: Wish
  /** Every request that changed something, with its status. */
  readonly writes: string[]
  record(): Promise<RegistrationRecord>
  observe(): Promise<ObservedNsx>
  /** The manager as who has this certificate. */
  as(pair: KeyPair): NsxManager
  plan(what: 'register' | 'rotate' | 'deregister'): Promise<Plan>
  /** Plans and does all of it, or the first `stopAfter` steps, as if killed then. */
  run(what: 'register' | 'rotate' | 'deregister', stopAfter?: number): Promise<readonly Step[]>
  /** Fingerprints waited for. */
  readonly awaited: string[]
  /** Whether calls with this certificate are taken. */
  takes(pair: KeyPair): Promise<boolean>
}

export interface SceneOptions {
  readonly wish?: Partial<Wish>
  readonly manager?: Manager
  /** Counts key pairs from here, so that two clusters of a test differ. */
  readonly firstKey?: number
  /** Of the administrator; the right one without it. */
  readonly password?: string
  /** The administrator comes with this certificate, without a password. */
  readonly adminCertificate?: KeyPair
  /** In front of the administrator's requests. */
  readonly front?: (http: HttpClient) => HttpClient
}

export function createScene({
  wish = {},
  manager,
  firstKey = 0,
  front = (one) => one,
  password = ADMIN.password,
  adminCertificate,
}: SceneOptions = {}): Scene {
  const nsxManager = manager ?? createManager({ clock, random, users: [ADMIN] })
  const connect = (peer: Peer) => connectInProcess(nsxManager.handler, { origin: ORIGIN, peer, clock }).client
  const plain = connect({
    address: '127.0.0.1',
    ...(adminCertificate === undefined ? {} : { certificateSha256: fingerprintOf(adminCertificate.cert) }),
  })
  const authorization = `Basic ${Buffer.from(`${ADMIN.name}:${password}`).toString('base64')}`
  const http = front({
    ...plain,
    request: (request) =>
      plain.request({
        ...request,
        headers: { ...request.headers, ...(adminCertificate === undefined ? { authorization } : {}) },
      }),
  })
  const writes: string[] = []
  nsxManager.audit.subscribe(({ method, path, status }) => {
    if (method !== 'GET') writes.push(`${method} ${path} ${status}`)
  })
  const managerOver = (client: HttpClient) => createNsxManager({ http: client, clock, random, log: SILENT })
  const nsx = managerOver(http)
  const as = (pair: KeyPair) =>
    managerOver(
      connect({
        address: '127.0.0.1',
        certificateSha256: fingerprintOf(pair.cert),
        commonName: whole.clusterName,
      }),
    )
  const store = memoryStore()
  const whole: Wish = {
    clusterName: 'site-1',
    roles: undefined,
    clusterId: undefined,
    takesOver: false,
    clusterUid: undefined,
    ...wish,
  }
  const signal = new AbortController().signal
  const awaited: string[] = []
  let keys = firstKey
  const deps: ApplyDeps = {
    nsx,
    withCertificate: (pair, use) => use(as(pair)),
    store,
    make: (name) => keyPair(name, keys++),
    wish: whole,
    nsxAt: { urls: [ORIGIN], caPem: undefined, thumbprints: [], proxy: undefined },
    infraType: async () => 'vSphere',
    awaitInstances: async (fingerprint) => void awaited.push(fingerprint),
    place: async () => {},
    clock,
    signal,
  }
  const observe = () => observeNsx(nsx, [http], clock, signal)
  const plan: Scene['plan'] = async (what) => {
    const [wrong] = checkWish(whole)
    if (wrong !== undefined) throw needsPerson(wrong.code, wrong.message)
    const observed = await observe()
    const record = await store.load()
    if (what === 'deregister') {
      const [stranger] = deregisterRefusals(observed, record, whole)
      if (stranger !== undefined) throw needsPerson(stranger.code, stranger.message)
      return planDeregister(observed, record, whole)
    }
    if (what === 'rotate' && record !== undefined) return planRotate(observed, record, whole)
    const [refusal] = preflight(observed, record, whole, clock.now())
    if (refusal !== undefined) throw needsPerson(refusal.code, refusal.message)
    return planRegister(observed, record, whole)
  }
  return {
    manager: nsxManager,
    nsx,
    http,
    store,
    wish: whole,
    writes,
    awaited,
    async record() {
      const record = await store.load()
      if (record === undefined) throw new Error('nothing is kept')
      return record
    },
    observe,
    as,
    plan,
    async run(what, stopAfter = Number.POSITIVE_INFINITY) {
      const { steps } = await plan(what)
      const wanted = steps.slice(0, stopAfter)
      await applyPlan({ steps: wanted }, deps)
      return wanted
    },
    async takes(pair) {
      try {
        await as(pair).call({ method: 'GET', path: '/policy/api/v1/infra/domains/default/groups' })
        return true
      } catch {
        return false
      }
    },
  }
}
