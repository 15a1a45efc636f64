/** Keeps the values, in prom-client's own registry: nothing of it is global, and nobody else imports it. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { METRIC_SERIES_MAX } from '../limits.ts'
import { METRICS, type Metric, type MetricName, OTHER } from './table.ts'

export type Labels = Readonly<Record<string, string>>

/** Where things happen. All of it is cheap and none of it throws. */
export interface Meter {
  /** One more of a counter, or so many. */
  add(name: MetricName, labels?: Labels, by?: number): void
  /** One value of a histogram. */
  observe(name: MetricName, labels: Labels, value: number): void
}

/** Of the moment in which somebody asks. */
export interface Scrape {
  set(name: MetricName, labels: Labels, value: number): void
  /** A counter that somebody else counts: so many in all. */
  total(name: MetricName, labels: Labels, value: number): void
}

export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

export interface Family {
  readonly name: MetricName
  readonly sort: Metric['sort']
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Metrics extends Meter {
  /** Called for each scrape, to say what is at that moment. Gauges are empty before. */
  onScrape(feed: (scrape: Scrape) => void): void
  /** Everything there is, in the table's order. */
  collect(): Promise<readonly Family[]>
}

interface Kept {
  readonly counter?: Counter
  readonly gauge?: Gauge
  readonly histogram?: Histogram
  /** Words seen of labels that take any. */
  readonly words: Map<string, Set<string>>
}

/** An empty registry with every metric of the table declared. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const kept = new Map<string, Kept>(
    Object.entries(METRICS).map(([name, metric]) => [name, declare(registry, name, metric)]),
  )
  const feeds: ((scrape: Scrape) => void)[] = []
  const of = (name: MetricName) => kept.get(name)!
  const fitting = (name: MetricName, labels: Labels) => fit(METRICS[name], of(name), labels)
  const scrape: Scrape = {
    set: (name, labels, value) => of(name).gauge?.set(fitting(name, labels), value),
    total: (name, labels, value) => of(name).counter?.inc(fitting(name, labels), value),
  }
  /** Counters that are told whole start from nothing each time. */
  const told = new Set<MetricName>()
  const telling: Scrape = {
    set: scrape.set,
    total(name, labels, value) {
      if (!told.has(name)) of(name).counter?.reset()
      told.add(name)
      scrape.total(name, labels, value)
    },
  }
  return {
    add: (name, labels = {}, by = 1) => of(name).counter?.inc(fitting(name, labels), by),
    observe: (name, labels, value) => of(name).histogram?.observe(fitting(name, labels), value),
    onScrape: (feed) => void feeds.push(feed),
    async collect() {
      told.clear()
      for (const { gauge } of kept.values()) gauge?.reset()
      for (const feed of feeds) feed(telling)
      const values = await registry.getMetricsAsJSON()
      return values.map(({ name, help, values: samples }) => ({
        name: name as MetricName,
        sort: METRICS[name as MetricName].sort,
        help,
        samples: samples.map((sample) => ({
          name: (sample as { metricName?: string }).metricName ?? name,
          labels: Object.fromEntries(
            Object.entries(sample.labels).map(([label, value]) => [label, String(value)]),
          ),
          value: sample.value,
        })),
      }))
    },
  }
}

function declare(registry: Registry, name: string, metric: Metric): Kept {
  const common = {
    name,
    help: metric.help,
    labelNames: Object.keys(metric.labels ?? {}),
    registers: [registry],
  }
  const words = new Map<string, Set<string>>()
  if (metric.sort === 'counter') return { counter: new Counter(common), words }
  if (metric.sort === 'gauge') return { gauge: new Gauge(common), words }
  return { histogram: new Histogram({ ...common, buckets: [...(metric.buckets ?? [])] }), words }
}

const WORD_CHARS_MAX = 64

/** Only the labels of the table, each with a value it may have. */
function fit({ labels: declared = {} }: Metric, { words }: Kept, given: Labels): Record<string, string> {
  const fitted: Record<string, string> = {}
  for (const [label, values] of Object.entries(declared)) {
    const value = given[label] ?? OTHER
    if (values !== undefined) {
      fitted[label] = values.includes(value) ? value : OTHER
      continue
    }
    const seen = words.get(label) ?? new Set()
    words.set(label, seen)
    if (seen.size < METRIC_SERIES_MAX && value.length <= WORD_CHARS_MAX) seen.add(value)
    fitted[label] = seen.has(value) ? value : OTHER
  }
  return fitted
}
