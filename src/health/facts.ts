/**
 * What the parts tell of their work as it is done. Diagnostics keep it, metrics may count it; nothing is decided from it,
 * and who tells never waits. Texts are for people and short; no secret is in them.
 */

/** How one piece of work ended. */
export interface FactOutcome {
  /** `done`; `failed` and `refused` have a code; `stopped`: given up before its end. */
  readonly outcome: 'done' | 'failed' | 'refused' | 'stopped'
  /** Of the AdapterError. */
  readonly code?: string
  readonly message?: string
}

/** One step of a plan: an object written to the cluster (ccp) or to NSX's inventory (mp). */
export interface StepFact extends FactOutcome {
  readonly kind: 'step'
  readonly channel: 'ccp' | 'mp'
  /** The plan's number in this process. */
  readonly plan: number
  /** `create-policy`, `UPDATE ContainerApplicationInstance` … */
  readonly step: string
  /** Name or external id of the object. */
  readonly subject: string
  /** Milliseconds of this write; absent where many went in one call. */
  readonly tookMs?: number
}

/** A plan that was carried out, or tried; told after its steps. */
export interface PlanFact extends FactOutcome {
  readonly kind: 'plan'
  readonly channel: 'ccp' | 'mp'
  readonly plan: number
  /** How many steps of each sort. */
  readonly steps: Readonly<Record<string, number>>
  /** Steps carried out. */
  readonly written: number
  readonly tookMs: number
  /** ccp: from the oldest change in NSX that this plan carries out until now; only where all of it is done. */
  readonly deliveredMs?: number
}

export interface SessionFact {
  readonly kind: 'session'
  readonly channel: 'ccp' | 'mp'
  readonly state: 'opened' | 'ended'
  readonly session: string
  /** When it ended: how long it was open, and why it did. */
  readonly openMs?: number
  readonly code?: string
  readonly message?: string
}

/** A request of the manager, answered. */
export interface RequestFact {
  readonly kind: 'request'
  readonly request: string
  /** `TRACEFLOW` and its like. */
  readonly asked: string
  readonly outcome: 'done' | 'failed' | 'cancelled' | 'timed-out'
  readonly code?: string
  readonly message?: string
  readonly tookMs: number
}

/** A warning became visible, says something else, or is over. */
export interface WarningFact {
  readonly kind: 'warning'
  readonly code: string
  readonly state: 'raised' | 'changed' | 'over'
  readonly severity: 'info' | 'warning' | 'error'
  readonly detail: string
}

/** What keeps a policy of NSX from being written as it is; told when it changes, without codes when it is over. */
export interface ProblemFact {
  readonly kind: 'problem'
  /** The policy's path in NSX. */
  readonly policy: string
  readonly codes: readonly string[]
  /** The first one's words. */
  readonly message: string
}

/** This process begins or ends. Charts of one before it are gone. */
export interface ProcessFact {
  readonly kind: 'process'
  readonly state: 'started' | 'stopped'
  readonly instance: string
  readonly version: string
}

export type Fact = StepFact | PlanFact | SessionFact | RequestFact | WarningFact | ProblemFact | ProcessFact

/** Takes a fact; must neither throw nor wait. */
export type TellFact = (fact: Fact) => void
