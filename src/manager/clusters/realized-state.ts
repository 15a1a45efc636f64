/** NSX's realized-state reads (vcf-nsx 9.1.1, ConsolidatedRealizedStatus and GenericPolicyRealizedResource). */
import type { StatusItem } from '../../protocol/index.ts'
import { PATHS, type PolicyObject, type PolicyStore } from '../policy/index.ts'
import { spanTarget } from '../policy/kinds.ts'
import { badRequest, type JsonObject, notFound, ok, type Route } from '../rest/index.ts'
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
  ]
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
