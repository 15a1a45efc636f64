/** What moves the channel: changes of the watched stores and of health, told to the chart while it listens. */
import type { MpEvent } from '../../machines/mp.ts'
import type { MpDeps } from './deps.ts'
import type { HealthReporter, Heartbeats } from './health/index.ts'
import { type InventoryView, MAPPED, type SourceName } from './inventory/index.ts'

export interface Observation {
  /** A session begins: sends CHANGED until the returned end is called. */
  follow(send: (event: MpEvent) => void): () => void
  /** Sends HEALTH_MOVED until the returned end is called. */
  watchHealth(send: (event: MpEvent) => void): () => void
  /** True until `begun` was called in this session. */
  isNewSession(): boolean
  begun(): void
  /** Looks at the agents' ages; a node whose agent is another than it was is due in the inventory. */
  judge(): void
}

const SOURCES: readonly SourceName[] = [...MAPPED, 'endpointSlices']

export function createObservation(
  { stores, health }: MpDeps,
  parts: {
    readonly heartbeats: Heartbeats
    readonly reporter: HealthReporter
    readonly view: InventoryView
  },
): Observation {
  const { heartbeats, reporter, view } = parts
  let isNew = true
  let send: (event: MpEvent) => void = () => {}

  const mark = (source: SourceName, keys: Iterable<string>) => {
    if (view.mark(source, keys)) send({ type: 'CHANGED' })
  }
  const judge = () => {
    const moved = reporter.movedNodes()
    if (moved.length > 0) mark('nodes', moved)
  }

  return {
    follow(sendBack) {
      isNew = true
      send = sendBack
      const ends = [...SOURCES.map((source) => stores[source].subscribe((keys) => mark(source, keys)))]
      judge()
      return () => {
        send = () => {}
        for (const end of ends) end()
      }
    },
    watchHealth(sendBack) {
      const moved = () => sendBack({ type: 'HEALTH_MOVED' })
      const ends = [
        heartbeats.follow(() => {
          judge()
          moved()
        }),
        health.subscribe(moved),
      ]
      return () => {
        for (const end of ends) end()
      }
    },
    isNewSession: () => isNew,
    begun: () => {
      isNew = false
    },
    judge,
  }
}
