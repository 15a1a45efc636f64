/** NSX's realized-state reads (vcf-nsx 9.1.1, ConsolidatedRealizedStatus and GenericPolicyRealizedResource). */
import type { StatusItem } from '../../protocol/index.ts'
import { PATHS, type PolicyObject, type PolicyStore } from '../policy/index.ts'
import { KIND_NAMES, spanTarget } from '../policy/kinds.ts'
import { badRequest, type JsonObject, listPage, notFound, objects, ok, type Route } from '../rest/index.ts'
import type { RegisteredCluster } from './directory.ts'

export interface ClusterRealization {
  readonly cluster: RegisteredCluster
  /** What the cluster's adapter last said of this policy; undefined when nothing. */
  item(path: string): StatusItem | undefined
  /** Hash of the body that NSX wants there now. */
  wantedHash(path: string): string | undefined
  /** The adapter is heard, and has reported everything since its session began. */
  readonly isCurrent: boolean
}

export interface RealizedOptions {
  readonly store: PolicyStore
  /** The cluster at a ClusterControlPlane's path. */
  readonly clusterAt: (path: string) => ClusterRealization | undefined
}

type State = StatusItem['state']

/** How one cluster stands with one policy. */
interface Standing {
  readonly cluster: RegisteredCluster
  readonly state: State
  readonly item: StatusItem | undefined
}

/** The first of these that one cluster has is the whole's. */
const WORST_FIRST: readonly State[] = ['ERROR', 'UNKNOWN', 'UNINITIALIZED', 'IN_PROGRESS', 'SUCCESS']

const PUBLISHED: Readonly<Record<State, string>> = {
  SUCCESS: 'REALIZED',
  IN_PROGRESS: 'UNREALIZED',
  ERROR: 'ERROR',
  UNKNOWN: 'UNAVAILABLE',
  UNINITIALIZED: 'UNAVAILABLE',
  REMOVED: 'UNAVAILABLE',
}

/** Below /policy/api/v1 (and /api/v1). */
export function realizedRoutes(options: RealizedOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/infra/realized-state/status',
      access: 'read',
      run: ({ query }) => ok(status(options, intentOf(options.store, query), query)),
    },
    {
      method: 'GET',
      pattern: '/infra/realized-state/realized-entities',
      access: 'read',
      run: ({ query }) => {
        const results = entities(options, intentOf(options.store, query))
        return ok({ results, result_count: results.length, sort_by: 'display_name', sort_ascending: true })
      },
    },
    {
      method: 'GET',
      pattern: '/infra/realized-state/realized-entity',
      access: 'read',
      run: ({ query }) => ok(entityAt(options, query.get('realized_path') ?? '')),
    },
    {
      method: 'POST',
      pattern: '/infra/realized-state/realized-entity',
      access: 'read',
      // What clusters report is shown as it comes: there is nothing to fetch anew.
      run: ({ query }) => {
        if (query.get('action') !== 'refresh') throw badRequest('The action of this call must be refresh.')
        intentOf(options.store, query)
        return { status: 204 }
      },
    },
    {
      method: 'GET',
      pattern: '/infra/realized-state/alarms',
      access: 'read',
      run: ({ query }) => ok(alarmsOfAll(options, query)),
    },
  ]
}

/** The path ends with the intent's unique_id and the point's name, as `realized-entities` gives it. */
function entityAt(options: RealizedOptions, path: string): JsonObject {
  const [, id = ''] = /\/realized-entities\/([^/]+)$/.exec(path) ?? []
  const uniqueId = /^[0-9a-fA-F-]{36}/.exec(id)?.[0]
  const intent = uniqueId === undefined ? undefined : intentWith(options.store, uniqueId)
  const entity =
    intent === undefined ? undefined : entities(options, intent).find((one) => one['path'] === path)
  if (entity === undefined) throw notFound(path.slice(0, 300))
  return entity
}

function intentWith(store: PolicyStore, uniqueId: string): PolicyObject | undefined {
  for (const kind of KIND_NAMES)
    for (const object of store.ofKind(kind).values()) if (object.body['unique_id'] === uniqueId) return object
  return undefined
}

