/** Blocks of addresses as they travel, made once for each state of a group: many rules may name the same large one. */
import { parseBlock, wireAddress } from '../addresses.ts'
import type { IpBlock } from '../model.ts'
import { childrenOf, type GroupWorld, hasBlocks, type KnownGroup } from './groups.ts'
import type { WireBlock, WireIpNet, WirePeer, WirePolicy } from './wire.ts'

export const blockOf = ({ cidr = '', except = [] }: IpBlock): WireBlock => ({
  cidr: netOf(cidr),
  ...(except.length === 0 ? {} : { except: except.map(netOf) }),
})

function netOf(cidr: string): WireIpNet {
  const block = parseBlock(cidr)
  if (block === undefined) return { ip: '' }
  // Bits of the host stay as they were written.
  const { address, bits } = block
  return { ip: wireAddress(address), ...(bits === 0 ? {} : { prefixLength: bits }) }
}

interface Made {
  readonly children: readonly (KnownGroup | undefined)[]
  readonly blocks: readonly WireBlock[]
}

/** A group that changes is another object. */
const made = new WeakMap<KnownGroup, Made>()

/** The blocks of a group, its children's included; the very same list as long as these are the same. */
export function wireBlocksOf(group: KnownGroup, world: GroupWorld): readonly WireBlock[] {
  const children = hasBlocks(group) ? [] : (childrenOf(group, world) ?? [])
  const known = made.get(group)
  if (known !== undefined && areSame(known.children, children)) return known.blocks
  const blocks = hasBlocks(group)
    ? (group.spec.ipBlocks ?? []).map(blockOf)
    : children.flatMap((child) => (child === undefined ? [] : wireBlocksOf(child, world)))
  made.set(group, { children, blocks })
  return blocks
}

/** Several lists as one; one alone as it is. */
export function joined(lists: readonly (readonly WireBlock[])[]): readonly WireBlock[] {
  const filled = lists.filter(({ length }) => length > 0)
  return filled.length === 1 ? (filled[0] ?? []) : filled.flat()
}

/** Whether agents would get the same. */
export function isSamePolicy(a: WirePolicy, b: WirePolicy): boolean {
  const [before, now] = [blockLists(a), blockLists(b)]
  return (
    before.length === now.length &&
    before.every((list, at) => isSameList(list, now[at])) &&
    JSON.stringify(withoutBlocks(a)) === JSON.stringify(withoutBlocks(b))
  )
}

const blockLists = ({ rules = [] }: WirePolicy) =>
  rules.flatMap(({ from, to }) => [from.ipBlocks, to.ipBlocks])

function isSameList(a: WirePeer['ipBlocks'], b: WirePeer['ipBlocks']): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.length !== b.length) return false
  return a.every((block, at) => block === b[at] || JSON.stringify(block) === JSON.stringify(b[at]))
}

const withoutBlocks = ({ rules = [], ...policy }: WirePolicy) => ({
  ...policy,
  rules: rules.map(({ from, to, ...rule }) => {
    const [{ ipBlocks: _from, ...fromRest }, { ipBlocks: _to, ...toRest }] = [from, to]
    return { ...rule, from: fromRest, to: toRest }
  }),
})

const areSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, at) => item === b[at])
