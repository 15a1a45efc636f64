/** A group's content as child ClusterGroups: one a criterion, and the addresses in shards. */
import type { ClusterGroupSpec, LabelSelector } from '../../kube/antrea.ts'
import { GROUP_IP_BLOCKS_MAX } from '../../limits.ts'
import { type Block, spreadOf } from './addresses.ts'
import { childName } from './canonical.ts'
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
    ...(term.pod === undefined ? {} : { podSelector: { matchExpressions: term.pod } }),
    ...(term.namespace === undefined ? {} : { namespaceSelector: { matchExpressions: term.namespace } }),
  }
}

/** Child specs by their content-addressed names. Never empty. */
export function* groupChildren(
  groupName: string,
  shape: GroupShape,
): Steps<ReadonlyMap<string, ClusterGroupSpec>> {
  const specs: ClusterGroupSpec[] = [
    ...shape.terms.map(termSelectors),
    ...shape.services.map(({ namespace, name }) => ({ serviceReference: { name, namespace } })),
  ]
  for (const shard of yield* shards(shape.blocks)) {
    const cidrs = shard.map(({ cidr }) => cidr).sort()
    specs.push({ ipBlocks: cidrs.map((cidr) => ({ cidr })) })
    yield
  }
  if (specs.length === 0) specs.push({ podSelector: NOTHING })
  const named: [string, ClusterGroupSpec][] = []
  for (const spec of specs) {
    named.push([childName(groupName, spec), spec])
    yield
  }
  return new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Blocks spread in one step. */
const BLOCKS_A_STEP = 2_000

/**
 * A block's shard follows from the block alone, so that one more or less rewrites one shard. The number of shards is
 * the smallest power of two that keeps each within GROUP_IP_BLOCKS_MAX.
 */
function* shards(blocks: readonly Block[]): Steps<Block[][]> {
  if (blocks.length === 0) return []
  let count = 2 ** Math.max(0, Math.ceil(Math.log2(blocks.length / GROUP_IP_BLOCKS_MAX)))
  for (; ; count *= 2) {
    const buckets = Array.from({ length: count }, (): Block[] => [])
    for (const [at, block] of blocks.entries()) {
      buckets[spreadOf(block.cidr) % count]?.push(block)
      if ((at + 1) % BLOCKS_A_STEP === 0) yield
    }
    if (buckets.every((bucket) => bucket.length <= GROUP_IP_BLOCKS_MAX) || count >= blocks.length)
      return buckets.filter((bucket) => bucket.length > 0)
  }
}
