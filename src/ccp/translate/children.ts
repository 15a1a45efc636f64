/** A group's content as child ClusterGroups: one a criterion, and the addresses in shards. */
import type { ClusterGroupSpec, LabelSelector } from '../../kube/antrea.ts'
import { GROUP_IP_BLOCKS_MAX } from '../../limits.ts'
import type { Steps } from '../../world/steps.ts'
import { type Block, sortedCidrs, spreadOf } from './addresses.ts'
import { childName, shardName } from './canonical.ts'
import type { GroupShape, PodTerm } from './groups.ts'
import type { ListEdit } from './kept-lists.ts'

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
  readonly blocks: readonly Block[]
  readonly name: string
  readonly spec: ClusterGroupSpec
}

/** What blocks are spread over: shards by their number, where that has any. */
interface Spread {
  readonly groupName: string
  readonly blocks: readonly Block[]
  readonly count: number
  readonly shards: readonly (Shard | undefined)[]
}

/** How the addresses of children were spread. */
const spreads = new WeakMap<ReadonlyMap<string, ClusterGroupSpec>, Spread>()

/** An earlier result for the group, and how the addresses it was made from were edited since. */
interface Earlier {
  readonly before: ReadonlyMap<string, ClusterGroupSpec> | undefined
  readonly edit: ListEdit | undefined
}

/**
 * Child specs by their content-addressed names. Never empty. `before`: an earlier result of the group, whose shards are
 * taken again where they hold the same, so that one changed address is one sort and one hash.
 */
export function* groupChildren(
  groupName: string,
  shape: GroupShape,
  { before, edit }: Earlier,
): Steps<ReadonlyMap<string, ClusterGroupSpec>> {
  const known = before === undefined ? undefined : spreads.get(before)
  const former = known?.groupName === groupName ? known : undefined
  const spread = edited(former, shape.blocks, edit) ?? (yield* spreadAll(groupName, shape.blocks, former))
  const named: [string, ClusterGroupSpec][] = []
  for (const shard of spread.shards) if (shard !== undefined) named.push([shard.name, shard.spec])
  const add = (spec: ClusterGroupSpec) => named.push([childName(groupName, spec), spec])
  for (const term of shape.terms) if (add(termSelectors(term)) % SPECS_A_STEP === 0) yield
  for (const { name, namespace } of shape.services)
    if (add({ serviceReference: { name, namespace } }) % SPECS_A_STEP === 0) yield
  if (named.length === 0) add({ podSelector: NOTHING })
  const children = new Map(named.length === 1 ? named : named.sort(([a], [b]) => (a < b ? -1 : 1)))
  if (shape.blocks.length > 0) spreads.set(children, spread)
  return children
}

/** The former spread with what an edit of the list changes; undefined: all has to be spread. */
function edited(
  former: Spread | undefined,
  blocks: readonly Block[],
  edit: ListEdit | undefined,
): Spread | undefined {
  if (former === undefined || edit === undefined || edit.from !== former.blocks) return undefined
  const { count, groupName } = former
  if (blocks.length === 0 || countFor(blocks.length) !== count) return undefined
  const shards = [...former.shards]
  const numberOf = ({ cidr }: Block) => spreadOf(cidr) % count
  const removed = Map.groupBy(edit.removed, numberOf)
  const added = Map.groupBy(edit.added, numberOf)
  for (const number of new Set([...removed.keys(), ...added.keys()])) {
    const gone = new Set(removed.get(number)?.map(({ cidr }) => cidr))
    const left = (shards[number]?.blocks ?? []).filter(({ cidr }) => !gone.has(cidr))
    for (const block of added.get(number) ?? []) left.push(block)
    if (left.length > GROUP_IP_BLOCKS_MAX) return undefined
    shards[number] = left.length === 0 ? undefined : shardOf(groupName, left)
  }
  return { groupName, blocks, count, shards }
}

function* spreadAll(groupName: string, blocks: readonly Block[], former: Spread | undefined): Steps<Spread> {
  const buckets = yield* spread(blocks)
  const shards: (Shard | undefined)[] = []
  for (const bucket of buckets) {
    const same = former?.shards[shards.length]
    const isSame = same !== undefined && holdsSame(same.blocks, bucket)
    shards.push(bucket.length === 0 ? undefined : isSame ? same : shardOf(groupName, bucket))
    yield
  }
  return { groupName, blocks, count: buckets.length, shards }
}

const holdsSame = (a: readonly Block[], b: readonly Block[]): boolean =>
  a.length === b.length && a.every(({ cidr }, at) => cidr === b[at]!.cidr)

function shardOf(groupName: string, blocks: readonly Block[]): Shard {
  const sorted = sortedCidrs(blocks)
  const spec = { ipBlocks: sorted.map((cidr) => ({ cidr })) }
  return { blocks, name: shardName(groupName, spec, sorted), spec }
}

/** Specs named in one step. */
const SPECS_A_STEP = 20
/** Blocks spread in one step. */
const BLOCKS_A_STEP = 2_000

/**
 * A block's shard follows from the block alone, so that one more or less rewrites one shard. The number of shards is
 * the smallest power of two that keeps each within GROUP_IP_BLOCKS_MAX.
 */
function* spread(blocks: readonly Block[]): Steps<Block[][]> {
  if (blocks.length === 0) return []
  for (let count = countFor(blocks.length); ; count *= 2) {
    const buckets = Array.from({ length: count }, (): Block[] => [])
    for (let at = 0; at < blocks.length; at += 1) {
      const block = blocks[at]!
      buckets[spreadOf(block.cidr) % count]!.push(block)
      if ((at + 1) % BLOCKS_A_STEP === 0) yield
    }
    if (buckets.every((bucket) => bucket.length <= GROUP_IP_BLOCKS_MAX) || count >= blocks.length)
      return buckets
  }
}

/** At least so many shards. */
const countFor = (blocks: number): number =>
  2 ** Math.max(0, Math.ceil(Math.log2(blocks / GROUP_IP_BLOCKS_MAX)))
