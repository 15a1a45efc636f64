/**
 * What is held of NSX between cycles, as a value: bodies that were read, policies that span this cluster, and how often in
 * a row something was not found. Nothing of it is on disk. Pure.
 */
import { retry } from '../../../errors.ts'
import { REST_CONFIRMED_MAX, SNAPSHOT_OBJECTS_MAX } from '../../../limits.ts'
import { genericOf } from '../../../nsx/generic-group.ts'
import { type DesiredObject, objectKey } from '../../translate/index.ts'
import type { Body } from './bodies.ts'
import { keyAt, type View } from './prints.ts'

export interface Held extends Body {
  /** What search said when it was read ('' : nothing): no reason to read it again as long as that stays. */
  readonly seen: string
  readonly readMs: number
  /** Numbers of reads in their order: of the first that gave this revision its beginning and its end, of the last its beginning. */
  readonly first: number
  readonly known: number
  readonly read: number
  /** Reads of all of search in a row in which it was not there. */
  readonly missed: number
  /** NSX gives it in an older revision since then. */
  readonly behindSinceMs: number | undefined
}

export interface Members {
  /** At the group's path; its body has the addresses. */
  readonly object: DesiredObject
  /** Hashes of the groups that they depend on. */
  readonly of: string
  readonly readMs: number
}

export interface Memory {
  /** Policies that span this cluster, and in how many cycles in a row search knew no such span. */
  readonly policies: ReadonlyMap<string, number>
  readonly bodies: ReadonlyMap<string, Held>
  readonly members: ReadonlyMap<string, Members>
  /** Paths that GET did not find, in how many cycles in a row, and in which last. */
  readonly absent: ReadonlyMap<string, { readonly cycles: number; readonly last: number }>
  /** Policies of the cluster's own objects that NSX said do not span this cluster. */
  readonly refused: ReadonlySet<string>
  /** Cycles begun. */
  readonly cycle: number
  /** The next cycle has to read all that search knows. */
  readonly isDirty: boolean
  /** How often NSX turned out to be an older copy of itself, and stayed so. */
  readonly restores: number
  /** A complete set was made of this once. */
  readonly isComplete: boolean
  /** The last number of a read when it was last. */
  readonly told: number
  /** Cycles in a row whose set was in doubt. */
  readonly withheld: number
}

export const EMPTY: Memory = {
  policies: new Map(),
  bodies: new Map(),
  members: new Map(),
  absent: new Map(),
  refused: new Set(),
  cycle: 0,
  isDirty: false,
  restores: 0,
  isComplete: false,
  told: 0,
  withheld: 0,
}

/** Cycles in a row in which something is missing before NSX itself is asked whether it is gone. */
export const MISSES = 2

/**
 * A cycle begins with this view. `owned`: paths of the policies that the cluster's own objects were made from. The first
 * cycle believes search in these, and in all when there are so many that asking NSX of each would double its length.
 */
export function noteView(memory: Memory, view: View, owned: ReadonlySet<string>): Memory {
  const policies = new Map<string, number>()
  for (const [path, missed] of memory.policies) policies.set(path, view.spanned.has(path) ? 0 : missed + 1)
  const strange = [...view.spanned].filter((path) => !owned.has(path)).length
  if (!memory.isComplete)
    for (const path of view.spanned)
      if (owned.has(path) || strange > REST_CONFIRMED_MAX) policies.set(path, 0)
  const bodies = view.isWhole ? countMisses(memory.bodies, view) : memory.bodies
  const isMissing = view.isWhole && [...bodies.values()].some(({ missed }) => missed > 0 && missed < MISSES)
  return {
    ...memory,
    policies,
    bodies,
    refused: new Set([...memory.refused].filter((path) => owned.has(path))),
    cycle: memory.cycle + 1,
    isDirty: isMissing,
  }
}

function countMisses(bodies: Memory['bodies'], view: View): Memory['bodies'] {
  const counted = new Map<string, Held>()
  for (const [path, held] of bodies) {
    const missed = keyAt(view, path) === '' ? held.missed + 1 : 0
    counted.set(path, missed === held.missed ? held : { ...held, missed })
  }
  return counted
}

/**
 * Everything the policies of this cluster are made of: their paths and those of all they refer to, known or not. Throws
 * SNAPSHOT_TOO_LARGE (retry) over SNAPSHOT_OBJECTS_MAX.
 */
export function reach({ policies, bodies }: Pick<Memory, 'policies' | 'bodies'>): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...policies.keys()]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue
    reached.add(next)
    // A policy that is not there says nothing.
    for (const target of bodies.get(next)?.references ?? []) waiting.push(target)
    if (reached.size > SNAPSHOT_OBJECTS_MAX)
      throw retry(
        'SNAPSHOT_TOO_LARGE',
        `policies of this cluster need more than ${SNAPSHOT_OBJECTS_MAX} objects; what is in force stays`,
      )
  }
  return reached
}

/** The groups whose members depend on each other's; of one that is not generic none. */
export const groupsWithin = (memory: Memory, path: string): readonly string[] =>
  genericOf(path, (one) => memory.bodies.get(one)?.object.body)?.paths ?? []

/** The reached groups whose members NSX has to be asked for, with the hashes of the groups these depend on. */
export function genericGroups(memory: Memory, reached: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const path of reached) {
    if (memory.bodies.get(path)?.object.kind !== 'Group') continue
    const within = groupsWithin(memory, path)
    if (within.length === 0) continue
    const of = within.map((one) => memory.bodies.get(one)?.object.hash ?? '').sort()
    found.set(path, of.join(' '))
  }
  return found
}

/**
 * The complete set: as the channel's snapshot would have it. Members of a group as it was before are left out, so that what
 * needs them is held until they are known.
 */
export function assemble(memory: Memory): ReadonlyMap<string, DesiredObject> {
  const reached = reach(memory)
  const objects = new Map<string, DesiredObject>()
  for (const path of reached) {
    const held = memory.bodies.get(path)
    if (held !== undefined) objects.set(objectKey(held.object.kind, path), held.object)
  }
  for (const [path, of] of genericGroups(memory, reached)) {
    const members = memory.members.get(path)
    if (members?.of === of) objects.set(objectKey(members.object.kind, path), members.object)
  }
  return objects
}

/** A complete set was made: what no policy of this cluster needs is forgotten. `told`: the last number of a read. */
export function complete(memory: Memory, told: number): Memory {
  const reached = reach(memory)
  const generic = genericGroups(memory, reached)
  return {
    ...memory,
    bodies: kept(memory.bodies, reached),
    members: kept(memory.members, generic),
    absent: kept(memory.absent, reached),
    isComplete: true,
    told,
    withheld: 0,
  }
}

const kept = <T>(
  map: ReadonlyMap<string, T>,
  wanted: { has(path: string): boolean },
): ReadonlyMap<string, T> => new Map([...map].filter(([path]) => wanted.has(path)))

/** Something is missing once: the next cycle tells whether it is gone. */
export const isUnsure = ({ policies, absent, withheld }: Memory): boolean =>
  withheld > 0 ||
  [...policies.values()].some((missed) => missed > 0) ||
  [...absent.values()].some(({ cycles }) => cycles < MISSES)
