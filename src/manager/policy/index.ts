/** The policy store and NSX's Policy API on it: kinds, transactions, references, plain and hierarchical calls. For the manager's other folders. */
export { attributeRoutes } from './attributes.ts'
export { expressionRoutes } from './expressions.ts'
export { KIND_NAMES, type KindName, PATHS } from './kinds.ts'
export { type PolicyRoutes, policyRoutes } from './routes.ts'
export {
  type Change,
  createPolicyStore,
  type PolicyObject,
  type PolicyStore,
  renderWhole,
} from './store.ts'
export { tagRoutes } from './tags.ts'
