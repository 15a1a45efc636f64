/**
 * `…/security-policies/{sp}/statistics` and `…/rules/{r}/statistics`. Naming a cluster by `container_cluster_path` selects
 * what Antrea counted there; figures of several clusters are never added up. Without it the figures would be those of
 * hypervisors, of which this manager has none.
 */
import type { Clock, ServerResponse } from '../../world/index.ts'
import type { ClusterDirectory } from '../clusters/index.ts'
import { spanTarget } from '../policy/kinds.ts'
import { byEvaluation, type PolicyObject, type PolicyStore } from '../policy/store.ts'
import { badRequest, type Call, type JsonObject, json, notFound, ok, type Route } from '../rest/index.ts'
import type { Figures, PolicyFigures, StatisticsBook } from './book.ts'

const POLICY = '/infra/domains/:domain/security-policies/:policy'

export interface StatisticsOptions {
  readonly clock: Clock
  readonly store: PolicyStore
  readonly directory: ClusterDirectory
  readonly book: StatisticsBook
}

/** Below /policy/api/v1 (and /api/v1). */
export function statisticsRoutes(options: StatisticsOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: `${POLICY}/statistics`,
      access: 'read',
      run: (call) =>
        answer(options, call, (policy, figures) => {
          const rules = rulesOf(options.store, policy).flatMap((rule) => ruleStatistics(rule, figures))
          return {
            internal_section_id: String(policy.body['unique_id'] ?? ''),
            results: rules,
            result_count: rules.length,
          }
        }),
    },
    {
      method: 'GET',
      pattern: `${POLICY}/rules/:rule/statistics`,
      access: 'read',
      run: (call) => {
        const rule = existing(options.store, `${policyPath(call)}/rules/${call.params['rule']}`)
        return answer(options, call, (_policy, figures) => ruleStatistics(rule, figures)[0])
      },
    },
  ]
}

const policyPath = ({ params }: Call): string =>
  `/infra/domains/${params['domain']}/security-policies/${params['policy']}`

function existing(store: PolicyStore, path: string): PolicyObject {
  const object = store.get(path)
  if (object === undefined) throw notFound(path)
  return object
}

/** `render` gives the `statistics` of the one result; undefined: nobody counted, and there is no result. */
async function answer(
  { clock, store, directory, book }: StatisticsOptions,
  call: Call,
  render: (policy: PolicyObject, figures: PolicyFigures) => JsonObject | undefined,
): Promise<ServerResponse> {
  const policy = existing(store, policyPath(call))
  const asked = call.query.get('container_cluster_path')
  if (asked === null || asked === '') return ok({ results: [], result_count: 0 })
  const cluster = directory.byPath(spanTarget(asked))
  if (cluster === undefined)
    throw badRequest(`container_cluster_path=[${asked.slice(0, 300)}] is no registered cluster.`)
  const figures = await book.read(cluster.nodeId, call.principal?.name ?? '', call.request.signal)
  const ageMs = Math.round(Math.max(0, clock.monotonicMs() - figures.takenAtMs))
  const of = figures.policies.get(policy.path)
  const statistics = of === undefined || of.since === undefined ? undefined : render(policy, of)
  const results =
    statistics === undefined
      ? []
      : [
          {
            enforcement_point: cluster.path.replace(/\/cluster-control-planes\/.*$/, ''),
            container_cluster_path: cluster.path,
            statistics,
          },
        ]
  const body = { results, result_count: results.length, antrea: provenance(figures, of, ageMs) }
  return { ...json(200, {}, { age: String(Math.round(ageMs / 1_000)) }), body: exactText(body) }
}

/** Beyond NSX's own fields: whose figures these are, since when, and how old. */
const provenance = (figures: Figures, of: PolicyFigures | undefined, ageMs: number): JsonObject => ({
  source: figures.source,
  age_ms: ageMs,
  missing_nodes: figures.missingNodes,
  ...(of?.since === undefined ? {} : { since: of.since }),
  ...(of === undefined
    ? { problem: 'The cluster has no policy of this path; see its realization.' }
    : of.problem === undefined
      ? {}
      : { problem: of.problem }),
})

const rulesOf = (store: PolicyStore, { path }: PolicyObject): readonly PolicyObject[] =>
  [...store.children(path, 'Rule')].sort(byEvaluation)

/** A whole number of any size, in JSON as NSX has it. */
class Whole {
  readonly digits: string
  constructor(digits: string) {
    this.digits = digits
  }
}

/** Empty for a rule that nobody counts: a disabled one, or one that is newer than the cluster's. */
function ruleStatistics({ path, body }: PolicyObject, { rules }: PolicyFigures): JsonObject[] {
  const id = String(body['rule_id'])
  const counted = rules.get(id)
  if (counted === undefined) return []
  return [
    {
      rule: path,
      internal_rule_id: id,
      packet_count: new Whole(counted.packets),
      byte_count: new Whole(counted.bytes),
      session_count: new Whole(counted.sessions),
      // One hit is one session's first packet that matched.
      hit_count: new Whole(counted.sessions),
    },
  ]
}

/** JSON text with whole numbers written out: they may be beyond what a double holds. */
function exactText(value: unknown): string {
  if (value instanceof Whole) return value.digits.replace(/^0+(?=\d)/, '')
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${exactText(member)}`)
    .join(',')}}`
}
