/** Antrea's CustomResourceDefinitions, written as builders. Pure; only the stand-in and its tests come in here. */
export { conversionBy, customResourceDefinitions, servedAt, versionOf } from './definitions.ts'
export { DEFINITIONS, type Definition } from './kinds.ts'
export type { Schema } from './schema.ts'
