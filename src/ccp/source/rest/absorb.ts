/** What an answer of NSX changes in what is held. Pure. */
import { REST_BEHIND_MS } from '../../../limits.ts'
import { type Body, desiredObject, isBehind } from './bodies.ts'
import type { Ask } from './decide.ts'
import { type Held, type Memory, MISSES } from './memory.ts'

export type Answer =
  /** `body` undefined: GET answered 404, or the object is marked for deletion. */
  | { readonly ask: Extract<Ask, { what: 'body' }>; readonly body: Body | undefined }
  /** Whether the policy itself has a span of this cluster. */
  | { readonly ask: Extract<Ask, { what: 'span' }>; readonly isOurs: boolean }
  /** Undefined: NSX could not tell; what is known stays. */
  | { readonly ask: Extract<Ask, { what: 'members' }>; readonly addresses: readonly string[] | undefined }

/** Answers of one cycle, one after the other; an object whose content did not change stays the same value. */
export function absorb(memory: Memory, answers: readonly Answer[], nowMs: number): Memory {
  const after = answers.reduce((held, answer) => {
    if ('isOurs' in answer) return absorbSpan(held, answer.ask.path, answer.isOurs)
    if ('body' in answer)
      return answer.body === undefined
        ? absorbAbsence(held, answer.ask.path)
        : absorbBody(held, answer.ask, answer.body, nowMs)
    return absorbMembers(held, answer.ask, answer.addresses, nowMs)
  }, memory)
  // However many objects a backup took back, it was put back once.
  return { ...after, restores: Math.min(after.restores, memory.restores + 1) }
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
  return memory.policies.has(path)
    ? absorbSpan({ ...memory, bodies, absent }, path, false)
    : { ...memory, bodies, absent }
}

function absorbBody(
  memory: Memory,
  { path, key }: { path: string; key: string },
  body: Body,
  nowMs: number,
): Memory {
  const held = memory.bodies.get(path)
  const absent = new Map(memory.absent)
  absent.delete(path)
  const isOlder = held !== undefined && isBehind(body.revision, held.revision)
  if (isOlder && nowMs - (held.behindSinceMs ?? nowMs) <= REST_BEHIND_MS) {
    const bodies = new Map(memory.bodies).set(path, { ...held, behindSinceMs: held.behindSinceMs ?? nowMs })
    return { ...memory, bodies, absent, isDirty: true }
  }
  const next: Held = {
    ...body,
    object: held?.object.hash === body.object.hash ? held.object : body.object,
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
