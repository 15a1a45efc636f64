/** Puts together what is seen, judges it and posts it. The chart decides when. */
import type { Health } from '../../health/index.ts'
import { REPORT_INTERVAL_MS } from '../../limits.ts'
import type { HealthReport } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import type { Heartbeats } from './heartbeats.ts'
import { judgeAgent, judgeHealth, type SeenChannel } from './judge.ts'

/** The manager's heartbeat-config says 60 to 600 s (AntreaHeartbeatConfig); what it says beyond is not obeyed. */
const REPORT_INTERVAL_MS_MIN = 60_000
const REPORT_INTERVAL_MS_MAX = 600_000

export interface HealthReporter {
  /** True when a status is another one than was last posted. */
  hasChanged(): boolean
  /** antrea-agent of a node, for the inventory; undefined while nothing can be said. */
  agentStatus(nodeName: string): 'HEALTHY' | 'UNHEALTHY' | undefined
  /** Judges the agents anew; the names of nodes whose agentStatus is another one since the last call. */
  movedNodes(): string[]
  /** Posts the report; `sequence` starts anew with each session. */
  send(session: string, signal: AbortSignal): Promise<void>
  /** How often the manager wants reports, as it last said. */
  intervalMs(): number
}

/** Sends a report to NSX; how often NSX wants one, in seconds, where it says so. */
export type PostHealth = (
  report: HealthReport,
  signal: AbortSignal,
) => Promise<{ readonly report_interval?: unknown } | undefined>

export interface HealthReporterDeps {
  readonly clock: Clock
  readonly health: Health
  readonly post: PostHealth
  readonly heartbeats: Heartbeats
}

/** Warnings that concern one channel, by how their codes begin; the cluster's concern both. */
const CONCERNS: Readonly<Record<'mp' | 'ccp', RegExp>> = {
  mp: /^(INVENTORY_|KUBE_|LEASE_)/,
  ccp: /^(CCP_|HELD_|TIER_|NAME_|LOOKS_|FOREIGN_|KUBE_|LEASE_|ANTREA_)/,
}

export function createHealthReporter(deps: HealthReporterDeps): HealthReporter {
  const { clock, health, post, heartbeats } = deps
  let sent: { readonly session: string; readonly statuses: string; readonly sequence: number } | undefined
  let agents = new Map<string, 'HEALTHY' | 'UNHEALTHY'>()
  let intervalMs = REPORT_INTERVAL_MS

  const channel = (name: 'mp' | 'ccp'): SeenChannel => ({
    state: health.component(name)?.state,
    warnings: health
      .warnings()
      .filter(({ code, severity }) => severity !== 'info' && CONCERNS[name].test(code))
      .map(({ code, title, detail }) => ({ code, text: `${title}: ${detail}.` })),
  })

  const judge = () =>
    judgeHealth({
      controller: heartbeats.controller(),
      watchedMs: heartbeats.watchedMs(),
      agents: heartbeats.agents(),
      mp: channel('mp'),
      ccp: channel('ccp'),
      nowMs: clock.now(),
    })

  return {
    hasChanged: () => sent !== undefined && statusesOf(judge()) !== sent.statuses,
    agentStatus: (nodeName) => agents.get(nodeName),
    movedNodes() {
      const now = new Map<string, 'HEALTHY' | 'UNHEALTHY'>()
      for (const agent of heartbeats.agents()) {
        const { status } = judgeAgent(agent)
        if (status !== 'UNKNOWN') now.set(agent.name, status === 'HEALTHY' ? 'HEALTHY' : 'UNHEALTHY')
      }
      const moved = [...new Set([...now.keys(), ...agents.keys()])].filter(
        (name) => now.get(name) !== agents.get(name),
      )
      agents = now
      const off = heartbeats.clocksOff()
      if (off.length === 0) health.clear('NODE_CLOCK_OFF')
      else health.set('NODE_CLOCK_OFF', off.sort().slice(0, 10).join(', '))
      return moved
    },
    async send(session, signal) {
      const sequence = sent?.session === session ? sent.sequence + 1 : 1
      const judged = judge()
      // Noted before the answer: a number is used once, whether or not the manager heard it.
      sent = { session, sequence, statuses: statusesOf(judged) }
      const body: HealthReport = { session, sequence, ...judged }
      const answer = await post(body, signal)
      const seconds = answer?.report_interval
      if (typeof seconds === 'number' && Number.isFinite(seconds))
        intervalMs = Math.min(Math.max(seconds * 1_000, REPORT_INTERVAL_MS_MIN), REPORT_INTERVAL_MS_MAX)
    },
    intervalMs: () => intervalMs,
  }
}

/** What makes a report go out at once: statuses, not times and texts. */
function statusesOf(report: Omit<HealthReport, 'session' | 'sequence'>): string {
  const conditions = [report.controller_status, report.mp_adapter_status, report.ccp_adapter_status]
    .flatMap((part) => part.conditions)
    .map(({ condition_type, status }) => `${condition_type}=${status}`)
  const nodes = report.nodes.map(({ name, status }) => `${name}=${status}`).sort()
  return [
    report.status,
    report.controller_status.status,
    report.mp_adapter_status.status,
    report.ccp_adapter_status.status,
    ...conditions,
    ...nodes,
  ].join(' ')
}
