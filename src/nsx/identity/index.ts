/** Who we are for a manager, beside the client certificate: a session's cookie and token, or name and password. Only src/nsx comes in here. */
export { createBasic } from './basic.ts'
export { createSessions } from './session.ts'
export type { Credentials, Identity } from './types.ts'
