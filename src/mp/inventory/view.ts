/**
 * The cluster as inventory objects, kept by what changes: a changed object is mapped again, and with it those that show
 * something of it. The same as mapping everything anew (a property in its test), at the cost of the change alone.
 */
import type { KubeObject, Store } from '../../kube/index.ts'
import { INVENTORY_BATCH_OBJECTS_MAX } from '../../limits.ts'
import type { InventoryObject, InventoryType } from '../../nsx/model.ts'
import { type Clock, inSlices, type Steps } from '../../world/index.ts'
import { MAPPED, type Mapped, type MappedResource, mapObject } from './map.ts'
import type { MapContext } from './map-context.ts'
import { backendsOf, openPortsText, podsOfSlice, serviceOfSlice } from './map-services.ts'
import { sameValue } from './plan-compare.ts'

export type SourceName = MappedResource | 'endpointSlices'
export type InventoryStores = Readonly<Record<SourceName, Store>>

export interface InventoryView {
  readonly desired: ReadonlyMap<string, InventoryObject>
  /** External ids of objects that cannot be mapped yet. */
  readonly waiting: ReadonlySet<string>
  /**
   * Types with a source that is not complete; types with one that may be behind the cluster. A resource that the cluster
   * does not serve is complete: there is none.
   */
  undecided(): Set<InventoryType>
  frozen(): Set<InventoryType>
  /** Values that were cut to NSX's limits, over all objects. */
  cuts(): number
  /** Objects that could not be mapped for what they contain. */
  readonly unmappable: ReadonlyMap<string, string>
  /** Forgets everything; the next update maps all. */
  reset(options: { readonly newerFields: boolean }): void
  /**
   * Notes changed keys; true when nothing was noted before (an update is due from now on), and when there is a batch's
   * worth for the first time (it is due at once).
   */
  mark(source: SourceName, keys: Iterable<string>): boolean
  /** A batch's worth is noted. */
  isBatchFull(): boolean
  /** Maps what was noted. Lets others run now and then when it is much. */
  update(): Promise<void>
  /** External ids that were mapped since this was last asked; undefined: all of them may have been. */
  takeTouched(): ReadonlySet<string> | undefined
}

/** What each type is made from. */
const SOURCES: Readonly<Record<InventoryType, readonly SourceName[]>> = {
  ContainerClusterNode: ['nodes'],
  ContainerProject: ['namespaces'],
  ContainerApplication: ['services', 'endpointSlices', 'namespaces', 'pods'],
  ContainerApplicationInstance: ['pods', 'nodes', 'namespaces', 'services', 'endpointSlices'],
  ContainerIngressPolicy: ['ingresses', 'services', 'namespaces'],
  ContainerNetworkPolicy: [
    'networkPolicies',
    'clusterNetworkPolicies',
    'antreaNetworkPolicies',
    'namespaces',
  ],
  ContainerGateway: ['gateways', 'namespaces'],
  ContainerEgress: ['egresses'],
  ContainerIpPool: ['externalIPPools', 'ipPools'],
}

/** Looked up by others before they are mapped, so they come first. */
const ORDER: readonly MappedResource[] = MAPPED
const IN_NAMESPACES: readonly MappedResource[] = [
  'services',
  'pods',
  'ingresses',
  'networkPolicies',
  'antreaNetworkPolicies',
  'gateways',
]
/** Mapping one takes some 10 µs: between two pauses is about a millisecond. */
const KEYS_A_STEP = 100
/** A slice has up to 1,000 Pods. */
const SLICES_A_STEP = 5

interface Slice {
  readonly service: string | undefined
  readonly pods: ReadonlyMap<string, string | undefined>
}

