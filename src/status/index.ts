/**
 * How the adapter is, in one value for people and machines: state, conditions, progress, what is refused. The composition fills
 * it; the status endpoint, metrics, systemd and the command line read it.
 */
export type { StatusCondition } from './conditions.ts'
export { CONDITIONS } from './conditions.ts'
export { type ChannelProgress, createProgress, type Progress, type ProgressView } from './progress.ts'
export {
  COMPONENTS,
  checkName,
  type Pause,
  type ReadyCheck,
  type StatusSnapshot,
  statusOf,
} from './status.ts'
