/**
 * The cluster's objects in NSX's inventory: map (pure) → plan (pure) → apply, over a view of the cluster and a book of
 * what NSX holds. Only the channel's index.ts and tests come in here.
 */
export { type ApplyDeps, type ApplyResult, applyPlan, batchesOf } from './apply.ts'
export { createBook, type InventoryBook, type SetAside } from './book.ts'
export { ensureClusterRecord, takesNewerFields } from './cluster.ts'
export { MAPPED, type Mapped, type MappedResource, mapObject } from './map.ts'
export type { MapContext } from './map-context.ts'
export {
  type InventoryPlan,
  type InventoryPlanInput,
  type InventoryStep,
  planInTurns,
  planInventory,
} from './plan.ts'
export { readType } from './read.ts'
export { createInventory, type Inventory, type ReconcileDeps, type Reconciled } from './reconcile.ts'
export { createView, type InventoryStores, type InventoryView, type SourceName } from './view.ts'
