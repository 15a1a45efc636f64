/** Inventory's two pieces of work, as the chart calls them: read back what NSX holds, and bring it up to the cluster. */
import { asAdapterError } from '../../errors.ts'
import type { Health, TellFact } from '../../health/index.ts'
import { DELETE_GUARD_WAIT_MS, INVENTORY_BATCHES_IN_FLIGHT_MAX } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import {
  INVENTORY_TYPES,
  type InventoryObject,
  type InventoryType,
  NEWER_INVENTORY_TYPES,
} from '../../nsx/model.ts'
import { inParallel, inSlices, type Steps } from '../../world/index.ts'
import { type ApplyDeps, type ApplyResult, applyPlan } from './apply.ts'
import { createJournal } from './journal.ts'
import { type InventoryPlan, planInTurns } from './plan.ts'
import { OBJECTS_A_STEP } from './plan-compare.ts'
import { readType } from './read.ts'
import type { InventoryView } from './view.ts'

export interface ReconcileDeps extends ApplyDeps {
  readonly health: Health
  readonly log: Logger
  readonly view: InventoryView
  readonly tell?: TellFact
}

export interface Reconciled extends Omit<ApplyResult, 'isCutShort'> {
  /** Deletes that wait for a second comparison. */
  readonly guarded: number
}

export interface Inventory {
  /** Reads everything back; from then on deletes that were held 30 s or longer and are asked for again are confirmed. */
  read(signal: AbortSignal): Promise<void>
  /** Plans from both sides as they are now and carries it out. What has an unknown outcome is read back first. */
  reconcile(signal: AbortSignal): Promise<Reconciled>
  /** Plans as `reconcile` does and sends nothing; `waiting`: the changes that would be sent. */
  compare(signal: AbortSignal): Promise<Reconciled & { readonly waiting: number }>
  /** A new session: everything is mapped anew, what was refused is tried once more. */
  begin(options: { readonly newerFields: boolean }): void
  /** Somebody asks for it: what was refused is tried once more. */
  forgive(): void
  /** Types that this manager does not have. */
  leftOut(): ReadonlySet<InventoryType>
}

/** A refused object changes the plan behind it; each further pass has one refusal more, so few are needed. */
const PASSES_MAX = 5

interface Guard {
  readonly ids: ReadonlySet<string>
  readonly sinceMs: number
}

