/** A cluster that runs, whichever it is: what the rest of the sandbox is given of it. */
import type { AccessOptions } from '../kube/index.ts'
import type { HttpClient } from '../world/index.ts'
import type { SandboxServer } from './server.ts'
import type { EmbeddedCluster } from './types.ts'

export interface StartedCluster {
  /** As cluster administrator. */
  readonly admin: HttpClient
  readonly kubeconfig: string
  readonly adapterKubeconfig: string
  /** Path of the token that opens the agents' APIs; absent unless the agents are the embedded cluster's. */
  readonly agentToken?: string
  readonly adapterAccess: AccessOptions
  /** Absent unless it is the embedded one. */
  readonly cluster: EmbeddedCluster | undefined
  readonly server: SandboxServer | undefined
  stop(): Promise<void>
}
