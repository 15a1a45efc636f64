/** What every REST call of the manager shares: NSX's error bodies, JSON in, lists, routes. For the manager's other folders. */
export { cleanJson, isObject, type JsonObject, objects, readForm, readJson, strings } from './json.ts'
export { type ListOptions, listPage } from './list.ts'
export {
  badRequest,
  EMPTY,
  errorResponse,
  json,
  NsxApiError,
  notFound,
  ok,
  staleRevision,
} from './reply.ts'
export {
  type Access,
  type Call,
  createRouter,
  type Principal,
  type Route,
  type Router,
} from './router.ts'
