/** The managers of one NSX: how each of them is, and which one a call goes to. Only src/nsx and tests come in here. */
export { createEndpoints, type Endpoints, type EndpointsOptions } from './endpoints.ts'
export { choose, type EndpointState, failed, NEW_ENDPOINT } from './state.ts'
