/**
 * An NSX Manager as a client sees it (contract.ts): with the channels (client.ts: calls, streams, sessions), or by its public
 * API alone (rest.ts: several managers, who we are there, pace); what answers mean (error-table.ts); NSX's shapes (model.ts).
 * For ccp, mp, the composition and the command line.
 */
export { createNsxManager, type NsxManagerOptions } from './client.ts'
export {
  type EndpointView,
  isRest,
  type NsxApi,
  type NsxCall,
  type NsxLogin,
  type NsxManager,
  type NsxRest,
  type NsxStream,
  type NsxStreamCall,
} from './contract.ts'
export { NsxAnswerError } from './errors.ts'
export { createLimiter, type Limiter, type LimiterOptions } from './limiter.ts'
export { createLinkWarnings, type LinkDeps, type LinkWarnings, linkWarning, openLink } from './link.ts'
export { asObserver } from './observer.ts'
export { type NsxRestGiven, type OpenNsxOptions, openNsx } from './open.ts'
export { paginate } from './paginate.ts'
export { createNsxRest, type NsxRestOptions } from './rest.ts'
