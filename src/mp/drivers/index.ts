/**
 * What the MP channel does otherwise with NSX's public API than with the channels' protocol: how the link is made and kept,
 * how health is told, how requests come and are answered. The chart, the inventory and the operations are the same.
 * Only the channel's index.ts and tests come in here.
 */
export { channelDriver } from './channel.ts'
export { restDriver } from './rest/index.ts'
export type { DriverDeps, MpDriver, MpLeader } from './types.ts'
