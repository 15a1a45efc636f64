/** The manager in one piece: stores, channels and calls behind one Handler. */
import { needsPerson } from '../errors.ts'
import { HEARTBEAT_MS, MANAGER_HISTORY_COMMITS_MAX } from '../limits.ts'
import { SILENT } from '../log/index.ts'
import type { Peer, ServerRequest, ServerResponse } from '../world/index.ts'
import { type AuditLog, createAuditLog } from './audit.ts'
import { type Auth, createAuth } from './auth.ts'
import { type ClusterState, channelRoutes, createClusterStates } from './channels/index.ts'
import {
  createDirectory,
  createFrames,
  createHealthBook,
  healthRoutes,
  type RegisteredCluster,
  realizedRoutes,
  type SaidOfPolicies,
  withPolicyState,
} from './clusters/index.ts'
import { createFaultTable, type FaultTable } from './faults.ts'
import { type ContainerType, createInventory, inventoryRoutes } from './inventory/index.ts'
import { licenseRoutes } from './licenses.ts'
import { createWorld, followMembers, memberAddresses, memberRoutes } from './members/index.ts'
import { nodeRoutes } from './node.ts'
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
import { createRateLimiter, type RateLimiter } from './rate.ts'
import {
  type Access,
  type Call,
  createRouter,
  errorResponse,
  type JsonObject,
  NsxApiError,
  notFound,
  type Principal,
  type Route,
} from './rest/index.ts'
import { decodeSegment, type Matched } from './rest/router.ts'
import { searchRoutes } from './search/index.ts'
import { searchSources, taggedObjects } from './sources.ts'
import { createStatisticsBook, statisticsRoutes } from './statistics/index.ts'
import { createTraceflowRuns, traceflowRoutes } from './traceflow/index.ts'
import { createTrust, type Identity, trustRoutes } from './trust/index.ts'
import type { ClusterRegistration, Manager, ManagerOptions } from './types.ts'
import { createVms, vmRoutes } from './vms/index.ts'

