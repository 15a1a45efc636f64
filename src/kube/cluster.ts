/** The Kubernetes side in one piece, for the composition of the adapter. */
import type { InspectionEvent } from 'xstate'
import type { Health } from '../health/index.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import { type Access, type AccessOptions, loadAccess } from './access.ts'
import { createKubeClient } from './client.ts'
import { type KubeClient, OPEN_GATE, type Store, type WriteGate } from './contract.ts'
import { createCredentials } from './credentials.ts'
import { readClusterUid } from './discovery.ts'
import { createGate } from './gate.ts'
import { type Instances, provideInstances } from './instances.ts'
import { type LeaseLogic, provideLease } from './lease.ts'
import { createPeer, type Peer } from './peer.ts'
import { createProblems, type Problems } from './problems.ts'
import { createReader } from './reader.ts'
import { OPTIONAL, RESOURCES, type ResourceName } from './resources.ts'
import { createServed, type DiscoveryLogic, provideDiscovery, type Served } from './served.ts'
import { createStore, type WritableStore } from './store.ts'
import { provideWatch, type WatchLogic } from './watch.ts'
import type { WireEvent } from './wire.ts'

export interface KubeSideOptions {
  /** Read again after a 401 or a TLS refusal, so that rotated credentials are picked up. */
  readonly access: AccessOptions
  /** A client of one origin with this identity; `createHttpClient` of the real world, or a link of a test. */
  readonly connect: (access: Access) => HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  /** Unique for each running process; its name in the Lease. */
  readonly instance: string
  readonly userAgent: string
  /** Sees the transitions of the chart that is the Kubernetes side's own (whether the API server answers at all). */
  readonly inspect?: (event: InspectionEvent) => void
  /** What is watched. */
  readonly resources: readonly ResourceName[]
  readonly lease?: { readonly namespace?: string; readonly name?: string }
}

export interface KubeSide {
  readonly client: KubeClient
  /** With an open gate: for what each instance does for itself alone, whoever leads. */
  readonly own: KubeClient
  /** The API server itself, for reads that are no single objects. */
  readonly http: HttpClient
  readonly gate: WriteGate
  store(name: ResourceName): Store
  /** The chart of one resource with its ports provided; it takes no input. */
  watch(name: ResourceName): WatchLogic
  /** The chart that looks what is served of the optional resources; their watches wait for it. It takes no input. */
  readonly discovery: DiscoveryLogic
  /** undefined while it is not known; true for what every cluster serves. */
  isServed(name: ResourceName): boolean | undefined
  readonly lease: LeaseLogic
  /** The instances of this cluster and their Leases. */
  instances(ports: InstancePorts): Instances
  /** How many events of each type came of each watched resource, in this process. */
  watchEvents(): EventCounts
  /** Who held the lease when it was last seen; '' for nobody. */
  leaseHolder(): string
  /** True when every watched store is complete and kept up to date, but for those that the cluster does not serve. */
  ready(): boolean
  /** Called after a store's `synced` or `live` changed; returns the unsubscribe. */
  onReadiness(listener: () => void): () => void
  /** uid of the namespace kube-system: the cluster's own identity. */
  clusterUid(signal?: AbortSignal): Promise<string>
  close(): Promise<void>
}

export type EventCounts = ReadonlyMap<ResourceName, Readonly<Record<WireEvent['type'], number>>>

/** What the instances need from beside the Kubernetes side. */
export type InstancePorts = Pick<
  Parameters<typeof provideInstances>[0],
  'hello' | 'isOpen' | 'certificateSha256' | 'version'
>

/** Names of the Lease and of its namespace where nothing else is configured. */
const LEASE = 'antrea-nsx-adapter'

