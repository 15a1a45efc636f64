/** Traceflow as users see it (vcf-nsx 9.1.1): a config starts a run on its cluster; status and observations as they come. For manager.ts. */
export { traceflowRoutes } from './routes.ts'
export { createTraceflowRuns, type TraceflowRuns } from './runs.ts'
