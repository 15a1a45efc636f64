/**
 * Inventory and health up, requests down: the life of the MP channel. Beside the link (link.ts) run four regions. Two of
 * them only while the link is open: `inventory` compares NSX with the cluster, first as a whole and then by what changes,
 * and `health` reports. `requests` lives as long as the leadership: it starts one operation (operation.ts) a request and
 * sweeps what earlier leaders left. The link is synced when the first comparison is carried out, or made in a pause. In it
 * nothing of the inventory is sent.
 */
import { and, assign, enqueueActions, fromCallback, fromPromise, not, raise, setup, stateIn } from 'xstate'
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
import { operationMachine } from './operation.ts'
import { PAUSE_DELAYS, pauseRegion } from './pause.ts'
import { type MpRequest, operationId, type RequestsEvent, requestOver, requestsRegion } from './requests.ts'

export type MpEvent =
  | ChannelEvent
  | LinkEvent
  /** From `observe`: something of the inventory changed since it was last taken up. */
  | { readonly type: 'CHANGED' }
  /** From `watchHealth`: something of the cluster's or the adapter's health may have changed. */
  | { readonly type: 'HEALTH_MOVED' }
  /** Compare as a whole: asked for by the manager (`follow`), or raised inside when it is time. */
  | { readonly type: 'COMPARE' }
  /** Raised inside: whether deletes wait for a second comparison. */
  | { readonly type: 'GUARDED' }
  | { readonly type: 'UNGUARDED' }
  /** Raised inside: from now on nothing is sent, whatever is half done. */
  | { readonly type: 'HOLD' }
  | RequestsEvent

export interface MpContext extends LinkContext {
  readonly kubeReady: boolean
  readonly inventory: {
    /** Of the last work that failed; undefined without one or when a deadline passed. */
    readonly error: AdapterError | undefined
    /** Failures in a row; sets the back-off. */
    readonly failures: number
    /** Something changed while the region was busy … */
    readonly changed: boolean
    /** … or a full comparison became due. */
    readonly compare: boolean
    /** True when NSX was read back completely in this session. */
    readonly compared: boolean
  }
  /** Ids of the requests that have an operation. */
  readonly requests: readonly string[]
}

/** What carrying a plan out came to, as far as the chart decides by it. */
export interface InventoryOutcome {
  /** Deletes that wait for a second comparison. */
  readonly guarded: number
}

const NO_INVENTORY: MpContext['inventory'] = {
  error: undefined,
  failures: 0,
  changed: false,
  compare: false,
  compared: false,
}

/** A batch is taken or refused as a whole, so it is a run of batches that is finished. */
const isSending = stateIn({ inventory: { working: { work: 'applying' } } })