export function createView(
  stores: InventoryStores,
  clusterId: string,
  agentStatus: MapContext['agentStatus'],
  isServed: (source: SourceName) => boolean | undefined,
  clock: Clock,
): InventoryView {
  const desired = new Map<string, InventoryObject>()
  const waiting = new Set<string>()
  const unmappable = new Map<string, string>()
  const cuts = new Map<string, number>()
  /** `resource key` → the external id that was mapped for it. */
  const ids = new Map<string, string>()
  /** What agents opened for Pods, as their Services were mapped with it. */
  const openPorts = new Map<string, string>()
  /** The uid others were mapped with, of namespaces, nodes and services. */
  const uids = new Map<string, string | undefined>()
  const slices = new Map<string, Slice>()
  const slicesOfPod = new Map<string, Set<string>>()
  const slicesOfService = new Map<string, Set<string>>()
  let touched: Set<string> | undefined
  let dirty = emptyMarks()
  /** Keys that were noted. */
  let marked = 0
  let isFresh = true
  let updating: Promise<void> = Promise.resolve()

  const context: { -readonly [K in keyof MapContext]: MapContext[K] } = {
    clusterId,
    namespaces: stores.namespaces,
    nodes: stores.nodes,
    services: stores.services,
    pods: stores.pods,
    agentStatus,
    newerFields: true,
    slicesOf: function* (serviceKey) {
      for (const key of slicesOfService.get(serviceKey) ?? []) {
        const slice = stores.endpointSlices.get(key)
        if (slice !== undefined) yield slice
      }
    },
    servicesOf: (podKey, podUid) => {
      const services = new Set<string>()
      for (const key of slicesOfPod.get(podKey) ?? []) {
        const slice = slices.get(key)
        const uid = slice?.pods.get(podKey)
        if (slice?.service !== undefined && (uid === undefined || uid === podUid)) services.add(slice.service)
      }
      return services
    },
  }

  const forget = (id: string) => {
    touched?.add(id)
    desired.delete(id)
    waiting.delete(id)
    cuts.delete(id)
  }

  const mapKey = (resource: MappedResource, key: string) => {
    const place = `${resource} ${key}`
    const object = stores[resource].get(key)
    const id = object?.metadata.uid
    const before = ids.get(place)
    if (before !== undefined && before !== id) forget(before)
    unmappable.delete(place)
    if (object === undefined || id === undefined) {
      ids.delete(place)
      return
    }
    ids.set(place, id)
    touched?.add(id)
    const mapped = tryMap(resource, object, context, (reason) => unmappable.set(place, reason))
    if (mapped === 'waiting') {
      desired.delete(id)
      waiting.add(id)
      return
    }
    waiting.delete(id)
    if (mapped.cuts > 0) cuts.set(id, mapped.cuts)
    else cuts.delete(id)
    // The same content keeps the same object: comparing is then comparing references.
    const known = desired.get(id)
    if (known === undefined || !sameValue(known, mapped.object)) desired.set(id, mapped.object)
  }

  const indexSlice = (key: string, marks: Marks) => {
    const before = slices.get(key)
    const object = stores.endpointSlices.get(key)
    const after: Slice | undefined =
      object === undefined
        ? undefined
        : {
            service: serviceOfSlice(object),
            pods: new Map(podsOfSlice(object).map((pod) => [pod.key, pod.uid])),
          }
    if (before !== undefined) unindex(before, key, slicesOfPod, slicesOfService)
    if (after === undefined) slices.delete(key)
    else {
      slices.set(key, after)
      for (const pod of after.pods.keys()) addTo(slicesOfPod, pod, key)
      if (after.service !== undefined) addTo(slicesOfService, after.service, key)
    }
    for (const slice of [before, after]) {
      if (slice?.service !== undefined) marks.services.add(slice.service)
      for (const pod of slice?.pods.keys() ?? []) marks.pods.add(pod)
    }
  }

  /** Marks what shows something of a namespace, node or service whose uid is not the one it was mapped with. */
  const spread = (resource: MappedResource, key: string, marks: Marks) => {
    const place = `${resource} ${key}`
    const uid = stores[resource].get(key)?.metadata.uid
    const isKnown = uids.has(place) && uids.get(place) === uid
    if (uid === undefined) uids.delete(place)
    else uids.set(place, uid)
    if (isKnown || isFresh) return
    if (resource === 'namespaces')
      for (const name of IN_NAMESPACES)
        for (const other of stores[name].keys()) if (other.startsWith(`${key}/`)) marks[name].add(other)
    if (resource === 'nodes')
      for (const pod of stores.pods.values())
        if ((pod.spec as { nodeName?: string } | undefined)?.nodeName === key)
          marks.pods.add(`${pod.metadata.namespace}/${pod.metadata.name}`)
    if (resource === 'services') {
      for (const slice of slicesOfService.get(key) ?? [])
        for (const pod of slices.get(slice)?.pods.keys() ?? []) marks.pods.add(pod)
      for (const ingress of stores.ingresses.values())
        if (backendsOf(ingress).some((name) => `${ingress.metadata.namespace}/${name}` === key))
          marks.ingresses.add(`${ingress.metadata.namespace}/${ingress.metadata.name}`)
    }
  }

  /** A Service shows the ports that agents opened for its Pods. */
  const spreadPorts = (key: string, marks: Marks) => {
    const text = openPortsText(stores.pods.get(key))
    if (text === (openPorts.get(key) ?? '')) return
    if (text === '') openPorts.delete(key)
    else openPorts.set(key, text)
    for (const slice of slicesOfPod.get(key) ?? []) {
      const service = slices.get(slice)?.service
      if (service !== undefined) marks.services.add(service)
    }
  }

  const typesWhere = (isBad: (store: Store) => boolean) =>
    new Set(
      (Object.keys(SOURCES) as InventoryType[]).filter((type) =>
        SOURCES[type].some((source) => isServed(source) !== false && isBad(stores[source])),
      ),
    )

  return {
    desired,
    waiting,
    unmappable,
    undecided: () => typesWhere((store) => !store.synced),
    frozen: () => typesWhere((store) => !store.live),
    cuts: () => [...cuts.values()].reduce((sum, count) => sum + count, 0),
    reset({ newerFields }) {
      for (const all of [desired, waiting, unmappable, cuts, ids, uids]) all.clear()
      for (const all of [slices, slicesOfPod, slicesOfService, openPorts]) all.clear()
      context.newerFields = newerFields
      touched = undefined
      dirty = emptyMarks()
      for (const source of SOURCE_NAMES) for (const key of stores[source].keys()) dirty[source].add(key)
      marked = SOURCE_NAMES.reduce((sum, source) => sum + dirty[source].size, 1)
      isFresh = true
    },
    mark(source, keys) {
      const before = marked
      const others = marked - dirty[source].size
      for (const key of keys) dirty[source].add(key)
      marked = Math.max(1, others + dirty[source].size)
      return before === 0 || (before < INVENTORY_BATCH_OBJECTS_MAX && marked >= INVENTORY_BATCH_OBJECTS_MAX)
    },
    isBatchFull: () => marked >= INVENTORY_BATCH_OBJECTS_MAX,
    takeTouched() {
      const taken = touched
      touched = new Set()
      return taken
    },
    update() {
      // One that was given up is waited for: what it took up is not mapped before its end.
      updating = updating.catch(() => {}).then(() => inSlices(mapMarked(), clock))
      return updating
    },
  }

  function* mapMarked(): Steps<void> {
    const marks = dirty
    dirty = emptyMarks()
    marked = 0
    let indexed = 0
    for (const key of marks.endpointSlices) {
      indexSlice(key, marks)
      indexed += 1
      if (indexed % SLICES_A_STEP === 0) yield
    }
    for (const resource of ['namespaces', 'nodes', 'services'] as const)
      for (const key of marks[resource]) spread(resource, key, marks)
    isFresh = false
    for (const key of marks.pods) spreadPorts(key, marks)
    let mapped = 0
    for (const resource of ORDER)
      for (const key of marks[resource]) {
        mapKey(resource, key)
        mapped += 1
        if (mapped % KEYS_A_STEP === 0) yield
      }
  }
}

type Marks = Record<SourceName, Set<string>>

const SOURCE_NAMES: readonly SourceName[] = [...MAPPED, 'endpointSlices']

const emptyMarks = (): Marks =>
  Object.fromEntries(SOURCE_NAMES.map((name) => [name, new Set<string>()])) as Marks

/** What comes from the cluster may have any shape; an object that breaks the mapping is left as NSX has it. */
function tryMap(
  resource: MappedResource,
  object: KubeObject,
  context: MapContext,
  onBroken: (reason: string) => void,
): Mapped {
  try {
    return mapObject(resource, object, context)
  } catch (error) {
    onBroken(String(error))
    return 'waiting'
  }
}

function addTo(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key)
  if (values === undefined) index.set(key, new Set([value]))
  else values.add(value)
}

function removeFrom(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key)
  values?.delete(value)
  if (values?.size === 0) index.delete(key)
}

function unindex(
  slice: Slice,
  key: string,
  slicesOfPod: Map<string, Set<string>>,
  slicesOfService: Map<string, Set<string>>,
): void {
  for (const pod of slice.pods.keys()) removeFrom(slicesOfPod, pod, key)
  if (slice.service !== undefined) removeFrom(slicesOfService, slice.service, key)
}
