/**
 * What the status of one of Antrea's own policies says (antrea-io/antrea pkg/controller/networkpolicy/status_controller.go).
 * Pure.
 */
import type { ClusterNetworkPolicyStatus } from '../../kube/antrea.ts'
import type { KubeObject } from '../../kube/types.ts'
import { SETTLE_MS } from '../../limits.ts'
import { problem } from '../translate/findings.ts'
import type { Realized, Verdict } from './types.ts'

/** A policy with the status that antrea-controller writes: ours, native, of the cluster or of a namespace. */
export type WithStatus = KubeObject & { readonly status?: ClusterNetworkPolicyStatus }

type Told = Pick<Realized, 'state' | 'nodes' | 'evidence' | 'problems'>

/** Without what is known of the policy beside its status. */
export type StatusVerdict = Omit<Verdict, 'item' | 'revision'> & { readonly told: Told }

/** How a status stands; when that changes, waiting begins anew, and not with each node that reports. */
export function standing({ metadata, status }: WithStatus): string {
  const { observedGeneration, currentNodesRealized = 0, desiredNodesRealized = 0, phase } = status ?? {}
  const isRealized =
    observedGeneration === metadata.generation &&
    phase === 'Realized' &&
    currentNodesRealized === desiredNodesRealized
  const stands = !isRealized ? 'waiting' : desiredNodesRealized === 0 ? 'nobody' : 'realized'
  return `${metadata.uid} ${metadata.generation} ${stands}`
}

/** `sinceMs`: since when it stands so. `missing`: names of nodes whose agents are known to be out of reach. */
export function judgeStatus(
  object: WithStatus,
  sinceMs: number,
  nowMs: number,
  missing: () => readonly string[],
): StatusVerdict {
  const { status, metadata } = object
  const waiting = (told: Omit<Told, 'state'>, why: string): StatusVerdict => ({
    told: { state: 'IN_PROGRESS', ...told },
    sinceMs,
    isTransient: true,
    late: { state: 'ERROR', problem: problem('REALIZE_TIMEOUT', why) },
  })
  if (status?.observedGeneration !== metadata.generation)
    return waiting({ problems: [] }, 'antrea-controller has not taken its newest form up')
  const nodes = { current: status?.currentNodesRealized ?? 0, desired: status?.desiredNodesRealized ?? 0 }
  const failure = failureOf(status)
  if (failure !== undefined)
    return {
      told: {
        state: 'ERROR',
        nodes,
        evidence: 'nodes',
        problems: [problem('REALIZATION_FAILED', failure)],
      },
    }
  if (status?.phase !== 'Realized' || nodes.current !== nodes.desired)
    return waiting({ nodes, problems: [] }, silentNodes(nodes, missing()))
  if (nodes.desired > 0) return { told: { state: 'SUCCESS', nodes, evidence: 'nodes', problems: [] } }
  // A new policy is Realized 0/0 for a moment before its nodes are known.
  const leftMs = SETTLE_MS - (nowMs - sinceMs)
  if (leftMs > 0)
    return { told: { state: 'IN_PROGRESS', nodes, problems: [] }, sinceMs, isTransient: true, waitMs: leftMs }
  return { told: { state: 'SUCCESS', nodes, evidence: 'no-pods', problems: [] } }
}

function failureOf(status: ClusterNetworkPolicyStatus | undefined): string | undefined {
  const found = (status?.conditions ?? []).find(
    ({ type, status: value }) =>
      (type === 'RealizationFailure' && value === 'True') || (type === 'Realizable' && value === 'False'),
  )
  if (found === undefined && status?.phase !== 'Failed') return undefined
  const words = [found?.reason, found?.message].filter((part) => part !== undefined && part !== '').join(': ')
  return words === '' ? 'no reason was given' : words
}

const NAMES_MAX = 5

/** A few names and how many more. */
export const someOf = (names: readonly string[]): string =>
  names.length <= NAMES_MAX
    ? names.join(', ')
    : `${names.slice(0, NAMES_MAX).join(', ')} and ${names.length - NAMES_MAX} more`

function silentNodes({ current, desired }: { current: number; desired: number }, missing: readonly string[]) {
  const count =
    desired === 0
      ? 'antrea-controller has not computed which nodes enforce it'
      : `${desired - current} of ${desired} nodes have not reported it`
  return missing.length === 0 ? count : `${count}; without a working agent are ${someOf(missing)}`
}