const base = setup({
  types: { context: {} as MpContext, events: {} as MpEvent },
  actors: {
    ...linkPorts,
    follow: fromCallback<MpEvent, LinkContext>(() => {
      throw new Error('the port follow is not provided')
    }),
    /** Watches Antrea's heartbeats and the adapter's own health from the first day on; sends HEALTH_MOVED. */
    watchHealth: fromCallback<MpEvent>(() => {
      throw new Error('the port watchHealth is not provided')
    }),
    /** Begins anew (what is known of earlier sessions is forgotten) and sends CHANGED until stopped. */
    observe: fromCallback<MpEvent>(() => {
      throw new Error('the port observe is not provided')
    }),
    /** Reads back what NSX holds of this cluster, completely. */
    readInventory: fromPromise<void>(() => missing('readInventory')),
    /** Plans from both sides as they are and carries it out. */
    applyInventory: fromPromise<InventoryOutcome>(() => missing('applyInventory')),
    /** Plans from both sides as they are and says what would be sent; nothing is. */
    compareInventory: fromPromise<InventoryOutcome>(() => missing('compareInventory')),
    sendHealth: fromPromise<void, LinkContext>(() => missing('sendHealth')),
    operation: operationMachine,
    /** Takes away what requests of earlier leaders left in the cluster past their deadline; not of those given. */
    sweepRequests: fromPromise<void, readonly string[]>(() => missing('sweepRequests')),
  },
  actions: {
    setLeader: assign({ leader: ({ event }) => (event.type === 'LEAD' ? event.leader : undefined) }),
    setSession: assign({ session: ({ event }) => (event as unknown as { output: Session }).output }),
    remember: assign(({ context, event }) => noteError(context, errorOf(event))),
    noteDeadline: assign(({ context }) => noteError(context, undefined)),
    settle: assign({ failures: 0, repeats: 0, error: undefined }),
    forgetLink: assign({ session: undefined }),
    reportWell: () => {},
    reportProblem: () => {},
    hold: raise({ type: 'HOLD' }),
    noteKubeReady: assign({ kubeReady: true }),
    forgetInventory: assign({ inventory: NO_INVENTORY }),
    noteChanged: assign({ inventory: ({ context }) => ({ ...context.inventory, changed: true }) }),
    noteCompare: assign({ inventory: ({ context }) => ({ ...context.inventory, compare: true }) }),
    takeChanged: assign({ inventory: ({ context }) => ({ ...context.inventory, changed: false }) }),
    takeCompare: assign({ inventory: ({ context }) => ({ ...context.inventory, compare: false }) }),
    noteCompared: assign({ inventory: ({ context }) => ({ ...context.inventory, compared: true }) }),
    /** The link is synced with the first; the deletes held back decide about a second look. */
    noteApplied: enqueueActions(({ enqueue, context, event }) => {
      const { guarded } = (event as unknown as { output: InventoryOutcome }).output
      enqueue.assign({ inventory: { ...context.inventory, error: undefined, failures: 0 } })
      enqueue.raise({ type: guarded > 0 ? 'GUARDED' : 'UNGUARDED' })
      enqueue.raise({ type: 'SYNCED' })
    }),
    noteInventoryError: assign({
      inventory: ({ context, event }) => ({
        ...context.inventory,
        error: errorOf(event),
        failures: context.inventory.failures + 1,
      }),
    }),
    reportInventoryError: () => {},
    /** Only a person can help: the channel as a whole is refused, and looked at again as the link does. */
    failLink: enqueueActions(({ enqueue, context }) => {
      const { error } = context.inventory
      if (error !== undefined) enqueue.raise({ type: 'FAILED', error })
    }),
    /** Judges the agents again; ages pass without an event. */
    judgeHealth: () => {},
    /** One operation a request, however often it is sent; over the limit it is refused. */
    takeRequest: enqueueActions(({ enqueue, context, event, check }) => {
      const { id, kind, body, timeoutMs, session, attempt } = event as MpRequest
      if (context.requests.includes(id)) enqueue.sendTo(operationId(id), { type: 'ATTACH', session, attempt })
      else if (check('hasRoom')) {
        enqueue.spawnChild('operation', {
          id: operationId(id),
          input: { id, kind, body, timeoutMs, session, attempt },
        })
        enqueue.assign({ requests: [...context.requests, id] })
      } else enqueue('refuseRequest')
    }),
    refuseRequest: () => {},
    cancelRequest: enqueueActions(({ enqueue, context, event }) => {
      const { id } = event as { id: string }
      if (context.requests.includes(id)) enqueue.sendTo(operationId(id), { type: 'CANCEL' })
    }),
    detachRequests: enqueueActions(({ enqueue, context }) => {
      for (const id of context.requests) enqueue.sendTo(operationId(id), { type: 'DETACH' })
    }),
    endRequests: enqueueActions(({ enqueue, context }) => {
      for (const id of context.requests) enqueue.stopChild(operationId(id))
      enqueue.assign({ requests: [] })
    }),
    forgetRequest: enqueueActions(({ enqueue, context, event }) => {
      const id = requestOver(context.requests, event)
      if (id === undefined) return
      enqueue.stopChild(operationId(id))
      enqueue.assign({ requests: context.requests.filter((other) => other !== id) })
    }),
    /** One that broke, which is a fault of the adapter. */
    reportBrokenRequest: () => {},
  },
  guards: {
    needsPerson: ({ context }) => needsPerson(context),
    isOpen: ({ context }) => context.session !== undefined,
    isClosed: ({ context }) => context.session === undefined,
    isKubeReady: ({ context }) => context.kubeReady,
    isInventoryRefused: ({ context }) => context.inventory.error?.kind === 'needs-person',
    isCompareDue: ({ context }) => context.inventory.compare || !context.inventory.compared,
    isChanged: ({ context }) => context.inventory.changed,
    isPaused: stateIn({ pause: 'on' }),
    isMidway: isSending,
    isWhole: not(isSending),
    healthChanged: () => false,
    /** What changed fills a batch. */
    isBatchFull: () => false,
    hasRoom: () => true,
    isRequestOver: ({ context, event }) => requestOver(context.requests, event) !== undefined,
  },
  delays: {
    ...LINK_DELAYS,
    ...PAUSE_DELAYS,
    backoff: 30_000,
    /** Changes are gathered for so long, so that a rollout is a few batches. */
    batchWait: 200,
    /** A full comparison of NSX and the cluster runs so often. */
    resync: 600_000,
    /** The second look at deletes that the guard holds back. */
    guardWait: 30_000,
    inventoryBackoff: 30_000,
    /** While nothing is sent, what changed is compared so often. */
    heldLook: 5_000,
    /** Reading back and sending are made of calls with deadlines; these bound a manager that drips. */
    readLimit: 300_000,
    applyLimit: 300_000,
    reportInterval: 60_000,
    /** Ages are looked at so often between two reports. */
    judgePeriod: 5_000,
    /** The shortest time between two reports, however fast statuses change. */
    reportGap: 1_000,
    /** A report that was not heard goes again before the interval is over. */
    reportRetry: 10_000,
    reportLimit: 20_000,
    sweepPeriod: 60_000,
    sweepLimit: 60_000,
  },
})

