/**
 * The NSX-compatible manager: the part of NSX's public API that concerns Antrea clusters, and the server side of both
 * channels (docs/protocol.md). docs/manager.md has the table of what it serves. The sandbox and tests come in here.
 */
import type { Manager, ManagerOptions } from './types.ts'

export type * from './types.ts'

/** A manager with an empty policy store; nothing listens yet. */
export function createManager(_options: ManagerOptions): Manager {
  throw new Error('being written')
}
