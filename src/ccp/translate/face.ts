/**
 * What rules see of a group. A large set of addresses they only name, never hold: its face stays the same one when an
 * address comes or goes, and the policies that name it need no new look.
 */
import { canonicalJson } from '../../protocol/hash.ts'
import type { Family } from './addresses.ts'
import type { GroupShape } from './groups.ts'
import { ADDRESSES_MAX } from './peers.ts'

export interface GroupFace {
  /** undefined: it has no UUID. */
  readonly name: string | undefined
  readonly shape: GroupShape
}

/** The face of before where rules cannot tell them apart. */
export function faceOf(now: GroupFace, before: GroupFace | undefined): GroupFace {
  const { name, shape } = now
  if (before === undefined || before.name !== name) return { name, shape }
  return before.shape === shape || isAlike(before.shape, shape) ? before : { name, shape }
}

function isAlike(a: GroupShape, b: GroupShape): boolean {
  const others = ({ terms, services, isGeneric, problems }: GroupShape) =>
    canonicalJson([terms, services, isGeneric, problems])
  return areAlike(a, b, 4) && areAlike(a, b, 6) && others(a) === others(b)
}

/**
 * Over ADDRESSES_MAX, a rule that would have to hold the addresses itself is refused, whatever they are; any other one
 * asks only whether there are some.
 */
function areAlike(a: GroupShape, b: GroupShape, family: Family): boolean {
  if (isLarge(a, family) && isLarge(b, family)) return true
  const ofFamily = ({ blocks }: GroupShape) => blocks.filter((block) => block.family === family)
  const [one, other] = [ofFamily(a), ofFamily(b)]
  return one.length === other.length && one.every(({ cidr }, at) => cidr === other[at]?.cidr)
}

function isLarge({ blocks }: GroupShape, family: Family): boolean {
  let count = 0
  for (const block of blocks) {
    if (block.family === family) count += 1
    if (count > ADDRESSES_MAX) return true
  }
  return false
}