const work = base.createStateConfig({
  id: 'work',
  initial: 'reading',
  on: {
    CHANGED: { actions: 'noteChanged' },
    // The innermost handler of an event is the only one: what the machine itself does at KUBE_READY is said here too.
    KUBE_READY: { actions: ['noteKubeReady', 'noteChanged'] },
    COMPARE: { actions: 'noteCompare' },
  },
  states: {
    reading: {
      entry: 'takeCompare',
      invoke: {
        src: 'readInventory',
        onDone: { target: 'sending', actions: 'noteCompared' },
        onError: { target: 'failing', actions: ['noteCompare', 'noteInventoryError'] },
      },
      after: { readLimit: { target: 'failing', actions: ['noteCompare', 'noteInventoryError'] } },
    },
    /** The only way to what is written to NSX. */
    sending: { always: [{ guard: 'isPaused', target: 'comparing' }, { target: 'applying' }] },
    applying: {
      entry: 'takeChanged',
      on: { HOLD: { target: 'comparing', actions: 'noteChanged' } },
      invoke: {
        src: 'applyInventory',
        onDone: { target: 'choosing', actions: 'noteApplied' },
        onError: { target: 'failing', actions: ['noteChanged', 'noteInventoryError'] },
      },
      // What was in flight is given up, so its outcome is not known: everything is read back.
      after: { applyLimit: { target: 'failing', actions: ['noteCompare', 'noteInventoryError'] } },
    },
    comparing: {
      entry: 'takeChanged',
      invoke: {
        src: 'compareInventory',
        onDone: { target: 'held', actions: 'noteApplied' },
        onError: { target: 'failing', actions: ['noteChanged', 'noteInventoryError'] },
      },
      after: { applyLimit: { target: 'failing', actions: ['noteCompare', 'noteInventoryError'] } },
    },
    /** What would be sent is known. Afterwards NSX is read back first: somebody may have changed it meanwhile. */
    held: {
      always: { guard: not('isPaused'), target: 'reading' },
      on: { COMPARE: 'reading' },
      after: {
        heldLook: [
          { guard: 'isChanged', target: 'comparing' },
          { target: 'held', reenter: true },
        ],
      },
    },
    choosing: {
      always: [
        { guard: 'isCompareDue', target: 'reading' },
        { guard: 'isChanged', target: 'gathering' },
        { target: 'steady' },
      ],
    },
    steady: {
      on: {
        CHANGED: 'gathering',
        KUBE_READY: { target: 'gathering', actions: 'noteKubeReady' },
        COMPARE: 'reading',
      },
    },
    /** By size or by time. */
    gathering: {
      always: { guard: 'isBatchFull', target: 'sending' },
      on: { CHANGED: [{ guard: 'isBatchFull', target: 'sending' }, { actions: 'noteChanged' }] },
      after: { batchWait: 'sending' },
    },
    failing: {
      entry: 'reportInventoryError',
      always: [{ guard: 'isInventoryRefused', target: 'refused' }, { target: 'waiting' }],
    },
    waiting: {
      after: { inventoryBackoff: [{ guard: 'isCompareDue', target: 'reading' }, { target: 'sending' }] },
    },
    /** Left with the link, which this breaks. */
    refused: { entry: 'failLink' },
  },
})

