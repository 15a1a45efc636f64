/**
 * A list of addresses that differs little from the one before is read where it differs only. What cannot be read so is read
 * whole, with the same result: this only saves work.
 */

import type { Steps } from '../../world/steps.ts'
import { type Block, isMulticastV4, NOT_PLAIN, plainBlock, plainV4 } from './addresses.ts'

/** A list each of whose texts became one block of its own, in this order, without a problem. */
export interface KeptList {
  readonly texts: readonly string[]
  readonly blocks: readonly Block[]
}

/** How a list became another one, in one place. */
export interface ListEdit {
  readonly from: readonly Block[]
  readonly removed: readonly Block[]
  readonly added: readonly Block[]
}

/** Over so many other addresses, the list is read whole. */
const EDITED_MAX = 500
/** Texts compared in one step: some 0.3 ms. */
const COMPARED_A_STEP = 10_000

/** The blocks of `texts`, and how they differ; undefined: the list has to be read. */
export function* editedList(
  { texts: before, blocks }: KeptList,
  texts: readonly string[],
): Steps<{ readonly blocks: readonly Block[]; readonly edit: ListEdit } | undefined> {
  const shorter = Math.min(before.length, texts.length)
  if (Math.abs(before.length - texts.length) > EDITED_MAX) return undefined
  let head = 0
  for (; head < shorter && before[head] === texts[head]; head += 1)
    if (head % COMPARED_A_STEP === COMPARED_A_STEP - 1) yield
  let tail = 0
  for (; tail < shorter - head && before.at(-1 - tail) === texts.at(-1 - tail); tail += 1)
    if (tail % COMPARED_A_STEP === COMPARED_A_STEP - 1) yield
  const others = texts.slice(head, texts.length - tail)
  const [start, end] = [head, blocks.length - tail]
  const edit = { from: blocks, removed: blocks.slice(start, end), added: others.map(readPlain) }
  const isPlain = edit.added.every((block) => block !== undefined)
  if (!isPlain || others.length + edit.removed.length > EDITED_MAX) return undefined
  const added = edit.added as readonly Block[]
  const cidrs = new Set(added.map(({ cidr }) => cidr))
  if (cidrs.size < added.length) return undefined
  for (let at = 0; cidrs.size > 0 && at < blocks.length; at += 1) {
    if (at % COMPARED_A_STEP === COMPARED_A_STEP - 1) yield
    const isGone = at >= start && at < end
    if (!isGone && cidrs.has(blocks[at]!.cidr)) return undefined
  }
  return { blocks: [...blocks.slice(0, start), ...added, ...blocks.slice(end)], edit: { ...edit, added } }
}

function readPlain(text: string): Block | undefined {
  const address = plainV4(text)
  return address === NOT_PLAIN || isMulticastV4(address) ? undefined : plainBlock(text, address)
}
