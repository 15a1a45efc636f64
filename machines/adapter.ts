/**
 * The root chart. Its role: starting → standby ⇄ leading → stopping → releasing → stopped. Beside it every child has a
 * region of its own, running → failed → (back-off) → running, so that no child breaks unseen; a region passes on to its
 * child what it must know, and tells it again when it was started anew.
 */
import { type AnyActorLogic, assign, fromCallback, raise, sendTo, setup, stateIn } from 'xstate'

/** Which leadership this is: the Lease object's creation (milliseconds since 1970) and its leaseTransitions. */
export interface Leader {
  readonly leaseCreated: number
  readonly transitions: number
}

export type AdapterEvent =
  /** Every required store is complete and live; one is not. */
  | { type: 'KUBE_READY' }
  | { type: 'KUBE_LOST' }
  | { type: 'LEASE_HELD'; leader: Leader }
  | { type: 'LEASE_LOST' }
  /** From the instances: that one reaches the manager, this leader does not. */
  | { type: 'GIVE_UP'; to: string }
  /** A person confirms what waits for a person. */
  | { type: 'APPROVE' }
  /** The certificate for NSX was replaced. */
  | { type: 'RENEWED' }
  /** A person wants this channel to write nothing for a while; asked again, the new time counts. */
  | { type: 'PAUSE'; channel: PausedChannel; forMs: number }
  /** … and now not any more. */
  | { type: 'RESUME'; channel: PausedChannel }
  | { type: 'STOP' }
  /** Raised inside: a child runs, is done, may release. */
  | { type: 'STARTED'; child: 'ccp' | 'mp' | 'instances' }
  | { type: 'CHANNEL_DONE' }
  | { type: 'RELEASE' }
  | { type: 'LEASE_DONE' }
  | { type: 'INSTANCES_DONE' }
  | { type: 'PAUSED'; channel: PausedChannel }
  | { type: 'RESUMED'; channel: PausedChannel }

export type PausedChannel = 'ccp' | 'mp'

interface AdapterContext {
  readonly leader: Leader | undefined
  readonly kubeReady: boolean
  readonly channelsDone: number
  /** How long the pause of a channel was asked for; counts only in its state. */
  readonly pauseMs: Readonly<Record<PausedChannel, number>>
}

/** Ports are typed loosely: which chart stands behind them is src/adapter.ts's business. */
const port = (name: string): AnyActorLogic =>
  fromCallback(() => {
    throw new Error(`the port ${name} of the adapter chart is not provided`)
  })

const CHANNELS = 2

const base = setup({
  types: { context: {} as AdapterContext, events: {} as AdapterEvent },
  actors: {
    lease: port('lease'),
    instances: port('instances'),
    ccp: port('ccp'),
    mp: port('mp'),
    watches: port('watches'),
    readiness: port('readiness'),
  },
  actions: {
    childFailed: () => {},
    /** Tells health that a channel is paused, and until when, or that it is not any more. */
    sayPaused: (_, _params: { channel: PausedChannel }) => {},
    sayResumed: (_, _params: { channel: PausedChannel }) => {},
  },
  guards: { channelsDone: ({ context }) => context.channelsDone + 1 >= CHANNELS },
  delays: {
    restartMs: 2_000,
    /** The channels close their sessions, then the lease is released: together within the 3 s a clean stop may take. */
    closeChannelsMs: 1_500,
    releaseLeaseMs: 1_000,
    pauseCcp: ({ context }) => context.pauseMs.ccp,
    pauseMp: ({ context }) => context.pauseMs.mp,
  },
})

const role = base.createStateConfig({
  initial: 'starting',
  on: {
    STOP: '.stopping',
    KUBE_LOST: { actions: assign({ kubeReady: false }) },
    KUBE_READY: { actions: assign({ kubeReady: true }) },
  },
  states: {
    /** Until the cluster has been read once nobody stands for election: who cannot see cannot act. */
    starting: { on: { KUBE_READY: { target: 'standby', actions: assign({ kubeReady: true }) } } },
    standby: {
      on: { LEASE_HELD: { target: 'leading', actions: assign({ leader: ({ event }) => event.leader }) } },
    },
    leading: { on: { LEASE_LOST: { target: 'standby', actions: assign({ leader: undefined }) } } },
    stopping: {
      entry: assign({ leader: undefined }),
      on: {
        STOP: {},
        CHANNEL_DONE: [
          { guard: 'channelsDone', target: 'releasing' },
          { actions: assign({ channelsDone: ({ context }) => context.channelsDone + 1 }) },
        ],
      },
      after: { closeChannelsMs: 'releasing' },
    },
    releasing: {
      entry: raise({ type: 'RELEASE' }),
      on: {
        STOP: {},
        LEASE_DONE: { guard: stateIn({ instances: 'done' }), target: 'stopped' },
        INSTANCES_DONE: { guard: stateIn({ lease: 'done' }), target: 'stopped' },
      },
      after: { releaseLeaseMs: 'stopped' },
    },
    stopped: { on: { STOP: {} } },
  },
})

/** What its predecessor knew. The pause comes first: who may not write is told so before it could. */
const tellStarted = (child: PausedChannel) =>
  base.enqueueActions(({ enqueue, context, check }) => {
    if (check(stateIn(PAUSE_STATE[child]))) enqueue.sendTo(child, { type: 'PAUSE' })
    if (context.kubeReady) enqueue.sendTo(child, { type: 'KUBE_READY' })
    if (context.kubeReady && context.leader !== undefined)
      enqueue.sendTo(child, { type: 'LEAD', leader: context.leader })
  })

