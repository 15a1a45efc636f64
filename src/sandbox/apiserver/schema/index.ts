/** Shapes and schemas: what fields there are, pruning, strict decoding, defaults, validation. Pure. */
export { withDefaults, withoutNulls } from './defaults.ts'
export { schemaProblems } from './problems.ts'
export { decodeTyped, type Pruned, prune } from './prune.ts'
export { newFindings } from './ratchet.ts'
export { ruleErrors, rulesNotChecked } from './rules.ts'
export { ANY, type Shape, type Struct } from './shape.ts'
export { hasRules, objectShape, type Schema } from './structural.ts'
export { validateSchema } from './validate.ts'
