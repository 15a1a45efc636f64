/** The complete copy of what NSX wants: snapshot, watch, and their checks. Only ccp comes in here. */
export { type FollowDeps, type FollowHandlers, followPolicy } from './follow.ts'
export { readSnapshot, SNAPSHOT_LIMITS, type SnapshotLimits } from './snapshot.ts'
export { type DesiredState, desiredState } from './state.ts'
export { readWatch, WATCH_LIMITS, type WatchLimits } from './watch.ts'
