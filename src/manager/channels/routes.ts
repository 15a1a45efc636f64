/** The channels' calls: what both have in common, then each one's own. */
import {
  LINE_BYTES_MAX,
  MANAGER_BACKLOG_BYTES_MAX,
  MANAGER_CONTENT_BYTES_MAX,
  MANAGER_REQUESTS_MAX,
  SNAPSHOT_BYTES_MAX,
  SNAPSHOT_OBJECTS_MAX,
  STATUS_ITEMS_MAX,
  TRANSACTION_BYTES_MAX,
} from '../../limits.ts'
import { type ChannelName, type Limits, PROTOCOL_VERSION, SessionRequest } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import type { ClusterDirectory, HealthBook } from '../clusters/index.ts'
import { badRequest, type Call, EMPTY, json, NsxApiError, ok, type Route, readJson } from '../rest/index.ts'
import type { Storage } from '../storage.ts'
import { ccpRoutes } from './ccp.ts'
import { mpRoutes } from './mp.ts'
import { type ChannelSession, conflict } from './sessions.ts'
import type { ClusterState, ClusterStates } from './states.ts'

export interface ChannelOptions {
  readonly clock: Clock
  readonly directory: ClusterDirectory
  readonly states: ClusterStates
  readonly health: HealthBook
  readonly heartbeatMs: number
  readonly storage: Storage
}

/** The cluster of a call and the certificate it came with. */
export interface ClusterCall {
  readonly state: ClusterState
  readonly fingerprint: string
}

const CAPABILITIES: Readonly<Record<ChannelName, readonly string[]>> = {
  ccp: ['snapshot', 'watch', 'status'],
  mp: ['requests', 'health'],
}

const LIMITS: Limits = {
  max_line_bytes: LINE_BYTES_MAX,
  max_snapshot_bytes: SNAPSHOT_BYTES_MAX,
  max_objects: SNAPSHOT_OBJECTS_MAX,
  max_transaction_bytes: TRANSACTION_BYTES_MAX,
  max_backlog_bytes: MANAGER_BACKLOG_BYTES_MAX,
  max_status_items: STATUS_ITEMS_MAX,
  max_requests: MANAGER_REQUESTS_MAX,
  max_content_bytes: MANAGER_CONTENT_BYTES_MAX,
}

export function channelRoutes(options: ChannelOptions): readonly Route[] {
  return [
    ...commonRoutes(options, 'ccp'),
    ...commonRoutes(options, 'mp'),
    ...ccpRoutes(options),
    ...mpRoutes(options),
  ]
}

function commonRoutes(options: ChannelOptions, channel: ChannelName): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: `/${channel}/v1`,
      access: 'cluster',
      run: (call) => {
        ownCluster(options, call)
        return ok({
          protocol: channel,
          versions: [PROTOCOL_VERSION],
          capabilities: CAPABILITIES[channel],
          source: options.states.source,
        })
      },
    },
    {
      method: 'GET',
      pattern: `/${channel}/:version`,
      access: 'cluster',
      run: ({ params }) => {
        throw unknownVersion(params['version'] ?? '')
      },
    },
    {
      method: 'POST',
      pattern: `/${channel}/:version/clusters/:cluster/sessions`,
      access: 'cluster',
      run: (call) => openSession(options, channel, call),
    },
    {
      method: 'DELETE',
      pattern: `/${channel}/v1/clusters/:cluster/sessions/:session`,
      access: 'cluster',
      run: (call) => {
        const { state } = namedCluster(options, call)
        state.sessions.close(channel, call.params['session'] ?? '')
        return EMPTY
      },
    },
  ]
}

const unknownVersion = (version: string) =>
  new NsxApiError(400, 400, `The protocol version ${version.slice(0, 32)} is not spoken here.`, {
    code: 'VERSION_NOT_SUPPORTED',
    extra: { versions: [PROTOCOL_VERSION] },
  })

async function openSession(options: ChannelOptions, channel: ChannelName, call: Call) {
  const { version = '' } = call.params
  if (version !== PROTOCOL_VERSION) throw unknownVersion(version)
  const request = SessionRequest.safeParse(await readJson(call.request))
  if (!request.success)
    throw badRequest(`The session request is malformed: ${request.error.message.slice(0, 500)}`)
  const { state, fingerprint } = namedCluster(options, call)
  const session = state.sessions.open(channel, request.data, fingerprint)
  if (channel === 'ccp') state.realization.startSession()
  return json(201, {
    session: session.id,
    epoch: options.states.epoch,
    source: options.states.source,
    heartbeat_seconds: options.heartbeatMs / 1_000,
    limits: LIMITS,
  })
}

/** The cluster that this certificate speaks for, whichever it is. */
function ownCluster({ directory, states }: ChannelOptions, { request }: Call): ClusterCall {
  const cluster = directory.clusterOf(request.peer)
  const state = cluster === undefined ? undefined : states.get(cluster.nodeId)
  if (state === undefined) throw notItsCertificate()
  return { state, fingerprint: request.peer.certificateSha256 ?? '' }
}

/** The cluster in the URL, if this certificate speaks for it. Throws 409 CLUSTER_NOT_REGISTERED, 403. */
export function namedCluster(options: ChannelOptions, call: Call): ClusterCall {
  const { cluster: nodeId = '' } = call.params
  if (options.directory.byNodeId(nodeId) === undefined)
    throw conflict(
      'CLUSTER_NOT_REGISTERED',
      'No ClusterControlPlane has this node_id; register the cluster or correct cluster_id.',
    )
  const own = ownCluster(options, call)
  if (own.state.nodeId !== nodeId) throw notItsCertificate()
  return own
}

const notItsCertificate = () =>
  new NsxApiError(
    403,
    403,
    'This certificate is not registered for this cluster, or its CN is not the name.',
    {
      code: 'CERTIFICATE_NOT_THIS_CLUSTER',
    },
  )

/** The session in the query. Throws as `namedCluster` and 409 SESSION_ENDED. */
export function sessionOf(
  options: ChannelOptions,
  channel: ChannelName,
  call: Call,
  id = call.query.get('session'),
): { readonly state: ClusterState; readonly session: ChannelSession } {
  const { state } = namedCluster(options, call)
  return { state, session: state.sessions.check(channel, id) }
}
