/** The aggregated APIs of antrea-controller over what is computed: requests in, answers and watches out. Only the stand-in comes in here. */
export type { NodeReport } from './controlplane.ts'
export { CONTROLPLANE_RESOURCES, createControlplane } from './controlplane.ts'
export * from './replies.ts'
