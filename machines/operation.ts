/**
 * One request of the manager: accepted → running → reporting → done | failed | cancelled | timed out. Two regions: `work`
 * carries it out, `talk` tells the manager what there is to tell, in order, over whichever session there is. The work
 * outlives a session (what was not heard is told again to the next one); it does not outlive the leadership: the next
 * leader gets the request again and finds in the cluster what was done.
 */
import { assign, enqueueActions, fromCallback, fromPromise, raise, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import { errorOf, missing } from './link.ts'

export interface OperationRequest {
  readonly id: string
  readonly kind: string
  readonly body: unknown
  /** From receipt until the final answer is decided. */
  readonly timeoutMs: number
}

export interface Attached {
  readonly session: string
  /** The manager's count of how often it sent this request. */
  readonly attempt: number
}

export type OperationEvent =
  /** The manager sent the request, in this session. */
  | ({ readonly type: 'ATTACH' } & Attached)
  /** The session is over. */
  | { readonly type: 'DETACH' }
  | { readonly type: 'CANCEL' }
  /** From `turn`: one of the places of its kind is free. */
  | { readonly type: 'TURN' }
  /** There is something to tell. */
  | { readonly type: 'SAY' }
  /** Raised inside: the final answer was heard; there is no more to tell. */
  | { readonly type: 'ANSWERED' }
  | { readonly type: 'OVER' }

export type Outcome =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: AdapterError }
  | { readonly kind: 'cancelled' }
  /** `error`: of the last try, where one failed. */
  | { readonly kind: 'timed-out'; readonly error: AdapterError | undefined }

/** What telling came to: `final` when the last word is acknowledged, `gone` when nobody asks any more. */
export type Told = 'more' | 'final' | 'gone'

export interface OperationContext {
  readonly request: OperationRequest
  readonly attached: Attached | undefined
  readonly outcome: Outcome | undefined
  /** Of the last try that failed, and how many did in a row. */
  readonly error: AdapterError | undefined
  readonly failures: number
  readonly tellError: AdapterError | undefined
  readonly tellFailures: number
  /** The manager has forgotten the request: nobody hears an answer. */
  readonly isUnasked: boolean
}

/** Passes by itself, or with the lease: tried again until the deadline. */
const passes = (error: AdapterError | undefined): boolean =>
  error?.kind === 'retry' || error?.code === 'LEASE_NOT_HELD'

const base = setup({
  types: {
    context: {} as OperationContext,
    events: {} as OperationEvent,
    input: {} as OperationRequest & Attached,
  },
  actors: {
    /** Waits for a place, sends TURN, and gives the place back when it is stopped. */
    turn: fromCallback<OperationEvent, OperationContext>(() => {
      throw new Error('the port turn is not provided')
    }),
    /** Does it. Called again after an error that passes: what it did before it finds in the cluster. */
    run: fromPromise<unknown, OperationContext>(() => missing('run')),
    /** Takes away what it left in the cluster. Nothing to take away is fine. */
    clear: fromPromise<void, OperationContext>(() => missing('clear')),
    /** One call with what the manager has not heard. */
    tell: fromPromise<Told, OperationContext>(() => missing('tell')),
  },
  actions: {
    attach: assign({
      attached: ({ event }) => {
        const { session, attempt } = event as Attached
        return { session, attempt }
      },
      tellFailures: 0,
    }),
    detach: assign({ attached: undefined }),
    /** Everything is told from the start to who asks anew. */
    beginAnswer: () => {},
    noteError: assign({
      error: ({ event }) => errorOf(event),
      failures: ({ context }) => context.failures + 1,
    }),
    noteDone: assign({
      outcome: ({ event }) => ({ kind: 'done', result: (event as { output?: unknown }).output }) as Outcome,
    }),
    noteFailed: assign({
      outcome: ({ event }) => {
        const error = errorOf(event)
        return (error === undefined ? { kind: 'timed-out', error } : { kind: 'failed', error }) as Outcome
      },
    }),
    noteCancelled: assign({ outcome: { kind: 'cancelled' } as Outcome }),
    noteDeadline: assign({
      outcome: ({ context }) => ({ kind: 'timed-out', error: context.error }) as Outcome,
    }),
    /** The last word is put behind everything else that is to be told. */
    conclude: () => {},
    noteTellError: assign({
      tellError: ({ event }) => errorOf(event),
      tellFailures: ({ context }) => context.tellFailures + 1,
    }),
    noteTold: assign({ tellError: undefined, tellFailures: 0 }),
    noteUnasked: assign({ isUnasked: true }),
    reportClearError: () => {},
    reportTellError: () => {},
    reportUnheard: () => {},
    answered: enqueueActions(({ enqueue }) => enqueue.raise({ type: 'ANSWERED' })),
  },
  guards: {
    passes: ({ event }) => passes(errorOf(event)),
    hasUnsaid: () => false,
    toldFinal: ({ event }) => (event as { output?: Told }).output === 'final',
    toldGone: ({ event }) => (event as { output?: Told }).output === 'gone',
    isDone: ({ context }) => context.outcome?.kind === 'done',
    isFailed: ({ context }) => context.outcome?.kind === 'failed',
    isCancelled: ({ context }) => context.outcome?.kind === 'cancelled',
    isUnasked: ({ context }) => context.isUnasked,
  },
  delays: {
    deadline: ({ context }) => context.request.timeoutMs,
    runBackoff: 1_000,
    /** What is not cleared by then is swept later. */
    clearLimit: 15_000,
    /** A last word that no session took in so long interests nobody; the manager asks again if it does. */
    reportLimit: 600_000,
    /** What comes close together is told in one call. */
    gather: 50,
    tellBackoff: 1_000,
    tellLimit: 30_000,
  },
})

