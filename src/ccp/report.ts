/** Tells NSX what is realized: a full report after each session start, then changes, one call in flight, seq without gaps. */
import { AdapterError } from '../errors.ts'
import { REREPORT_MS, STATUS_ITEMS_MAX } from '../limits.ts'
import type { NsxManager } from '../nsx/index.ts'
import type { Session, StatusItem, StatusReport } from '../protocol/index.ts'
import type { Clock } from '../world/index.ts'
import { type Realized, sameItem, type Told } from './realization/index.ts'

export interface ReportSource {
  /** What is to be told now; undefined: nothing is known yet. */
  current(): Told | undefined
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
  /** The report goes on with another call. */
  readonly more: boolean
}

export interface Reporter {
  /**
   * One call, if there is anything to tell; rejects with why it could not. Never two at once. A message as long as a
   * problem's message times their number stays far below the manager's line limit.
   */
  flush(session: Session, signal: AbortSignal): Promise<FlushResult>
}

/** What one call says. */
interface Batch {
  readonly items: readonly Realized[]
  readonly full?: { readonly part: number; readonly parts: number }
}

/** What was told in one session. */
interface Telling {
  readonly session: string
  /** Of the last call that was acknowledged. */
  seq: number
  /** By path, as acknowledged. */
  readonly items: Map<string, Realized>
  /** To be told again although it is told. */
  readonly again: Set<string>
  /** Parts of the full report that are not acknowledged yet, of all that was known when it began; undefined: not begun. */
  full: Batch[] | undefined
  /** Went out, and nobody knows whether it arrived. */
  doubtful: Batch | undefined
  /** When what is not realized was last told again, monotonic. */
  repeatedMs: number
}

export function createReporter({ nsx, clock, clusterId, source }: ReporterDeps): Reporter {
  let telling: Telling | undefined

  type Desired = StatusReport['desired']

  const call = async (state: Telling, { items, full }: Batch, desired: Desired, signal: AbortSignal) => {
    const body: StatusReport = {
      session: state.session,
      seq: state.seq + 1,
      ...(full === undefined ? {} : { full }),
      desired,
      items: items.map((item): StatusItem => ({ ...item, observed_at: clock.now() })),
    }
    await nsx.call({
      method: 'POST',
      path: `/ccp/v1/clusters/${encodeURIComponent(clusterId)}/status`,
      body,
      signal,
    })
  }

  /** Sends a batch under the next seq. A 409 tells when the one before it arrived and only its answer was lost. */
  const send = async (state: Telling, batch: Batch, desired: Desired, signal: AbortSignal): Promise<void> => {
    const { doubtful } = state
    state.doubtful = batch
    try {
      await call(state, batch, desired, signal)
    } catch (error) {
      const expected = expectedSeq(error)
      if (expected === undefined) throw error
      if (expected !== state.seq + 2 || doubtful === undefined) {
        // The manager counts in another way than we do: from its number on, all is told again.
        telling = begin(state.session, expected - 1)
        throw error
      }
      acknowledge(state, doubtful)
      return
    }
    acknowledge(state, batch)
  }

  const begin = (session: string, seq: number): Telling => ({
    session,
    seq,
    items: new Map(),
    again: new Set(),
    full: undefined,
    doubtful: undefined,
    repeatedMs: clock.monotonicMs(),
  })

  return {
    async flush(session, signal) {
      const current = source.current()
      const desired = source.desired()
      if (current === undefined || desired === undefined) return { againMs: undefined, more: false }
      const max = Math.max(1, Math.min(STATUS_ITEMS_MAX, session.limits.max_status_items ?? STATUS_ITEMS_MAX))
      if (telling?.session !== session.session) telling = begin(session.session, 0)
      const state = telling
      state.full ??= partsOf([...current.items.values()], max)
      repeat(state, clock.monotonicMs())
      const batch = nextBatch(state, current, max)
      if (batch !== undefined) await send(state, batch, desired, signal)
      return {
        againMs: earliest(current.againMs, repeatInMs(state, clock.monotonicMs())),
        more: batch !== undefined && nextBatch(state, current, max) !== undefined,
      }
    },
  }
}

function partsOf(items: readonly Realized[], max: number): Batch[] {
  const parts = Math.max(1, Math.ceil(items.length / max))
  return Array.from({ length: parts }, (_, index) => ({
    items: items.slice(index * max, (index + 1) * max),
    full: { part: index + 1, parts },
  }))
}

/** Undefined: all is told. */
function nextBatch(state: Telling, current: Told, max: number): Batch | undefined {
  const part = state.full?.[0]
  if (part !== undefined) return part
  const items: Realized[] = []
  for (const [path, item] of current.items) {
    const told = state.items.get(path)
    if (told !== undefined && sameItem(told, item) && !state.again.has(path)) continue
    items.push(item)
    if (items.length === max) return { items }
  }
  for (const [path, told] of state.items) {
    if (current.items.has(path) || !current.isGone(path)) continue
    items.push({ path, kind: told.kind, state: 'REMOVED', problems: [] })
    if (items.length === max) break
  }
  return items.length === 0 ? undefined : { items }
}

function acknowledge(state: Telling, batch: Batch): void {
  state.seq += 1
  state.doubtful = undefined
  if (batch === state.full?.[0]) state.full.shift()
  for (const item of batch.items) {
    state.again.delete(item.path)
    if (item.state === 'REMOVED') state.items.delete(item.path)
    else state.items.set(item.path, item)
  }
}

/** What is not realized is told again now and then, although nothing changed. */
function repeat(state: Telling, nowMs: number): void {
  if (state.full === undefined || state.full.length > 0 || nowMs - state.repeatedMs < REREPORT_MS) return
  state.repeatedMs = nowMs
  for (const [path, { state: word }] of state.items) if (word !== 'SUCCESS') state.again.add(path)
}

function repeatInMs(state: Telling, nowMs: number): number | undefined {
  for (const { state: word } of state.items.values())
    if (word !== 'SUCCESS') return Math.max(0, REREPORT_MS - (nowMs - state.repeatedMs))
  return undefined
}

const earliest = (...times: (number | undefined)[]): number | undefined => {
  const known = times.filter((ms) => ms !== undefined) as number[]
  return known.length === 0 ? undefined : Math.min(...known)
}

function expectedSeq(error: unknown): number | undefined {
  if (!(error instanceof AdapterError)) return undefined
  const expected = (error.cause as { expected?: unknown } | undefined)?.expected
  return typeof expected === 'number' && Number.isSafeInteger(expected) && expected >= 1
    ? expected
    : undefined
}
