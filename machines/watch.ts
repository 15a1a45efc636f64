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
    /** Resolves as soon as the API server is known to answer; at once while nothing speaks against it. */
    reachable: fromPromise<void>(() => Promise.reject(new Error('the port reachable is not provided'))),
    /** Whether it answers on a fresh socket; rejects when it does not. */
    probe: fromPromise<void>(() => Promise.reject(new Error('the port probe is not provided'))),
  },
  actions: {
    /** Whether the store is kept up to date from now on. */
    setLive: (_, _params: { live: boolean }) => {},
    /** Nothing may be decided from the store until its next complete list. */
    setUnsynced: () => {},
    /** The warning of this resource goes … */
    reportWell: () => {},
    /** … or stands, with the context's error. */
    reportProblem: () => {},
    remember: assign({ error: ({ event }) => (event as unknown as { error: AdapterError }).error }),
    /** A deadline of the chart passed: there is no error to show but that. */
    forgetError: assign({ error: undefined }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
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
  },
  delays: {
    /** Full jitter; never shorter than what the server asked for. */
    backoff: 30_000,
    /** Silence after which the link is probed on a fresh socket … */
    silenceProbe: 30_000,
    /** … and after which the stream is replaced in any case. */
    silenceReplace: 45_000,
    probeLimit: 5_000,
    /** A server that takes a streamed list's parameters and then says nothing does not know them. */
    streamListSilence: 10_000,
    /** One page. */
    pageLimit: 60_000,
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
          states: {
            dialing: {
              on: { OPENED: 'streamed' },
              after: { openLimit: '#watch.broken' },
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
              after: { pageLimit: '#watch.broken' },
            },
          },
        },
        /** At the store's resourceVersion. A live store stays live: the server's time-out, resumed, is not a loss. */
        opening: {
          on: { OPENED: 'streaming' },
          after: { openLimit: '#watch.broken' },
        },
        streaming: {
          type: 'parallel',
          entry: [{ type: 'setLive', params: { live: true } }, 'reportWell'],
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
                  // An answered probe proves the path, not the old socket. Bookmarks come about each minute, so a quiet
                  // stream is opened anew at 45 s, at its resourceVersion: one small request, and nothing is listed.
                  after: { silenceReplace: '#watch.silent' },
                  states: {
                    fresh: { after: { silenceProbe: 'probing' } },
                    probing: {
                      invoke: {
                        src: 'probe',
                        onDone: 'doubtful',
                        onError: { target: '#watch.broken', actions: 'remember' },
                      },
                      after: { probeLimit: '#watch.broken' },
                    },
                    doubtful: {},
                  },
                },
              },
            },
          },
        },
      },
    },
    resuming: { always: 'following' },
    silent: { always: 'following' },
    broken: {
      entry: ['countFailure', { type: 'setLive', params: { live: false } }, 'reportProblem'],
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
