/**
 * How container clusters' own plug-ins (NCP, nsx-operator) say they are (vcf-nsx 9.1.1, ContainerClusterStatus): reported by
 * them, read back by users, UNKNOWN after three intervals of silence.
 */
import { MANAGER_CLUSTERS_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import {
  badRequest,
  EMPTY,
  type JsonObject,
  json,
  listPage,
  notFound,
  ok,
  type Route,
  readJson,
  strings,
} from '../rest/index.ts'

const STATUSES: readonly unknown[] = ['UNKNOWN', 'HEALTHY', 'DOWN', 'DEGRADED']
const INTERVAL_S = 60
const SILENCE_MS = 3 * INTERVAL_S * 1_000
const DETAIL_CHARS_MAX = 1_024

interface Said {
  readonly status: string
  readonly detail: string | undefined
  readonly heardAtMs: number
}

export interface NcpStatusOptions {
  readonly clock: Clock
  /** The cluster's record in the inventory. */
  readonly clusterAt: (id: string) => JsonObject | undefined
}

/** The manager's own paths first, then their twins below an enforcement point. */
const MANAGER = '/api/v1/systemhealth/container-cluster'
const POINT = '/infra/sites/:site/enforcement-points/:point'

/** `own` have their whole path, `below` live below each of NSX's roots. */
export function ncpStatusRoutes(options: NcpStatusOptions): {
  readonly own: readonly Route[]
  readonly below: readonly Route[]
} {
  const said = new Map<string, Said>()
  return {
    own: [
      ...routesAt(options, said, `${MANAGER}/ncp/status`, `${MANAGER}/:cluster/ncp/status`),
      {
        method: 'POST',
        pattern: `${MANAGER}/ncp/status/advanced`,
        access: 'read',
        run: async ({ request, query }) => {
          const wanted = strings((await readJson(request))['statuses'])
          return list(options, said, query, (status) => wanted.length === 0 || wanted.includes(status))
        },
      },
    ],
    below: routesAt(
      options,
      said,
      `${POINT}/container-cluster-ncpstatus`,
      `${POINT}/container-cluster/:cluster/ncpstatus`,
    ),
  }
}

function routesAt(
  options: NcpStatusOptions,
  said: Map<string, Said>,
  all: string,
  one: string,
): readonly Route[] {
  const find = (id: string) => {
    if (!said.has(id)) throw notFound(`the status of the container cluster ${id.slice(0, 255)}`)
    return id
  }
  return [
    {
      method: 'GET',
      pattern: all,
      access: 'read',
      run: ({ query }) => {
        const wanted = query.get('status')
        return list(options, said, query, (status) => wanted === null || wanted === status)
      },
    },
    {
      method: 'POST',
      pattern: all,
      access: 'admin',
      run: async ({ request }) => json(201, take(options, said, await readJson(request))),
    },
    {
      method: 'GET',
      pattern: one,
      access: 'read',
      run: ({ params }) => ok(summary(options, said, find(params['cluster'] ?? ''))),
    },
    {
      method: 'DELETE',
      pattern: one,
      access: 'admin',
      run: ({ params }) => {
        said.delete(find(params['cluster'] ?? ''))
        return EMPTY
      },
    },
  ]
}

function take({ clock }: NcpStatusOptions, said: Map<string, Said>, body: JsonObject): JsonObject {
  const { cluster_id: id, status, detail } = body
  if (typeof id !== 'string' || id === '' || id.length > 255)
    throw badRequest('Field level validation errors: {property cluster_id: is required}')
  if (!STATUSES.includes(status))
    throw badRequest(
      `Field level validation errors: {property status: must be one of ${STATUSES.join(', ')}}`,
    )
  if (!said.has(id) && said.size >= MANAGER_CLUSTERS_MAX)
    throw badRequest(`At most ${MANAGER_CLUSTERS_MAX} clusters may report.`)
  const words = typeof detail === 'string' ? detail.slice(0, DETAIL_CHARS_MAX) : undefined
  said.set(id, { status: String(status), detail: words, heardAtMs: clock.monotonicMs() })
  return { cluster_id: id, status, ...(words === undefined ? {} : { detail: words }), interval: INTERVAL_S }
}

function summary({ clock, clusterAt }: NcpStatusOptions, said: Map<string, Said>, id: string): JsonObject {
  const { status, detail, heardAtMs = 0 } = said.get(id) ?? {}
  const record = clusterAt(id)
  const isSilent = clock.monotonicMs() - heardAtMs > SILENCE_MS
  return {
    id,
    cluster_id: id,
    display_name: record?.['display_name'] ?? id,
    cluster_name: record?.['display_name'] ?? id,
    ...(record === undefined ? {} : { type: record['cluster_type'] }),
    status: isSilent ? 'UNKNOWN' : status,
    ...(detail === undefined ? {} : { detail }),
  }
}

const list = (
  options: NcpStatusOptions,
  said: Map<string, Said>,
  query: URLSearchParams,
  isWanted: (status: string) => boolean,
) =>
  ok(
    listPage(
      [...said.keys()]
        .map((id) => summary(options, said, id))
        .filter((one) => isWanted(String(one['status']))),
      query,
      {
        defaultSort: 'display_name',
        valueOf: (item, field) => item[field],
        keyOf: (item) => String(item['cluster_id']),
        render: (item) => item,
      },
    ),
  )
