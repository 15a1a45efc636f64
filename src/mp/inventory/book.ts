/**
 * What NSX holds of this cluster, as far as is known: read back, then kept by what was written since. Also what is not
 * known any more (a batch whose outcome nobody saw), what NSX refuses, and what it does not give back.
 */
import { INVENTORY_READ_LAG_MS, INVENTORY_SET_ASIDE_MAX } from '../../limits.ts'
import { INVENTORY_TYPES, type InventoryObject, type InventoryType } from '../../nsx/model.ts'
import { runSteps, type Steps } from '../../world/steps.ts'
import { type InventoryStep, stepText } from './plan.ts'
import { fieldName, OBJECTS_A_STEP, sameValue, statedFields } from './plan-compare.ts'

export interface SetAside {
  /** Which step it was; the object is tried again when it changes. */
  readonly text: string
  readonly type: string
  readonly name: string
  readonly reason: string
}

interface Written {
  readonly fields: readonly string[]
  readonly atMs: number
}

export interface InventoryBook {
  readonly known: ReadonlyMap<string, InventoryObject>
  readonly setAside: ReadonlyMap<string, SetAside>
  /** `type.field` of what NSX takes but does not give back. */
  readonly unreadable: ReadonlySet<string>
  /** Types with ids whose last write's outcome is not known; they are read back before they are written again. */
  readonly doubtful: ReadonlySet<InventoryType>
  /** Takes one type's complete read-back. `readMs`: when the reading began, monotonic. */
  readBack(type: InventoryType, objects: ReadonlyMap<string, InventoryObject>, readMs: number): void
  /** The same, yielding now and then; nothing else is asked of the book until its end. */
  readBackInTurns(
    type: InventoryType,
    objects: ReadonlyMap<string, InventoryObject>,
    readMs: number,
  ): Steps<void>
  /** The manager took the step. */
  settle(step: InventoryStep, nowMs: number): void
  /** The object was found equal: the cluster's copy stands for both. */
  adopt(desired: InventoryObject): void
  doubt(steps: readonly InventoryStep[]): void
  refuse(step: InventoryStep, reason: string): void
  /** A new session: what was refused is tried once more. */
  forgive(): void
}

/** An empty book. */
export function createBook(): InventoryBook {
  const known = new Map<string, InventoryObject>()
  const setAside = new Map<string, SetAside>()
  const unreadable = new Set<string>()
  const doubtful = new Set<InventoryType>()
  const written = new Map<string, Written>()
  /** How often in a row a field came back otherwise than written. */
  const disagreements = new Map<string, number>()
  const sharedFields = createSharing()

  function* judgeFields(
    type: InventoryType,
    objects: ReadonlyMap<string, InventoryObject>,
    readMs: number,
  ): Steps<void> {
    let looked = 0
    const agreed = new Set<string>()
    const disagreed = new Map<string, boolean>()
    for (const [id, { fields, atMs }] of written) {
      looked += 1
      if (looked % OBJECTS_A_STEP === 0) yield
      const before = known.get(id)
      if (before?.resource_type !== type || readMs - atMs < INVENTORY_READ_LAG_MS) continue
      written.delete(id)
      const read = objects.get(id)
      if (read === undefined) continue
      for (const field of fields) {
        if (sameValue(before[field], read[field])) agreed.add(field)
        else disagreed.set(field, disagreed.get(field) === true || read[field] === undefined)
      }
    }
    for (const [field, isAbsent] of disagreed) {
      const name = fieldName(type, field)
      const times = (disagreements.get(name) ?? 0) + 1
      disagreements.set(name, times)
      // Absent: not given back. Another value may be somebody's edit, once; twice it is the manager's own.
      if ((isAbsent && !agreed.has(field)) || times > 1) unreadable.add(name)
    }
    for (const field of agreed) {
      const name = fieldName(type, field)
      if (disagreed.has(field)) continue
      disagreements.delete(name)
      unreadable.delete(name)
    }
  }

  function* readBackInTurns(
    type: InventoryType,
    objects: ReadonlyMap<string, InventoryObject>,
    readMs: number,
  ): Steps<void> {
    yield* judgeFields(type, objects, readMs)
    for (const [id, object] of known) if (object.resource_type === type && !objects.has(id)) known.delete(id)
    for (const [id, object] of objects) known.set(id, object)
    doubtful.delete(type)
  }

  return {
    known,
    setAside,
    unreadable,
    doubtful,
    readBack: (type, objects, readMs) => runSteps(readBackInTurns(type, objects, readMs)),
    readBackInTurns,
    settle(step, nowMs) {
      const { external_id: id } = step.object
      setAside.delete(id)
      if (step.desired === undefined) {
        known.delete(id)
        written.delete(id)
        return
      }
      // What an update does not state stays in NSX as it was.
      const before = step.op === 'UPDATE' ? known.get(id) : undefined
      known.set(id, covers(step.desired, before) ? step.desired : { ...before, ...step.desired })
      written.set(id, { fields: sharedFields(statedFields(step.object)), atMs: nowMs })
    },
    adopt: (desired) => {
      const before = known.get(desired.external_id)
      if (before !== undefined && covers(desired, before)) known.set(desired.external_id, desired)
    },
    doubt(steps) {
      for (const { object } of steps) {
        const type = INVENTORY_TYPES.find((name) => name === object.resource_type)
        if (type !== undefined) doubtful.add(type)
      }
    },
    refuse(step, reason) {
      const { external_id, resource_type } = step.object
      if (setAside.size >= INVENTORY_SET_ASIDE_MAX && !setAside.has(external_id)) {
        const [oldest] = setAside.keys()
        if (oldest !== undefined) setAside.delete(oldest)
      }
      const name = (step.desired ?? known.get(external_id))?.display_name ?? external_id
      setAside.set(external_id, {
        text: stepText(step),
        type: resource_type,
        name,
        reason: reason.slice(0, REASON_CHARS_MAX),
      })
    },
    forgive: () => setAside.clear(),
  }
}

/** True when the object states everything that is known, so that it can stand for it. */
const covers = (object: InventoryObject, known: InventoryObject | undefined): boolean =>
  known === undefined || Object.keys(known).every((field) => field in object)

/** An answer's sentence; proxies can be wordy. */
const REASON_CHARS_MAX = 1_024

const LISTS_MAX = 1_000

/** Tens of thousands of objects are written with the same few lists of fields: one copy of each is kept. */
function createSharing(): (fields: readonly string[]) => readonly string[] {
  const lists = new Map<string, readonly string[]>()
  return (fields) => {
    const key = fields.join(' ')
    const shared = lists.get(key)
    if (shared !== undefined) return shared
    if (lists.size < LISTS_MAX) lists.set(key, fields)
    return fields
  }
}
