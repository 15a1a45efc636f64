/**
 * The sandbox: everything in one process over real sockets with mutual TLS made on the spot. An embedded cluster
 * (cluster.ts, apiserver/, antrea/), a real one of this machine (real.ts, controlplane/) or of the user's (external.ts),
 * the NSX-compatible manager, and the adapter between them; a scenario (scenario.ts) to play. cluster.ts alone is
 * transport-free. For the command line and tests.
 */
export { createEmbeddedCluster } from './cluster.ts'
export { writeAtomically } from './files.ts'
export { type Follower, followSandbox, transitionWords } from './follow.ts'
export { createAuthority } from './pki.ts'
export { playScenario, type ScenarioStep } from './scenario.ts'
export {
  type Sandbox,
  type SandboxOptions,
  type SandboxPlaces,
  startSandbox,
  waitUntilReady,
} from './start.ts'
export type * from './types.ts'
