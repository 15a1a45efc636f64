/**
 * Policy down, realization up: the life of the CCP channel. Six regions beside each other: the link to the manager;
 * enforcement, which goes on from the desired set in memory while the link is down; the guard that has a large delete
 * looked at twice; the pause, in which nothing is written; and (reporting.ts) the reports and the evidence for them.
 */
import { and, assign, fromCallback, fromPromise, not, raise, setup, stateIn } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import type { Session } from '../src/protocol/session.ts'
import {
  type ChannelEvent,
  errorOf,
  LINK_CONTEXT,
  LINK_DELAYS,
  type LinkContext,
  type LinkEvent,
  linkPorts,
  linkRegion,
  missing,
  needsPerson,
  noteError,
} from './link.ts'
import { PAUSE_DELAYS, pauseRegion } from './pause.ts'
import {
  type EvidenceRead,
  evidenceRegion,
  type Flushed,
  REPORTING_CONTEXT,
  REPORTING_DELAYS,
  type ReportingContext,
  reportingRegion,
} from './reporting.ts'

export type { EvidenceRead, Flushed } from './reporting.ts'

export type CcpEvent =
  | ChannelEvent
  | LinkEvent
  /** The complete set of what NSX wants is another one now, or was confirmed. */
  | { readonly type: 'DESIRED' }
  /** Somebody (perhaps we) changed an object that is planned from. */
  | { readonly type: 'CHANGED' }
  /** Only what is reported changed: a status. */
  | { readonly type: 'STATUS' }
  /** A policy that NSX did not make and that has no status came or changed. */
  | { readonly type: 'POLICIES' }
  /** Raised inside: from now on nothing is written, whatever is half done. */
  | { readonly type: 'HOLD' }

/** What `plan` found. The plan itself stays with the port. */
export interface Planned {
  readonly steps: number
  /** Groups that antrea-controller has to compute before the rest can be planned. */
  readonly awaiting: number
  /** Deletes wait for another snapshot. */
  readonly guarded: boolean
  /** Look again after this, although nothing changes. */
  readonly againMs: number | undefined
  /** What is to be reported is another thing than before. */
  readonly isNews?: boolean
}

export type Applied =
  /** Plan again at once: the steps were a beginning, or something was refused and is planned around. */
  { readonly kind: 'done' | 'again' } | { readonly kind: 'failed'; readonly error: AdapterError }

export interface CcpContext extends LinkContext, ReportingContext {
  readonly isLeading: boolean
  /** After STOP nothing leaves its end any more. */
  readonly isStopping: boolean
  readonly isKubeReady: boolean
  /** A complete set is in memory. */
  readonly isDesired: boolean
  readonly planned: Planned | undefined
  readonly writeError: AdapterError | undefined
  /** Failed attempts to write since the last that did not; sets the back-off. */
  readonly writeFailures: number
  /** Something happened while a plan was made or carried out. */
  readonly isStale: boolean
  /** Writes of a plan were sent, and the cluster is not yet as it is wanted. */
  readonly isMidway: boolean
}

const isOutdated = ({ writeError }: CcpContext): boolean =>
  ['KUBE_CONFLICT', 'KUBE_ALREADY_EXISTS', 'KUBE_NOT_FOUND'].includes(writeError?.code ?? '')

const outputOf = <T>(event: unknown): T => (event as { output: T }).output