const PAUSE_STATE = { ccp: { pauseCcp: 'on' }, mp: { pauseMp: 'on' } } as const

const channel = (child: PausedChannel) =>
  base.createStateConfig({
    initial: 'running',
    states: {
      running: {
        entry: raise({ type: 'STARTED', child }),
        invoke: {
          id: child,
          src: child,
          onDone: 'done',
          onError: { target: 'failed', actions: 'childFailed' },
        },
        on: {
          LEASE_HELD: { actions: sendTo(child, ({ event }) => ({ type: 'LEAD', leader: event.leader })) },
          LEASE_LOST: { actions: sendTo(child, { type: 'STANDBY' }) },
          KUBE_READY: { actions: sendTo(child, { type: 'KUBE_READY' }) },
          KUBE_LOST: { actions: sendTo(child, { type: 'KUBE_LOST' }) },
          APPROVE: { actions: sendTo(child, { type: 'APPROVE' }) },
          RENEWED: { actions: sendTo(child, { type: 'RENEWED' }) },
          PAUSED: {
            guard: ({ event }) => event.channel === child,
            actions: sendTo(child, { type: 'PAUSE' }),
          },
          RESUMED: {
            guard: ({ event }) => event.channel === child,
            actions: sendTo(child, { type: 'RESUME' }),
          },
          STOP: { actions: sendTo(child, { type: 'STOP' }) },
          STARTED: { guard: ({ event }) => event.child === child, actions: tellStarted(child) },
        },
      },
      failed: { on: { STOP: 'done' }, after: { restartMs: 'running' } },
      done: { entry: raise({ type: 'CHANNEL_DONE' }) },
    },
  })

/**
 * Of one channel, whoever leads and however often the channel is started anew. It ends by itself, and with the process (a
 * restart writes again); a stop does not end it before.
 */
const pause = (which: PausedChannel, delay: 'pauseCcp' | 'pauseMp') =>
  base.createStateConfig({
    initial: 'off',
    on: {
      PAUSE: {
        guard: ({ event }) => event.channel === which,
        target: '.on',
        actions: assign({
          pauseMs: ({ context, event }) => ({ ...context.pauseMs, [which]: event.forMs }),
        }),
      },
    },
    states: {
      off: {},
      on: {
        entry: [raise({ type: 'PAUSED', channel: which }), { type: 'sayPaused', params: { channel: which } }],
        on: {
          RESUME: { guard: ({ event }) => event.channel === which, target: 'over' },
        },
        after: { [delay]: 'over' },
      },
      over: {
        entry: [
          { type: 'sayResumed', params: { channel: which } },
          raise({ type: 'RESUMED', channel: which }),
        ],
        always: 'off',
      },
    },
  })

const lease = base.createStateConfig({
  initial: 'waiting',
  states: {
    waiting: { on: { KUBE_READY: 'running', RELEASE: 'done' } },
    running: {
      invoke: {
        id: 'lease',
        src: 'lease',
        onDone: 'done',
        onError: { target: 'failed', actions: ['childFailed', raise({ type: 'LEASE_LOST' })] },
      },
      on: {
        GIVE_UP: { actions: sendTo('lease', ({ event }) => event) },
        RELEASE: { actions: sendTo('lease', { type: 'STOP' }) },
      },
    },
    failed: { on: { RELEASE: 'done' }, after: { restartMs: 'running' } },
    done: { entry: raise({ type: 'LEASE_DONE' }) },
  },
})

/** Begins when this instance could lead, and goes on in every role: standbys say what they reach, the leader looks on. */
const instances = base.createStateConfig({
  initial: 'waiting',
  states: {
    waiting: { on: { KUBE_READY: 'running', RELEASE: 'done' } },
    running: {
      entry: raise({ type: 'STARTED', child: 'instances' }),
      invoke: {
        id: 'instances',
        src: 'instances',
        onDone: 'done',
        onError: { target: 'failed', actions: 'childFailed' },
      },
      on: {
        LEASE_HELD: { actions: sendTo('instances', { type: 'LEAD' }) },
        LEASE_LOST: { actions: sendTo('instances', { type: 'STANDBY' }) },
        RELEASE: { actions: sendTo('instances', { type: 'STOP' }) },
        STARTED: {
          guard: ({ context, event }) => event.child === 'instances' && context.leader !== undefined,
          actions: sendTo('instances', { type: 'LEAD' }),
        },
      },
    },
    failed: { on: { RELEASE: 'done' }, after: { restartMs: 'running' } },
    done: { entry: raise({ type: 'INSTANCES_DONE' }) },
  },
})

/** Ends with the root: it writes nothing that would have to be closed. */
const reader = (child: 'watches' | 'readiness') =>
  base.createStateConfig({
    initial: 'running',
    states: {
      running: { invoke: { id: child, src: child, onError: { target: 'failed', actions: 'childFailed' } } },
      failed: { after: { restartMs: 'running' } },
    },
  })

export const adapterMachine = base.createMachine({
  id: 'adapter',
  type: 'parallel',
  context: { leader: undefined, kubeReady: false, channelsDone: 0, pauseMs: { ccp: 0, mp: 0 } },
  states: {
    role,
    lease,
    instances,
    ccp: channel('ccp'),
    mp: channel('mp'),
    pauseCcp: pause('ccp', 'pauseCcp'),
    pauseMp: pause('mp', 'pauseMp'),
    watches: reader('watches'),
    readiness: reader('readiness'),
  },
})
