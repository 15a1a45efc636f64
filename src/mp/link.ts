/** The link's own ports: opening and closing the session, and what a broken link means for the operator. */

import type { Leader } from '../../machines/index.ts'
import { type AdapterError, needsPerson } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'
import { BACKOFF_BASE_MS, BACKOFF_MAX_MS } from '../limits.ts'
import { PROTOCOL_VERSION, type Session } from '../protocol/index.ts'
import type { Random } from '../world/index.ts'
import type { MpDeps } from './index.ts'
import { REQUEST_KINDS } from './requests.ts'

/** Hello, then a session as this leader. Rejects with the manager's error, or VERSION_NOT_SUPPORTED. */
export async function openSession(
  deps: MpDeps,
  leader: Leader | undefined,
  signal: AbortSignal,
): Promise<Session> {
  const { nsx, clusterId } = deps
  if (leader === undefined) throw new Error('a session needs a leader')
  const { versions } = await nsx.hello('mp', signal)
  if (!versions.includes(PROTOCOL_VERSION))
    throw needsPerson(
      'VERSION_NOT_SUPPORTED',
      `${nsx.origin} speaks ${versions.join(', ').slice(0, 200)} and this adapter ${PROTOCOL_VERSION}; bring both to versions that fit`,
    )
  return nsx.openSession(
    'mp',
    clusterId,
    {
      instance: deps.instance,
      adapter_version: deps.adapterVersion,
      capabilities: [...REQUEST_KINDS],
      cluster_uid: await deps.clusterUid(),
      leader: { lease_created: leader.leaseCreated, transitions: leader.transitions },
    },
    signal,
  )
}

/** Full jitter between 0 and min(max, base·2^n); never shorter than what the manager asked for. */
export function backoffMs(random: Random, failures: number, error: AdapterError | undefined): number {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(failures, 16))
  return Math.max(random.next() * most, error?.retryAfterMs ?? 0)
}

const LINK_WARNINGS = ['NSX_UNREACHABLE', 'NSX_UNTRUSTED', 'NSX_REFUSED'] as const

/** In good order, or somebody else's turn: a new session follows by itself. */
const PLANNED: ReadonlySet<string> = new Set([
  'STREAM_BYE',
  'STREAM_ENDED',
  'SESSION_ENDED',
  'STALE_LEADER',
  'LEASE_NOT_HELD',
])

/** Undefined: nothing to tell a person. */
function warningOf(error: AdapterError | undefined): WarningCode | undefined {
  if (error === undefined) return 'NSX_UNREACHABLE'
  if (PLANNED.has(error.code)) return undefined
  if (error.code === 'TRANSPORT_UNTRUSTED') return 'NSX_UNTRUSTED'
  return error.kind === 'retry' ? 'NSX_UNREACHABLE' : 'NSX_REFUSED'
}

/** Sets and clears the link's warnings; only those that this channel set itself are cleared by it. */
export function createLinkWarnings(health: Health) {
  let own: WarningCode | undefined
  return {
    well() {
      if (own !== undefined) health.clear(own)
      own = undefined
    },
    problem(error: AdapterError | undefined, silent: string) {
      const code = warningOf(error)
      for (const other of LINK_WARNINGS) if (own === other && other !== code) health.clear(other)
      own = code
      if (code !== undefined) health.set(code, error?.message ?? silent)
    },
  }
}
