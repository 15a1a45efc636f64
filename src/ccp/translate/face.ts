/**
 * What rules see of a group. A large set of addresses they only name, never hold: its face stays the same one when an
 * address comes or goes, and the policies that name it need no new look.
 */
import type { Family } from './addresses.ts'
import { isError, problem } from './findings.ts'
import type { GroupShape } from './groups.ts'
import { madeKey } from './lookup.ts'
import { ADDRESSES_MAX, type ResolveGroup, usableGroup } from './peers.ts'

export interface GroupFace {
  /** What it is asked for by, as the lookup notes it. */
  readonly key: string
  /** undefined: it has no UUID. */
  readonly name: string | undefined
  readonly shape: GroupShape
  /** What rules get that name it. */
  readonly answer: ReturnType<ResolveGroup>
}

/** The face of before where rules cannot tell them apart. */
export function faceOf(
  path: string,
  { name, shape }: Pick<GroupFace, 'name' | 'shape'>,
  before: GroupFace | undefined,
): GroupFace {
  if (before !== undefined && before.name === name)
    if (before.shape === shape || isAlike(before.shape, shape)) return before
  return { key: madeKey(path), name, shape, answer: answerOf(path, name, shape) }
}

function answerOf(path: string, name: string | undefined, shape: GroupShape): GroupFace['answer'] {
  const errors = shape.problems.length === 0 ? shape.problems : shape.problems.filter(isError)
  if (errors.length > 0) return { problems: errors }
  if (name !== undefined) return { group: usableGroup(path, name, shape) }
  return { problems: [problem('NO_UNIQUE_ID', `${path} has no UUID`, { group_path: path })] }
}

function isAlike(a: GroupShape, b: GroupShape): boolean {
  // Made by the same hands, in one order of keys. A path that is no text in UTF-8 is none of canonical JSON's either.
  const others = ({ terms, services, isGeneric, problems }: GroupShape) =>
    JSON.stringify([terms, services, isGeneric, problems])
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