/** Of every policy that a cluster refuses. */
function alarmsOfAll(options: RealizedOptions, query: URLSearchParams): unknown {
  const found = [...options.store.ofKind('SecurityPolicy').values()].flatMap((intent) =>
    entities(options, intent).flatMap((entity) =>
      objects(entity['alarms']).map(
        (alarm): JsonObject => ({ ...alarm, path: `${String(entity['path'])}/alarms/realization` }),
      ),
    ),
  )
  return listPage(found, query, {
    defaultSort: 'path',
    valueOf: (alarm, field) => alarm[field],
    keyOf: (alarm) => String(alarm['path']),
    render: (alarm) => alarm,
  })
}

function intentOf(store: PolicyStore, query: URLSearchParams): PolicyObject {
  const path = query.get('intent_path')
  if (path === null || path === '') throw badRequest('The parameter intent_path is required.')
  const intent = store.get(path)
  if (intent === undefined) throw notFound(path)
  return intent
}

/** A rule stands as its policy does. Undefined for what no cluster enforces: it is realized by being stored. */
function standings(
  { store, clusterAt }: RealizedOptions,
  intent: PolicyObject,
): readonly Standing[] | undefined {
  const path = intent.kind === 'Rule' ? intent.parentPath : intent.path
  if (store.get(path)?.kind !== 'SecurityPolicy') return undefined
  return store.children(path, 'SecurityPolicyContainerCluster').flatMap((span) => {
    const realization = clusterAt(spanTarget(span.own['container_cluster_path']))
    return realization === undefined ? [] : [standing(realization, path)]
  })
}

function standing(realization: ClusterRealization, path: string): Standing {
  const { cluster } = realization
  const item = realization.item(path)
  if (!realization.isCurrent) return { cluster, state: 'UNKNOWN', item }
  if (item === undefined) return { cluster, state: 'UNINITIALIZED', item }
  // A word about another revision is no word about this one.
  const isOld = item.hash !== undefined && item.hash !== realization.wantedHash(path)
  return { cluster, state: isOld ? 'IN_PROGRESS' : item.state, item }
}

const worstOf = (states: readonly State[]): State =>
  WORST_FIRST.find((state) => states.includes(state)) ?? 'SUCCESS'

function status(options: RealizedOptions, intent: PolicyObject, query: URLSearchParams): JsonObject {
  const isEnforced = query.get('include_enforced_status') === 'true'
  if (isEnforced && intent.kind !== 'SecurityPolicy')
    throw badRequest('include_enforced_status is for policies only.')
  const found = standings(options, intent)
  const state = worstOf(found?.map((one) => one.state) ?? [])
  return {
    intent_path: intent.path,
    intent_version: String(intent.revision),
    publish_status: PUBLISHED[state],
    publish_time: state === 'SUCCESS' ? publishTime(found, intent) : -1,
    time_taken_for_realization: -1,
    consolidated_status: { consolidated_status: state },
    consolidated_status_per_enforcement_point: (found ?? []).map((one) => perPoint(one, intent, isEnforced)),
  }
}

const publishTime = (found: readonly Standing[] | undefined, intent: PolicyObject): unknown =>
  Math.max(...(found ?? []).flatMap(({ item }) => item?.observed_at ?? []), 0) ||
  intent.body['_last_modified_time']

function perPoint({ cluster, state, item }: Standing, intent: PolicyObject, isEnforced: boolean): JsonObject {
  return {
    resource_type: isEnforced ? 'ConsolidatedStatusNsxT' : 'ConsolidatedStatusPerEnforcementPoint',
    site_path: '/infra/sites/default',
    enforcement_point_id: cluster.name,
    enforcement_point_path: cluster.path,
    consolidated_status: { consolidated_status: state },
    ...(state === 'ERROR' ? { alarm: alarmOf(item, intent) } : {}),
    ...(isEnforced
      ? {
          enforced_status: {
            enforced_status_info: {
              enforced_status: {
                status: state === 'ERROR' ? 'FAILURE' : state,
                status_message: nodesInWords(item),
              },
              enforced_status_per_scope: [],
            },
            pending_changes_info: { pending_changes_flag: state === 'IN_PROGRESS' },
          },
        }
      : {}),
    // Beyond NSX's own fields: how many of the nodes that should enforce it do.
    ...(item?.nodes === undefined ? {} : { nodes: item.nodes }),
  }
}

