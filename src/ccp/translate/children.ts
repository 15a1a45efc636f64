/** A group's content as child ClusterGroups: one a criterion, and the addresses in shards. */
import type { ClusterGroupSpec, LabelSelector } from '../../kube/antrea.ts'
import { GROUP_IP_BLOCKS_MAX } from '../../limits.ts'
import { type Block, spreadOf } from './addresses.ts'
import { childName, shardName } from './canonical.ts'
import type { GroupShape, PodTerm } from './groups.ts'
import type { Steps } from './steps.ts'

/** A contradiction: what an empty spec selects is not documented, so an empty group says "nothing" in words. */
const NOTHING: LabelSelector = {
  matchExpressions: [
    { key: 'antrea-nsx-adapter/nothing', operator: 'Exists' },
    { key: 'antrea-nsx-adapter/nothing', operator: 'DoesNotExist' },
  ],
}

/** A term as the selectors that ClusterGroups and appliedTo take alike. */
export function termSelectors(term: PodTerm): {
  podSelector?: LabelSelector
  namespaceSelector?: LabelSelector
} {
  return {
    ...(term.namespace === undefined ? {} : { namespaceSelector: { matchExpressions: term.namespace } }),
    ...(term.pod === undefined ? {} : { podSelector: { matchExpressions: term.pod } }),
  }
}

interface Shard {
  /** In the order in which they came. */
  readonly cidrs: readonly string[]
  readonly name: string
  readonly spec: ClusterGroupSpec
}

/** The shards that children were made with, and for which group. */
const shardsOf = new WeakMap<
  ReadonlyMap<string, ClusterGroupSpec>,
  { readonly groupName: string; readonly shards: readonly Shard[] }
>()

/**
 * Child specs by their content-addressed names. Never empty. `before`: an earlier result of the group, whose shards are
 * taken again where they hold the same, so that one changed address is one sort and one hash.
 */
export function* groupChildren(
  groupName: string,
  shape: GroupShape,
  before?: ReadonlyMap<string, ClusterGroupSpec>,
): Steps<ReadonlyMap<string, ClusterGroupSpec>> {
  const former = before === undefined ? undefined : shardsOf.get(before)
  const known = former?.groupName === groupName ? former.shards : []
  const shards: Shard[] = []
  for (const cidrs of yield* spread(shape.blocks)) {
    const same = known[shards.length]
    shards.push(same !== undefined && holdsSame(same.cidrs, cidrs) ? same : shardOf(groupName, cidrs))
    yield
  }
  const specs: ClusterGroupSpec[] = [
    ...shape.terms.map(termSelectors),
    ...shape.services.map(({ namespace, name }) => ({ serviceReference: { name, namespace } })),
  ]
  if (specs.length + shards.length === 0) specs.push({ podSelector: NOTHING })
  const named: [string, ClusterGroupSpec][] = shards.map(({ name, spec }) => [name, spec])
  for (const [at, spec] of specs.entries()) {
    named.push([childName(groupName, spec), spec])
    if ((at + 1) % SPECS_A_STEP === 0) yield
  }
  const children = new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  if (shards.length > 0) shardsOf.set(children, { groupName, shards })
  return children
}

const holdsSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((cidr, at) => cidr === b[at])

function shardOf(groupName: string, cidrs: readonly string[]): Shard {
  const sorted = cidrs.toSorted()
  const spec = { ipBlocks: sorted.map((cidr) => ({ cidr })) }
  return { cidrs, name: shardName(groupName, spec, sorted), spec }
}

/** Specs named in one step. */
const SPECS_A_STEP = 20
/** Blocks spread in one step. */
const BLOCKS_A_STEP = 2_000

/**
 * A block's shard follows from the block alone, so that one more or less rewrites one shard. The number of shards is
 * the smallest power of two that keeps each within GROUP_IP_BLOCKS_MAX.
 */
function* spread(blocks: readonly Block[]): Steps<string[][]> {
  if (blocks.length === 0) return []
  let count = 2 ** Math.max(0, Math.ceil(Math.log2(blocks.length / GROUP_IP_BLOCKS_MAX)))
  for (; ; count *= 2) {
    const buckets = Array.from({ length: count }, (): string[] => [])
    for (let at = 0; at < blocks.length; at += 1) {
      const { cidr } = blocks[at]!
      buckets[spreadOf(cidr) % count]!.push(cidr)
      if ((at + 1) % BLOCKS_A_STEP === 0) yield
    }
    if (buckets.every((bucket) => bucket.length <= GROUP_IP_BLOCKS_MAX) || count >= blocks.length)
      return buckets.filter((bucket) => bucket.length > 0)
  }
}
