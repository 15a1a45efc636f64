/**
 * How the adapter comes into a cluster, and its credentials there: what an administrator gives it once (objects.ts), the
 * Secret with its identity in NSX, its kubeconfig and token, and the keeper that renews them while it runs. For the command line.
 */
export { type KeeperDeps, keepCredentials, type TokenPlace } from './keeper.ts'
export { kubeconfigText, tokenFileOf } from './kubeconfig.ts'
export {
  applyObject,
  type Difference,
  deleteObject,
  missingObjects,
  nameOf,
  onboardingObjects,
  presentObjects,
} from './objects.ts'
export { createIdentitySecret, type IdentitySecret } from './secret.ts'
export { type Account, claimsOf, requestToken } from './token.ts'