const base = setup({
  types: { context: {} as CcpContext, events: {} as CcpEvent },
  actors: {
    ...linkPorts,
    /** Snapshot, then watch; sends DESIRED with each complete set it has handed over. */
    follow: fromCallback<CcpEvent, LinkContext>(() => {
      throw new Error('the port follow is not provided')
    }),
    /** Sends CHANGED and STATUS as the stores change. */
    observe: fromCallback<CcpEvent>(() => {
      throw new Error('the port observe is not provided')
    }),
    plan: fromPromise<Planned>(() => missing('plan')),
    /** Carries out what was planned last; aborted when the state is left. */
    apply: fromPromise<Applied>(() => missing('apply')),
    /** One call of a report. */
    flush: fromPromise<Flushed, Session | undefined>(() => missing('flush')),
    readEvidence: fromPromise<EvidenceRead>(() => missing('readEvidence')),
  },
  actions: {
    setLeader: assign({ leader: ({ event }) => (event.type === 'LEAD' ? event.leader : undefined) }),
    setSession: assign({ session: ({ event }) => outputOf<Session>(event) }),
    remember: assign(({ context, event }) => noteError(context, errorOf(event))),
    noteDeadline: assign(({ context }) => noteError(context, undefined)),
    settle: assign({ failures: 0, repeats: 0, error: undefined }),
    forgetLink: assign({ session: undefined }),
    reportWell: () => {},
    reportProblem: () => {},
    hold: raise({ type: 'HOLD' }),

    setStale: assign({ isStale: true }),
    setFresh: assign({ isStale: false }),
    noteWriteError: assign(({ context, event }) => {
      const applied = (event as { output?: Applied }).output
      const error = applied?.kind === 'failed' ? applied.error : errorOf(event)
      return { writeError: error, writeFailures: context.writeFailures + 1 }
    }),
    forgetWriteError: assign({ writeError: undefined, writeFailures: 0 }),
    noteGroupsLate: assign(({ context }) => ({
      writeFailures: context.writeFailures + 1,
      writeError: undefined,
    })),
    /** Tells health and the reports how writing stands, from the context. */
    sayWrites: () => {},
    /** The same while nothing is written because somebody wants it so. */
    sayHeld: () => {},
    setMidway: assign({ isMidway: true }),
    setWhole: assign({ isMidway: false }),
    /** A person agrees to deletes. */
    approve: () => {},
    /** Forget what was remembered of the cluster. */
    standDown: () => {},

    setReportStale: assign({ isReportStale: true }),
    noteNews: assign(({ context, event }) => ({
      isReportStale: context.isReportStale || outputOf<Planned>(event).isNews === true,
    })),
    setReportFresh: assign({ isReportStale: false }),
    noteFlushed: assign(({ event }) => ({
      reportFailures: 0,
      reportAgainMs: outputOf<Flushed>(event).againMs,
    })),
    noteReportFailure: assign({ reportFailures: ({ context }) => context.reportFailures + 1 }),
    failLink: raise(({ event }) => ({
      type: 'FAILED' as const,
      error: (event as unknown as { error: AdapterError }).error,
    })),
    setEvidenceStale: assign({ isEvidenceStale: true }),
    setEvidenceFresh: assign({ isEvidenceStale: false }),
    noteEvidence: assign(({ event }) => ({
      evidenceFailures: 0,
      evidenceAgainMs: outputOf<EvidenceRead>(event).againMs,
      isReportStale: true,
    })),
    noteEvidenceFailure: assign(({ context }) => ({
      evidenceFailures: context.evidenceFailures + 1,
      isReportStale: true,
    })),
  },
  guards: {
    needsPerson: ({ context }) => needsPerson(context),
    isRunning: ({ context }) => !context.isStopping,
    mayEnforce: ({ context }) => context.isLeading && context.isKubeReady && context.isDesired,
    isPaused: stateIn({ pause: 'on' }),
    isMidway: ({ context }) => context.isMidway,
    isWhole: ({ context }) => !context.isMidway,
    hasSteps: ({ context }) => (context.planned?.steps ?? 0) > 0,
    isAwaiting: ({ context }) => (context.planned?.awaiting ?? 0) > 0,
    isGuarded: ({ context }) => context.planned?.guarded === true,
    isStale: ({ context }) => context.isStale,
    isOutdatedAndShown: ({ context }) => context.isStale && isOutdated(context),
    hasFailed: ({ event }) => outputOf<Applied | undefined>(event)?.kind === 'failed',
    /** The cluster was another one than was planned from: what it is now is planned at once when it shows. */
    isOutdated: ({ context }) => isOutdated(context),
    isOnlyLate: ({ context }) => context.writeError === undefined,
    writeNeedsPerson: ({ context }) => context.writeError?.kind === 'needs-person',
    hasSession: ({ context }) => context.session !== undefined && context.isDesired,
    hasNoSession: ({ context }) => context.session === undefined,
    goesOn: ({ event }) => outputOf<Flushed | undefined>(event)?.more === true,
    isReportStale: ({ context }) => context.isReportStale,
    isEvidenceStale: ({ context }) => context.isEvidenceStale,
    mayObserve: ({ context }) => context.isLeading && context.isKubeReady && !context.isStopping,
    reportsAgain: ({ context }) => context.reportAgainMs !== undefined,
    endsSession: ({ event }) => SESSION_ENDED.has(errorOf(event)?.code ?? ''),
  },
  delays: {
    ...LINK_DELAYS,
    ...PAUSE_DELAYS,
    ...REPORTING_DELAYS,
    backoff: 30_000,
    writeBackoff: 30_000,
    /** antrea-controller computes a new group at once; if not within this, the plan starts over. */
    groupsComputed: 10_000,
    /** Before a change is looked at by one whose writes are refused: somebody may change something all the time. */
    blockedBreath: 1_000,
    /** What only a person can change is looked at again 30 s after it was refused. */
    blockedRetry: 29_000,
    /** Nothing changed: the comparison is made again so often. */
    look: ({ context }) => Math.max(context.planned?.againMs ?? 600_000, 50),
    /** Between the first sight of a large delete and the second snapshot. */
    secondLook: 30_000,
    secondLookAgain: 60_000,
  },
})