const whole = ({ context }: { context: OperationContext }): OperationContext => context

const work = base.createStateConfig({
  id: 'work',
  initial: 'open',
  states: {
    open: {
      invoke: { id: 'turn', src: 'turn', input: whole },
      initial: 'accepted',
      on: { CANCEL: { target: 'stopping', actions: 'noteCancelled' } },
      after: { deadline: { target: 'stopping', actions: 'noteDeadline' } },
      states: {
        accepted: { on: { TURN: 'running' } },
        running: {
          invoke: {
            src: 'run',
            input: whole,
            onDone: { target: '#work.reporting', actions: 'noteDone' },
            onError: [
              { guard: 'passes', target: 'waiting', actions: 'noteError' },
              { target: '#work.stopping', actions: 'noteFailed' },
            ],
          },
        },
        waiting: { after: { runBackoff: 'running' } },
      },
    },
    /** It is over before its end: what it began is taken back before anybody hears so. */
    stopping: {
      invoke: {
        src: 'clear',
        input: whole,
        onDone: 'reporting',
        onError: { target: 'reporting', actions: 'reportClearError' },
      },
      after: { clearLimit: 'reporting' },
    },
    /** What is left in the cluster stays until the answer is heard: a next leader answers from it. */
    reporting: {
      entry: ['conclude', raise({ type: 'SAY' })],
      always: { guard: 'isUnasked', target: 'clearing' },
      on: { ANSWERED: 'clearing' },
      after: { reportLimit: { target: 'clearing', actions: 'reportUnheard' } },
    },
    clearing: {
      entry: raise({ type: 'OVER' }),
      invoke: {
        src: 'clear',
        input: whole,
        onDone: 'over',
        onError: { target: 'over', actions: 'reportClearError' },
      },
      after: { clearLimit: 'over' },
    },
    over: {
      always: [
        { guard: 'isDone', target: 'done' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCancelled', target: 'cancelled' },
        { target: 'timedOut' },
      ],
    },
    done: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
    timedOut: { type: 'final' },
  },
})

const talk = base.createStateConfig({
  id: 'talk',
  initial: 'attached',
  on: {
    ATTACH: { target: '.attached', actions: ['attach', 'beginAnswer'] },
    DETACH: { target: '.detached', actions: 'detach' },
    OVER: '.over',
  },
  states: {
    detached: {},
    attached: {
      initial: 'choosing',
      states: {
        choosing: { always: [{ guard: 'hasUnsaid', target: 'gathering' }, { target: 'quiet' }] },
        quiet: { on: { SAY: 'gathering' } },
        gathering: { after: { gather: 'telling' } },
        telling: {
          invoke: {
            src: 'tell',
            input: whole,
            onDone: [
              { guard: 'toldFinal', target: 'heard', actions: ['noteTold', 'answered'] },
              { guard: 'toldGone', target: 'unasked', actions: ['noteTold', 'noteUnasked'] },
              { target: 'choosing', actions: 'noteTold' },
            ],
            onError: { target: 'pausing', actions: ['noteTellError', 'reportTellError'] },
          },
          after: { tellLimit: { target: 'pausing', actions: ['noteTellError', 'reportTellError'] } },
        },
        pausing: { after: { tellBackoff: 'choosing' } },
        heard: {},
        /** The manager has forgotten the request: it is given up like a cancelled one. */
        unasked: { entry: raise({ type: 'CANCEL' }) },
      },
    },
    over: { type: 'final', on: { ATTACH: {}, DETACH: {}, OVER: {} } },
  },
})

export const operationMachine = base.createMachine({
  id: 'operation',
  type: 'parallel',
  context: ({ input: { id, kind, body, timeoutMs, session, attempt } }) => ({
    request: { id, kind, body, timeoutMs },
    attached: { session, attempt },
    outcome: undefined,
    error: undefined,
    failures: 0,
    tellError: undefined,
    tellFailures: 0,
    isUnasked: false,
  }),
  states: { work, talk },
})
