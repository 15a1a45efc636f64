/** NSX's own policies: what is thought of each, from the translation, the cluster and what was held back. Pure. */
import type { ClusterGroup, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import { SETTLE_MS } from '../../limits.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { annotationOf } from '../ownership.ts'
import { isComputed, storedPolicyHash } from '../plan/inventory.ts'
import { problem } from '../translate/findings.ts'
import type { EmptyPolicy, HeldPolicy, TranslatedPolicy, Translation } from '../translate/index.ts'
import { judgeStatus } from './status.ts'
import type { Realized, Verdict } from './types.ts'

export interface PoliciesInput {
  readonly translation: Translation
  /** Policies held by the state of the cluster. */
  readonly held: ReadonlyMap<string, readonly Problem[]>
  /** False while the cluster cannot be seen: nothing is claimed then. */
  readonly isClusterKnown: boolean
  /** The stored object of ours by name, or by intent path for a policy whose name cannot be read. */
  readonly storedPolicy: (name: string | undefined, path: string) => ClusterNetworkPolicy | undefined
  readonly storedGroup: (name: string) => ClusterGroup | undefined
  /** Why the last plan could not be carried out. */
  readonly pending: string | undefined
  readonly nowMs: number
  /** When a group was last written by us, monotonic; those of long ago may be left out. */
  readonly groupWrittenMs: ReadonlyMap<string, number>
  /** Since when a policy's status stands as it does. */
  readonly sinceMs: (policy: ClusterNetworkPolicy) => number
  /** Nodes whose agents are known to be out of reach. */
  readonly missing: () => readonly string[]
}

/** Every policy of the desired set, in order of path. */
export function judgePolicies(input: PoliciesInput): Verdict[] {
  const { translation, held } = input
  const verdicts = [
    ...translation.held.map((policy) => ofHeld(input, policy)),
    ...translation.empty.map((policy) => ofEmpty(input, policy)),
    ...translation.policies.map((policy) => {
      const problems = held.get(policy.path)
      return problems === undefined
        ? ofWritten(input, policy)
        : ofHeld(input, { ...policy, problems: [...problems, ...policy.notices] })
    }),
  ]
  return verdicts.sort((a, b) => (a.item.path < b.item.path ? -1 : 1))
}

type Told = Omit<Realized, 'path' | 'kind' | 'hash'>

const verdictOf = (
  { path, hash }: { readonly path: string; readonly hash: string },
  told: Told,
  more: Omit<Verdict, 'item' | 'revision'> & { readonly form?: string } = {},
): Verdict => {
  const { form = '', ...rest } = more
  return { item: { path, kind: 'SecurityPolicy', hash, ...told }, revision: `${hash} ${form}`, ...rest }
}

const appliedHash = (stored: ClusterNetworkPolicy | undefined): { applied_hash?: string } => {
  const hash = stored === undefined ? undefined : annotationOf(stored, 'appliedHash')
  return hash === undefined || hash === '' ? {} : { applied_hash: hash }
}

const late = (why: string): NonNullable<Verdict['late']> => ({
  state: 'ERROR',
  problem: problem('REALIZE_TIMEOUT', why),
})

/** Held: ERROR with every reason, and what is in force meanwhile. */
function ofHeld(input: PoliciesInput, policy: HeldPolicy): Verdict {
  const stored = input.isClusterKnown ? input.storedPolicy(policy.name, policy.path) : undefined
  const more = input.held.get(policy.path) ?? []
  const problems = [...policy.problems, ...more.filter((one) => !policy.problems.includes(one))]
  return verdictOf(policy, { state: 'ERROR', ...appliedHash(stored), problems })
}

/** Nothing to enforce: realized once nothing of it is left in the cluster. */
function ofEmpty(input: PoliciesInput, policy: EmptyPolicy): Verdict {
  const problems = [...policy.notices]
  if (!input.isClusterKnown) return unknown(policy, problems)
  const stored = input.storedPolicy(policy.name, policy.path)
  if (stored !== undefined)
    return verdictOf(
      policy,
      { state: 'IN_PROGRESS', ...appliedHash(stored), problems },
      { late: late(input.pending ?? 'its object is still in the cluster') },
    )
  const nodes = { current: 0, desired: 0 }
  return verdictOf(policy, {
    state: 'SUCCESS',
    applied_hash: policy.hash,
    nodes,
    evidence: 'no-rules',
    problems,
  })
}

/** A watch that is opened anew takes the sight of the cluster away for a moment. */
const unknown = (policy: TranslatedPolicy | EmptyPolicy, problems: readonly Problem[]): Verdict =>
  verdictOf(policy, { state: 'UNKNOWN', problems: [...problems] }, { isTransient: true })

function ofWritten(input: PoliciesInput, policy: TranslatedPolicy): Verdict {
  const { path, name, hash } = policy
  if (!input.isClusterKnown) return unknown(policy, policy.notices)
  const stored = input.storedPolicy(name, path)
  if (stored === undefined || storedPolicyHash(stored) !== policy.specHash) {
    const reasons = input.pending === undefined ? [] : [problem('WRITE_PENDING', input.pending)]
    return verdictOf(
      policy,
      { state: 'IN_PROGRESS', ...appliedHash(stored), problems: [...policy.notices, ...reasons] },
      { late: late(input.pending ?? 'it is not written yet') },
    )
  }
  // The spec in force is the wanted one, whatever body the annotation remembers.
  const applied = { applied_hash: hash }
  const { told, ...judged } = judgeStatus(stored, input.sinceMs(stored), input.nowMs, input.missing)
  const problems = [...told.problems, ...policy.notices]
  if (told.state === 'SUCCESS') {
    const waiting = groupsWait(input, policy)
    if (waiting !== undefined)
      return verdictOf(policy, { state: 'IN_PROGRESS', ...applied, nodes: told.nodes, problems }, waiting)
  }
  return verdictOf(policy, { ...told, ...applied, problems }, judged)
}

/** After a write to a group, the status of the policies that use it says nothing of its members yet. */
function groupsWait(
  { nowMs, groupWrittenMs, storedGroup }: PoliciesInput,
  { groups }: TranslatedPolicy,
): Pick<Verdict, 'late' | 'waitMs'> | undefined {
  const missing = groups.find((name) => {
    const group = storedGroup(name)
    return group === undefined || !isComputed(group)
  })
  if (missing !== undefined)
    return { late: late(`antrea-controller has not computed the members of ClusterGroup ${missing}`) }
  const leftMs = Math.max(
    0,
    ...groups.map((name) => SETTLE_MS - (nowMs - (groupWrittenMs.get(name) ?? nowMs - SETTLE_MS))),
  )
  return leftMs > 0 ? { waitMs: leftMs } : undefined
}
