/**
 * Diagnostics: transitions read from XState's inspection (inspection.ts) and kept in SQLite on a thread of its own
 * (keeper.ts, database.ts, thread.ts) behind a bounded ring that nobody waits for. Nothing is decided from them; losing
 * them changes only what can be looked at later. For the composition, the command line and the sandbox.
 */
export { briefState } from './brief.ts'
export { inspectTransitions, stateWords, type Transition } from './inspection.ts'
export {
  createDiagnostics,
  type Diagnostics,
  type DiagnosticsCounts,
  type DiagnosticsOptions,
} from './keeper.ts'
export { createRing, type Ring } from './ring.ts'
