/** How policies stand in the clusters that they span. */
import { askAll, get, INFRA } from './api.js'
import { number, object, objects, text, texts } from './json.js'

/** @import { Json } from './json.js' */

/** @typedef {{ state: string, clusters: readonly Json[] }} Standing */

/**
 * @param {readonly string[]} paths
 * @param {AbortSignal} signal
 * @returns {Promise<readonly (Standing | undefined)[]>}
 */
export const standingsOf = (paths, signal) =>
  askAll(paths, async (path) => {
    const answer = await get(`${INFRA}/realized-state/status?intent_path=${encodeURIComponent(path)}`, {
      signal,
    })
    return {
      state: text(object(answer['consolidated_status'])['consolidated_status']),
      clusters: objects(answer['consolidated_status_per_enforcement_point']),
    }
  })

/**
 * @typedef {object} Entity how one cluster stands with one policy
 * @property {string} cluster its name
 * @property {string} path its ClusterControlPlane's
 * @property {string} state
 * @property {{ current: number, desired: number } | undefined} nodes
 * @property {string} evidence
 * @property {boolean} isOld it speaks of an older revision
 * @property {readonly { code: string, message: string, rule: string, group: string, field: string }[]} reasons
 */

/**
 * One entity a cluster; none for a policy without a span.
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<readonly Entity[]>}
 */
export async function entitiesOf(path, signal) {
  const { results } = await get(
    `${INFRA}/realized-state/realized-entities?intent_path=${encodeURIComponent(path)}`,
    {
      signal,
    },
  )
  return objects(results)
    .filter((one) => text(one['enforcement_point_path']).includes('/cluster-control-planes/'))
    .map(entityOf)
}

/** @param {Json} one @returns {Entity} */
function entityOf(one) {
  const attribute = (/** @type {string} */ key) =>
    texts(objects(one['extended_attributes']).find((held) => held['key'] === key)?.['values'])[0] ?? ''
  const path = text(one['enforcement_point_path'])
  const [current, desired] = [attribute('current_nodes'), attribute('desired_nodes')]
  return {
    cluster: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
    path,
    state: text(one['publish_status']),
    nodes:
      current === '' || desired === '' ? undefined : { current: Number(current), desired: Number(desired) },
    evidence: attribute('evidence'),
    isOld: attribute('hash') !== attribute('applied_hash') && attribute('applied_hash') !== '',
    reasons: objects(one['alarms']).flatMap(reasonsOf),
  }
}

/** @param {Json} alarm */
function reasonsOf(alarm) {
  const related = objects(object(alarm['error_details'])['related_errors'])
  if (related.length === 0)
    return [
      { code: text(alarm['error_id']), message: text(alarm['message']), rule: '', group: '', field: '' },
    ]
  return related.map((error) => {
    const data = object(error['error_data'])
    const code = text(data['code'])
    return {
      code,
      message: text(error['error_message']).replace(`${code}: `, ''),
      rule: text(data['rule_path']),
      group: text(data['group_path']),
      field: text(data['field']),
    }
  })
}

/**
 * @typedef {object} Statistics what one cluster's Antrea counted of one policy
 * @property {Map<string, Json>} rules by their paths
 * @property {string} source
 * @property {number | undefined} ageMs
 * @property {number | undefined} sinceMs
 * @property {string} problem
 * @property {readonly string[]} missingNodes
 */

/** The manager waits up to 10 s for the cluster itself. */
const DEADLINE_MS = 20_000

/**
 * @param {string} policy its path
 * @param {string} cluster its ClusterControlPlane's path
 * @param {AbortSignal} signal
 * @returns {Promise<Statistics>}
 */
export async function statisticsOf(policy, cluster, signal) {
  const query = new URLSearchParams({ container_cluster_path: cluster })
  const answer = await get(`/policy/api/v1${encodeURI(policy)}/statistics?${query}`, {
    signal,
    deadlineMs: DEADLINE_MS,
  })
  const counted = objects(object(objects(answer['results'])[0]?.['statistics'])['results'])
  const antrea = object(answer['antrea'])
  const since = object(antrea.since)
  return {
    rules: new Map(counted.map((rule) => [text(rule['rule']), rule])),
    source: text(antrea['source']),
    ageMs: number(antrea['age_ms']),
    sinceMs: Date.parse(text(since.creation_timestamp)) || undefined,
    problem: text(antrea['problem']),
    missingNodes: texts(antrea['missing_nodes']),
  }
}
