/** One session's policy: the snapshot, then the watch, until it breaks. */
import { AdapterError, retry } from '../../errors.ts'
import type { NsxManager } from '../../nsx/index.ts'
import type { Session } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import { readAhead } from './ahead.ts'
import { readSnapshot } from './snapshot.ts'
import type { DesiredState } from './state.ts'
import { readWatch } from './watch.ts'

export interface FollowDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly clusterId: string
  /** Outlives the sessions: 410s in a row. After two, the watch is opened before the snapshot. */
  readonly history?: { gone: number }
}

export interface FollowHandlers {
  /** Something was read; at most once a second. */
  onSeen(): void
  /** The snapshot is complete. */
  onSnapshot(state: DesiredState): void
  /** The watch is open: from here on commits come. */
  onOpen(): void
  onCommit(state: DesiredState): void
}

const SEEN_PERIOD_MS = 1_000
/** docs/protocol.md §2. */
const GONE_BEFORE_EARLY_WATCH = 2

/**
 * Follows until the stream breaks, and rejects with why. `held` is the complete set in memory: it saves the transfer
 * when nothing changed, and a manager that is behind it in the same epoch is not believed.
 */
export async function followPolicy(
  deps: FollowDeps,
  session: Session,
  held: DesiredState | undefined,
  handlers: FollowHandlers,
  signal: AbortSignal,
): Promise<never> {
  const onLine = seenEvery(deps.clock, handlers.onSeen)
  const base = `/ccp/v1/clusters/${encodeURIComponent(deps.clusterId)}`
  const id = encodeURIComponent(session.session)
  const read = async () => {
    const state = await snapshotOf(deps, `${base}/snapshot?session=${id}`, session, held, onLine, signal)
    if (held !== undefined && held.epoch === state.epoch && state.version < held.version)
      throw retry(
        'MANAGER_BEHIND',
        `${deps.nsx.origin} is at version ${state.version}, held is ${held.version} of the same epoch; it is asked again`,
      )
    return state
  }
  const watch = (epoch: string, from: number | 'begin') =>
    deps.nsx.stream({
      path: `${base}/watch?session=${id}&epoch=${encodeURIComponent(epoch)}&from=${from}`,
      signal,
    })
  const isEarly = (deps.history?.gone ?? 0) >= GONE_BEFORE_EARLY_WATCH
  const ahead = isEarly ? readAhead((await watch(session.epoch, 'begin')).lines, onLine, signal) : undefined
  try {
    const state = await read()
    handlers.onSnapshot(state)
    const lines = ahead?.after(state) ?? (await watch(state.epoch, state.version)).lines
    if (deps.history !== undefined) deps.history.gone = 0
    for await (const next of readWatch(lines, state, { onLine, onOpen: handlers.onOpen }))
      handlers.onCommit(next)
  } catch (error) {
    if (deps.history !== undefined && error instanceof AdapterError && error.code === 'NSX_GONE')
      deps.history.gone += 1
    throw error
  } finally {
    ahead?.stop()
  }
  throw retry('STREAM_ENDED', 'the manager ended the watch; a new session follows')
}

async function snapshotOf(
  { nsx, clock }: FollowDeps,
  path: string,
  session: Session,
  held: DesiredState | undefined,
  onLine: () => void,
  signal: AbortSignal,
): Promise<DesiredState> {
  const snapshotMs = clock.monotonicMs()
  const isSame = held !== undefined && held.epoch === session.epoch && held.source === session.source
  const headers = isSame ? { 'if-none-match': held.digest() } : {}
  const stream = await nsx.stream({ path, headers, signal })
  if (stream.status !== 304) return readSnapshot(stream.lines, { snapshotMs, onLine })
  if (!isSame) throw retry('SNAPSHOT_MALFORMED', 'the manager says "not modified" without having been asked')
  for await (const _ of stream.lines) onLine()
  // The same content may stand at a later version; the watch begins where the manager says it is.
  const version = versionOf(stream.headers['snapshot-version']) ?? held.version
  return { ...held, version, snapshotMs }
}

function versionOf(header: string | undefined): number | undefined {
  const version = Number(header)
  return header !== undefined && header !== '' && Number.isSafeInteger(version) ? version : undefined
}

/** Calls at most once a second, the first time at once. */
function seenEvery(clock: Clock, onSeen: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.monotonicMs()
    if (now - last < SEEN_PERIOD_MS) return
    last = now
    onSeen()
  }
}
