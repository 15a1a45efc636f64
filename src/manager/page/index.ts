/**
 * The page at `/`: a console for people, over the manager's own public calls. `assets/` is what a browser is given, as it
 * lies there; this folder only serves it, and knows nothing of what is shown. For manager.ts.
 */
export { pageRoutes } from './routes.ts'
