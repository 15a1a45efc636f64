/** What an answer of NSX changes in what is held. Pure. */
import { REST_BEHIND_MS } from '../../../limits.ts'
import type { DesiredObject } from '../../translate/index.ts'
import { type Body, desiredObject, isBehind, kindAt } from './bodies.ts'
import type { Ask } from './decide.ts'
import { type Held, type Memory, MISSES } from './memory.ts'

export type Answer =
  /** `body` undefined: GET answered 404, or the object is marked for deletion. */
  | { readonly ask: Extract<Ask, { what: 'body' }>; readonly body: Body | undefined }
  /** The same of a policy; `isOurs` false: it is there, and has no span of this cluster. */
  | {
      readonly ask: Extract<Ask, { what: 'policy' }>
      readonly body: Body | undefined
      readonly isOurs: boolean
    }
  /** Whether the policy itself has a span of this cluster. */
  | { readonly ask: Extract<Ask, { what: 'span' }>; readonly isOurs: boolean }
  /** Undefined: NSX could not tell; what is known stays. */
  | { readonly ask: Extract<Ask, { what: 'members' }>; readonly addresses: readonly string[] | undefined }

/** When an answer was asked for and came: on the monotonic clock, and as numbers in the order of all reads. */
export interface Read {
  readonly nowMs: number
  readonly began: number
  readonly ended: number
}

/** An object whose content did not change stays the same value. */
export function absorb(memory: Memory, answer: Answer, read: Read): Memory {
  const after = absorbOne(memory, answer, read)
  // However many objects a backup took back, it was put back once.
  return { ...after, restores: Math.min(after.restores, memory.restores + 1) }
}

function absorbOne(memory: Memory, answer: Answer, read: Read): Memory {
  const { path } = answer.ask
  if ('addresses' in answer) return absorbMembers(memory, answer.ask, answer.addresses, read.nowMs)
  if (!('body' in answer)) return absorbSpan(memory, path, answer.isOurs)
  const isThere = answer.body !== undefined && (!('isOurs' in answer) || answer.isOurs)
  if (!isThere) return absorbAbsence(memory, path)
  const known = 'isOurs' in answer && !memory.policies.has(path) ? absorbSpan(memory, path, true) : memory
  return absorbBody(known, answer.ask, answer.body, read)
}

function absorbSpan(memory: Memory, path: string, isOurs: boolean): Memory {
  const policies = new Map(memory.policies)
  const refused = new Set(memory.refused)
  if (isOurs) {
    policies.set(path, 0)
    refused.delete(path)
  } else {
    policies.delete(path)
    refused.add(path)
  }
  return { ...memory, policies, refused }
}

/** What is held goes when two cycles in a row did not find it. */
function absorbAbsence(memory: Memory, path: string): Memory {
  const before = memory.absent.get(path)
  const isCounted = before?.last === memory.cycle
  const cycles = (before?.cycles ?? 0) + (isCounted ? 0 : 1)
  const absent = new Map(memory.absent).set(path, { cycles, last: memory.cycle })
  if (cycles < MISSES && memory.bodies.has(path)) return { ...memory, absent }
  const bodies = new Map(memory.bodies)
  bodies.delete(path)
  return kindAt(path) === 'SecurityPolicy'
    ? absorbSpan({ ...memory, bodies, absent }, path, false)
    : { ...memory, bodies, absent }
}

function absorbBody(
  memory: Memory,
  { path, key }: { path: string; key: string },
  body: Body,
  { nowMs, began, ended }: Read,
): Memory {
  const held = memory.bodies.get(path)
  const absent = new Map(memory.absent)
  absent.delete(path)
  const isOlder = held !== undefined && isBehind(body.revision, held.revision)
  if (isOlder && nowMs - (held.behindSinceMs ?? nowMs) <= REST_BEHIND_MS) {
    const bodies = new Map(memory.bodies).set(path, { ...held, behindSinceMs: held.behindSinceMs ?? nowMs })
    return { ...memory, bodies, absent, isDirty: true }
  }
  const same = held?.object.hash === body.object.hash ? held : undefined
  const next: Held = {
    ...body,
    object: same?.object ?? body.object,
    first: same?.first ?? began,
    known: same?.known ?? ended,
    read: began,
    seen: key,
    readMs: nowMs,
    missed: held?.missed ?? 0,
    behindSinceMs: undefined,
  }
  const bodies = new Map(memory.bodies).set(path, next)
  return { ...memory, bodies, absent, restores: memory.restores + (isOlder ? 1 : 0) }
}

function absorbMembers(
  memory: Memory,
  { path, of }: { path: string; of: string },
  addresses: readonly string[] | undefined,
  nowMs: number,
): Memory {
  if (addresses === undefined) return memory
  const made = desiredObject('GroupMembers', path, { group_path: path, ip_addresses: [...addresses].sort() })
  const held = memory.members.get(path)
  const object = held?.object.hash === made.hash ? held.object : made
  return { ...memory, members: new Map(memory.members).set(path, { object, of, readMs: nowMs }) }
}

/** As the channel has them. */
export const membersObject = (path: string, addresses: readonly string[]): DesiredObject =>
  desiredObject('GroupMembers', path, { group_path: path, ip_addresses: [...addresses].sort() })
