/**
 * What the API server serves of what a cluster may do without: held → looking → (known | doubting | failed) → held. A
 * resource that was there and is not in one answer is looked for once more before it counts as gone.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'

export interface DiscoveryContext {
  /** What counts as served; undefined before the first answer. */
  readonly served: ReadonlySet<string> | undefined
  /** What the last answer had. */
  readonly found: ReadonlySet<string>
  readonly failures: number
  readonly error: AdapterError | undefined
}

export type DiscoveryEvent =
  /** A watch was told that its resource is not there. */
  { readonly type: 'DOUBT' } | { readonly type: 'STOP' }

export const discoveryMachine = setup({
  types: { context: {} as DiscoveryContext, events: {} as DiscoveryEvent },
  actors: {
    /** Resolves as soon as the API server is known to answer. */
    reachable: fromPromise<void>(() => Promise.reject(new Error('the port reachable is not provided'))),
    /** Names of what is served, of those that are asked for. */
    look: fromPromise<ReadonlySet<string>>(() => Promise.reject(new Error('the port look is not provided'))),
    /** Sends DOUBT. */
    doubts: fromCallback<DiscoveryEvent>(() => {
      throw new Error('the port doubts is not provided')
    }),
  },
  actions: {
    /** The context's `served` counts from now on. */
    tell: () => {},
    reportWell: () => {},
    reportProblem: () => {},
    noteFound: assign(({ event }) => ({
      found: (event as unknown as { output: ReadonlySet<string> }).output,
      failures: 0,
      error: undefined,
    })),
    believe: assign({ served: ({ context }) => context.found }),
    /** What came counts at once, also while something else is doubted. */
    add: assign({ served: ({ context }) => new Set([...(context.served ?? []), ...context.found]) }),
    noteFailure: assign(({ context, event }) => ({
      failures: context.failures + 1,
      error: (event as unknown as { error: AdapterError }).error,
    })),
    noteLate: assign({ failures: ({ context }) => context.failures + 1, error: undefined }),
  },
  guards: {
    /** Something that counts as served was not in the answer. */
    lacksSome: ({ context, event }) => {
      const found = (event as unknown as { output: ReadonlySet<string> }).output
      return [...(context.served ?? [])].some((name) => !found.has(name))
    },
  },
  delays: { period: 30_000, doubt: 5_000, lookLimit: 30_000, backoff: 30_000 },
}).createMachine({
  id: 'discovery',
  context: { served: undefined, found: new Set(), failures: 0, error: undefined },
  initial: 'held',
  on: { STOP: '.stopped' },
  states: {
    held: {
      invoke: { src: 'reachable', onDone: 'looking', onError: { target: 'failed', actions: 'noteFailure' } },
    },
    looking: {
      invoke: {
        src: 'look',
        onDone: [
          { guard: 'lacksSome', target: 'doubting', actions: ['noteFound', 'add', 'tell', 'reportWell'] },
          { target: 'known', actions: ['noteFound', 'believe', 'tell', 'reportWell'] },
        ],
        onError: { target: 'failed', actions: 'noteFailure' },
      },
      after: { lookLimit: { target: 'failed', actions: 'noteLate' } },
    },
    known: {
      invoke: { src: 'doubts' },
      on: { DOUBT: 'held' },
      after: { period: 'held' },
    },
    doubting: { after: { doubt: 'sure' } },
    /** The second look decides. */
    sure: {
      invoke: {
        src: 'look',
        onDone: { target: 'known', actions: ['noteFound', 'believe', 'tell', 'reportWell'] },
        onError: { target: 'failed', actions: 'noteFailure' },
      },
      after: { lookLimit: { target: 'failed', actions: 'noteLate' } },
    },
    failed: { entry: 'reportProblem', after: { backoff: 'held' } },
    stopped: { type: 'final' },
  },
})
