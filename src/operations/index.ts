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
export { createMemory, type Memory, type MemoryDeps } from './memory.ts'
export { OPERATION_LABEL, objectName, operationMeta, rememberedBy } from './names.ts'
export { type SweepDeps, sweepOperations } from './sweep.ts'
export type { Fields, Operation, OperationWord, Remembered, Run, Work } from './types.ts'
