/** Which optional resources the cluster serves, as discovery last said; and the chart that asks, with its ports. */
import { fromCallback, fromPromise } from 'xstate'
import { type DiscoveryEvent, discoveryMachine } from '../../machines/discovery.ts'
import { asAdapterErrors, retry } from '../errors.ts'
import { BACKOFF_BASE_MS, KUBE_DISCOVERY_PERIOD_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { backoffMs, type Clock, type HttpClient, type Random } from '../world/index.ts'
import { discoverServed } from './discovery.ts'
import { waitInLine } from './line.ts'
import type { Problems } from './problems.ts'
import { OPTIONAL, RESOURCES, type ResourceName } from './resources.ts'

export interface Served {
  /** undefined while it is not known. What every cluster serves is always there. */
  is(name: ResourceName): boolean | undefined
  /** Those that are not served. */
  absent(): ResourceName[]
  set(served: ReadonlySet<ResourceName>): void
  /** Called after `set`; returns the unsubscribe. */
  onChange(listener: () => void): () => void
  /** A watch was told that the resource is not there: discovery looks at once. */
  doubt(): void
  /** Called by `doubt`; returns the unsubscribe. */
  onDoubt(listener: () => void): () => void
  /** Resolves as soon as it is served; rejects with the signal's reason only. */
  wait(name: ResourceName, signal: AbortSignal): Promise<void>
}

/** Nothing is known at first. */
export function createServed(names: readonly ResourceName[]): Served {
  const asked = names.filter((name) => OPTIONAL.has(name))
  const listeners = new Set<() => void>()
  const doubters = new Set<() => void>()
  let served: ReadonlySet<ResourceName> | undefined
  const is = (name: ResourceName): boolean | undefined => (OPTIONAL.has(name) ? served?.has(name) : true)
  return {
    is,
    absent: () => asked.filter((name) => is(name) === false),
    set(next) {
      served = next
      for (const listener of [...listeners]) listener()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    doubt() {
      for (const listener of [...doubters]) listener()
    },
    onDoubt(listener) {
      doubters.add(listener)
      return () => doubters.delete(listener)
    },
    wait: (name, signal) =>
      waitInLine(listeners, signal, (waiter) => {
        if (is(name) === true) waiter.resolve()
      }),
  }
}

export interface DiscoveryDeps {
  readonly served: Served
  readonly names: readonly ResourceName[]
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly userAgent: string
  readonly reachable: (signal: AbortSignal) => Promise<void>
  readonly problems: Problems
}

export type DiscoveryLogic = typeof discoveryMachine

/** Asks again and again, and tells `served`. It takes no input. */
export function provideDiscovery(deps: DiscoveryDeps): DiscoveryLogic {
  const { served, random, log, problems } = deps
  const names = deps.names.filter((name) => OPTIONAL.has(name))
  const late = retry('KUBE_SILENT', 'discovery: the API server did not answer in time; it is asked again')
  return discoveryMachine.provide({
    actors: {
      reachable: fromPromise(({ signal }) => deps.reachable(signal)),
      doubts: fromCallback<DiscoveryEvent>(({ sendBack }) =>
        served.onDoubt(() => sendBack({ type: 'DOUBT' })),
      ),
      look: fromPromise(({ signal }) =>
        asAdapterErrors(discoverServed(deps.http, deps.clock, deps.userAgent, names, signal)),
      ),
    },
    actions: {
      tell: ({ context }) => {
        const before = served.absent().join(', ')
        served.set((context.served ?? new Set()) as ReadonlySet<ResourceName>)
        const absent = served.absent()
        if (absent.join(', ') !== before) log.info({ absent }, 'optional resources that are not served')
        problems.absent(absent.map((name) => kindOf(name)))
      },
      reportWell: () => problems.report('discovery', undefined),
      reportProblem: ({ context }) => problems.report('discovery', context.error ?? late),
    },
    delays: {
      period: KUBE_DISCOVERY_PERIOD_MS,
      backoff: ({ context }) => backoffMs(random, context.failures, BACKOFF_BASE_MS, context.error),
    },
  })
}

const kindOf = (name: ResourceName): string => {
  const { kind, group, version } = RESOURCES[name]
  return `${kind} (${group}/${version})`
}