/** Reads the credentials and builds everything; nothing is sent yet. Throws the errors of loadAccess. */
export async function createKubeSide(options: KubeSideOptions): Promise<KubeSide> {
  const { clock, random, log, health, userAgent, lease = {} } = options
  const credentials = await createCredentials({
    load: () => loadAccess(options.access),
    connect: options.connect,
    clock,
    log,
  })
  const problems = createProblems(health, log)
  const peer = createPeer({
    credentials,
    clock,
    random,
    log,
    userAgent,
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
    report: (problem) => problems.report('api-server', problem),
  })
  const { http } = peer
  const gate = createGate(clock)
  const calls = { http, clock, log, userAgent, onRight: problems.right }
  const client = createKubeClient({ ...calls, gate })
  const own = createKubeClient({ ...calls, gate: OPEN_GATE })
  const stores = createStores(options)
  const counts = new Map(
    options.resources.map((name) => [name, { ADDED: 0, MODIFIED: 0, DELETED: 0, BOOKMARK: 0, ERROR: 0 }]),
  )
  const served = createServed(options.resources)
  const ready = () =>
    [...stores].every(([name, { synced, live }]) => served.is(name) === false || (synced && live))
  served.onChange(() => {
    for (const name of served.absent()) stores.get(name)?.empty()
  })
  const names = { namespace: lease.namespace ?? LEASE, name: lease.name ?? LEASE }
  let holder = ''
  return {
    client,
    own,
    http,
    gate,
    store: (name) => storeOf(stores, name),
    watch: (name) => watchOf(options, peer, problems, served, name, storeOf(stores, name), counts.get(name)),
    watchEvents: () => counts,
    discovery: provideDiscovery({
      served,
      names: options.resources,
      http,
      clock,
      random,
      log,
      userAgent,
      reachable: peer.reachable,
      problems,
    }),
    isServed: (name) => served.is(name),
    lease: provideLease({
      client: createKubeClient({ ...calls, gate: OPEN_GATE, lane: 'lease', waitsWhenThrottled: false }),
      clock,
      random,
      gate,
      instance: options.instance,
      ...names,
      health,
      log,
      onHolder: (seen) => {
        holder = seen
      },
    }),
    instances: (ports) =>
      provideInstances({
        ...ports,
        ...names,
        own,
        leading: client,
        clock,
        random,
        health,
        instance: options.instance,
        holder: () => holder,
        isReady: ready,
      }),
    leaseHolder: () => holder,
    ready,
    onReadiness(listener) {
      const ends = [...stores.values()].map((store) => store.onState(listener))
      ends.push(served.onChange(listener))
      return () => {
        for (const end of ends) end()
      }
    },
    clusterUid: (signal) => clusterUidOf(stores, client, signal),
    close: () => peer.close(),
  }
}

type Stores = ReadonlyMap<ResourceName, WritableStore>

function createStores({ resources, log }: KubeSideOptions): Stores {
  return new Map(
    resources.map((name) => [
      name,
      createStore(RESOURCES[name], (err) =>
        log.error({ err, resource: name }, 'a listener of the store broke; the others were told'),
      ),
    ]),
  )
}

function storeOf(stores: Stores, name: ResourceName): WritableStore {
  const store = stores.get(name)
  if (store === undefined) throw new Error(`${name} is not among the watched resources`)
  return store
}

function watchOf(
  options: KubeSideOptions,
  peer: Peer,
  problems: Problems,
  served: Served,
  name: ResourceName,
  store: WritableStore,
  counts: Record<WireEvent['type'], number> | undefined,
): WatchLogic {
  const { clock, random, userAgent } = options
  return provideWatch({
    http: peer.http,
    store,
    ...(counts === undefined ? {} : { counts }),
    reader: createReader(name, clock),
    clock,
    random,
    userAgent,
    reachable: async (signal) => {
      await served.wait(name, signal)
      await peer.reachable(signal)
    },
    probe: peer.probe,
    doubt: peer.doubt,
    turnstile: peer.turnstile,
    report: (problem) => {
      problems.report(name, problem)
      if (problem?.code === 'KUBE_NOT_FOUND' && OPTIONAL.has(name)) served.doubt()
    },
  })
}

/** Not remembered: the address may come to stand for another cluster, and that has to be seen. */
async function clusterUidOf(
  stores: Stores,
  client: KubeClient,
  signal: AbortSignal | undefined,
): Promise<string> {
  const namespaces = stores.get('namespaces')
  const uid = namespaces?.synced && namespaces.live ? namespaces.get('kube-system')?.metadata.uid : undefined
  return uid ?? readClusterUid(client, signal)
}
