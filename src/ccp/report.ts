/** Tells NSX what is realized: a full report after each session start, then changes, one call in flight, seq without gaps. */
import { AdapterError, retry } from '../errors.ts'
import { STATUS_ITEMS_MAX } from '../limits.ts'
import type { NsxManager } from '../nsx/index.ts'
import type { Session, StatusItem, StatusReport } from '../protocol/index.ts'
import { canonicalJson } from '../protocol/index.ts'
import type { Clock } from '../world/index.ts'
import type { Realized } from './realization.ts'

export interface ReportSource {
  /** What is to be told now; undefined: nothing is known yet. */
  current():
    | { items: readonly Realized[]; againMs: number | undefined; isGone: (path: string) => boolean }
    | undefined
  desired(): { version: number; digest: string } | undefined
}

export interface ReporterDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly clusterId: string
  readonly source: ReportSource
}

export interface FlushResult {
  /** Something changes by time alone: flush again after this. */
  readonly againMs: number | undefined
}

export interface Reporter {
  /** Sends what is new to this session, in parts; rejects with why it could not. Never two at once. */
  flush(session: Session, signal: AbortSignal): Promise<FlushResult>
}

/** A message as long as a problem's message times their number stays far below the manager's line limit. */
export function createReporter({ nsx, clock, clusterId, source }: ReporterDeps): Reporter {
  let told: { session: string; seq: number; isFull: boolean; items: Map<string, string> } | undefined

  const send = async (report: StatusReport, signal: AbortSignal): Promise<void> => {
    const path = `/ccp/v1/clusters/${encodeURIComponent(clusterId)}/status`
    await nsx.call({ method: 'POST', path, body: report, signal })
  }

  /** One report under the next seq. A 409 that names the seq it expects: an answer of ours was lost. */
  const sendNext = async (
    state: NonNullable<typeof told>,
    session: Session,
    rest: Omit<StatusReport, 'session' | 'seq'>,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await send({ session: session.session, seq: state.seq + 1, ...rest }, signal)
        state.seq += 1
        return
      } catch (error) {
        const expected = expectedSeq(error)
        if (expected === undefined || attempt > 2) throw error
        // An earlier report arrived and its answer was lost. What it said may be old by now: all of it is said again.
        state.seq = expected - 1
      }
    }
  }

  return {
    async flush(session, signal) {
      const current = source.current()
      const desired = source.desired()
      if (current === undefined || desired === undefined) return { againMs: undefined }
      if (told?.session !== session.session)
        told = { session: session.session, seq: 0, isFull: false, items: new Map() }
      const state = told
      const wanted = new Map(current.items.map((item) => [item.path, item]))
      const changed = [...wanted.values()].filter(
        (item) => state.items.get(item.path) !== canonicalJson(item),
      )
      const removed = [...state.items.keys()].filter((path) => !wanted.has(path) && current.isGone(path))
      const items = [...changed, ...removed.map(removedItem)]
      if (state.isFull && items.length === 0) return { againMs: current.againMs }
      const max = Math.max(1, Math.min(STATUS_ITEMS_MAX, session.limits.max_status_items ?? STATUS_ITEMS_MAX))
      const parts = Math.max(1, Math.ceil(items.length / max))
      for (let part = 1; part <= parts; part += 1) {
        const slice = items.slice((part - 1) * max, part * max)
        await sendNext(
          state,
          session,
          {
            ...(state.isFull ? {} : { full: { part, parts } }),
            desired,
            items: slice.map((item): StatusItem => ({ ...item, observed_at: clock.now() })),
          },
          signal,
        )
        // A full report counts with its last part; until then all of it is sent again.
        if (state.isFull || part === parts) remember(state.items, state.isFull ? slice : items)
      }
      state.isFull = true
      return { againMs: current.againMs }
    },
  }
}

const removedItem = (path: string): Realized => ({
  path,
  kind: 'SecurityPolicy',
  state: 'REMOVED',
  problems: [],
})

function remember(items: Map<string, string>, sent: readonly Realized[]): void {
  for (const item of sent) {
    if (item.state === 'REMOVED') items.delete(item.path)
    else items.set(item.path, canonicalJson(item))
  }
}

function expectedSeq(error: unknown): number | undefined {
  if (!(error instanceof AdapterError)) return undefined
  const expected = (error.cause as { expected?: unknown } | undefined)?.expected
  return typeof expected === 'number' && Number.isSafeInteger(expected) && expected >= 1
    ? expected
    : undefined
}

/** The session is over: only a new one helps. */
export const isSessionEnded = (error: AdapterError): boolean =>
  ['SESSION_ENDED', 'STALE_LEADER', 'NSX_CONFLICT', 'NSX_GONE', 'NSX_NOT_FOUND', 'CLUSTER_IDENTITY'].includes(
    error.code,
  )

export const sessionLost = (error: AdapterError): AdapterError =>
  error.kind === 'needs-person' ? error : retry('SESSION_ENDED', error.message, { cause: error })
