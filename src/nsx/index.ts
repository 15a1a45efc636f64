/** One NSX Manager as a client sees it: calls, streams, sessions, error classes (contract.ts); NSX's shapes (model.ts). For ccp, mp and the composition. */
export { createNsxManager, type NsxManagerOptions } from './client.ts'
export type { NsxCall, NsxManager, NsxStream, NsxStreamCall } from './contract.ts'
export { createLinkWarnings, type LinkDeps, type LinkWarnings, linkWarning, openLink } from './link.ts'
export { asObserver } from './observer.ts'
export { paginate } from './paginate.ts'
