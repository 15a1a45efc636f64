/** One session's policy: the snapshot, then the watch, until it breaks. */
import { retry } from '../../errors.ts'
import type { NsxManager } from '../../nsx/index.ts'
import type { Session } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import { readSnapshot } from './snapshot.ts'
import type { DesiredState } from './state.ts'
import { readWatch } from './watch.ts'

export interface FollowDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly clusterId: string
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
  const state = await snapshotOf(deps, `${base}/snapshot?session=${id}`, session, held, onLine, signal)
  if (held !== undefined && held.epoch === state.epoch && state.version < held.version)
    throw retry(
      'MANAGER_BEHIND',
      `${deps.nsx.origin} is at version ${state.version}, held is ${held.version} of the same epoch; it is asked again`,
    )
  handlers.onSnapshot(state)
  const query = `session=${id}&epoch=${encodeURIComponent(state.epoch)}&from=${state.version}`
  const stream = await deps.nsx.stream({ path: `${base}/watch?${query}`, signal })
  for await (const next of readWatch(stream.lines, state, { onLine, onOpen: handlers.onOpen }))
    handlers.onCommit(next)
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
