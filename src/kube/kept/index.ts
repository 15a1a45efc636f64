/**
 * What is kept of built-in resources, field by field with their numbers in protobuf: one table for both formats, so that
 * JSON and protobuf cannot come to mean different things. For the readers and the projections of src/kube; pure.
 */
export { NAMESPACE, NODE, POD, SERVICE } from './core.ts'
export { BOOKMARK, LIST_META, STATUS } from './meta.ts'
export { ENDPOINT_SLICE, INGRESS, NETWORK_POLICY } from './networking.ts'
export { pick } from './pick.ts'
export type { Field, Message, Shape } from './shapes.ts'
