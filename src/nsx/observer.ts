/** A manager as who only observes speaks with it. */
import type { NsxManager } from './contract.ts'

/**
 * Sessions are opened as the lowest leader there can be: beside a live session of who enforces they are refused
 * (STALE_LEADER), and such a one's session ends them. So an observer never takes the manager away from a real leader.
 */
export const asObserver = (nsx: NsxManager): NsxManager => ({
  ...nsx,
  openSession: (channel, clusterId, request, signal) =>
    nsx.openSession(channel, clusterId, { ...request, leader: { lease_created: 0, transitions: 0 } }, signal),
})
