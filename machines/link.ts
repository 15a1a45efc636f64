/**
 * The link of a channel to its manager, the same region in ccp and mp:
 * standby → connecting → open (syncing → watching) → broken → waiting → connecting …, and refused where only a person
 * can help. The region is data: it names its ports, and each channel's setup provides them. What both setups need for it
 * stands here too.
 */
import { fromPromise } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import type { Session } from '../src/protocol/session.ts'
import type { Leader } from './adapter.ts'

/** What the root chart tells a channel. */
export type ChannelEvent =
  | { readonly type: 'LEAD'; readonly leader: Leader }
  | { readonly type: 'STANDBY' }
  | { readonly type: 'KUBE_READY' }
  | { readonly type: 'KUBE_LOST' }
  /** A person agrees to deletes that wait for a person. */
  | { readonly type: 'APPROVE' }
  /** What NSX is shown is another certificate: what it refused may be taken now. */
  | { readonly type: 'RENEWED' }
  /** Nothing is written to where this channel writes, until RESUME; everything else goes on. */
  | { readonly type: 'PAUSE' }
  | { readonly type: 'RESUME' }
  | { readonly type: 'STOP' }

/** What the `follow` port of a link sends. Nothing comes after FAILED. */
export type LinkEvent =
  /** Something was read; a busy stream sends it about once a second. */
  | { readonly type: 'SEEN' }
  /** The full sync of this session is done. */
  | { readonly type: 'SYNCED' }
  /** The channel asks for a full sync anew (ccp: a delete that needs a second look). */
  | { readonly type: 'RESYNC' }
  /** The stream is over; `bye` and `reset` are errors too (kind retry, with the wait the manager asked for). */
  | { readonly type: 'FAILED'; readonly error: AdapterError }

export interface LinkContext {
  readonly leader: Leader | undefined
  readonly session: Session | undefined
  readonly error: AdapterError | undefined
  /** Failures since the last settled stream; sets the back-off. */
  readonly failures: number
  /** How often in a row the stream broke the protocol in the same way. */
  readonly repeats: number
}

export const LINK_CONTEXT: LinkContext = {
  leader: undefined,
  session: undefined,
  error: undefined,
  failures: 0,
  repeats: 0,
}

/** Errors of the stream's content (docs/protocol.md §1): the same one three times in a row needs a person. */
const PROTOCOL_ERROR = /^(LINE_|PROTOCOL_|SNAPSHOT_|TRANSACTION_)/
const REPEATS_MAX = 3

/** The context after a failure; without `error` a deadline of the chart passed. */
export function noteError(context: LinkContext, error: AdapterError | undefined): Partial<LinkContext> {
  const isProtocol = error !== undefined && PROTOCOL_ERROR.test(error.code)
  const repeats = isProtocol ? (context.error?.code === error.code ? context.repeats + 1 : 1) : 0
  return { error, failures: context.failures + 1, repeats, session: undefined }
}

/** Only a person can help; looked at again every ten minutes. */
export const needsPerson = (context: LinkContext): boolean =>
  context.error?.kind === 'needs-person' || context.repeats >= REPEATS_MAX

/** Stands for a port that src/ did not provide. */
export const missing = (port: string): Promise<never> =>
  Promise.reject(new Error(`the port ${port} is not provided`))

/** The error of an event that brings one: FAILED, or a port that rejected. */
export const errorOf = (event: unknown): AdapterError | undefined => (event as { error?: AdapterError }).error

/** The link's promises, as ports; `follow` is each channel's own, for it sends that channel's events. */
export const linkPorts = {
  connect: fromPromise<Session, LinkContext>(() => missing('connect')),
  probe: fromPromise<void>(() => missing('probe')),
  closeSession: fromPromise<void, LinkContext>(() => missing('closeSession')),
}

export const LINK_DELAYS = {
  connectLimit: 20_000,
  /** A full sync that makes no progress is caught by the silence; this bounds one that drips. */
  syncLimit: 300_000,
  silenceProbe: 30_000,
  silenceReplace: 45_000,
  probeLimit: 10_000,
  /** A stream that lives so long was healthy: the back-off starts anew. */
  settled: 10_000,
  refusedRetry: 600_000,
  closeLimit: 1_000,
} as const

const whole = ({ context }: { context: LinkContext }): LinkContext => context

/**
 * Ports. Actors: `connect` (promise of a Session), `follow` (callback, sends LinkEvent), `probe` (promise),
 * `closeSession` (promise). Actions: `setLeader`, `setSession`, `remember` (noteError with the event's error),
 * `noteDeadline` (noteError without), `settle` (failures and repeats to 0, error away), `forgetLink` (session away),
 * `reportWell`, `reportProblem`. Guard `needsPerson`. Delays: LINK_DELAYS and `backoff`.
 */
export const linkRegion = {
  id: 'link',
  initial: 'standby',
  on: { STOP: '.closing', STANDBY: { target: '.standby', actions: 'forgetLink' } },
  states: {
    standby: { on: { LEAD: { target: 'connecting', actions: 'setLeader' } } },
    connecting: {
      invoke: {
        src: 'connect',
        input: whole,
        onDone: { target: 'open', actions: 'setSession' },
        onError: { target: 'broken', actions: 'remember' },
      },
      after: { connectLimit: { target: 'broken', actions: 'noteDeadline' } },
    },
    open: {
      type: 'parallel',
      invoke: {
        id: 'follow',
        src: 'follow',
        input: whole,
        onError: { target: 'broken', actions: 'remember' },
      },
      on: {
        FAILED: { target: 'broken', actions: 'remember' },
        RESYNC: { target: 'connecting', actions: 'forgetLink' },
      },
      states: {
        phase: {
          initial: 'syncing',
          states: {
            syncing: {
              on: { SYNCED: 'watching' },
              after: { syncLimit: { target: '#link.broken', actions: 'noteDeadline' } },
            },
            watching: { entry: 'reportWell', after: { settled: { actions: 'settle' } } },
          },
        },
        silence: {
          initial: 'listening',
          states: {
            // One level down, so that entering it anew leaves the region `phase` alone.
            listening: {
              initial: 'fresh',
              on: { SEEN: { target: 'listening', reenter: true } },
              after: { silenceReplace: { target: '#link.broken', actions: 'noteDeadline' } },
              states: {
                fresh: { after: { silenceProbe: 'probing' } },
                probing: {
                  invoke: {
                    src: 'probe',
                    onDone: 'doubtful',
                    onError: { target: '#link.broken', actions: 'remember' },
                  },
                  after: { probeLimit: { target: '#link.broken', actions: 'noteDeadline' } },
                },
                /** The manager lives, this stream says nothing: replaced at silenceReplace. */
                doubtful: {},
              },
            },
          },
        },
      },
    },
    broken: {
      entry: 'reportProblem',
      always: [{ guard: 'needsPerson', target: 'refused' }, { target: 'waiting' }],
    },
    waiting: { on: { RENEWED: 'connecting' }, after: { backoff: 'connecting' } },
    refused: { on: { RENEWED: 'connecting' }, after: { refusedRetry: 'connecting' } },
    closing: {
      on: { STOP: {}, STANDBY: {} },
      invoke: { src: 'closeSession', input: whole, onDone: 'closed', onError: 'closed' },
      after: { closeLimit: 'closed' },
    },
    closed: { type: 'final' },
  },
} as const
