/**
 * Support bundles: the content that clusters upload for a request, kept in files until it is old, and NSX's public calls
 * that collect it of one or several clusters as one archive. Only the manager's composition and its channels come in here.
 */
export { type Collections, createCollections } from './collections.ts'
export { type Contents, createContents, shownContent } from './contents.ts'
export { bundleRoutes, contentRoutes } from './routes.ts'
