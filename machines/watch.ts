/**
 * The life of one watched resource. Its store is complete or not synced, never partial: a snapshot is swapped in whole,
 * and what ends a stream in good order or by silence is resumed at the store's resourceVersion, without a list.
 *
 * held → following (listing → streaming) → (expired | silent | broken) → waiting → held; `absent` and `refused` are looked
 * at again by themselves. While the API server answers nobody, all watches are held and one probe asks for them all.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'

/** How a snapshot is read: in the watch itself, in pages, or whole (after a page expired in the middle). */
export type ListMode = 'stream' | 'pages' | 'whole'

export interface FollowInput {
  /** True: no list, the watch goes on where the store stands. */
  readonly resume: boolean
  readonly mode: ListMode
}

/** What the `follow` port sends. Nothing comes after ENDED or FAILED. */
export type FollowEvent =
  /** The server accepted the watch. */
  | { readonly type: 'OPENED' }
  /** Something was read; a busy stream sends it about once a second. */
  | { readonly type: 'SEEN' }
  /** The snapshot is complete and swapped in. */
  | { readonly type: 'LISTED' }
  /** The server ended the stream in good order; `error` says so in words, for when it comes too early. */
  | { readonly type: 'ENDED'; readonly error: AdapterError }
  | { readonly type: 'FAILED'; readonly error: AdapterError }

export type WatchEvent = FollowEvent | { readonly type: 'STOP' }

export interface WatchContext {
  readonly mode: ListMode
  readonly resumable: boolean
  /** Failures since the last healthy stream; sets the back-off. */
  readonly failures: number
  /** 410s since the last healthy stream: the first lists again at once, the next ones wait. */
  readonly expiries: number
  readonly error: AdapterError | undefined
}

