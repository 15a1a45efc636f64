/**
 * Diagnostics: what the adapter went through and did, for who looks later. Nothing is decided from them; losing them changes
 * only what can be looked at. Kept are transitions, read from XState's inspection (inspection.ts), facts that the parts tell
 * (src/health/facts.ts), and latencies as histograms (latencies.ts): rows of a moment, a kind and a subject (rows.ts). They
 * lie in SQLite on a thread of its own (keeper.ts, thread-client.ts, thread.ts, database.ts) behind a bounded ring that
 * nobody waits for, or in memory (memory.ts).
 *
 * To look at them, `History` has three questions: `select` (and `read`, for transitions) for rows of a range of time,
 * `standing` for how everything was at a moment, `span` for what moments there are. To scrub: `span`, then `standing` at the
 * moment, then `select` with `fromMs` and `first: 'oldest'` to play on from there. Without the daemon: `readHistoryFile`.
 *
 * For the composition, the command line and the sandbox.
 */
export { briefState } from './brief.ts'
export { readHistoryFile } from './file.ts'
export { inspectSessions, inspectTransitions, stateWords, type Transition } from './inspection.ts'
export {
  createDiagnostics,
  type Diagnostics,
  type DiagnosticsCounts,
  type DiagnosticsOptions,
  type History,
  type Recorder,
  type TransitionQuery,
} from './keeper.ts'
export { LATENCY_BOUNDS_MS, type LatencyRow, latencyAt } from './latencies.ts'
export { rememberDiagnostics } from './memory.ts'
export { createRing, type Ring } from './ring.ts'
export {
  type HistoryQuery,
  isRowKind,
  ROW_KINDS,
  type Row,
  type RowKind,
  type RowOf,
  type Span,
  type Standing,
  selectRows,
  standingAt,
  subjectOf,
} from './rows.ts'
