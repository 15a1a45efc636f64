/** Effective members of groups, computed from virtual machines and inventory. For manager.ts. */
export { followMembers, memberAddresses } from './follow.ts'
export { memberRoutes } from './routes.ts'
export { createWorld, type World } from './world.ts'
