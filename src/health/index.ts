/** Health as a table: warnings are declared (warnings.ts), set and cleared by code, and read by everybody alike. */
export type { ActiveWarning, ComponentName, Health } from './registry.ts'
export { createHealth } from './registry.ts'
export type { Severity, Warning, WarningCode } from './warnings.ts'
export { WARNINGS } from './warnings.ts'
