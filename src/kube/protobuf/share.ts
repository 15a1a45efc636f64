/**
 * Equal values made one: labels, conditions and node names are the same in thousands of objects. Each table has a fixed
 * number of places, and a value takes its place from the one before it: what is shared is a matter of luck beyond that
 * number, what is held is not.
 */
import { KUBE_SHARED_TEXT_CHARS_MAX, KUBE_SHARED_TEXTS, KUBE_SHARED_VALUES } from '../../limits.ts'

export interface Share {
  readonly texts: (string | undefined)[]
  /** Frozen messages, lists and maps, each with the parts it was made of. */
  readonly values: ({ readonly parts: readonly unknown[]; readonly value: object } | undefined)[]
}

export const createShare = (): Share => ({
  texts: new Array<string | undefined>(KUBE_SHARED_TEXTS),
  values: new Array(KUBE_SHARED_VALUES),
})

export const HASH_START = 0x811c9dc5 | 0
/** FNV-1a's step. */
export const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193)

/** Spread over the low bits, which choose the place. */
const spread = (hash: number): number => (hash ^ (hash >>> 15)) >>> 0

/** The text of ASCII bytes whose hash is known, shared where it may be. */
export function sharedText(share: Share, bytes: Buffer, start: number, end: number, hash: number): string {
  const length = end - start
  if (length > KUBE_SHARED_TEXT_CHARS_MAX) return bytes.toString('latin1', start, end)
  const place = spread(hash) % KUBE_SHARED_TEXTS
  const known = share.texts[place]
  if (known !== undefined && known.length === length && isText(known, bytes, start)) return known
  const text = bytes.toString('latin1', start, end)
  share.texts[place] = text
  return text
}

function isText(text: string, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) !== bytes[start + at]) return false
  return true
}

/** The value that was made of these parts before, where it still has its place. */
export function knownValue(share: Share, parts: readonly unknown[], hash: number): object | undefined {
  const known = share.values[spread(hash) % KUBE_SHARED_VALUES]
  return known !== undefined && isSame(known.parts, parts) ? known.value : undefined
}

/** Freezes the value and gives it its place; the parts may be used again by the caller. */
export function keepValue(share: Share, parts: readonly unknown[], hash: number, value: object): object {
  share.values[spread(hash) % KUBE_SHARED_VALUES] = { parts: parts.slice(), value: Object.freeze(value) }
  return value
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}
