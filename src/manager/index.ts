/**
 * The NSX-compatible manager: the part of NSX's public API that concerns Antrea clusters, and the server side of both
 * channels (docs/protocol.md). docs/manager.md has the table of what it serves. The sandbox and tests come in here.
 */
export { createManager } from './manager.ts'
export { hashPassword } from './password.ts'
export type * from './types.ts'
