/** From Pods, groups and policies to what agents get: converted policies, group members, spans. No I/O; only the stand-in comes in here. */
export type { ComputedGroup, Engine, EngineEvents } from './engine.ts'
export { createEngine } from './engine.ts'
export type { Change, Spanned, SpanStore } from './store.ts'
export { createSpanStore, NOWHERE } from './store.ts'
export type * from './wire.ts'
export { CONTROLPLANE } from './wire.ts'
export { convertWorldOf, lookupOf } from './world.ts'
