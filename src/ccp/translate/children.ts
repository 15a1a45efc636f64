/** A group's content as child ClusterGroups: one a criterion, and the addresses in shards. */
import type { ClusterGroupSpec, LabelSelector } from '../../kube/antrea.ts'
import { GROUP_IP_BLOCKS_MAX } from '../../limits.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Block } from './addresses.ts'
import { childName } from './canonical.ts'
import type { GroupShape, PodTerm } from './groups.ts'

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
export function groupChildren(groupName: string, shape: GroupShape): ReadonlyMap<string, ClusterGroupSpec> {
  const specs: ClusterGroupSpec[] = [
    ...shape.terms.map(termSelectors),
    ...shards(shape.blocks).map((shard) => ({ ipBlocks: shard.map(({ cidr }) => ({ cidr })) })),
  ]
  if (specs.length === 0) specs.push({ podSelector: NOTHING })
  return new Map(
    specs
      .map((spec): [string, ClusterGroupSpec] => [childName(groupName, spec), spec])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/**
 * A block's shard follows from the block alone, so that one more or less rewrites one shard. The number of shards is
 * the smallest power of two that keeps each within GROUP_IP_BLOCKS_MAX.
 */
function shards(blocks: readonly Block[]): Block[][] {
  if (blocks.length === 0) return []
  const hashed = blocks.map((block) => ({
    block,
    hash: Number.parseInt(sha256Hex(block.cidr).slice(0, 8), 16),
  }))
  for (let count = 1; ; count *= 2) {
    const buckets = Array.from({ length: count }, (): Block[] => [])
    for (const { block, hash } of hashed) buckets[hash % count]?.push(block)
    if (buckets.every((bucket) => bucket.length <= GROUP_IP_BLOCKS_MAX) || count >= blocks.length)
      return buckets.filter((bucket) => bucket.length > 0)
  }
}
