/** Health as clusters report it and as NSX shows it: AntreaClusterInfo, UNKNOWN after three missed intervals. */
import { REPORT_INTERVAL_MS } from '../../limits.ts'
import type { HealthReport } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import { PATHS, type PolicyStore } from '../policy/index.ts'
import {
  badRequest,
  EMPTY,
  type JsonObject,
  listPage,
  notFound,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import { IN_MEMORY, type Storage } from '../storage.ts'
import type { ClusterDirectory, RegisteredCluster } from './directory.ts'

export interface HealthBook {
  take(nodeId: string, report: HealthReport): void
  /** How often this cluster is to report. */
  intervalMs(nodeId: string): number
  setIntervalMs(nodeId: string, intervalMs: number): void
  forget(nodeId: string): void
  show(cluster: RegisteredCluster): JsonObject
}

const MISSED_INTERVALS = 3
const INTERVAL_S_MIN = 60
const INTERVAL_S_MAX = 600

interface Known {
  report?: HealthReport
  heardAtMs: number
  intervalMs: number
}

/** With the intervals that `storage` kept; what clusters report they say again. */
export function createHealthBook(clock: Clock, storage: Storage = IN_MEMORY): HealthBook {
  const known = new Map<string, Known>()
  const of = (nodeId: string): Known => {
    const entry = known.get(nodeId) ?? { heardAtMs: 0, intervalMs: REPORT_INTERVAL_MS }
    known.set(nodeId, entry)
    return entry
  }
  for (const [nodeId, intervalMs] of storage.kept('heartbeat')) of(nodeId).intervalMs = Number(intervalMs)
  return {
    take(nodeId, report) {
      const entry = of(nodeId)
      entry.report = report
      entry.heardAtMs = clock.monotonicMs()
    },
    intervalMs: (nodeId) => of(nodeId).intervalMs,
    setIntervalMs(nodeId, intervalMs) {
      storage.check()
      const entry = of(nodeId)
      const before = entry.intervalMs
      storage.keep('heartbeat', nodeId, intervalMs)
      storage.undo(() => {
        entry.intervalMs = before
      })
      entry.intervalMs = intervalMs
    },
    forget(nodeId) {
      const entry = known.get(nodeId)
      if (entry === undefined) return
      storage.keep('heartbeat', nodeId, undefined)
      storage.undo(() => void known.set(nodeId, entry))
      known.delete(nodeId)
    },
    show(cluster) {
      const { report, heardAtMs, intervalMs } = of(cluster.nodeId)
      const silentMs = clock.monotonicMs() - heardAtMs
      return infoOf(cluster, report, report === undefined || silentMs > MISSED_INTERVALS * intervalMs)
    },
  }
}

function infoOf(cluster: RegisteredCluster, report: HealthReport | undefined, isLost: boolean): JsonObject {
  const status = (said: string | undefined) => (isLost ? 'UNKNOWN' : (said ?? 'UNKNOWN'))
  return {
    resource_type: 'AntreaClusterInfo',
    id: cluster.name,
    display_name: cluster.name,
    path: `${cluster.path}/status`,
    parent_path: cluster.path,
    relative_path: 'status',
    status: status(report?.status),
    controller_status: {
      connected_agent_num: 0,
      conditions: [],
      ...report?.controller_status,
      status: status(report?.controller_status.status),
    },
    mp_adapter_status: {
      conditions: report?.mp_adapter_status.conditions ?? [],
      status: status(report?.mp_adapter_status.status),
    },
    ccp_adapter_status: {
      conditions: report?.ccp_adapter_status.conditions ?? [],
      status: status(report?.ccp_adapter_status.status),
    },
    agent_info: report?.agent_info ?? { healthy_agent_num: 0, degraded_agent_num: 0, failed_agent_num: 0 },
    // Beyond NSX's own fields: what the channel says of each node.
    nodes: report?.nodes ?? [],
  }
}

const ONE = '/infra/sites/:site/enforcement-points/:point/cluster-control-planes/:cluster'
const POINT = '/infra/sites/:site/enforcement-points/:point'

/** Below /policy/api/v1 (and /api/v1). */
export function healthRoutes(
  book: HealthBook,
  directory: ClusterDirectory,
  store: PolicyStore,
): readonly Route[] {
  const find = (params: Readonly<Record<string, string>>): RegisteredCluster => {
    const path = `/infra/sites/${params['site']}/enforcement-points/${params['point']}/cluster-control-planes/${params['cluster']}`
    const cluster = directory.byPath(path)
    if (cluster === undefined) throw notFound(path)
    return cluster
  }
  const list = (
    query: URLSearchParams,
    params: Readonly<Record<string, string>>,
    show: (c: RegisteredCluster) => JsonObject,
  ) => {
    const point = `/infra/sites/${params['site']}/enforcement-points/${params['point']}`
    if (store.get(point) === undefined) throw notFound(point)
    const clusters = point === PATHS.enforcementPoint ? directory.all() : []
    return ok(
      listPage(clusters.map(show), query, {
        defaultSort: 'display_name',
        valueOf: (item, field) => item[field],
        keyOf: (item) => String(item['path']),
        render: (item) => item,
      }),
    )
  }
  const config = (cluster: RegisteredCluster): JsonObject => ({
    resource_type: 'AntreaHeartbeatConfig',
    id: 'heartbeat-config',
    display_name: 'heartbeat-config',
    path: `${cluster.path}/heartbeat-config`,
    parent_path: cluster.path,
    relative_path: 'heartbeat-config',
    report_interval: book.intervalMs(cluster.nodeId) / 1_000,
    _revision: 0,
  })
  const configure = (cluster: RegisteredCluster, body: JsonObject) => {
    const seconds = body['report_interval']
    if (!Number.isInteger(seconds) || Number(seconds) < INTERVAL_S_MIN || Number(seconds) > INTERVAL_S_MAX)
      throw badRequest(
        `Field level validation errors: {property report_interval: must be between ${INTERVAL_S_MIN} and ${INTERVAL_S_MAX}}`,
      )
    book.setIntervalMs(cluster.nodeId, Number(seconds) * 1_000)
  }
  return [
    {
      method: 'GET',
      pattern: `${ONE}/status`,
      access: 'read',
      run: ({ params }) => ok(book.show(find(params))),
    },
    {
      method: 'GET',
      pattern: `${POINT}/cluster-control-planes-status`,
      access: 'read',
      run: ({ query, params }) => list(query, params, (cluster) => book.show(cluster)),
    },
    {
      method: 'GET',
      pattern: `${POINT}/cluster-control-planes-heartbeat-config`,
      access: 'read',
      run: ({ query, params }) => list(query, params, config),
    },
    {
      method: 'GET',
      pattern: `${ONE}/heartbeat-config`,
      access: 'read',
      run: ({ params }) => ok(config(find(params))),
    },
    ...(['PUT', 'PATCH'] as const).map(
      (method): Route => ({
        method,
        pattern: `${ONE}/heartbeat-config`,
        access: 'admin',
        mutating: true,
        async run({ params, request }) {
          const cluster = find(params)
          configure(cluster, await readJson(request))
          return method === 'PUT' ? ok(config(cluster)) : EMPTY
        },
      }),
    ),
  ]
}
