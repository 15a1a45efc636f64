/** The manager in one piece: stores, channels and calls behind one Handler. */
import { needsPerson } from '../errors.ts'
import { HEARTBEAT_MS, MANAGER_HISTORY_COMMITS_MAX } from '../limits.ts'
import type { ServerRequest } from '../world/index.ts'
import { answer, mayWriteCluster, ownerOf } from './answer.ts'
import { createAuditLog } from './audit.ts'
import { createAuth } from './auth.ts'
import { bundleRoutes, contentRoutes, createCollections, createContents } from './bundles/index.ts'
import { type ClusterState, channelRoutes, createClusterStates } from './channels/index.ts'
import {
  createDirectory,
  createFrames,
  createHealthBook,
  healthRoutes,
  ncpStatusRoutes,
  realizedRoutes,
  type SaidOfPolicies,
  withPolicyState,
} from './clusters/index.ts'
import { createFaultTable } from './faults.ts'
import { type ContainerType, createInventory, inventoryRoutes } from './inventory/index.ts'
import { licenseRoutes } from './licenses.ts'
import { createWorld, followMembers, memberAddresses, memberRoutes } from './members/index.ts'
import { nodeRoutes } from './node.ts'
import { pageRoutes } from './page/index.ts'
import {
  attributeRoutes,
  createPolicyStore,
  expressionRoutes,
  PATHS,
  policyRoutes,
  tagRoutes,
} from './policy/index.ts'
import { kindOf, placeOf } from './policy/kinds.ts'
import { writePredefined } from './policy/predefined.ts'
import { writeObject } from './policy/write.ts'
import { createRateLimiter } from './rate.ts'
import { createRouter, type JsonObject, notFound, type Route } from './rest/index.ts'
import { decodeSegment, type Matched } from './rest/router.ts'
import { type Searched, searchRoutes } from './search/index.ts'
import { searchSources, taggedObjects } from './sources.ts'
import { createStatisticsBook, statisticsRoutes } from './statistics/index.ts'
import { IN_MEMORY } from './storage.ts'
import { createTraceflowRuns, traceflowRoutes } from './traceflow/index.ts'
import { createTrust, trustRoutes } from './trust/index.ts'
import type { ClusterRegistration, Manager, ManagerOptions } from './types.ts'
import { createVms, vmRoutes } from './vms/index.ts'

