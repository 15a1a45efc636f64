/**
 * Kubernetes' own NetworkPolicies. They have no status, so their realization is inferred, in named levels of evidence:
 *
 * - `controller`: antrea-controller has computed this generation;
 * - `agents`: and the agents of all Nodes in its span are connected and fresh;
 * - `flows`: and each of these agents, asked, holds it with its flows (off unless configured);
 * - `no-pods`: computed, and it selects no Pod.
 *
 * SUCCESS needs more than `controller`. Pure.
 */
import type { LabelSelector } from '../../kube/antrea.ts'
import type { KubeObject } from '../../kube/types.ts'
import { SETTLE_MS } from '../../limits.ts'
import { problem } from '../translate/findings.ts'
import { someOf } from './status.ts'
import type { Realized, Verdict } from './types.ts'

export interface KubePolicy extends KubeObject {
  readonly spec?: { readonly podSelector?: LabelSelector }
}

/** What is known of one policy beside itself. */
export interface KubeEvidence {
  /** Since when antrea-controller is known to have computed this very generation, monotonic. */
  readonly computedMs: number | undefined
  /** Names of the Nodes it has to be enforced on. */
  readonly nodes: readonly string[]
  /** Why the agent of a Node cannot be relied on; undefined: it can. */
  readonly agentProblem: (node: string) => string | undefined
  /** Nodes whose agents were asked and hold it; undefined: they are not asked. */
  readonly seenOn: ReadonlySet<string> | undefined
}

export const kubePolicyPath = (uid: string): string => `k8s:K8sNetworkPolicy/${uid}`

export function judgeKubePolicy(
  { metadata }: KubePolicy,
  { computedMs, nodes, agentProblem, seenOn }: KubeEvidence,
  nowMs: number,
): Verdict {
  const verdict = (told: Omit<Realized, 'path' | 'kind'>, more: Partial<Verdict>): Verdict => ({
    item: { path: kubePolicyPath(metadata.uid ?? ''), kind: 'K8sNetworkPolicy', ...told },
    revision: String(metadata.generation),
    ...more,
  })
  const waiting = (told: Omit<Realized, 'path' | 'kind' | 'state' | 'problems'>, why: string) =>
    verdict(
      { state: 'IN_PROGRESS', ...told, problems: [] },
      { isTransient: true, late: { state: 'UNKNOWN', problem: problem('REALIZATION_UNKNOWN', why) } },
    )
  if (computedMs === undefined) return waiting({}, 'antrea-controller does not show it as computed')
  const lost = nodes.filter((node) => agentProblem(node) !== undefined)
  const good = nodes.filter((node) => agentProblem(node) === undefined && seenOn?.has(node) !== false)
  const told = { nodes: { current: good.length, desired: nodes.length } }
  if (lost.length > 0)
    return waiting(
      { ...told, evidence: 'controller' },
      `it is computed; the agents of ${lost.length} of ${nodes.length} nodes cannot be relied on: ${someOf(
        lost.map((node) => `${node} (${agentProblem(node)})`),
      )}`,
    )
  // The agents get it when it is computed, and need a moment.
  const leftMs = SETTLE_MS - (nowMs - computedMs)
  const evidence = nodes.length === 0 ? 'no-pods' : seenOn === undefined ? 'agents' : 'flows'
  if (leftMs > 0)
    return verdict(
      { state: 'IN_PROGRESS', ...told, evidence: 'controller', problems: [] },
      { waitMs: leftMs },
    )
  if (good.length < nodes.length)
    return waiting(
      { ...told, evidence: 'agents' },
      `the agents of ${someOf(nodes.filter((node) => !good.includes(node)))} do not hold it with its flows`,
    )
  return verdict({ state: 'SUCCESS', ...told, evidence, problems: [] }, {})
}