const inventory = base.createStateConfig({
  id: 'inventory',
  initial: 'idle',
  on: { STOP: '.closed' },
  states: {
    idle: { always: { guard: and(['isOpen', 'isKubeReady']), target: 'working' } },
    working: {
      entry: 'forgetInventory',
      invoke: { id: 'observe', src: 'observe' },
      always: { guard: 'isClosed', target: 'idle' },
      type: 'parallel',
      states: {
        work,
        pace: {
          initial: 'counting',
          states: {
            counting: {
              after: { resync: { target: 'counting', reenter: true, actions: raise({ type: 'COMPARE' }) } },
            },
          },
        },
        guard: {
          initial: 'clear',
          states: {
            clear: { on: { GUARDED: 'holding' } },
            holding: {
              on: { UNGUARDED: 'clear' },
              after: {
                guardWait: { target: 'holding', reenter: true, actions: raise({ type: 'COMPARE' }) },
              },
            },
          },
        },
      },
    },
    closed: { type: 'final' },
  },
})

const health = base.createStateConfig({
  id: 'health',
  initial: 'idle',
  on: { STOP: '.closed' },
  states: {
    // Also while the cluster is out of sight: the report says so.
    idle: { always: { guard: 'isOpen', target: 'reporting' } },
    reporting: {
      always: { guard: 'isClosed', target: 'idle' },
      initial: 'sending',
      states: {
        sending: {
          entry: 'judgeHealth',
          invoke: {
            src: 'sendHealth',
            input: ({ context }) => context,
            onDone: 'pausing',
            onError: 'unheard',
          },
          after: { reportLimit: 'unheard' },
        },
        unheard: { after: { reportRetry: 'sending' } },
        pausing: {
          after: { reportGap: [{ guard: 'healthChanged', target: 'sending' }, { target: 'resting' }] },
        },
        resting: {
          initial: 'calm',
          after: { reportInterval: 'sending' },
          on: { HEALTH_MOVED: { guard: 'healthChanged', target: 'sending' } },
          states: {
            calm: { after: { judgePeriod: { target: 'judging' } } },
            judging: {
              entry: 'judgeHealth',
              always: [{ guard: 'healthChanged', target: '#health.reporting.sending' }, { target: 'calm' }],
            },
          },
        },
      },
    },
    closed: { type: 'final' },
  },
})

export const mpMachine = base.createMachine({
  id: 'mp',
  type: 'parallel',
  context: { ...LINK_CONTEXT, kubeReady: false, inventory: NO_INVENTORY, requests: [] },
  on: {
    KUBE_READY: { actions: 'noteKubeReady' },
    KUBE_LOST: { actions: assign({ kubeReady: false }) },
  },
  invoke: { id: 'watchHealth', src: 'watchHealth' },
  states: { link: linkRegion, inventory, pause: pauseRegion, health, requests: requestsRegion },
})
