/** Registered clusters: who they are, what each wants of policy, how they said they are. For the channels and manager.ts. */
export { type ClusterDirectory, createDirectory, type RegisteredCluster } from './directory.ts'
export { createFrames, type Entry, type Framed, type Frames } from './frames.ts'
export { createHealthBook, type HealthBook, healthRoutes } from './health.ts'
export { ncpStatusRoutes } from './ncp-status.ts'
export { type SaidOfPolicies, withPolicyState } from './policy-state.ts'
export { createRealization, type Realization } from './realization.ts'
export { realizedRoutes } from './realized-state.ts'
export { type ClusterView, createView } from './view.ts'
