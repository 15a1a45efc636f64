/**
 * The composition: both channels, the Kubernetes side and one NSX under the root chart, and what may be looked at of them. The
 * daemon, the sandbox and tests come in here.
 */
export { createAdapter } from './adapter.ts'
export type { Insight } from './insight.ts'
export { type Adapter, type AdapterOptions, type AdapterSettings, WATCHED } from './types.ts'
