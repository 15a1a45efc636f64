/** The aggregated APIs of antrea-controller over what is computed: requests in, answers and watches out. Only the stand-in comes in here. */
export { createBundle, SYSTEM } from './bundle.ts'
export type { NodeReport } from './controlplane.ts'
export { CONTROLPLANE_RESOURCES, createControlplane } from './controlplane.ts'
export { inForm } from './forms.ts'
export * from './replies.ts'
export type { Statistics } from './stats.ts'
export { createStatistics, STATS_RESOURCES } from './stats.ts'
export { createSystem, SYSTEM_RESOURCES } from './system.ts'
