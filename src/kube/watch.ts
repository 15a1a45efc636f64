/** Gives the watch chart its ports: one resource, listed and streamed into its store. */
import { fromCallback, fromPromise } from 'xstate'
import { type FollowEvent, type FollowInput, type WatchEvent, watchMachine } from '../../machines/watch.ts'
import { type AdapterError, asAdapterError, asAdapterErrors, retry } from '../errors.ts'
import { BACKOFF_BASE_MS } from '../limits.ts'
import { backoffMs } from '../world/index.ts'
import { createFollower, type FollowDeps } from './follow.ts'
import type { Turnstile } from './turnstile.ts'

export interface WatchDeps extends FollowDeps {
  /** Resolves as soon as the API server is known to answer. */
  readonly reachable: (signal: AbortSignal) => Promise<void>
  /** Resolves when the API server answers anything on a fresh socket. */
  readonly probe: (signal: AbortSignal) => Promise<void>
  /** Where this watch waits for its turn, and what it tells of itself. */
  readonly turnstile?: Turnstile
  /** Something was not answered in time: the API server is asked whether it answers at all. */
  readonly doubt: (error: AdapterError) => void
  /** What is wrong with this watch; undefined: nothing. */
  readonly report: (problem: AdapterError | undefined) => void
}

export type WatchLogic = typeof watchMachine

/** The watch chart over a real link. It takes no input and accepts `STOP`; what it learns is in the store. */
export function provideWatch(deps: WatchDeps): WatchLogic {
  const follower = createFollower(deps)
  const { plural } = deps.store.type
  const silent = retry('KUBE_SILENT', `${plural}: the API server fell silent; the link is made anew`, {
    subject: plural,
  })
  return watchMachine.provide({
    actors: {
      follow: fromCallback<WatchEvent, FollowInput>(({ input, sendBack }) => {
        const stop = new AbortController()
        const send = (event: FollowEvent) => {
          if (!stop.signal.aborted) sendBack(event)
        }
        follower
          .follow(input, send, stop.signal)
          .catch((error: unknown) => send({ type: 'FAILED', error: asAdapterError(error) }))
        return () => stop.abort(retry('KUBE_WATCH_ENDED', `${plural}: the stream was given up`))
      }),
      reachable: fromPromise(({ signal }) =>
        asAdapterErrors(deps.reachable(signal).then(() => deps.turnstile?.enter(signal))),
      ),
      ping: fromPromise(({ signal }) => asAdapterErrors(follower.ping(signal))),
      // One probe asks for all who doubt at a time, so that a dead server is not asked by each watch.
      check: fromPromise(({ signal }) =>
        asAdapterErrors(deps.probe(signal).then(() => follower.check(signal))),
      ),
    },
    actions: {
      setLive: (_, { live }) => deps.store.setLive(live),
      setUnsynced: () => deps.store.setUnsynced(),
      noteStreaming: () => deps.turnstile?.streaming(),
      noteGone: () => deps.turnstile?.gone(),
      noteBroken: ({ context }) => deps.turnstile?.broke(context.error),
      doubtLink: () => deps.doubt(silent),
      reportWell: () => deps.report(undefined),
      reportProblem: ({ context }) => deps.report(context.error ?? silent),
    },
    delays: {
      backoff: ({ context }) => backoffMs(deps.random, context.failures, BACKOFF_BASE_MS, context.error),
    },
  })
}
