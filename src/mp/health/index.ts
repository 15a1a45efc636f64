/**
 * The cluster's health as NSX shows it (AntreaClusterInfo): heartbeats (ages on our clock), judge (pure), report (posted
 * at the interval and at once when a status changes). Only the channel's index.ts and tests come in here.
 */
export { createAgentHealth } from './agents.ts'
export { createHeartbeats, type HeartbeatStores, type Heartbeats, writtenAt } from './heartbeats.ts'
export { judgeAgent, judgeHealth, type Seen, type SeenChannel } from './judge.ts'
export { createHealthReporter, type HealthReporter, type PostHealth } from './report.ts'
