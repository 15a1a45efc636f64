/** One request to the manager: who asks, whether it may, the answer, and that nothing leaves which may still be taken back. */
import { SILENT } from '../log/index.ts'
import type { Peer, ServerRequest, ServerResponse } from '../world/index.ts'
import type { AuditLog } from './audit.ts'
import type { Auth } from './auth.ts'
import type { RegisteredCluster } from './clusters/index.ts'
import type { FaultTable } from './faults.ts'
import type { RateLimiter } from './rate.ts'
import { type Access, type Call, errorResponse, NsxApiError, type Principal } from './rest/index.ts'
import type { Matched } from './rest/router.ts'
import { IN_MEMORY, type Storage } from './storage.ts'
import type { Identity } from './trust/index.ts'
import type { ManagerOptions } from './types.ts'

export interface Answering {
  readonly match: (request: ServerRequest) => Matched
  readonly auth: Auth
  readonly faults: FaultTable
  readonly rate: RateLimiter
  readonly log: AuditLog
  readonly options: ManagerOptions
  readonly storage: Storage
}

/** One request: its route, put-in faults, who asks, whether it may, the answer, the audit. */
export async function answer(parts: Answering, request: ServerRequest): Promise<ServerResponse> {
  let principal: Principal | undefined
  let mutating = false
  const run = async (): Promise<ServerResponse> => {
    const { route, params } = parts.match(request)
    mutating = route.mutating === true
    await parts.faults.strike(request.method, request.path, request.signal)
    principal = await principalFor(parts.auth, route.access, request)
    const call: Call = { request, params, query: request.query, principal }
    const leave = principal === undefined ? undefined : parts.rate.enter(principal.name)
    try {
      checkAccess(route.access, call)
      return await route.run(call)
    } finally {
      leave?.()
    }
  }
  const response = await (parts.storage === IN_MEMORY ? run() : settled(parts.storage, request, run)).catch(
    (error: unknown) => refusal(parts.options, request, error),
  )
  parts.log.add({
    method: request.method,
    path: request.path,
    status: response.status,
    user: principal?.name ?? request.peer.commonName ?? '',
    mutating,
  })
  return response
}

/**
 * An answer leaves when everything it may tell of is durable. What was refused is refused to whoever wrote; who only read
 * meanwhile reads again what holds now.
 */
async function settled(
  storage: Storage,
  request: ServerRequest,
  run: () => Promise<ServerResponse>,
): Promise<ServerResponse> {
  const outcome = await run().then(
    (response) => () => response,
    (error: unknown) => () => {
      throw error
    },
  )
  if (!storage.isPending) return outcome()
  try {
    await storage.settled()
  } catch (error) {
    if (request.method === 'GET') return settled(storage, request, run)
    throw error
  }
  return outcome()
}

function principalFor(
  auth: Auth,
  access: Access,
  request: ServerRequest,
): Principal | undefined | Promise<Principal> {
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
export function mayWriteCluster({ principal }: Call, clusterId: string): void {
  const may = principal?.kind === 'user' || (principal?.kind === 'cluster' && principal.nodeId === clusterId)
  if (!may) throw forbidden()
}

/** Roles of NSX that may change everything here. */
const ADMIN_ROLES: readonly string[] = ['enterprise_admin', 'network_engineer', 'security_engineer']

/** Roles of NSX that may change nothing, and a cluster's identity with these alone may not either. */
const READING_ROLES: readonly string[] = [
  'auditor',
  'network_op',
  'security_op',
  'support_bundle_collector',
  'cluster_info_reader',
]

/**
 * A certificate may be a cluster's and a principal identity's at once: clusters are registered with that of their identity.
 * Who administers may do more than the cluster, who only reads may do less.
 */
export function ownerOf(
  cluster: RegisteredCluster | undefined,
  identity: Identity | undefined,
  { certificateSha256: fingerprint }: Peer,
): Principal | undefined {
  if (identity?.roles.some((role) => ADMIN_ROLES.includes(role)) === true)
    return { kind: 'user', name: identity.name }
  const isReader =
    identity !== undefined &&
    identity.roles.length > 0 &&
    identity.roles.every((role) => READING_ROLES.includes(role))
  if (cluster !== undefined && fingerprint !== undefined && !isReader)
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
