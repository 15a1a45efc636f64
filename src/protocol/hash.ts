/** RFC 8785 (JSON Canonicalization Scheme) and the digests built on it. Both ends of the channel use these. */
import { createHash, hash } from 'node:crypto'

/** Printable ASCII without quote and backslash stands for itself; most strings are of that. */
const PLAIN = /^[ !#-[\]-~]*$/

/**
 * Canonical JSON: keys sorted by UTF-16 code units, numbers as ECMAScript prints them, no white space. Throws TypeError
 * on what JSON cannot hold (NaN, bigint, a lone surrogate). `undefined` members are left out, as JSON.stringify does.
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : written(value)
}

/** Whether it is made of JSON's own kinds and every object's keys stand in order: JSON.stringify writes just that then. */
function isInOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      return value === null || (Array.isArray(value) ? isListInOrder(value) : areMembersInOrder(value))
    default:
      return false
  }
}

function isListInOrder(list: readonly unknown[]): boolean {
  for (const item of list) if (item !== undefined && !isInOrder(item)) return false
  return true
}

function areMembersInOrder(value: object): boolean {
  let before = ''
  for (const key in value) {
    if (key < before || !key.isWellFormed()) return false
    const member = (value as Readonly<Record<string, unknown>>)[key]
    if (member !== undefined && !isInOrder(member)) return false
    before = key
  }
  return true
}

function written(value: unknown): string {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN and no infinity')
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (PLAIN.test(value)) return `"${value}"`
    if (!value.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) {
    let text = '['
    for (let at = 0; at < value.length; at += 1)
      text += `${at === 0 ? '' : ','}${written(value[at] === undefined ? null : value[at])}`
    return `${text}]`
  }
  if (typeof value !== 'object') throw new TypeError(`canonical JSON has no ${typeof value}`)
  const members = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const key of sortedKeys(members)) {
    const member = members[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${written(key)}:${written(member)}`
  }
  return `{${text}}`
}

/** By UTF-16 code units, as strings compare; most objects have few keys, and often in order already. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value)
  for (let at = 1; at < keys.length; at += 1)
    if (keys[at - 1]! > keys[at]!) return keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return keys
}

export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex')

/** SHA-256 of a body in canonical form, lower-case hex. */
export const bodyHash = (body: unknown): string => sha256Hex(canonicalJson(body))

export interface DigestEntry {
  readonly kind: string
  readonly path: string
  readonly hash: string
}

/** `sha256:` + hex over `kind NUL path NUL hash LF`, sorted by the bytes of the path (then of the kind: a group and its members share one). */
export function setDigest(entries: Iterable<DigestEntry>): string {
  const sorted = [...entries]
    .map((entry) => ({ ...entry, pathBytes: Buffer.from(entry.path), kindBytes: Buffer.from(entry.kind) }))
    .sort((a, b) => Buffer.compare(a.pathBytes, b.pathBytes) || Buffer.compare(a.kindBytes, b.kindBytes))
  const hash = createHash('sha256')
  for (const { kind, path, hash: bodyHashHex } of sorted) hash.update(`${kind}\0${path}\0${bodyHashHex}\n`)
  return `sha256:${hash.digest('hex')}`
}
