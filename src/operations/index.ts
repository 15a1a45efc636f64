/**
 * What can be asked of the cluster, from NSX or on the command line: one folder an operation, each of them pure planning
 * (what a request means, what an answer says) and a runner over the Kubernetes API. Nothing in here knows NSX's channel
 * (src/mp/requests does) or the command line (src/cli).
 *
 * A new kind is a folder with an `Operation` (types.ts), one line in `createOperations`, its rights, and its codes for
 * `explain`. What it promises: `accept` reads the body and refuses it in words; the run writes to the cluster only objects
 * named from the request's id (names.ts), or writes down first what it is about to change (memory.ts), so that the next
 * leader's run with the same id finds it and goes on; `clear` takes all of it back; `remembered` lists it for the sweep.
 * Errors of kind retry are tried again until the deadline, by the operation chart.
 *
 * Who may come in: mp, the composition (adapter.ts), the command line, tests.
 */
import type { AgentClient } from '../kube/agents/index.ts'
import type { KubeClient, WriteGate } from '../kube/contract.ts'
import type { LogLevels } from '../log/index.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import { createSupportBundle, type OwnFiles } from './bundle/index.ts'
import type { ClusterView } from './cluster.ts'
import { type AntreaLevels, createLogLevel } from './log-level/index.ts'
import { createLogs, type OwnSource } from './logs/index.ts'
import type { PolicyNames } from './policies.ts'
import { createStatistics } from './statistics/index.ts'
import { createTraceflow } from './traceflow/index.ts'
import type { Operation } from './types.ts'

export interface OperationsDeps {
  /** Fenced by the lease in the daemon. */
  readonly kube: KubeClient
  /** The API server, for reads that are no single objects. */
  readonly http: HttpClient
  readonly clock: Clock
  readonly clusterId: string
  readonly cluster: ClusterView
  readonly names: PolicyNames
  /** This process's own log, where it keeps one. */
  readonly own?: OwnSource & { readonly levels: LogLevels }
  /** The lease's namespace, where what is to be undone is written down. */
  readonly namespace: string
  /** Absent: Antrea's processes are not asked. */
  readonly antreaLevels?: AntreaLevels
  /** The agents' own API; absent: they are not asked. */
  readonly agents?: AgentClient
  /** Of the lease, for writes that `kube` does not carry; open where there is none. */
  readonly gate?: WriteGate
  /** Of the adapter. */
  readonly version: string
  /** What this process tells of itself in a support bundle. */
  readonly ownFiles?: OwnFiles
}

/** All kinds. */
export function createOperations(deps: OperationsDeps): readonly Operation[] {
  return [
    createStatistics({
      ...deps,
      ...deps.cluster,
      ...(deps.agents === undefined ? {} : { askAgents: deps.agents }),
    }),
    createTraceflow({ ...deps, ...deps.cluster }),
    createLogs(deps),
    createSupportBundle(deps),
    createLogLevel({
      ...deps,
      agentNodes: async (signal) => (await deps.cluster.agents(signal)).map(({ metadata }) => metadata.name),
      ...(deps.antreaLevels === undefined ? {} : { antrea: deps.antreaLevels }),
    }),
  ]
}

export {
  BUNDLE_COMPONENTS,
  type BundleComponent,
  type BundleDeps,
  createSupportBundle,
  type MadeFile,
  masked,
  type OwnFiles,
  ownFilesOf,
  type SupportBundleOperation,
  type WantedBundle,
} from './bundle/index.ts'
export {
  type ClusterStores,
  type ClusterView,
  placesOfClient,
  placesOfStores,
  viewOfClient,
  viewOfStores,
} from './cluster.ts'
export {
  type AntreaLevels,
  createAntreaLevels,
  createLogLevel,
  KLOG_LEVEL_MAX,
  klogLevelOf,
  type LevelTarget,
  type LogLevelOperation,
  readEach,
  type TargetState,
  type WantedLevel,
} from './log-level/index.ts'
export {
  createLogs,
  isAtLeast,
  LOG_COMPONENTS,
  type LogComponent,
  type LogLine,
  type LogsDeps,
  type LogsOperation,
  levelOfLine,
  type OwnSource,
  secondsOf,
  type WantedLogs,
} from './logs/index.ts'
export { createMemory, type Memory, type MemoryDeps } from './memory.ts'
export { COMMAND_LINE, OPERATION_LABEL, objectName, operationMeta, rememberedBy } from './names.ts'
export { type PolicyNames, ruleIdOf } from './policies.ts'
export {
  type AgentTotals,
  type AskAgents,
  answerOf,
  type PolicyFigures,
  readStatistics,
  type Statistics,
  type StatisticsDeps,
} from './statistics/index.ts'
export { type SweepDeps, sweepOperations } from './sweep.ts'
export {
  createTraceflow,
  familyOf,
  type PodRef,
  TRACE_TIMEOUT_S,
  type Trace,
  type TraceEnd,
  type TraceflowOperation,
  type TracePacket,
} from './traceflow/index.ts'
export type {
  Content,
  ContentSink,
  ContentSum,
  Fields,
  HeldContent,
  Operation,
  OperationWord,
  Remembered,
  Run,
  Work,
} from './types.ts'
