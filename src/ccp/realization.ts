/** What NSX is told about each policy: pure, from the translation, the cluster and what was held back. */
import type { ClusterGroup, ClusterNetworkPolicy } from '../kube/antrea.ts'
import { SETTLE_MS } from '../limits.ts'
import type { Problem, StatusItem } from '../protocol/ccp.ts'
import { isComputed as isGroupComputed, storedPolicyHash } from './plan/inventory.ts'
import { problem } from './translate/findings.ts'
import type { EmptyPolicy, HeldPolicy, TranslatedPolicy, Translation } from './translate/index.ts'

/** Without when it was observed: that is added when it is sent. */
export type Realized = Omit<StatusItem, 'observed_at'>

export interface RealizationInput {
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
  /** Since when a policy's status reads as it does, by name: see `statusKey`. */
  readonly since: ReadonlyMap<string, { readonly key: string; readonly ms: number }>
}

export interface RealizationOutput {
  readonly items: readonly Realized[]
  /** Some item changes by time alone. */
  readonly againMs: number | undefined
}

/** A node that has not reported for so long is worth a word. */
export const REALIZE_TIMEOUT_MS = 60_000

/** What a status says of one generation; when it changes, waiting begins anew. */
export function statusKey({ metadata, status }: ClusterNetworkPolicy): string {
  const { observedGeneration, currentNodesRealized = 0, desiredNodesRealized = 0, phase } = status ?? {}
  return `${metadata.uid} ${metadata.generation} ${observedGeneration} ${phase} ${currentNodesRealized}/${desiredNodesRealized}`
}

/** Every policy of the desired set, in order of path. */
export function realize(input: RealizationInput): RealizationOutput {
  const { translation, held } = input
  let againMs: number | undefined
  const within = (ms: number | undefined) => {
    if (ms !== undefined) againMs = Math.min(againMs ?? ms, ms)
  }
  const items = [
    ...translation.held.map((policy) => ofHeld(input, policy)),
    ...translation.empty.map((policy) => ofEmpty(input, policy)),
    ...translation.policies.map((policy) => {
      const problems = held.get(policy.path)
      if (problems !== undefined)
        return ofHeld(input, { ...policy, problems: [...problems, ...policy.notices] })
      const { item, waitMs } = ofWritten(input, policy)
      within(waitMs)
      return item
    }),
  ]
  return { items: items.sort((a, b) => (a.path < b.path ? -1 : 1)), againMs }
}

const base = (path: string, hash: string) => ({ path, kind: 'SecurityPolicy' as const, hash })

const APPLIED_HASH = 'antrea-nsx-adapter/applied-hash'

const appliedHash = (stored: ClusterNetworkPolicy | undefined): { applied_hash?: string } => {
  const hash = stored?.metadata.annotations?.[APPLIED_HASH]
  return hash === undefined || hash === '' ? {} : { applied_hash: hash }
}

/** Held: ERROR with every reason, and what is in force meanwhile. */
function ofHeld(input: RealizationInput, policy: HeldPolicy): Realized {
  const stored = input.isClusterKnown ? input.storedPolicy(policy.name, policy.path) : undefined
  const more = input.held.get(policy.path) ?? []
  const problems = [...policy.problems, ...more.filter((one) => !policy.problems.includes(one))]
  return { ...base(policy.path, policy.hash), state: 'ERROR', ...appliedHash(stored), problems }
}

/** Nothing to enforce: realized once nothing of it is left in the cluster. */
function ofEmpty(input: RealizationInput, { path, name, hash, notices }: EmptyPolicy): Realized {
  const problems = [...notices]
  if (!input.isClusterKnown) return { ...base(path, hash), state: 'UNKNOWN', problems }
  const stored = input.storedPolicy(name, path)
  if (stored !== undefined)
    return { ...base(path, hash), state: 'IN_PROGRESS', ...appliedHash(stored), problems }
  const nodes = { current: 0, desired: 0 }
  return { ...base(path, hash), state: 'SUCCESS', applied_hash: hash, nodes, evidence: 'no-rules', problems }
}