/** A manager with NSX's predefined objects and nothing else; nothing listens yet. */
export function createManager(options: ManagerOptions): Manager {
  const { clock, random } = options
  const uuid = () => random.uuid()
  const store = createPolicyStore(clock, random)
  writePredefined(store, uuid)
  // The order matters: each of these hears of a change before the next one uses what it keeps.
  const inventory = createInventory(clock)
  const vms = createVms(clock)
  const world = createWorld(vms, inventory)
  const frames = createFrames(store, memberAddresses(store, world))
  const directory = createDirectory(store, clock)
  const health = createHealthBook(clock)
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS
  const states = createClusterStates({
    clock,
    random,
    store,
    frames,
    directory,
    heartbeatMs,
    historyCommitsMax: options.historyCommitsMax ?? MANAGER_HISTORY_COMMITS_MAX,
    onForgotten: (nodeId) => {
      health.forget(nodeId)
      statistics.forget(nodeId)
    },
  })
  const trust = createTrust(clock, random)
  const auth = createAuth({
    clock,
    random,
    users: options.users,
    ownerOf: (peer) => ownerOf(directory.clusterOf(peer), trust.identityOf(peer), peer),
  })
  const members = followMembers(clock, vms, () => store.touch(frames.stale()))
  const node = nodeRoutes()
  const rate = createRateLimiter(clock, options.rateLimits)
  const shown = (type: ContainerType, object: JsonObject): JsonObject =>
    type === 'ContainerNetworkPolicy'
      ? withPolicyState(object, saidOf(states.get(String(object['container_cluster_id']))))
      : object
  const sources = () => searchSources(store, inventory, trust, vms, shown)
  const traceflows = createTraceflowRuns({ clock, store, states })
  const statistics = createStatisticsBook(clock, states)
  const policyApi = [
    ...searchRoutes(sources),
    ...tagRoutes(() => taggedObjects(sources())),
    ...attributeRoutes(),
    ...memberRoutes(store, world),
    ...expressionRoutes(store, uuid),
    ...healthRoutes(health, directory, store),
    ...traceflowRoutes(store, traceflows, () => policy),
    ...statisticsRoutes({ clock, store, directory, book: statistics }),
    ...realizedRoutes({ store, clusterAt: (path) => realizationAt(directory, states, path) }),
  ].flatMap(underBothRoots)
  const routes = [
    ...auth.routes,
    ...node.routes,
    ...rate.routes,
    ...licenseRoutes(),
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
    ...channelRoutes({ clock, directory, states, health, heartbeatMs }),
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
  const faults = createFaultTable(clock)
  return {
    handler: (request) => answer({ match, auth, faults, rate, log, options }, request),
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

interface Answering {
  readonly match: (request: ServerRequest) => Matched
  readonly auth: Auth
  readonly faults: FaultTable
  readonly rate: RateLimiter
  readonly log: AuditLog
  readonly options: ManagerOptions
}

/** One request: its route, put-in faults, who asks, whether it may, the answer, the audit. */
async function answer(parts: Answering, request: ServerRequest): Promise<ServerResponse> {
  let principal: Principal | undefined
  let mutating = false
  const run = async (): Promise<ServerResponse> => {
    const { route, params } = parts.match(request)
    mutating = route.mutating === true
    await parts.faults.strike(request.method, request.path, request.signal)
    principal = principalFor(parts.auth, route.access, request)
    const call: Call = { request, params, query: request.query, principal }
    const leave = principal === undefined ? undefined : parts.rate.enter(principal.name)
    try {
      checkAccess(route.access, call)
      return await route.run(call)
    } finally {
      leave?.()
    }
  }
  const response = await run().catch((error: unknown) => refusal(parts.options, request, error))
  parts.log.add({
    method: request.method,
    path: request.path,
    status: response.status,
    user: principal?.name ?? request.peer.commonName ?? '',
    mutating,
  })
  return response
}

function principalFor(auth: Auth, access: Access, request: ServerRequest): Principal | undefined {
  if (access === 'public') return undefined
  // The channels find their cluster by the certificate alone, and answer in their own words.
  if (access === 'cluster' && request.peer.certificateSha256 !== undefined) return undefined
  return auth.principalOf(request)
}

function checkAccess(access: Access, call: Call): void {
  const { principal } = call
  if (access === 'cluster' && principal !== undefined) throw forbidden()
  if (access === 'admin' && principal?.kind !== 'user') throw forbidden()
  if (access === 'inventory') mayWriteCluster(call, call.params['cluster'] ?? '')
}

/** A cluster writes its own inventory, an administrator anybody's. */
function mayWriteCluster({ principal }: Call, clusterId: string): void {
  const may = principal?.kind === 'user' || (principal?.kind === 'cluster' && principal.nodeId === clusterId)
  if (!may) throw forbidden()
}

/** Roles of NSX that may change everything here. */
const ADMIN_ROLES: readonly string[] = ['enterprise_admin', 'network_engineer', 'security_engineer']

/**
 * A certificate may be a cluster's and a principal identity's at once: clusters are registered with that of their identity.
 * Who administers may do more than the cluster, who only reads may do less.
 */
function ownerOf(
  cluster: RegisteredCluster | undefined,
  identity: Identity | undefined,
  { certificateSha256: fingerprint }: Peer,
): Principal | undefined {
  if (identity?.roles.some((role) => ADMIN_ROLES.includes(role)) === true)
    return { kind: 'user', name: identity.name }
  if (cluster !== undefined && fingerprint !== undefined)
    return { kind: 'cluster', name: cluster.name, nodeId: cluster.nodeId, fingerprint }
  return identity === undefined ? undefined : { kind: 'reader', name: identity.name, roles: identity.roles }
}

const forbidden = () =>
  new NsxApiError(
    403,
    401,
    'User is not authorized to perform this operation on the application. Please contact the system administrator to get access.',
  )

function refusal(options: ManagerOptions, request: ServerRequest, error: unknown): ServerResponse {
  if (error instanceof NsxApiError) return errorResponse(error)
  if (request.signal.aborted) throw error
  const log = options.log ?? SILENT
  log.error(
    { err: error, method: request.method, path: request.path },
    'the manager could not answer a request',
  )
  return errorResponse(new NsxApiError(500, 98, 'The manager could not answer this request.'))
}
