/**
 * Health as a table: warnings are declared (warnings.ts), set and cleared by code, and read by everybody alike. facts.ts is
 * what parts tell of their work as it is done. Everybody may come in here.
 */
export type {
  Fact,
  FactOutcome,
  PlanFact,
  ProblemFact,
  ProcessFact,
  RequestFact,
  SessionFact,
  StepFact,
  TellFact,
  WarningFact,
} from './facts.ts'
export type { ActiveWarning, ComponentName, Health } from './registry.ts'
export { createHealth } from './registry.ts'
export type { Severity, Warning, WarningCode } from './warnings.ts'
export { WARNINGS } from './warnings.ts'
