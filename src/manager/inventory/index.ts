/** The container inventory: bulk write and cluster records in, read-back out (NSX's public inventory API). For manager.ts. */
export { inventoryRoutes } from './routes.ts'
export { CONTAINER_TYPES, type ContainerType } from './schema.ts'
export { createInventory, type Inventory } from './store.ts'
