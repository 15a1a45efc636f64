/**
 * Metrics: one table of all there are (table.ts), kept in prom-client (registry.ts, the only file that knows it) and written
 * in Prometheus's or OpenMetrics' text (text.ts). Nothing here is called by a room: the composition observes what is there
 * anyway (transitions, facts, the HTTP clients) and looks at the rest when somebody asks. For daemon.ts and the command line.
 */
import type { Transition } from '../diagnostics/index.ts'
import { type Fact, WARNINGS } from '../health/index.ts'
import { METRICS_AGE_MS_MAX } from '../limits.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import { countFact } from './facts.ts'
import { createLostRows, type Looked, lookAt } from './figures.ts'
import { kubeCalls, nsxCalls, observedClient } from './http.ts'
import { createMetrics, type Family } from './registry.ts'
import { watchLoop } from './stalls.ts'
import { createTransitionMeter } from './transitions.ts'

export { metricsPage } from './document.ts'
export type { Build, CertificateEnd, CountedStatus, ProcessFigures } from './figures.ts'
export type { Family, Sample } from './registry.ts'
export { METRICS, type Metric, type MetricName } from './table.ts'
export { CONTENT_TYPES, formatOf, type TextFormat, writeText } from './text.ts'

/** What the composition tells and asks. */
export interface Measuring {
  transition(transition: Transition): void
  fact(fact: Fact): void
  /** The same client, counted. */
  kube(client: HttpClient): HttpClient
  nsx(client: HttpClient): HttpClient
  /** From now on this is looked at for each scrape. */
  look(at: Omit<Looked, 'channelState' | 'kube' | 'nsx' | 'clock' | 'lost'>): void
  /** Watches the event loop until the signal is aborted. */
  run(signal: AbortSignal): void
  /** Everything; who asks within half a second of another gets the same. */
  collect(): Promise<readonly Family[]>
}

export function createMeasuring(clock: Clock, driver: 'channels' | 'rest' = 'channels'): Measuring {
  const metrics = createMetrics()
  const transitions = createTransitionMeter(metrics, clock)
  const kube = kubeCalls(metrics, clock)
  const nsx = nsxCalls(metrics, clock, driver)
  let last: { readonly atMs: number; readonly families: Promise<readonly Family[]> } | undefined
  return {
    transition: (transition) => transitions.note(transition),
    fact: (fact) => countFact(metrics, fact),
    kube: (client) => observedClient(client, kube.observer, clock),
    nsx: (client) => observedClient(client, nsx.observer, clock),
    look(at) {
      const looked = {
        ...at,
        clock,
        lost: createLostRows(),
        kube,
        nsx,
        channelState: (channel: 'ccp' | 'mp') => transitions.channelState(channel),
      }
      metrics.onScrape((scrape) => lookAt(looked, WARNINGS, scrape))
    },
    run: (signal) => void watchLoop(metrics, clock, signal),
    collect() {
      const nowMs = clock.monotonicMs()
      if (last === undefined || nowMs - last.atMs > METRICS_AGE_MS_MAX)
        last = { atMs: nowMs, families: metrics.collect() }
      return last.families
    },
  }
}
