/**
 * What the CCP channel tells NSX, as two regions of its chart: the reports, and beside them the looking for evidence of
 * policies that have no status of their own (Kubernetes NetworkPolicies).
 */
import type { Session } from '../src/protocol/session.ts'

export interface Flushed {
  /** Something changes by time alone: report again after this. */
  readonly againMs: number | undefined
  /** One call was taken and the report goes on with the next. */
  readonly more?: boolean
}

export interface EvidenceRead {
  /** Something is missing that is expected soon: read again after this, and not only at the period. */
  readonly againMs: number | undefined
}

export interface ReportingContext {
  readonly isReportStale: boolean
  readonly reportAgainMs: number | undefined
  readonly reportFailures: number
  /** A policy came or changed since evidence was read last. */
  readonly isEvidenceStale: boolean
  readonly evidenceAgainMs: number | undefined
  readonly evidenceFailures: number
}

export const REPORTING_CONTEXT: ReportingContext = {
  isReportStale: false,
  reportAgainMs: undefined,
  reportFailures: 0,
  isEvidenceStale: false,
  evidenceAgainMs: undefined,
  evidenceFailures: 0,
}

/** On the evidence of each agent's heartbeat, which comes once a minute, nothing is older than this period. */
const EVIDENCE_PERIOD_MS = 60_000

export const REPORTING_DELAYS = {
  /** At most one flush a second. */
  flushPeriod: 1_000,
  /** One call of a report. */
  flushLimit: 20_000,
  /** Counted from the flush, of which the pause after it is a part. */
  reportAgain: ({ context }: { context: ReportingContext }) =>
    Math.max((context.reportAgainMs ?? 0) - 1_000, 0),
  reportBackoff: 30_000,
  /** Changes are gathered for so long before evidence is read. */
  evidencePause: 1_000,
  evidenceAgain: ({ context }: { context: ReportingContext }) =>
    Math.min(context.evidenceAgainMs ?? EVIDENCE_PERIOD_MS, EVIDENCE_PERIOD_MS),
  /** A list of some ten thousand policies through the aggregated API. */
  evidenceLimit: 30_000,
  evidenceBackoff: 30_000,
}

const flush = {
  src: 'flush',
  input: ({ context }: { context: { session: Session | undefined } }) => context.session,
  onDone: [
    { guard: 'goesOn', target: 'continuing', reenter: true, actions: 'noteFlushed' },
    { target: 'pausing', actions: 'noteFlushed' },
  ],
  onError: [
    { guard: 'endsSession', target: 'failing', actions: ['noteReportFailure', 'failLink'] },
    { target: 'failing', actions: 'noteReportFailure' },
  ],
} as const

const flushLimit = { flushLimit: { target: 'failing', actions: 'noteReportFailure' } } as const

/**
 * Changes are gathered while a report is under way and for a second after it. A report of many parts is one call after
 * the other, each with its own limit.
 *
 * Ports. Actor: `flush` (promise of Flushed). Actions: `setReportStale`, `setReportFresh`, `noteFlushed`,
 * `noteReportFailure`, `failLink` (raises FAILED with the event's error). Guards: `hasSession`, `hasNoSession`, `goesOn`
 * (the flush said `more`), `isReportStale`, `reportsAgain`, `endsSession`, `isRunning`. Delays: REPORTING_DELAYS.
 */
export const reportingRegion = {
  initial: 'off',
  on: {
    STATUS: { actions: 'setReportStale' },
    CHANGED: { actions: 'setReportStale' },
    DESIRED: { actions: 'setReportStale' },
    KUBE_READY: { actions: 'setReportStale' },
    KUBE_LOST: { actions: 'setReportStale' },
    STANDBY: { guard: 'isRunning', target: '.off' },
    STOP: '.stopped',
  },
  states: {
    off: { always: { guard: 'hasSession', target: 'sending' } },
    sending: {
      entry: 'setReportFresh',
      always: { guard: 'hasNoSession', target: 'off' },
      invoke: flush,
      after: flushLimit,
    },
    /** The next call of the same report: what changed meanwhile is told after it. */
    continuing: {
      always: { guard: 'hasNoSession', target: 'off' },
      invoke: flush,
      after: flushLimit,
    },
    pausing: {
      always: { guard: 'hasNoSession', target: 'off' },
      after: {
        flushPeriod: [
          { guard: 'isReportStale', target: 'sending' },
          { guard: 'reportsAgain', target: 'timing' },
          { target: 'quiet' },
        ],
      },
    },
    /** Something becomes true by time alone. */
    timing: {
      always: [
        { guard: 'hasNoSession', target: 'off' },
        { guard: 'isReportStale', target: 'sending' },
      ],
      after: { reportAgain: 'sending' },
    },
    quiet: {
      always: [
        { guard: 'hasNoSession', target: 'off' },
        { guard: 'isReportStale', target: 'sending' },
      ],
    },
    failing: {
      always: { guard: 'hasNoSession', target: 'off' },
      after: { reportBackoff: 'sending' },
    },
    stopped: { type: 'final' },
  },
} as const

/**
 * Evidence is read when a policy came or changed, and each minute; what only few agents hold is asked for by reading, for
 * whoever watches these objects counts as an agent.
 *
 * Ports. Actor: `readEvidence` (promise of EvidenceRead). Actions: `setEvidenceFresh`, `noteEvidence` (and STATUS),
 * `noteEvidenceFailure`. Guards: `mayObserve`, `isEvidenceStale`, `isRunning`. Delays: REPORTING_DELAYS.
 */
export const evidenceRegion = {
  initial: 'off',
  on: {
    POLICIES: { actions: 'setEvidenceStale' },
    STANDBY: { guard: 'isRunning', target: '.off' },
    KUBE_LOST: { guard: 'isRunning', target: '.off' },
    STOP: '.stopped',
  },
  states: {
    off: { always: { guard: 'mayObserve', target: 'reading' } },
    reading: {
      entry: 'setEvidenceFresh',
      invoke: {
        src: 'readEvidence',
        onDone: { target: 'pausing', actions: 'noteEvidence' },
        onError: { target: 'failing', actions: 'noteEvidenceFailure' },
      },
      after: { evidenceLimit: { target: 'failing', actions: 'noteEvidenceFailure' } },
    },
    pausing: {
      after: { evidencePause: [{ guard: 'isEvidenceStale', target: 'reading' }, { target: 'resting' }] },
    },
    resting: {
      on: { POLICIES: { target: 'gathering', actions: 'setEvidenceStale' } },
      after: { evidenceAgain: 'reading' },
    },
    /** antrea-controller needs a moment too. */
    gathering: { after: { evidencePause: 'reading' } },
    failing: { after: { evidenceBackoff: 'reading' } },
    stopped: { type: 'final' },
  },
} as const