function ofWritten(
  input: RealizationInput,
  policy: TranslatedPolicy,
): { item: Realized; waitMs: number | undefined } {
  const { path, name, hash } = policy
  const problems = [...policy.notices]
  const done = (item: Omit<Realized, 'path' | 'kind' | 'hash'>, waitMs?: number) => ({
    item: { ...base(path, hash), ...item },
    waitMs,
  })
  if (!input.isClusterKnown) return done({ state: 'UNKNOWN', problems })
  const stored = input.storedPolicy(name, path)
  if (stored === undefined || storedPolicyHash(stored) !== policy.specHash) {
    if (input.pending !== undefined) problems.push(problem('WRITE_PENDING', input.pending))
    return done({ state: 'IN_PROGRESS', ...appliedHash(stored), problems })
  }
  // The spec in force is the wanted one, whatever body the annotation remembers.
  const applied = { applied_hash: hash }
  const { status, metadata } = stored
  if (status?.observedGeneration !== metadata.generation)
    return done({ state: 'IN_PROGRESS', ...applied, problems })
  const nodes = { current: status?.currentNodesRealized ?? 0, desired: status?.desiredNodesRealized ?? 0 }
  const failure = (status?.conditions ?? []).find(
    (one) =>
      (one.type === 'RealizationFailure' && one.status === 'True') ||
      (one.type === 'Realizable' && one.status === 'False'),
  )
  if (status?.phase === 'Failed' || failure !== undefined) {
    const why = [failure?.reason, failure?.message]
      .filter((part) => part !== undefined && part !== '')
      .join(': ')
    problems.unshift(problem('REALIZATION_FAILED', why === '' ? 'no reason was given' : why))
    return done({ state: 'ERROR', ...applied, nodes, evidence: 'nodes', problems })
  }
  return {
    item: {
      ...base(path, hash),
      ...applied,
      nodes,
      ...progress(input, policy, stored, nodes, problems),
    } as Realized,
    waitMs: waitFor(input, policy, stored, nodes),
  }
}

function progress(
  input: RealizationInput,
  policy: TranslatedPolicy,
  stored: ClusterNetworkPolicy,
  nodes: { current: number; desired: number },
  problems: Problem[],
): Pick<Realized, 'state' | 'evidence' | 'problems'> {
  if (
    stored.status?.phase === 'Realized' &&
    nodes.current === nodes.desired &&
    waitFor(input, policy, stored, nodes) === undefined
  )
    return isComputed(input, policy)
      ? { state: 'SUCCESS', evidence: nodes.desired === 0 ? 'no-pods' : 'nodes', problems }
      : { state: 'IN_PROGRESS', problems }
  if (nodes.current < nodes.desired && ageMs(input, stored) >= REALIZE_TIMEOUT_MS)
    problems.push(
      problem(
        'REALIZE_TIMEOUT',
        `${nodes.desired - nodes.current} of ${nodes.desired} nodes have not reported`,
      ),
    )
  return { state: 'IN_PROGRESS', problems }
}

const isComputed = (input: RealizationInput, policy: TranslatedPolicy): boolean =>
  policy.groups.every((name) => {
    const group = input.storedGroup(name)
    return group !== undefined && isGroupComputed(group)
  })

/** How long the status has read so; 0 when it is new. */
function ageMs(input: RealizationInput, stored: ClusterNetworkPolicy): number {
  const since = input.since.get(stored.metadata.name)
  return since?.key === statusKey(stored) ? input.nowMs - since.ms : 0
}

/** What is left of the settle interval, of the status (nobody desired) or of a group that was just written. */
function waitFor(
  input: RealizationInput,
  policy: TranslatedPolicy,
  stored: ClusterNetworkPolicy,
  nodes: { current: number; desired: number },
): number | undefined {
  const waits = policy.groups.map(
    (name) => SETTLE_MS - (input.nowMs - (input.groupWrittenMs.get(name) ?? -SETTLE_MS)),
  )
  if (nodes.desired === 0) waits.push(SETTLE_MS - ageMs(input, stored))
  if (nodes.current < nodes.desired) waits.push(REALIZE_TIMEOUT_MS - ageMs(input, stored))
  const left = waits.filter((ms) => ms > 0)
  return left.length === 0 ? undefined : Math.max(...left)
}
