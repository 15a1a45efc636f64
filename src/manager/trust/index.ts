/** Principal identities and their certificates (NSX's trust-management): who may come with which certificate. For manager.ts. */
export { trustRoutes } from './routes.ts'
export { createTrust, type Identity, type Trust } from './store.ts'
