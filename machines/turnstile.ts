/**
 * How many watches may dial at once: all of them while any stream lives (open). Once none does, one tries for all and the
 * others wait on it: ready → trying → proving → open, or → pausing, longer each time. A peer that answers its probe and
 * cuts every stream is not dialled by every watch again and again.
 */
import { assign, setup } from 'xstate'

export type TurnstileEvent =
  /** The one that asked first goes through; who asks knows by the state whether it was its turn. */
  | { readonly type: 'ENTER' }
  /** A stream is up … */
  | { readonly type: 'STREAMING' }
  /** … and is no longer, for whatever reason. */
  | { readonly type: 'GONE' }
  /** A watch failed for a reason that may be everybody's. */
  | { readonly type: 'LOST' }
  /** A watch was answered in words (not served, not allowed): the peer is well. */
  | { readonly type: 'ANSWERED' }
  | { readonly type: 'STOP' }

export interface TurnstileContext {
  /** Streams that are up. */
  readonly alive: number
  /** Trials that failed since all was well for a while; sets the pause. */
  readonly failures: number
}

export const turnstileMachine = setup({
  types: { context: {} as TurnstileContext, events: {} as TurnstileEvent },
  actions: {
    countStream: assign({ alive: ({ context }) => context.alive + 1 }),
    countGone: assign({ alive: ({ context }) => Math.max(0, context.alive - 1) }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forget: assign({ failures: 0 }),
  },
  guards: {
    noneLives: ({ context }) => context.alive === 0,
    noneLivesAgain: ({ context }) => context.alive === 0 && context.failures > 0,
  },
  delays: {
    /** A stream that lives so long was accepted … */
    proof: 1_000,
    /** … and so long without a loss of all of them, the peer is well again. */
    steady: 30_000,
    /** Longer than a watch lets its first answers take; for a trial that was stopped. */
    trialLimit: 90_000,
    pause: 4_000,
  },
}).createMachine({
  id: 'turnstile',
  context: { alive: 0, failures: 0 },
  initial: 'open',
  on: {
    STREAMING: { actions: 'countStream' },
    GONE: { actions: 'countGone' },
    STOP: '.stopped',
  },
  states: {
    open: {
      on: {
        LOST: [
          { guard: 'noneLivesAgain', target: 'pausing' },
          { guard: 'noneLives', target: 'ready' },
        ],
      },
      after: { steady: { actions: 'forget' } },
    },
    // A stream may come up in every state: what was dialling before goes on.
    ready: { on: { ENTER: 'trying', STREAMING: { target: 'proving', actions: 'countStream' } } },
    trying: {
      on: {
        STREAMING: { target: 'proving', actions: 'countStream' },
        LOST: [{ guard: 'noneLives', target: 'pausing' }, { target: 'open' }],
        ANSWERED: 'open',
      },
      after: { trialLimit: 'ready' },
    },
    proving: {
      // Another watch that fails meanwhile says nothing of this one.
      on: { LOST: { guard: 'noneLives', target: 'pausing' }, ANSWERED: 'open' },
      after: { proof: 'open' },
    },
    pausing: {
      entry: 'countFailure',
      after: { pause: 'ready' },
      on: { STREAMING: { target: 'proving', actions: 'countStream' } },
    },
    stopped: { type: 'final' },
  },
})