/** What a report can be told that only a new session heals. */
const SESSION_ENDED: ReadonlySet<string> = new Set([
  'SESSION_ENDED',
  'STALE_LEADER',
  'CLUSTER_IDENTITY',
  'NSX_CONFLICT',
  'NSX_GONE',
  'NSX_NOT_FOUND',
])

/**
 * What a plan is made from may change at any time: then it is made again. Everything is thrown away when leading or the
 * sight of the cluster is lost, and made anew when both are back.
 */
const enforcement = base.createStateConfig({
  initial: 'idle',
  invoke: { src: 'observe' },
  on: {
    LEAD: { actions: assign({ isLeading: true }) },
    /** Somebody else leads with a newer set perhaps: what is in memory counts again only after a full sync. */
    STANDBY: {
      guard: 'isRunning',
      target: '.idle',
      actions: [assign({ isLeading: false, isDesired: false, planned: undefined }), 'standDown'],
    },
    KUBE_READY: { actions: assign({ isKubeReady: true }) },
    KUBE_LOST: { guard: 'isRunning', target: '.idle', actions: assign({ isKubeReady: false }) },
    DESIRED: { actions: assign({ isDesired: true, isStale: true }) },
    CHANGED: { actions: 'setStale' },
    APPROVE: { actions: ['approve', 'setStale'] },
    STOP: { target: '.stopped', actions: assign({ isStopping: true }) },
  },
  states: {
    idle: { entry: 'setWhole', always: { guard: 'mayEnforce', target: 'planning' } },
    planning: {
      entry: 'setFresh',
      invoke: {
        src: 'plan',
        onDone: {
          target: 'deciding',
          actions: [assign({ planned: ({ event }) => event.output }), 'noteNews'],
        },
        onError: { target: 'failing', actions: 'noteWriteError' },
      },
    },
    deciding: {
      always: [
        { guard: and(['hasSteps', 'isPaused']), target: 'paused' },
        { guard: 'hasSteps', target: 'applying' },
        { guard: 'isStale', target: 'planning' },
        { guard: 'isAwaiting', target: 'awaiting' },
        { target: 'settled' },
      ],
    },
    applying: {
      entry: 'setMidway',
      on: { HOLD: 'planning' },
      invoke: {
        src: 'apply',
        onDone: [
          { guard: 'hasFailed', target: 'failing', actions: 'noteWriteError' },
          { target: 'planning', actions: ['forgetWriteError', 'sayWrites'] },
        ],
        onError: { target: 'failing', actions: 'noteWriteError' },
      },
    },
    /** New groups are written; nothing names them before they are computed. */
    awaiting: {
      on: {
        CHANGED: 'planning',
        DESIRED: { target: 'planning', actions: assign({ isDesired: true }) },
        APPROVE: { target: 'planning', actions: 'approve' },
      },
      after: { groupsComputed: { target: 'failing', actions: 'noteGroupsLate' } },
    },
    settled: {
      entry: ['forgetWriteError', 'sayWrites', 'setWhole'],
      always: { guard: 'isStale', target: 'planning' },
      after: { look: 'planning' },
    },
    failing: {
      entry: 'sayWrites',
      always: [{ guard: 'writeNeedsPerson', target: 'blocked' }, { target: 'retrying' }],
    },
    retrying: {
      // The cluster may have shown it before the refusal was here.
      always: { guard: 'isOutdatedAndShown', target: 'planning' },
      on: {
        CHANGED: [
          { guard: 'isOutdated', target: 'planning' },
          // Nothing was refused: only groups are late, and what else is changed is put back at once.
          { guard: 'isOnlyLate', target: 'planning' },
          { actions: 'setStale' },
        ],
        DESIRED: { target: 'planning', actions: assign({ isDesired: true }) },
        APPROVE: { target: 'planning', actions: 'approve' },
      },
      after: { writeBackoff: 'planning' },
    },
    /** What only a person can change is no reason to leave what somebody changes: it is planned again, after a breath. */
    blocked: {
      on: {
        DESIRED: { target: 'planning', actions: assign({ isDesired: true }) },
        APPROVE: { target: 'planning', actions: 'approve' },
      },
      after: { blockedBreath: 'barred' },
    },
    barred: {
      always: { guard: 'isStale', target: 'planning' },
      after: { blockedRetry: 'planning' },
    },
    /** What would be written is known, and planned again with each change, so that it is reported; nothing is written. */
    paused: {
      entry: 'sayHeld',
      always: [
        { guard: 'isStale', target: 'planning' },
        { guard: not('isPaused'), target: 'planning' },
      ],
      after: { look: 'planning' },
    },
    stopped: { type: 'final' },
  },
})

