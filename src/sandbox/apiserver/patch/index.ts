/** Patches and field ownership: JSON Patch, merge patch, strategic merge patch, server-side apply, managedFields. Pure. */
export { applyConfiguration } from './apply.ts'
export { jsonPatch, PatchError } from './json-patch.ts'
export { trackUpdate, withoutReset } from './managed.ts'
export { mergePatch } from './merge.ts'
export { strategicPatch } from './strategic.ts'
export { keyProblem, typeProblem } from './typed.ts'
