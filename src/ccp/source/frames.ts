/** One `put` of the wire, checked: its hash is that of its body. */
import { retry } from '../../errors.ts'
import { canonicalJson, type PutFrame, sha256Hex } from '../../protocol/index.ts'
import type { DesiredObject } from '../translate/index.ts'

export interface CheckedPut {
  readonly object: DesiredObject
  /** Of the body in canonical form: what it takes of the limits. */
  readonly bytes: number
}

/** An object's own cost beside its body: path, hash and a place in the set. */
const OVERHEAD_BYTES = 256

/**
 * Throws PROTOCOL_HASH (kind retry) when body and hash disagree. An oversize object comes without a body and is
 * believed: what uses it is held.
 */
export function checkPut(put: PutFrame): CheckedPut {
  const { kind, path, hash } = put
  if (put.body === undefined) {
    if (put.oversize === true) return { object: { kind, path, hash, body: undefined }, bytes: OVERHEAD_BYTES }
    throw retry('PROTOCOL_NO_BODY', `${kind} ${path} came without its body; everything is read again`)
  }
  const text = canonical(put.body, `${kind} ${path}`)
  if (sha256Hex(text) !== hash)
    throw retry(
      'PROTOCOL_HASH',
      `the body of ${kind} ${path} does not have the hash that came with it; everything is read again`,
    )
  return { object: { kind, path, hash, body: put.body }, bytes: OVERHEAD_BYTES + text.length }
}

/** Nested too deep for the stack, or text that JSON cannot hold, is the sender's fault, not ours. */
function canonical(body: unknown, subject: string): string {
  try {
    return canonicalJson(body)
  } catch (cause) {
    throw retry('PROTOCOL_HASH', `the body of ${subject} has no canonical form; everything is read again`, {
      cause,
    })
  }
}

interface FrameSchema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

/**
 * The frame of a line; undefined for a `t` this version does not know. Throws PROTOCOL_FRAME when a known one lacks
 * what it must have.
 */
export function readFrame<T>(
  schema: FrameSchema<T>,
  known: ReadonlySet<string>,
  line: unknown,
): T | undefined {
  const type = (line as { t?: unknown } | null)?.t
  if (typeof type !== 'string')
    throw retry('PROTOCOL_FRAME', 'a line of the stream has no type `t`; everything is read again')
  if (!known.has(type)) return undefined
  const parsed = schema.safeParse(line)
  if (parsed.success) return parsed.data
  throw retry(
    'PROTOCOL_FRAME',
    `a line of type ${type.slice(0, 40)} lacks what docs/protocol.md asks for; everything is read again`,
  )
}

/** The manager announced that it ends the stream. */
export const byeError = (retryAfterMs: number | undefined) =>
  retry('STREAM_BYE', 'the manager ended the stream in good order; a new session follows', {
    retryAfterMs: Math.min(Math.max(retryAfterMs ?? 0, 0), 600_000),
  })
