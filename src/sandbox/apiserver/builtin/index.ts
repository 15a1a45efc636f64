/** The built-in resources: their fields, defaults, validation and columns, as far as the sandbox serves them. Pure. */
export { AGE, NAME } from './columns.ts'
export { overEmpty } from './defaults.ts'
export { builtinResources } from './resources.ts'
export { structShape } from './shapes.ts'
