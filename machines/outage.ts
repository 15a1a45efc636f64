/**
 * Whether a peer answers at all: unknown → asking → reachable → doubtful → (reachable | unreachable). Many links share
 * one peer; while it is gone one probe at a time is sent for all of them, and everything else waits for its success.
 */
import { assign, fromPromise, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'

export type OutageEvent =
  /** Somebody wants to know. */
  | { readonly type: 'ASK' }
  /** A request got no answer, or a stream was cut: it may be that request, or all of them. */
  | { readonly type: 'DOUBT'; readonly error: AdapterError }
  | { readonly type: 'STOP' }

export interface OutageContext {
  /** Why it is gone; undefined while it is not. */
  readonly error: AdapterError | undefined
  /** Probes that failed since it was last reached; sets the back-off. */
  readonly failures: number
}

export const outageMachine = setup({
  types: { context: {} as OutageContext, events: {} as OutageEvent },
  actors: {
    /** One small request on a fresh socket; resolves when the peer answers. */
    probe: fromPromise<void>(() => Promise.reject(new Error('the port probe is not provided'))),
  },
  actions: {
    reportWell: () => {},
    reportProblem: () => {},
    remember: assign({ error: ({ event }) => (event as unknown as { error: AdapterError }).error }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forget: assign({ error: undefined, failures: 0 }),
  },
  delays: {
    /** Over the probe's own time-out, for a port that does not keep it. */
    probeLimit: 6_000,
    backoff: 30_000,
  },
}).createMachine({
  id: 'outage',
  context: { error: undefined, failures: 0 },
  initial: 'unknown',
  on: { STOP: '.stopped' },
  states: {
    unknown: { on: { ASK: 'asking', DOUBT: { target: 'asking', actions: 'remember' } } },
    asking: {
      invoke: {
        src: 'probe',
        onDone: 'reachable',
        onError: { target: 'unreachable', actions: 'remember' },
      },
      after: { probeLimit: 'unreachable' },
    },
    reachable: {
      entry: ['forget', 'reportWell'],
      on: {
        DOUBT: { target: 'doubtful', actions: 'remember' },
        ASK: 'doubtful',
      },
    },
    /** As asking, but what is under way goes on: most doubts are one socket's. */
    doubtful: {
      invoke: {
        src: 'probe',
        onDone: 'reachable',
        onError: { target: 'unreachable', actions: 'remember' },
      },
      after: { probeLimit: 'unreachable' },
    },
    unreachable: {
      initial: 'waiting',
      states: {
        waiting: {
          entry: ['countFailure', 'reportProblem'],
          after: { backoff: 'probing' },
        },
        probing: {
          invoke: {
            src: 'probe',
            onDone: '#outage.reachable',
            onError: { target: 'waiting', actions: 'remember' },
          },
          after: { probeLimit: 'waiting' },
        },
      },
    },
    stopped: { type: 'final' },
  },
})
