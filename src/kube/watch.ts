/** Gives the watch chart its ports: one resource, listed and streamed into its store. */
import { fromCallback, fromPromise } from 'xstate'
import { type FollowEvent, type FollowInput, type WatchEvent, watchMachine } from '../../machines/watch.ts'
import { type AdapterError, asAdapterError, retry } from '../errors.ts'
import { BACKOFF_BASE_MS } from '../limits.ts'
import { backoffMs } from '../world/index.ts'
import { createFollower, type FollowDeps } from './follow.ts'

export interface WatchDeps extends FollowDeps {
  /** Resolves as soon as the API server is known to answer. */
  readonly reachable: (signal: AbortSignal) => Promise<void>
  /** Resolves when the API server answers anything on a fresh socket. */
  readonly probe: (signal: AbortSignal) => Promise<void>
  /** What is wrong with this watch; undefined: nothing. */
  readonly report: (problem: AdapterError | undefined) => void
}

export type WatchLogic = typeof watchMachine

/** The watch chart over a real link. It takes no input and accepts `STOP`; what it learns is in the store. */
export function provideWatch(deps: WatchDeps): WatchLogic {
  const follow = createFollower(deps)
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
        follow(input, send, stop.signal).catch((error: unknown) =>
          send({ type: 'FAILED', error: asAdapterError(error) }),
        )
        return () => stop.abort(retry('KUBE_WATCH_ENDED', `${plural}: the stream was given up`))
      }),
      reachable: fromPromise(({ signal }) => adapterErrors(deps.reachable(signal))),
      probe: fromPromise(({ signal }) => adapterErrors(deps.probe(signal))),
    },
    actions: {
      setLive: (_, { live }) => deps.store.setLive(live),
      setUnsynced: () => deps.store.setUnsynced(),
      reportWell: () => deps.report(undefined),
      reportProblem: ({ context }) => deps.report(context.error ?? silent),
    },
    delays: {
      backoff: ({ context }) => backoffMs(deps.random, context.failures, BACKOFF_BASE_MS, context.error),
    },
  })
}

async function adapterErrors(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    throw asAdapterError(error)
  }
}