/** A large delete is believed when a second snapshot, some time later, says the same. */
const guard = base.createStateConfig({
  initial: 'clear',
  on: { STANDBY: { guard: 'isRunning', target: '.clear' }, STOP: '.stopped' },
  states: {
    clear: { always: { guard: 'isGuarded', target: 'waiting' } },
    waiting: {
      always: { guard: ({ context }) => context.planned?.guarded !== true, target: 'clear' },
      after: { secondLook: 'asking' },
    },
    asking: {
      entry: raise({ type: 'RESYNC' }),
      always: { guard: ({ context }) => context.planned?.guarded !== true, target: 'clear' },
      after: { secondLookAgain: { target: 'asking', reenter: true } },
    },
    stopped: { type: 'final' },
  },
})

export const CCP_CONTEXT: CcpContext = {
  ...LINK_CONTEXT,
  ...REPORTING_CONTEXT,
  isLeading: false,
  isStopping: false,
  isKubeReady: false,
  isDesired: false,
  planned: undefined,
  writeError: undefined,
  writeFailures: 0,
  isStale: false,
  isMidway: false,
}

export const ccpMachine = base.createMachine({
  id: 'ccp',
  type: 'parallel',
  context: CCP_CONTEXT,
  states: {
    link: linkRegion,
    enforcement,
    guard,
    pause: pauseRegion,
    reporting: reportingRegion,
    evidence: evidenceRegion,
  },
})
