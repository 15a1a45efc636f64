/**
 * What antrea-controller does with Traceflows, Egresses, pools and SupportBundleCollections: each follows its objects and
 * writes them back. Only the stand-in's run and its APIs come in here.
 */
export type { BundleReport, Collections, WireCollection } from './collections.ts'
export { startCollections } from './collections.ts'
export type { Egress } from './egresses.ts'
export { startEgresses } from './egresses.ts'
export type { Observation, Traceflow, TraceResult } from './traceflows.ts'
export { startTraceflows, TRACEFLOWS } from './traceflows.ts'