const nodesInWords = (item: StatusItem | undefined): string =>
  item?.nodes === undefined ? '' : `realized on ${item.nodes.current} of ${item.nodes.desired} nodes`

const alarmOf = (item: StatusItem | undefined, intent: PolicyObject): JsonObject => {
  const problems = item?.problems ?? []
  return {
    error_id: problems[0]?.code ?? 'UNKNOWN',
    message: problems.map(({ message }) => message).join(' ') || 'The cluster gave no reason.',
    error_details: {
      httpStatus: 'BAD_REQUEST',
      error_code: REALIZATION_FAILED,
      module_name: 'policy',
      error_message: problems[0]?.message ?? 'The cluster gave no reason.',
      related_errors: problems.map(({ code, message, rule_path, group_path, field }) => ({
        error_code: REALIZATION_FAILED,
        module_name: 'policy',
        error_message: `${code}: ${message}`,
        error_data: {
          code,
          intent_path: intent.path,
          ...(rule_path === undefined ? {} : { rule_path }),
          ...(group_path === undefined ? {} : { group_path }),
          ...(field === undefined ? {} : { field }),
        },
      })),
    },
  }
}

/** NSX publishes no number for a container cluster's refusal; this one is used for nothing else. */
const REALIZATION_FAILED = 500_900

function entities(options: RealizedOptions, intent: PolicyObject): JsonObject[] {
  const found = standings(options, intent)
  if (found === undefined || found.length === 0)
    return [entityOf(intent, PATHS.enforcementPoint, 'default', 'SUCCESS')]
  return found.map(({ cluster, state, item }) => ({
    ...entityOf(intent, cluster.path, cluster.name, state),
    alarms: state === 'ERROR' ? alarms(item, intent) : [],
    extended_attributes: attributes(item),
  }))
}

function entityOf(intent: PolicyObject, point: string, pointName: string, state: State): JsonObject {
  const id = `${String(intent.body['unique_id'])}-${pointName}`
  return {
    resource_type: 'GenericPolicyRealizedResource',
    id,
    display_name: intent.body['display_name'],
    path: `/infra/realized-state/enforcement-points/${pointName}/realized-entities/${id}`,
    relative_path: id,
    entity_type: `Realized${intent.kind}`,
    intent_paths: [intent.path],
    intent_reference: [intent.path],
    enforcement_point_path: point,
    site_path: '/infra/sites/default',
    realization_specific_identifier: intent.body['unique_id'],
    state: state === 'UNINITIALIZED' || state === 'REMOVED' ? 'UNKNOWN' : STATES[state],
    publish_status: state,
    runtime_status: state === 'SUCCESS' ? 'UP' : state,
    alarms: [],
    extended_attributes: [],
  }
}

const STATES: Readonly<Record<'SUCCESS' | 'IN_PROGRESS' | 'ERROR' | 'UNKNOWN', string>> = {
  SUCCESS: 'REALIZED',
  IN_PROGRESS: 'UNREALIZED',
  ERROR: 'ERROR',
  UNKNOWN: 'UNKNOWN',
}

const alarms = (item: StatusItem | undefined, intent: PolicyObject): JsonObject[] => {
  const alarm = alarmOf(item, intent)
  return [
    {
      resource_type: 'PolicyAlarmResource',
      severity: 'ERROR',
      message: alarm['message'],
      error_details: alarm['error_details'],
      source_reference: intent.path,
      intent_paths: [intent.path],
    },
  ]
}

function attributes(item: StatusItem | undefined): JsonObject[] {
  if (item === undefined) return []
  const of = (key: string, value: string | number | undefined) =>
    value === undefined
      ? []
      : [
          {
            key,
            values: [String(value)],
            data_type: typeof value === 'number' ? 'INTEGER' : 'STRING',
            multivalue: false,
          },
        ]
  return [
    ...of('current_nodes', item.nodes?.current),
    ...of('desired_nodes', item.nodes?.desired),
    ...of('evidence', item.evidence),
    ...of('hash', item.hash),
    ...of('applied_hash', item.applied_hash),
  ]
}