/** A manager with NSX's predefined objects and what `storage` kept; nothing listens yet. */
export function createManager(options: ManagerOptions): Manager {
  const { clock, random, storage = IN_MEMORY } = options
  const uuid = () => random.uuid()
  const store = createPolicyStore(clock, random, storage)
  writePredefined(store, uuid)
  // The order matters: each of these hears of a change before the next one uses what it keeps.
  const inventory = createInventory(clock, storage)
  const vms = createVms(clock, storage)
  const world = createWorld(vms, inventory)
  const frames = createFrames(store, memberAddresses(store, world))
  const directory = createDirectory(store, clock)
  const health = createHealthBook(clock, storage)
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS
  const contents = createContents({
    clock,
    ...(options.contentFolder === undefined ? {} : { folder: options.contentFolder }),
  })
  const states = createClusterStates({
    contents,
    clock,
    random,
    store,
    frames,
    directory,
    heartbeatMs,
    historyCommitsMax: options.historyCommitsMax ?? MANAGER_HISTORY_COMMITS_MAX,
    storage,
    onForgotten: (nodeId) => {
      health.forget(nodeId)
      statistics.forget(nodeId)
    },
  })
  const trust = createTrust(clock, random, storage)
  const auth = createAuth({
    clock,
    random,
    users: options.users,
    ownerOf: (peer) => ownerOf(directory.clusterOf(peer), trust.identityOf(peer), peer),
  })
  const members = followMembers(clock, vms, () => store.touch(frames.stale()))
  const node = nodeRoutes(storage)
  const rate = createRateLimiter(clock, options.rateLimits, storage)
  const shown = (type: ContainerType, object: JsonObject): JsonObject =>
    type === 'ContainerNetworkPolicy'
      ? withPolicyState(object, saidOf(states.get(String(object['container_cluster_id']))))
      : object
  const faults = createFaultTable(clock, store)
  const sources = (index: Searched = store) => searchSources(index, inventory, trust, vms, shown)
  const traceflows = createTraceflowRuns({ clock, store, states })
  const statistics = createStatisticsBook(clock, states)
  const ncpStatus = ncpStatusRoutes({ clock, clusterAt: inventory.cluster })
  const policyApi = [
    ...ncpStatus.below,
    ...searchRoutes(sources, faults.search),
    ...tagRoutes(() => taggedObjects(sources())),
    ...attributeRoutes(storage),
    ...memberRoutes(store, world),
    ...expressionRoutes(store, uuid),
    ...healthRoutes(health, directory, store),
    ...traceflowRoutes(store, traceflows, () => policy),
    ...statisticsRoutes({ clock, store, directory, book: statistics }),
    ...realizedRoutes({ store, clusterAt: (path) => realizationAt(directory, states, path) }),
  ].flatMap(underBothRoots)
  const channels = { clock, directory, states, health, heartbeatMs, storage }
  const routes = [
    ...auth.routes,
    ...node.routes,
    ...rate.routes,
    ...licenseRoutes(storage),
    ...ncpStatus.own,
    ...bundleRoutes(createCollections({ clock, states, directory, contents }), storage),
    ...pageRoutes(),
    ...trustRoutes(trust),
    ...vmRoutes(vms),
    ...policyApi,
    ...inventoryRoutes(inventory, {
      mayWrite: mayWriteCluster,
      // A cluster reads back what it wrote, to compare; everybody else sees how its policies stand.
      shown: ({ request }) => {
        const reader = directory.clusterOf(request.peer)?.nodeId
        return (type, object) => (object['container_cluster_id'] === reader ? object : shown(type, object))
      },
    }),
    ...(options.publicApiOnly === true
      ? []
      : [...channelRoutes(channels), ...contentRoutes(channels, contents)]),
  ]
  const policy = policyRoutes({ store, uuid, partialPatch: node.partialPatch })
  const router = createRouter(routes)
  const match = (request: ServerRequest): Matched => {
    const fixed = router.match(request.method, request.path)
    if (fixed !== undefined) return fixed
    const segments = intentSegments(request.path)
    const route = segments === undefined ? undefined : policy.find(request.method, segments)
    if (route === undefined) throw notFound(request.path)
    return { route, params: {} }
  }
  const log = createAuditLog()
  return {
    handler: (request) => answer({ match, auth, faults, rate, log, options, storage }, request),
    register(cluster) {
      store.transact('system', (tx) => registerCluster(tx, cluster, uuid))
      inventory.putCluster({
        external_id: cluster.nodeId,
        display_name: cluster.name,
        cluster_type: 'Kubernetes',
        cni_type: 'Antrea',
        infrastructure: { infra_type: 'vSphere' },
      })
    },
    audit: log.audit,
    faults: {
      add: faults.add,
      clear: faults.clear,
      freezeStreams: () => each(states.streams(), (stream) => stream.freeze()),
      dropStreams: () => each(states.streams(), (stream) => stream.end()),
    },
    renewSource: () => states.renewSource(),
    close() {
      members.stop()
      traceflows.stop()
      states.close()
      contents.close()
    },
  }
}

const each = <T>(items: readonly T[], act: (item: T) => void): number => {
  for (const item of items) act(item)
  return items.length
}

/** NSX serves the policy tree under both of its roots. */
const ROOTS = ['/policy/api/v1', '/api/v1']

const underBothRoots = (route: Route): Route[] =>
  ROOTS.map((root) => ({ ...route, pattern: `${root}${route.pattern}` }))

function intentSegments(path: string): string[] | undefined {
  const root = ROOTS.find((prefix) => path.startsWith(`${prefix}/infra`))
  if (root === undefined) return undefined
  const segments = path
    .slice(root.length + 1)
    .replace(/\/+$/, '')
    .split('/')
    .map(decodeSegment)
  return segments.some((segment) => segment === '' || segment.includes('/')) ? undefined : segments
}

function registerCluster(
  tx: Parameters<typeof writeObject>[0],
  { name, nodeId, certificatePem }: ClusterRegistration,
  uuid: () => string,
): void {
  const path = `${PATHS.clusterControlPlanes}/${name}`
  const place = placeOf(path.slice(1).split('/'))
  if (place?.id === undefined || place.kind !== kindOf('ClusterControlPlane'))
    throw needsPerson(
      'CLUSTER_NAME_INVALID',
      `the name ${name} cannot be a ClusterControlPlane's id; choose another`,
    )
  const body = { certificate: certificatePem, node_id: nodeId }
  writeObject(tx, { ...place, id: place.id }, body, { mode: 'patch', uuid })
}

function realizationAt(
  directory: ReturnType<typeof createDirectory>,
  states: ReturnType<typeof createClusterStates>,
  path: string,
) {
  const cluster = directory.byPath(path)
  const state = cluster === undefined ? undefined : states.get(cluster.nodeId)
  if (cluster === undefined || state === undefined) return undefined
  return {
    cluster,
    item: state.realization.item,
    wantedHash: (policy: string) => state.view.entryAt(policy)?.hash,
    isCurrent: isHeard(state),
  }
}

const isHeard = ({ realization, sessions }: ClusterState): boolean =>
  realization.complete && sessions.live('ccp') !== undefined

const saidOf = (state: ClusterState | undefined): SaidOfPolicies | undefined =>
  state === undefined ? undefined : { item: state.realization.item, isCurrent: isHeard(state) }
