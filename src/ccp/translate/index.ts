/**
 * From NSX's objects to Antrea's, pure: the same set gives the same bytes. What cannot be said exactly is refused as a
 * whole policy, with a code of codes/. The rest of ccp comes in here, and the command line for `explain`.
 */
export { groupSpecHash, isUuidName, normalPolicySpec, policySpecHash } from './canonical.ts'
export { CODES, type Code, type CodeText, UNRESOLVED } from './codes/index.ts'
export {
  type AntreaFeatures,
  type ClusterFacts,
  type FieldTree,
  specFieldsOf,
  UNKNOWN_CLUSTER,
} from './facts.ts'
export { isError, problem } from './findings.ts'
export { CATEGORIES } from './order.ts'
export { groupsOf } from './policy.ts'
export { Relation } from './relation.ts'
export { createTranslator, type Translate, type TranslateSettings } from './translate.ts'
export type * from './types.ts'
export { objectKey } from './types.ts'
