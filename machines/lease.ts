/**
 * Leading by a coordination/v1 Lease, as client-go's leader election does it: candidate → leading (holding ⇄ renewing)
 * → lost → candidate. Writes end at a deadline of their own, before the lease's; STOP gives the lease back.
 */
import { assign, fromPromise, sendParent, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import type { Leader } from './adapter.ts'

export type LeaseEvent = { readonly type: 'STOP' }

export type LeaseReport =
  | { readonly type: 'LEASE_HELD'; readonly leader: Leader }
  | { readonly type: 'LEASE_LOST' }

/** When an attempt began, on both clocks; what was asked then holds no longer than from then. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export interface LeaseContext {
  readonly leader: Leader | undefined
  /** Start of the last attempt that succeeded. */
  readonly since: Moment
  readonly error: AdapterError | undefined
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
    /** Gives it back, so that the next one need not wait. */
    release: fromPromise<void>(() => Promise.reject(new Error('the port release is not provided'))),
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
    releaseLimit: 3_000,
  },
}).createMachine({
  id: 'lease',
  context: { leader: undefined, since: { monotonicMs: 0, wallMs: 0 }, error: undefined },
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
      on: { STOP: 'releasing' },
      initial: 'term',
      states: {
        /** Entered anew by each successful renew, which starts both deadlines anew. */
        term: {
          initial: 'holding',
          after: { writeDeadline: { actions: 'shutGate' }, renewDeadline: '#lease.lost' },
          states: {
            holding: { after: { retryPeriod: 'renewing' } },
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
      },
    },
    lost: {
      entry: assign({ leader: undefined }),
      on: { STOP: 'stopped' },
      after: { candidatePeriod: 'candidate' },
    },
    releasing: {
      invoke: { src: 'release', onDone: 'stopped', onError: 'stopped' },
      after: { releaseLimit: 'stopped' },
    },
    stopped: { type: 'final' },
  },
})
