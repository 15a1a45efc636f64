/** What antrea-controller's webhooks change and refuse, in its words. Pure but for serve.ts; only the stand-in comes in here. */
export { MutatorCrash } from './mutate.ts'
export type { Lookup, Webhook } from './review.ts'
export { review, specOf, WEBHOOKS } from './review.ts'
export { serveReview } from './serve.ts'
export type { TierLookup } from './tiers.ts'
export { DEFAULT_TIER, SYSTEM_TIERS } from './tiers.ts'
