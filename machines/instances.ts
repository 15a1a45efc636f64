/**
 * The instances of one cluster and what each of them can reach: a round of hello to the manager, own Lease, and a look at
 * the others' (greeting → announcing → surveying → sweeping → resting). Beside it, whether the manager is reached, and
 * the role. A leader that has not reached the manager for a while tells its parent of a standby that has.
 */
import { and, assign, fromPromise, raise, sendParent, setup, stateIn } from 'xstate'
import type { AdapterError } from '../src/errors.ts'

export type InstancesEvent =
  /** The role, from the root chart. */
  | { readonly type: 'LEAD' }
  | { readonly type: 'STANDBY' }
  | { readonly type: 'STOP' }
  /** Raised inside: what hello came to. */
  | { readonly type: 'REACHED' }
  | { readonly type: 'UNREACHED' }

export interface InstancesReport {
  readonly type: 'GIVE_UP'
  readonly to: string
}

/** What the look at the others' Leases found. */
export interface Surveyed {
  /** A standby that is fresh and reached the manager by hello; undefined without one. */
  readonly successor: string | undefined
}

interface InstancesContext {
  readonly successor: string | undefined
  readonly error: AdapterError | undefined
}

const missing = (name: string) => Promise.reject(new Error(`the port ${name} is not provided`))
const errorOf = (event: unknown): AdapterError | undefined => (event as { error?: AdapterError }).error

const base = setup({
  types: { context: {} as InstancesContext, events: {} as InstancesEvent },
  actors: {
    /** Resolves when the manager answers hello, or when the channels to it are open anyway. */
    hello: fromPromise<void>(() => missing('hello')),
    /** Writes the own Lease. */
    announce: fromPromise<void>(() => missing('announce')),
    survey: fromPromise<Surveyed>(() => missing('survey')),
    /** Deletes Leases of instances that are gone; only the leader does. */
    sweep: fromPromise<void>(() => missing('sweep')),
    /** Deletes the own Lease. */
    withdraw: fromPromise<void>(() => missing('withdraw')),
  },
  actions: {
    noteReached: raise({ type: 'REACHED' }),
    noteUnreached: raise({ type: 'UNREACHED' }),
    remember: assign({ error: ({ event }) => errorOf(event) }),
    noteDeadline: assign({ error: undefined }),
    /** Tells health how the manager is reached, from the state. */
    sayReached: () => {},
    sayUnreached: () => {},
    /** The Leases of the instances can, or cannot, be read or written. */
    sayWell: () => {},
    sayProblem: () => {},
    sayRole: (_, _role: 'leading' | 'standby') => {},
    giveUp: sendParent(({ context }): InstancesReport => {
      if (context.successor === undefined) throw new Error('given up without a successor')
      return { type: 'GIVE_UP', to: context.successor }
    }),
  },
  guards: {
    isLeading: stateIn({ role: 'leading' }),
    isLongUnreached: stateIn({ manager: { unreached: 'long' } }),
    hasSuccessor: ({ context }) => context.successor !== undefined,
  },
  delays: {
    /** Between two rounds; jittered. */
    period: 10_000,
    helloLimit: 5_000,
    callLimit: 10_000,
    /** A leader without the manager waits so long before it gives up: a manager that starts anew is back for all. */
    unreachedLimit: 20_000,
    withdrawLimit: 800,
  },
})

const round = base.createStateConfig({
  initial: 'greeting',
  on: { STOP: '.leaving' },
  states: {
    greeting: {
      invoke: {
        src: 'hello',
        onDone: { target: 'announcing', actions: 'noteReached' },
        onError: { target: 'announcing', actions: ['remember', 'noteUnreached'] },
      },
      after: { helloLimit: { target: 'announcing', actions: ['noteDeadline', 'noteUnreached'] } },
    },
    announcing: {
      invoke: {
        src: 'announce',
        onDone: 'surveying',
        onError: { target: 'resting', actions: ['remember', 'sayProblem'] },
      },
      after: { callLimit: { target: 'resting', actions: ['noteDeadline', 'sayProblem'] } },
    },
    surveying: {
      invoke: {
        src: 'survey',
        onDone: {
          target: 'deciding',
          actions: [assign({ successor: ({ event }) => event.output.successor }), 'sayWell'],
        },
        onError: { target: 'resting', actions: ['remember', 'sayProblem'] },
      },
      after: { callLimit: { target: 'resting', actions: ['noteDeadline', 'sayProblem'] } },
    },
    deciding: {
      always: [
        {
          guard: and(['isLeading', 'isLongUnreached', 'hasSuccessor']),
          target: 'resting',
          actions: 'giveUp',
        },
        { guard: 'isLeading', target: 'sweeping' },
        { target: 'resting' },
      ],
    },
    sweeping: {
      invoke: {
        src: 'sweep',
        onDone: 'resting',
        onError: { target: 'resting', actions: ['remember', 'sayProblem'] },
      },
      after: { callLimit: 'resting' },
    },
    resting: { after: { period: 'greeting' } },
    leaving: {
      on: { STOP: {} },
      invoke: { src: 'withdraw', onDone: 'left', onError: 'left' },
      after: { withdrawLimit: 'left' },
    },
    left: { type: 'final' },
  },
})

const manager = base.createStateConfig({
  initial: 'unknown',
  on: { STOP: '.stopped', REACHED: '.reached' },
  states: {
    unknown: { on: { UNREACHED: 'unreached' } },
    reached: { entry: 'sayReached', on: { REACHED: {}, UNREACHED: 'unreached' } },
    unreached: {
      initial: 'lately',
      on: { UNREACHED: { actions: 'sayUnreached' } },
      entry: 'sayUnreached',
      states: { lately: { after: { unreachedLimit: 'long' } }, long: {} },
    },
    stopped: { type: 'final' },
  },
})

const role = base.createStateConfig({
  initial: 'standby',
  on: { STOP: '.stopped' },
  states: {
    standby: { entry: { type: 'sayRole', params: 'standby' }, on: { LEAD: 'leading' } },
    leading: { entry: { type: 'sayRole', params: 'leading' }, on: { STANDBY: 'standby' } },
    stopped: { type: 'final' },
  },
})

export const instancesMachine = base.createMachine({
  id: 'instances',
  type: 'parallel',
  context: { successor: undefined, error: undefined },
  states: { round, manager, role },
})
