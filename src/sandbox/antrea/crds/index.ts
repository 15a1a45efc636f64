/** Antrea's CustomResourceDefinitions, written as builders. Pure; only the stand-in and its tests come in here. */
export { customResourceDefinitions, DEFINITIONS } from './definitions.ts'
export type { Schema } from './schema.ts'
