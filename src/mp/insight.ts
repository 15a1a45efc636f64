/**
 * What the inventory's next comparison would send, for who looks at it: made by the planner the channel itself plans with,
 * from the stores as they are and from what NSX holds. Nothing is written, and nothing of the channel's own work is touched.
 */
import { asAdapterError } from '../errors.ts'
import { INVENTORY_BATCHES_IN_FLIGHT_MAX } from '../limits.ts'
import {
  INVENTORY_TYPES,
  type InventoryObject,
  type InventoryType,
  NEWER_INVENTORY_TYPES,
} from '../nsx/model.ts'
import { inParallel, inSlices } from '../world/index.ts'
import type { MpDeps } from './deps.ts'
import {
  createView,
  type InventoryBook,
  type InventoryPlan,
  planInTurns,
  readType,
  type SetAside,
  takesNewerFields,
} from './inventory/index.ts'

export interface InventoryPreview {
  readonly plan: InventoryPlan
  /** What NSX holds, by external id. */
  readonly known: ReadonlyMap<string, InventoryObject>
  /** Whether that was read just now, or is kept since this session began. */
  readonly isReadNow: boolean
  /** Objects of the cluster that were compared. */
  readonly compared: number
  /** Types nothing is decided about, and those of which nothing is deleted: a store behind them is not complete, or behind. */
  readonly undecided: readonly InventoryType[]
  readonly frozen: readonly InventoryType[]
  /** What NSX refused for good, by external id; not sent again as it is. */
  readonly setAside: ReadonlyMap<string, SetAside>
}

export interface InventoryInsight {
  /** Rejects with the errors of NSX where it has to be read, and with the signal's reason. */
  preview(signal: AbortSignal): Promise<InventoryPreview>
  /** Objects of this cluster in NSX by type, as far as they were read back in this session; empty before. */
  counts(): ReadonlyMap<string, number>
}

export interface HeldInventory {
  readonly book: InventoryBook
  readonly newerFields: boolean
  /** Types that this manager does not have. */
  readonly leftOut: Iterable<InventoryType>
}

/** `held`: the book of this session, once it was read back whole; undefined: NSX is read for it. */
export function createInventoryInsight(
  deps: Pick<MpDeps, 'nsx' | 'clock' | 'stores' | 'isServed' | 'clusterId'>,
  held: () => HeldInventory | undefined,
  agentStatus: Parameters<typeof createView>[2],
): InventoryInsight {
  const { nsx, clock, stores, isServed, clusterId } = deps
  return {
    counts: () => countsOf(held()?.book.known.values() ?? []),
    async preview(signal) {
      const now = held()
      const newerFields = now?.newerFields ?? (await takesNewerFields(nsx, signal))
      const view = createView(stores, clusterId, agentStatus, isServed, clock)
      view.reset({ newerFields })
      const read = now === undefined ? await readAll(deps, newerFields, signal) : undefined
      // A copy: the channel goes on writing in its own.
      const known = read?.known ?? new Map(now?.book.known)
      await view.update()
      signal.throwIfAborted()
      const leftOut = read?.absent ?? now?.leftOut ?? []
      const undecided = new Set([...view.undecided(), ...leftOut])
      const frozen = view.frozen()
      const setAside = now?.book.setAside ?? new Map<string, SetAside>()
      const work = planInTurns({
        clusterId,
        desired: view.desired,
        waiting: view.waiting,
        known,
        unreadable: now?.book.unreadable ?? new Set(),
        setAside: new Map([...setAside].map(([id, { text }]) => [id, text])),
        undecided,
        frozen,
        confirmed: new Set(),
      })
      const plan = await inSlices(work, clock, signal)
      return {
        plan,
        known,
        isReadNow: now === undefined,
        compared: view.desired.size,
        undecided: [...undecided].sort(),
        frozen: [...frozen].sort(),
        setAside,
      }
    },
  }
}

function countsOf(objects: Iterable<InventoryObject>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { resource_type: type } of objects) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}

/** Everything NSX holds of this cluster; newer types that the manager has no list of are `absent`. */
async function readAll(
  { nsx, clusterId }: Pick<MpDeps, 'nsx' | 'clusterId'>,
  newerFields: boolean,
  signal: AbortSignal,
): Promise<{ known: Map<string, InventoryObject>; absent: InventoryType[] }> {
  const known = new Map<string, InventoryObject>()
  const absent = newerFields ? [] : [...NEWER_INVENTORY_TYPES]
  const types = INVENTORY_TYPES.filter((type) => !absent.includes(type))
  await inParallel(types, INVENTORY_BATCHES_IN_FLIGHT_MAX, async (type) => {
    try {
      for (const [id, object] of await readType(nsx, clusterId, type, signal)) known.set(id, object)
    } catch (thrown) {
      const error = asAdapterError(thrown)
      if (error.code !== 'NSX_NOT_FOUND' || !NEWER_INVENTORY_TYPES.has(type)) throw error
      absent.push(type)
    }
  })
  return { known, absent }
}
