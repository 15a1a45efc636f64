/** The CCP channel of docs/protocol.md. */
import { LINK_DELAYS } from '../../../machines/link.ts'
import { BACKOFF_BASE_MS } from '../../limits.ts'
import { type NsxManager, openLink } from '../../nsx/index.ts'
import { backoffMs } from '../../world/index.ts'
import { createReporter, type ReportSource } from '../report.ts'
import { type DesiredState, followPolicy } from '../source/index.ts'
import type { CcpDriver, DriverDeps } from './types.ts'

/** What this adapter understands beside the protocol's base. */
const CAPABILITIES: readonly string[] = []

export function channelDriver(deps: DriverDeps, nsx: NsxManager, source: ReportSource): CcpDriver {
  /** From one stream to the next. */
  const history = { gone: 0 }
  let told: DesiredState | undefined
  const keep = (next: DesiredState, hand: (state: DesiredState) => void) => {
    told = next
    hand(next)
  }
  return {
    connect: (leader, signal) => openLink({ ...deps, nsx }, 'ccp', CAPABILITIES, leader, signal),
    follow: (session, handlers, signal) =>
      followPolicy(
        { ...deps, nsx, history },
        session,
        told,
        {
          ...handlers,
          onSnapshot: (state) => keep(state, handlers.onSnapshot),
          onCommit: (state) => keep(state, handlers.onCommit),
        },
        signal,
      ),
    told: () => told,
    probe: (signal) => nsx.probe('ccp', signal),
    close: (session) => nsx.closeSession('ccp', deps.clusterId, session),
    reporter: createReporter({ ...deps, nsx, source }),
    backoffMs: (failures, error) => backoffMs(deps.random, failures, BACKOFF_BASE_MS, error),
    syncLimitMs: LINK_DELAYS.syncLimit,
  }
}
