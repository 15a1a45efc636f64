/**
 * Leading by a coordination/v1 Lease, as client-go's leader election does it: candidate → leading (holding ⇄ renewing)
 * → lost → candidate. Writes end at a deadline of their own, before the lease's; STOP gives the lease back, and GIVE_UP
 * offers it to another instance: leading → yielding → offering → candidate.
 */
import { assign, fromPromise, sendParent, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import type { Leader } from './adapter.ts'

export type LeaseEvent =
  | { readonly type: 'STOP' }
  /** That instance can do what this one cannot. Without effect where leadership was given up lately. */
  | { readonly type: 'GIVE_UP'; readonly to: string }

export type LeaseReport =
  | { readonly type: 'LEASE_HELD'; readonly leader: Leader }
  | { readonly type: 'LEASE_LOST' }

/** When an attempt began, on all three clocks; what was asked then holds no longer than from then. */
export interface Moment {
  readonly monotonicMs: number
  readonly bootMs: number
  readonly wallMs: number
}

export interface LeaseContext {
  readonly leader: Leader | undefined
  /** Start of the last attempt that succeeded. */
  readonly since: Moment
  readonly error: AdapterError | undefined
  /** To whom the lease is offered; undefined while it is not given up. */
  readonly successor: string | undefined
}

export const leaseMachine = setup({
  types: { context: {} as LeaseContext, events: {} as LeaseEvent },
  actors: {
    /** Looks at the lease once and takes it when it is free; undefined: somebody else holds it. */
    acquire: fromPromise<{ leader: Leader; since: Moment } | undefined>(() =>
      Promise.reject(new Error('the port acquire is not provided')),
    ),
    /** Renews once and says when that began; rejects with code LEASE_TAKEN when it is no longer ours. */
    renew: fromPromise<Moment>(() => Promise.reject(new Error('the port renew is not provided'))),
    /** Gives it back, so that the next one need not wait; with a name, that one may take it before all others. */
    release: fromPromise<void, string | undefined>(() =>
      Promise.reject(new Error('the port release is not provided')),
    ),
  },
  actions: {
    /** Writes may be sent until the deadline counted from `since`. */
    holdGate: () => {},
    /** No write from now on; those in flight are aborted. */
    shutGate: () => {},
    reportWell: () => {},
    reportProblem: () => {},
    sayHeld: sendParent(({ context }): LeaseReport => {
      if (context.leader === undefined) throw new Error('held without a leader')
      return { type: 'LEASE_HELD', leader: context.leader }
    }),
    sayLost: sendParent((): LeaseReport => ({ type: 'LEASE_LOST' })),
    remember: assign({ error: ({ event }) => (event as unknown as { error: AdapterError }).error }),
    forgetError: assign({ error: undefined }),
  },
  guards: {
    isTaken: ({ event }) => (event as unknown as { error?: AdapterError }).error?.code === 'LEASE_TAKEN',
    isRefused: ({ context }) => context.error?.kind === 'needs-person',
    /** Leadership was not given up in the last ten minutes, by anybody. */
    mayGiveUp: () => false,
    /** By the most pessimistic clock no write may be sent any more. */
    isWriteOver: () => false,
    /** The renew deadline has passed, also while the process or the machine stood still. */
    isOver: () => false,
  },
  delays: {
    /** Between two renews. */
    retryPeriod: 2_000,
    /** Between two looks of a candidate; jittered, and cut short when the holder's time ends sooner. */
    candidatePeriod: 2_000,
    refusedRetry: 30_000,
    attemptLimit: 10_000,
    /** Until writes must have ended: start of the last successful renew + renew deadline − request timeout. */
    writeDeadline: 5_000,
    /** Until leading ends: start of the last successful renew + renew deadline. */
    renewDeadline: 10_000,
    /** Timers stand still with the machine; the clocks are looked at so often, beside the timers. */
    clockLook: 1_000,
    /** From the end of writes to the offer: what was sent has arrived or is refused. */
    yieldPause: 500,
    releaseLimit: 3_000,
  },
}).createMachine({
  id: 'lease',
  context: {
    leader: undefined,
    since: { monotonicMs: 0, bootMs: 0, wallMs: 0 },
    error: undefined,
    successor: undefined,
  },
  initial: 'candidate',
  states: {
    candidate: {
      on: { STOP: 'stopped' },
      initial: 'trying',
      states: {
        trying: {
          invoke: {
            src: 'acquire',
            onDone: [
              {
                guard: ({ event }) => event.output !== undefined,
                target: '#lease.leading',
                actions: [
                  assign({
                    leader: ({ event }) => event.output?.leader,
                    since: ({ context, event }) => event.output?.since ?? context.since,
                  }),
                  'holdGate',
                  'forgetError',
                  'reportWell',
                ],
              },
              { target: 'pausing', actions: ['forgetError', 'reportWell'] },
            ],
            onError: { target: 'failing', actions: ['remember', 'reportProblem'] },
          },
          after: { attemptLimit: { target: 'pausing', actions: ['forgetError', 'reportProblem'] } },
        },
        failing: { always: [{ guard: 'isRefused', target: 'refused' }, { target: 'pausing' }] },
        pausing: { after: { candidatePeriod: 'trying' } },
        refused: { after: { refusedRetry: 'trying' } },
      },
    },
    leading: {
      entry: 'sayHeld',
      exit: ['shutGate', 'sayLost'],
      on: {
        STOP: 'releasing',
        GIVE_UP: {
          guard: 'mayGiveUp',
          target: 'yielding',
          actions: assign({ successor: ({ event }) => event.to }),
        },
      },
      initial: 'term',
      states: {
        /** Entered anew by each successful renew, which starts both deadlines anew. */
        term: {
          type: 'parallel',
          after: { writeDeadline: { actions: 'shutGate' }, renewDeadline: '#lease.lost' },
          states: {
            renewal: {
              initial: 'holding',
              states: {
                /** A process that stood still beyond its time asks for nothing: it would only keep others waiting. */
                holding: {
                  after: {
                    retryPeriod: [{ guard: 'isOver', target: '#lease.lost' }, { target: 'renewing' }],
                  },
                },
                renewing: {
                  invoke: {
                    src: 'renew',
                    onDone: {
                      target: '#lease.leading.term',
                      reenter: true,
                      actions: [
                        assign({ since: ({ event }) => event.output }),
                        'holdGate',
                        'forgetError',
                        'reportWell',
                      ],
                    },
                    onError: [
                      { guard: 'isTaken', target: '#lease.lost', actions: 'remember' },
                      { target: 'holding', actions: ['remember', 'reportProblem'] },
                    ],
                  },
                },
              },
            },
            clocks: {
              initial: 'even',
              states: {
                even: {
                  after: {
                    clockLook: [
                      { guard: 'isOver', target: '#lease.lost' },
                      { guard: 'isWriteOver', target: 'even', reenter: true, actions: 'shutGate' },
                      { target: 'even', reenter: true },
                    ],
                  },
                },
              },
            },
          },
        },
      },
    },
    lost: {
      entry: assign({ leader: undefined }),
      on: { STOP: 'stopped' },
      after: { candidatePeriod: 'candidate' },
    },
    /** The lease is still ours and nobody writes. */
    yielding: {
      entry: assign({ leader: undefined }),
      on: { STOP: 'releasing' },
      after: { yieldPause: 'offering' },
    },
    offering: {
      exit: assign({ successor: undefined }),
      on: { STOP: 'releasing' },
      invoke: {
        src: 'release',
        input: ({ context }) => context.successor,
        onDone: 'lost',
        onError: { target: 'lost', actions: ['remember', 'reportProblem'] },
      },
      after: { releaseLimit: 'lost' },
    },
    releasing: {
      invoke: { src: 'release', input: undefined, onDone: 'stopped', onError: 'stopped' },
      after: { releaseLimit: 'stopped' },
    },
    stopped: { type: 'final' },
  },
})
