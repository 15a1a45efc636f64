/**
 * The status endpoint: what the adapter does and what is wrong, for people, probes and scripts on this machine. A Handler;
 * the command line carries it on a unix socket (mode 0600) and, where wanted, on loopback; elsewhere (listen.ts) there are
 * health and metrics alone.
 */

export { type Console, type ConsoleOptions, createConsole } from './console.ts'
export { planFiles } from './diff-files.ts'
export type { DiffEnd, DiffHead, DiffHold, DiffLine, DiffStep } from './diff-lines.ts'
export type * from './explain-types.ts'
export { createInspection, type Inspection, type InspectSource } from './inspect.ts'
export { createRemoteAccess, createRemoteHandler, type RemoteAccess } from './listen.ts'
export type { Looking } from './sight.ts'
export { createStatusHandler, type StatusSource, type StatusView } from './status.ts'
