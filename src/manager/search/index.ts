/** NSX's search over everything the manager keeps: its query dialect and its call. For manager.ts. */
export { createLagging, type Searched } from './lagging.ts'
export { type SearchSource, searchRoutes } from './routes.ts'
