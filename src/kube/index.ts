/**
 * The Kubernetes side: credentials, the fenced client, watched stores, the lease. Everybody may import the types and
 * RESOURCES; the composition (adapter, command line, sandbox) builds the rest with createKubeSide. Of built-in
 * resources only the fields of their tables (kept/) are read, in protobuf (protobuf/) or JSON. Pure: types, resources,
 * projections, kept, status.
 */
export type { Access, AccessOptions, AccessTls } from './access.ts'
export { loadAccess } from './access.ts'
export {
  type AgentClient,
  type AgentPlace,
  agentsOfClient,
  agentsOfStores,
  createAgentClient,
} from './agents/index.ts'
export type * from './antrea.ts'
export type { KubeClientOptions } from './client.ts'
export { createKubeClient } from './client.ts'
export type { KubeSide, KubeSideOptions } from './cluster.ts'
export { createKubeSide } from './cluster.ts'
export type { KubeClient, KubeFailure, Store, WriteGate, WriteOptions } from './contract.ts'
export { OPEN_GATE } from './contract.ts'
export type { AntreaServed } from './discovery.ts'
export { discoverAntrea, readClusterUid } from './discovery.ts'
export type { LeaseGate } from './gate.ts'
export { createGate } from './gate.ts'
export type { LeaseLogic } from './lease.ts'
export { provideLease } from './lease.ts'
export type { Projection } from './projections.ts'
export { projectionOf } from './projections.ts'
export { readOnly } from './read-only.ts'
export type { ResourceName } from './resources.ts'
export { RESOURCES, resourcePath } from './resources.ts'
export type { WritableStore } from './store.ts'
export { createStore, keyOf } from './store.ts'
export type * from './types.ts'
export type { WatchLogic } from './watch.ts'
export { provideWatch } from './watch.ts'