export const watchMachine = setup({
  types: {
    context: {} as WatchContext,
    events: {} as WatchEvent,
  },
  actors: {
    /** Lists (unless it resumes) and then streams into the store, until it is stopped. */
    follow: fromCallback<WatchEvent, FollowInput>(() => {
      throw new Error('the port follow is not provided')
    }),
    /** Resolves as soon as the API server is known to answer and it is this watch's turn to dial. */
    reachable: fromPromise<void>(() => Promise.reject(new Error('the port reachable is not provided'))),
    /** Asks the stream's own connection: true when it answered, false when it cannot be asked. Rejects when it is lost. */
    ping: fromPromise<boolean>(() => Promise.reject(new Error('the port ping is not provided'))),
    /** Watches a second time from where the store stands: whether the first missed anything. Rejects when that fails. */
    check: fromPromise<boolean>(() => Promise.reject(new Error('the port check is not provided'))),
  },
  actions: {
    /** Whether the store is kept up to date from now on. */
    setLive: (_, _params: { live: boolean }) => {},
    /** Nothing may be decided from the store until its next complete list. */
    setUnsynced: () => {},
    /** A stream is up, and is no longer: what the peer's other watches go by (turnstile.ts). */
    noteStreaming: () => {},
    noteGone: () => {},
    noteBroken: () => {},
    /** Nothing came within a deadline: it may be this connection, or the API server answers nobody. */
    doubtLink: () => {},
    /** The warning of this resource goes … */
    reportWell: () => {},
    /** … or stands, with the context's error. */
    reportProblem: () => {},
    remember: assign({ error: ({ event }) => (event as unknown as { error: AdapterError }).error }),
    /** A deadline of the chart passed: there is no error to show but that. */
    forgetError: assign({ error: undefined }),
    countFailure: assign({
      failures: ({ context }) => context.failures + 1,
      // One answer may be too large; pages are tried again after it.
      mode: ({ context }) => (context.mode === 'whole' ? 'pages' : context.mode),
    }),
    countHealthy: assign({ failures: 0, expiries: 0 }),
    listByPages: assign({ mode: 'pages' }),
    /** A 410 in the middle of the pages: they outlive the server's history, so the next list is one answer. */
    startOver: assign({
      expiries: ({ context }) => context.expiries + 1,
      mode: ({ context }) => (!context.resumable && context.mode === 'pages' ? 'whole' : context.mode),
      resumable: false,
    }),
    notResumable: assign({ resumable: false }),
    noteListed: assign({
      resumable: true,
      mode: ({ context }) => (context.mode === 'whole' ? 'pages' : context.mode),
    }),
  },
  guards: {
    isResumable: ({ context }) => context.resumable,
    listsByStream: ({ context }) => context.mode === 'stream',
    cannotListByStream: ({ event }) =>
      event.type === 'FAILED' && event.error.code === 'KUBE_WATCH_LIST_UNSUPPORTED',
    isExpired: ({ context }) => context.error?.code === 'KUBE_EXPIRED',
    expiresAgain: ({ context }) => context.expiries > 1,
    isAbsent: ({ context }) => context.error?.code === 'KUBE_NOT_FOUND',
    isRefused: ({ context }) => context.error?.kind === 'needs-person',
    isYes: ({ event }) => (event as unknown as { output?: unknown }).output === true,
  },
  delays: {
    /** Full jitter; never shorter than what the server asked for. */
    backoff: 30_000,
    /**
     * Silence after which the connection is asked (client-go's ReadIdleTimeout), and how long it may take to answer.
     * With the dialling anew that is within the 45 s in which a half-open link is replaced.
     */
    silence: 30_000,
    pingLimit: 10_000,
    /** The second watch: the API server is asked whether it answers, then a watch is opened and read for a moment. */
    checkLimit: 12_000,
    /** What the second watch was told, the first has to tell within this. */
    checkGrace: 2_000,
    /**
     * The connection may live and what stands behind it not, as with a proxy. kube-apiserver sends no bookmark while it
     * has nothing new to say, so a stream that says nothing for so long is looked into, without being given up. Not a
     * multiple of `silence`: the connection is asked shortly before and after, and never idle for a minute.
     */
    quietLimit: 225_000,
    /** The server's own time-out, at its longest, and half a minute: a stream that it does not end is ended here. */
    streamLimit: 630_000,
    /** A server that takes a streamed list's parameters and then says nothing does not know them. */
    streamListSilence: 10_000,
    /** One page. */
    pageLimit: 60_000,
    /** A whole list, however it comes: what drips for longer is begun anew. */
    listLimit: 600_000,
    openLimit: 15_000,
    /** A stream that lives so long was healthy: the back-off starts anew. */
    settled: 10_000,
    absentRetry: 30_000,
    refusedRetry: 30_000,
  },
}).createMachine({
  id: 'watch',
  context: { mode: 'stream', resumable: false, failures: 0, expiries: 0, error: undefined },
  initial: 'held',
  on: { STOP: '.stopped' },
  states: {
    /** Bounded by the peer's own probing, which never ends: whoever asks learns of the first answer. */
    held: {
      invoke: { src: 'reachable', onDone: 'following', onError: { target: 'broken', actions: 'remember' } },
    },
    following: {
      entry: 'forgetError',
      invoke: {
        id: 'follow',
        src: 'follow',
        input: ({ context }) => ({ resume: context.resumable, mode: context.mode }),
        onError: { target: 'broken', actions: 'remember' },
      },
      on: {
        FAILED: [
          { guard: 'cannotListByStream', target: 'following', reenter: true, actions: 'listByPages' },
          { target: 'broken', actions: 'remember' },
        ],
        ENDED: { target: 'broken', actions: 'remember' },
      },
      initial: 'choosing',
      states: {
        choosing: {
          always: [
            { guard: 'isResumable', target: 'opening' },
            { guard: 'listsByStream', target: 'listing.dialing' },
            { target: 'listing.paged' },
          ],
        },
        listing: {
          initial: 'paged',
          after: { listLimit: '#watch.broken' },
          states: {
            dialing: {
              on: { OPENED: 'streamed' },
              after: { openLimit: { target: '#watch.broken', actions: 'doubtLink' } },
            },
            streamed: {
              on: {
                SEEN: { target: 'streamed', reenter: true },
                LISTED: { target: '#watch.following.streaming', actions: 'noteListed' },
              },
              after: {
                streamListSilence: { target: '#watch.following', reenter: true, actions: 'listByPages' },
              },
            },
            paged: {
              on: {
                SEEN: { target: 'paged', reenter: true },
                LISTED: { target: '#watch.following.opening', actions: 'noteListed' },
              },
              after: { pageLimit: { target: '#watch.broken', actions: 'doubtLink' } },
            },
          },
        },
        /** At the store's resourceVersion. A live store stays live: the server's time-out, resumed, is not a loss. */
        opening: {
          on: { OPENED: 'streaming' },
          after: { openLimit: { target: '#watch.broken', actions: 'doubtLink' } },
        },
        streaming: {
          type: 'parallel',
          entry: [{ type: 'setLive', params: { live: true } }, 'reportWell', 'noteStreaming'],
          exit: 'noteGone',
          after: { streamLimit: '#watch.resuming' },
          states: {
            age: {
              initial: 'young',
              states: {
                young: { after: { settled: 'grown' } },
                grown: { entry: 'countHealthy', on: { ENDED: '#watch.resuming' } },
              },
            },
            silence: {
              initial: 'listening',
              states: {
                // One level down, so that entering it anew leaves the region `age` alone.
                listening: {
                  initial: 'fresh',
                  on: { SEEN: { target: 'listening', reenter: true } },
                  after: { quietLimit: '.checking' },
                  states: {
                    fresh: { after: { silence: 'asking' } },
                    asking: {
                      invoke: {
                        src: 'ping',
                        onDone: [{ guard: 'isYes', target: 'fresh' }, { target: 'checking' }],
                        onError: { target: '#watch.broken', actions: 'remember' },
                      },
                      after: { pingLimit: { target: '#watch.broken', actions: 'doubtLink' } },
                    },
                    checking: {
                      invoke: {
                        src: 'check',
                        onDone: [
                          { guard: 'isYes', target: 'late' },
                          { target: '#watch.following.streaming.silence.listening', reenter: true },
                        ],
                        onError: { target: '#watch.broken', actions: 'remember' },
                      },
                      after: { checkLimit: '#watch.broken' },
                    },
                    /** The second watch was told what the first was not: changes, and not yet, or never. */
                    late: { after: { checkGrace: '#watch.silent' } },
                  },
                },
              },
            },
          },
        },
      },
    },
    resuming: { always: 'following' },
    /** Known to be behind; the next stream goes on where the store stands, so nothing is lost. */
    silent: {
      entry: ['forgetError', { type: 'setLive', params: { live: false } }, 'reportProblem'],
      always: 'following',
    },
    broken: {
      entry: ['countFailure', { type: 'setLive', params: { live: false } }, 'reportProblem', 'noteBroken'],
      always: [
        { guard: 'isExpired', target: 'expired' },
        { guard: 'isAbsent', target: 'absent' },
        { guard: 'isRefused', target: 'refused' },
        { target: 'waiting' },
      ],
    },
    expired: {
      entry: 'startOver',
      always: [{ guard: 'expiresAgain', target: 'waiting' }, { target: 'following' }],
    },
    waiting: { after: { backoff: 'held' } },
    /** The API is not served. What the store holds is kept for the comparison, but is not decided from. */
    absent: {
      entry: ['setUnsynced', 'notResumable'],
      after: { absentRetry: 'held' },
    },
    refused: { after: { refusedRetry: 'held' } },
    stopped: {
      type: 'final',
      entry: { type: 'setLive', params: { live: false } },
    },
  },
})
