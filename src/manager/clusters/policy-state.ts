/**
 * How Kubernetes' and Antrea's own policies stand, shown on their inventory objects (ContainerNetworkPolicy's network_status
 * and network_errors, vcf-nsx 9.1.1): what the cluster's status reports say of `k8s:{kind}/{uid}`.
 */
import type { StatusItem } from '../../protocol/index.ts'
import type { JsonObject } from '../rest/index.ts'

/** What one cluster has said. */
export interface SaidOfPolicies {
  item(path: string): StatusItem | undefined
  /** The adapter is heard, and has reported everything since its session began. */
  readonly isCurrent: boolean
}

const KINDS: Readonly<Record<string, StatusItem['kind']>> = {
  NETWORK_POLICY: 'K8sNetworkPolicy',
  ANP: 'AntreaNetworkPolicy',
  ACNP: 'AntreaClusterNetworkPolicy',
}

/**
 * The object as users see it. HEALTHY is only what is realized. What is in progress, and what nobody speaks for at the
 * moment, has no network_status: NSX has no word for it. Where no status is reported at all, an object stays as its
 * inventory has it. `realization` is beyond NSX's own fields.
 */
export function withPolicyState(object: JsonObject, said: SaidOfPolicies | undefined): JsonObject {
  const kind = KINDS[String(object['policy_type'])]
  const item = kind === undefined ? undefined : said?.item(`k8s:${kind}/${String(object['external_id'])}`)
  if (said === undefined || kind === undefined) return object
  if (item === undefined) return isAwaited(kind, said) ? awaited(object) : object
  const { network_status: _status, network_errors: _errors, ...rest } = object
  const state = said.isCurrent ? item.state : 'UNKNOWN'
  return {
    ...rest,
    ...statusOf(state, said.isCurrent),
    network_errors: errorsOf(item, state, said.isCurrent),
    realization: {
      state,
      ...(item.evidence === undefined ? {} : { evidence: item.evidence }),
      ...(item.nodes === undefined ? {} : { nodes: item.nodes }),
      observed_at: item.observed_at,
    },
  }
}

/** A cluster that reports speaks of each of these sooner or later; native ones of the cluster may be NSX's own. */
const isAwaited = (kind: StatusItem['kind'], said: SaidOfPolicies): boolean =>
  said.isCurrent && kind !== 'AntreaClusterNetworkPolicy'

function awaited({ network_status: _status, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    network_errors: [
      {
        error_code: 'REALIZATION_UNINITIALIZED',
        error_message: 'The cluster has not reported on this policy yet.',
      },
    ],
    realization: { state: 'UNINITIALIZED' },
  }
}

function statusOf(state: StatusItem['state'], isCurrent: boolean): { network_status?: string } {
  if (state === 'SUCCESS') return { network_status: 'HEALTHY' }
  return state === 'ERROR' || (state === 'UNKNOWN' && isCurrent) ? { network_status: 'UNHEALTHY' } : {}
}

const WORDS: Readonly<Partial<Record<StatusItem['state'], string>>> = {
  ERROR: 'The cluster gave no reason.',
  IN_PROGRESS: 'The cluster is still realizing this policy.',
  UNKNOWN: 'The cluster does not know whether this policy is realized.',
}

function errorsOf(item: StatusItem, state: StatusItem['state'], isCurrent: boolean): JsonObject[] {
  if (state === 'SUCCESS') return []
  const problems = item.problems.map(({ code, message }) => ({ error_code: code, error_message: message }))
  if (!isCurrent)
    return [
      {
        error_code: 'REALIZATION_UNKNOWN',
        error_message: `The cluster has not reported since it was ${item.state}.`,
      },
    ]
  if (problems.length > 0) return problems
  return [{ error_code: `REALIZATION_${state}`, error_message: WORDS[state] ?? '' }]
}
