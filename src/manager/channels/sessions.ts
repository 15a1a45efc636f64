/** The sessions of one cluster: one a channel, the newest wins (docs/protocol.md §1). */
import type { ChannelName, SessionRequest } from '../../protocol/index.ts'
import { jsonLine } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import { NsxApiError } from '../rest/index.ts'
import type { LineStream } from './stream.ts'

export type StreamName = 'snapshot' | 'watch' | 'requests'

export interface ChannelSession {
  readonly id: string
  readonly channel: ChannelName
  readonly leader: SessionRequest['leader']
  /** Of the certificate it was opened with. */
  readonly fingerprint: string
  heardAtMs: number
  /** The status report that is expected next. */
  statusSeq: number
  readonly streams: Map<StreamName, LineStream>
}

export interface Sessions {
  /** Throws 409 STALE_LEADER or CLUSTER_IDENTITY. */
  open(channel: ChannelName, request: SessionRequest, fingerprint: string): ChannelSession
  /** The session of a call that takes effect now. Throws 409 SESSION_ENDED. */
  check(channel: ChannelName, id: string | null): ChannelSession
  close(channel: ChannelName, id: string): void
  live(channel: ChannelName): ChannelSession | undefined
  /** Ends sessions, all or those that `which` picks; their streams hear `text` last. */
  end(text: string, which?: (session: ChannelSession) => boolean): void
  streams(): readonly LineStream[]
}

export interface SessionsOptions {
  readonly clock: Clock
  readonly uuid: () => string
  readonly heartbeatMs: number
  /** Uid of the cluster that a ClusterControlPlane belongs to since its first session. */
  readonly clusterUid: { get(): string | undefined; set(uid: string): void }
}

const HEARTBEATS_HEARD = 3
/** Whoever is replaced had better come back later than the one that replaced it. */
const BYE_RETRY_MS = 1_000

export const byeLine = (retryAfterMs = BYE_RETRY_MS): string =>
  jsonLine({ t: 'bye', retry_after_ms: retryAfterMs })

export function createSessions({
  clock,
  uuid,
  heartbeatMs,
  clusterUid: belongsTo,
}: SessionsOptions): Sessions {
  const current = new Map<ChannelName, ChannelSession>()
  const isHeard = (session: ChannelSession) =>
    clock.monotonicMs() - session.heardAtMs <= HEARTBEATS_HEARD * heartbeatMs
  const live = (channel: ChannelName) => {
    const session = current.get(channel)
    return session !== undefined && isHeard(session) ? session : undefined
  }
  const drop = (session: ChannelSession, text?: string) => {
    if (current.get(session.channel) === session) current.delete(session.channel)
    for (const stream of [...session.streams.values()]) stream.end(text)
  }
  return {
    live,
    open(channel, request, fingerprint) {
      const clusterUid = belongsTo.get()
      if (clusterUid !== undefined && clusterUid !== request.cluster_uid)
        throw conflict(
          'CLUSTER_IDENTITY',
          `This ClusterControlPlane belongs to the cluster with uid ${clusterUid}. If it was replaced, delete and register it again.`,
        )
      const others = (['ccp', 'mp'] as const).flatMap((name) => live(name) ?? [])
      if (others.some((other) => isLower(request.leader, other.leader)))
        throw conflict('STALE_LEADER', 'A newer leader of this cluster is connected.')
      if (clusterUid === undefined) belongsTo.set(request.cluster_uid)
      const older = current.get(channel)
      if (older !== undefined) drop(older, byeLine())
      const session: ChannelSession = {
        id: uuid(),
        channel,
        leader: request.leader,
        fingerprint,
        heardAtMs: clock.monotonicMs(),
        statusSeq: 1,
        streams: new Map(),
      }
      current.set(channel, session)
      return session
    },
    check(channel, id) {
      const session = live(channel)
      if (session === undefined || session.id !== id)
        throw conflict('SESSION_ENDED', 'This session has ended; open a new one.')
      session.heardAtMs = clock.monotonicMs()
      return session
    },
    close(channel, id) {
      const session = current.get(channel)
      if (session?.id === id) drop(session)
    },
    end(text, which = () => true) {
      for (const session of [...current.values()]) if (which(session)) drop(session, text)
    },
    streams: () => [...current.values()].flatMap((session) => [...session.streams.values()]),
  }
}

/** Leases in the order of their making, then terms within one. */
const isLower = (a: SessionRequest['leader'], b: SessionRequest['leader']): boolean =>
  a.lease_created < b.lease_created || (a.lease_created === b.lease_created && a.transitions < b.transitions)

export const conflict = (
  code: string,
  message: string,
  extra: Readonly<Record<string, unknown>> = {},
): NsxApiError => new NsxApiError(409, 409, message, { code, extra })