export function createInventory(deps: ReconcileDeps): Inventory {
  const { book, view, clock, nsx, clusterId } = deps
  const journal = createJournal(clock, deps.tell ?? (() => {}))
  let guard: Guard | undefined
  let confirmed: ReadonlySet<string> = new Set()
  /**
   * Of a complete plan that was carried out: the types nothing was decided about. While these are the same, only what
   * is mapped since can be otherwise in NSX than in the cluster. undefined: all of it may be.
   */
  let settledBut: string | undefined
  /** Types that this manager does not have. */
  const leftOut = new Set<InventoryType>()

  const readBack = async (types: readonly InventoryType[], signal: AbortSignal) => {
    settledBut = undefined
    const startedMs = clock.monotonicMs()
    const read = new Map<InventoryType, ReadonlyMap<string, InventoryObject>>()
    await inParallel(types, INVENTORY_BATCHES_IN_FLIGHT_MAX, async (type) => {
      if (leftOut.has(type)) return
      const objects = await readIfKnown(type, signal)
      signal.throwIfAborted()
      if (objects === undefined) leftOut.add(type)
      else read.set(type, objects)
    })
    // One after the other: the book takes one type at a time.
    for (const [type, objects] of read)
      await inSlices(book.readBackInTurns(type, objects, startedMs), clock, signal)
  }

  /** Undefined for a newer type that the manager has no list of. */
  const readIfKnown = async (type: InventoryType, signal: AbortSignal) => {
    try {
      return await readType(nsx, clusterId, type, signal)
    } catch (thrown) {
      const error = asAdapterError(thrown)
      if (error.code === 'NSX_NOT_FOUND' && NEWER_INVENTORY_TYPES.has(type)) return undefined
      throw error
    }
  }

  const plan = async (signal: AbortSignal): Promise<InventoryPlan & { readonly but: string | undefined }> => {
    const undecided = new Set([...view.undecided(), ...leftOut])
    const frozen = view.frozen()
    const isOpen = frozen.size + confirmed.size + book.setAside.size > 0
    const but = isOpen ? undefined : [...undecided].sort().join()
    const touched = view.takeTouched()
    const only = but !== undefined && but === settledBut ? touched : undefined
    settledBut = undefined
    const work = planInTurns({
      clusterId,
      desired: view.desired,
      waiting: view.waiting,
      known: book.known,
      unreadable: book.unreadable,
      setAside: new Map([...book.setAside].map(([id, { text }]) => [id, text])),
      undecided,
      frozen,
      confirmed,
      ...(only === undefined ? {} : { only }),
    })
    const planned = await inSlices(work, clock, signal)
    if (planned.guarded.length === 0) guard = undefined
    else guard ??= { ids: new Set(planned.guarded), sinceMs: clock.monotonicMs() }
    return { ...planned, but }
  }

  const bringUp = async (signal: AbortSignal): Promise<Reconciled> => {
    const total = { created: 0, updated: 0, deleted: 0, refused: 0, guarded: 0 }
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      if (book.doubtful.size > 0) await readBack([...book.doubtful], signal)
      await view.update()
      signal.throwIfAborted()
      const planned = await plan(signal)
      // Both sides then share one copy, and the next comparison is one of references.
      await inSlices(adopting(book, planned), clock, signal)
      const result = await applyPlan(planned, { ...deps, onStep: journal.step }, signal)
      total.created += result.created
      total.updated += result.updated
      total.deleted += result.deleted
      total.refused += result.refused
      total.guarded = planned.guarded.length
      if (result.isCutShort || book.doubtful.size > 0) continue
      if (planned.isComplete && result.refused === 0) settledBut = planned.but
      break
    }
    confirmed = new Set()
    report(deps, total)
    return total
  }

  const compare = async (signal: AbortSignal) => {
    if (book.doubtful.size > 0) await readBack([...book.doubtful], signal)
    await view.update()
    signal.throwIfAborted()
    const planned = await plan(signal)
    await inSlices(adopting(book, planned), clock, signal)
    const waiting = planned.stages.reduce((sum, { steps }) => sum + steps.length, 0)
    const total = { created: 0, updated: 0, deleted: 0, refused: 0, guarded: planned.guarded.length }
    report(deps, total)
    return { ...total, waiting }
  }

  return {
    compare,
    begin({ newerFields }) {
      view.reset({ newerFields })
      settledBut = undefined
      leftOut.clear()
      if (!newerFields) for (const type of NEWER_INVENTORY_TYPES) leftOut.add(type)
      book.forgive()
    },
    forgive() {
      settledBut = undefined
      book.forgive()
    },
    leftOut: () => leftOut,
    async read(signal) {
      await readBack(INVENTORY_TYPES, signal)
      // A second look counts from the first, and only for what the first saw.
      if (guard === undefined || clock.monotonicMs() - guard.sinceMs < DELETE_GUARD_WAIT_MS) return
      confirmed = guard.ids
      guard = undefined
    },
    async reconcile(signal) {
      const startedMs = clock.monotonicMs()
      try {
        const total = await bringUp(signal)
        journal.end(startedMs)
        return total
      } catch (thrown) {
        journal.end(startedMs, asAdapterError(thrown), signal.aborted)
        throw thrown
      }
    },
  }
}

function* adopting(book: ReconcileDeps['book'], { settled }: InventoryPlan): Steps<void> {
  for (const [at, desired] of settled.entries()) {
    if (at % (4 * OBJECTS_A_STEP) === 0 && at > 0) yield
    book.adopt(desired)
  }
}

function report({ health, log, book, view }: ReconcileDeps, total: Reconciled): void {
  const { created, updated, deleted, refused, guarded } = total
  if (created + updated + deleted + refused > 0)
    log.info({ ...total, cut: view.cuts() }, 'the inventory in NSX was brought up to the cluster')
  if (guarded === 0) health.clear('INVENTORY_DELETE_GUARD')
  else health.set('INVENTORY_DELETE_GUARD', `${guarded} of ${book.known.size} objects`)
  const { size } = book.setAside
  const [first] = book.setAside.values()
  if (first === undefined) health.clear('INVENTORY_POISON')
  else
    health.set(
      'INVENTORY_POISON',
      `${size} object${size === 1 ? '' : 's'}; ${first.type} ${first.name}: ${first.reason}`,
    )
  if (book.unreadable.size === 0) health.clear('NOT_READABLE')
  else health.set('NOT_READABLE', `${book.unreadable.size}: ${[...book.unreadable].sort().join(', ')}`)
}
