/** What both channels' links do alike: opening a session, and what a broken link means for the operator. */
import { type AdapterError, asAdapterError, needsPerson } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'
import { type ChannelName, PROTOCOL_VERSION, type Session } from '../protocol/index.ts'
import type { NsxManager } from './contract.ts'

export interface LinkDeps {
  readonly nsx: NsxManager
  readonly clusterId: string
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
}

/** As machines/adapter.ts has it. */
interface Leader {
  readonly leaseCreated: number
  readonly transitions: number
}

/**
 * Hello, then a session as this leader (docs/protocol.md §1). Rejects with the manager's error, or with
 * VERSION_NOT_SUPPORTED when the two have no version in common.
 */
export async function openLink(
  deps: LinkDeps,
  channel: ChannelName,
  capabilities: readonly string[],
  leader: Leader,
  signal: AbortSignal,
): Promise<Session> {
  try {
    const { versions } = await deps.nsx.hello(channel, signal)
    if (!versions.includes(PROTOCOL_VERSION)) throw versionsDiffer(deps.nsx.origin, versions)
    return await deps.nsx.openSession(
      channel,
      deps.clusterId,
      {
        instance: deps.instance,
        adapter_version: deps.adapterVersion,
        capabilities: [...capabilities],
        cluster_uid: await deps.clusterUid(),
        leader: { lease_created: leader.leaseCreated, transitions: leader.transitions },
      },
      signal,
    )
  } catch (error) {
    throw asAdapterError(error)
  }
}

const versionsDiffer = (origin: string, versions: readonly string[]) =>
  needsPerson(
    'VERSION_NOT_SUPPORTED',
    `${origin} speaks ${versions.join(', ').slice(0, 200)} and this adapter ${PROTOCOL_VERSION}; bring both to versions that fit`,
  )

const LINK_WARNINGS = [
  'NSX_UNREACHABLE',
  'NSX_UNTRUSTED',
  'NSX_REFUSED',
  'CCP_PROTOCOL',
] as const satisfies readonly WarningCode[]

/** In good order, or somebody else's turn: a new session follows by itself. */
const PLANNED: ReadonlySet<string> = new Set([
  'STREAM_BYE',
  'STREAM_RESET',
  'STREAM_ENDED',
  'SESSION_ENDED',
  'STALE_LEADER',
  'LEASE_NOT_HELD',
])

/** Errors of what the policy stream says, not of the way it came. */
const PROTOCOL =
  /^(LINE_|PROTOCOL_|SNAPSHOT_|TRANSACTION_|STREAM_GAP|MANAGER_BEHIND|NSX_PROTOCOL|NSX_NOT_JSON)/

/** The warning for a link's error (undefined: it fell silent); undefined: nothing to tell a person. */
export function linkWarning(channel: ChannelName, error: AdapterError | undefined): WarningCode | undefined {
  if (error === undefined) return 'NSX_UNREACHABLE'
  if (PLANNED.has(error.code)) return undefined
  if (error.code === 'TRANSPORT_UNTRUSTED') return 'NSX_UNTRUSTED'
  if (channel === 'ccp' && PROTOCOL.test(error.code)) return 'CCP_PROTOCOL'
  return error.kind === 'retry' ? 'NSX_UNREACHABLE' : 'NSX_REFUSED'
}

export interface LinkWarnings {
  well(): void
  /** `silent` is said when there is no error: the link fell silent. */
  problem(error: AdapterError | undefined, silent: string): void
}

/** Raises the warning that fits and takes the others back, for this channel alone: the other one's stand. */
export function createLinkWarnings(health: Health, channel: ChannelName): LinkWarnings {
  const raise = (code: WarningCode | undefined, detail: string) => {
    for (const one of LINK_WARNINGS) {
      if (one === code) health.set(one, detail, channel)
      else health.clear(one, channel)
    }
  }
  return {
    well: () => raise(undefined, ''),
    problem: (error, silent) => raise(linkWarning(channel, error), error?.message ?? silent),
  }
}
