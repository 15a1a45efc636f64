/** What NSX is told of the cluster's health, judged from what was seen. Pure. Rules and sources: docs/inventory.md. */
import { HEARTBEAT_FAILED_MS, HEARTBEAT_STALE_MS } from '../../limits.ts'
import type { HealthReport } from '../../protocol/index.ts'

export type ComponentStatus = HealthReport['status']
type Condition = HealthReport['controller_status']['conditions'][number]

/** One of Antrea's heartbeats: how long ago it came, if that can be said, and for how long we have been looking. */
export interface Heartbeat {
  readonly ageMs: number | undefined
  readonly watchedMs: number
  /** Milliseconds since 1970, as the component wrote it; for people. */
  readonly lastHeartbeatTime: number | undefined
}

export interface SeenCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface SeenAgent {
  readonly name: string
  readonly heartbeat: Heartbeat
  readonly conditions: readonly SeenCondition[]
}

export interface SeenController {
  readonly heartbeat: Heartbeat
  readonly connectedAgents: number | undefined
  readonly conditions: readonly SeenCondition[]
}

/** One of the adapter's two channels: its chart's state in words and the warnings that concern it. */
export interface SeenChannel {
  readonly state: string | undefined
  readonly warnings: readonly { readonly code: string; readonly text: string }[]
}

export interface Seen {
  /** Undefined: there is no AntreaControllerInfo; `watchedMs` says for how long. */
  readonly controller: SeenController | undefined
  readonly watchedMs: number
  readonly agents: readonly SeenAgent[]
  readonly mp: SeenChannel
  readonly ccp: SeenChannel
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

export interface Verdict {
  readonly status: ComponentStatus
  readonly reason: string
}

const HEALTHY: Verdict = { status: 'HEALTHY', reason: '' }

/** By age alone. Without an age it is UNKNOWN until we have looked for so long that it must be stale. */
function byAge({ ageMs, watchedMs }: Heartbeat): Verdict {
  const age = ageMs ?? watchedMs
  if (age > HEARTBEAT_FAILED_MS) return { status: 'FAILED', reason: 'no heartbeat for over 300 s' }
  if (age > HEARTBEAT_STALE_MS) return { status: 'DEGRADED', reason: 'no heartbeat for over 150 s' }
  return ageMs === undefined ? { status: 'UNKNOWN', reason: 'no heartbeat seen yet' } : HEALTHY
}

function withConditions(
  verdict: Verdict,
  conditions: readonly SeenCondition[],
  names: readonly string[],
): Verdict {
  if (verdict.status !== 'HEALTHY') return verdict
  const bad = conditions.filter(({ type, status }) => names.includes(type) && status !== 'True')
  if (bad.length === 0) return verdict
  const words = bad.map(({ type, message, reason }) => `${type} is not true${said(message || reason)}`)
  return { status: 'DEGRADED', reason: words.join('; ') }
}

const said = (text: string | undefined) => (text === undefined || text === '' ? '' : ` (${text})`)

/** AgentHealthy is always True: what an agent can do is in its connections (antrea-io/antrea pkg/monitor/agent.go). */
const AGENT_CONDITIONS = ['ControllerConnectionUp', 'OVSDBConnectionUp', 'OpenflowConnectionUp']

export const judgeAgent = ({ heartbeat, conditions }: SeenAgent): Verdict =>
  withConditions(byAge(heartbeat), conditions, AGENT_CONDITIONS)

export function judgeController(seen: Seen): Verdict {
  const { controller, watchedMs } = seen
  if (controller === undefined)
    return watchedMs > HEARTBEAT_STALE_MS
      ? { status: 'FAILED', reason: 'antrea-controller has never reported' }
      : { status: 'UNKNOWN', reason: 'antrea-controller has not reported yet' }
  return withConditions(byAge(controller.heartbeat), controller.conditions, ['ControllerHealthy'])
}

/** A channel that works has its stream and no warning; a refused one needs a person. */
export function judgeChannel({ state, warnings }: SeenChannel): Verdict {
  if (state === undefined) return { status: 'UNKNOWN', reason: 'not started' }
  if (/(^|\.)refused\b/.test(state)) return { status: 'FAILED', reason: 'refused by the manager' }
  if (!isConnected(state)) return { status: 'DEGRADED', reason: `the channel is ${state}` }
  if (warnings.length > 0) return { status: 'DEGRADED', reason: warnings.map(({ code }) => code).join(', ') }
  return HEALTHY
}

const isConnected = (state: string | undefined) => state !== undefined && /(^|\.)watching\b/.test(state)

const RANK: readonly ComponentStatus[] = ['HEALTHY', 'UNKNOWN', 'DEGRADED', 'FAILED']

export const worst = (statuses: readonly ComponentStatus[]): ComponentStatus =>
  statuses.reduce((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a), 'HEALTHY')

/** Agents weigh less than what serves them all: some down is DEGRADED, all down is FAILED. */
function agentsWeight(verdicts: readonly Verdict[]): ComponentStatus {
  if (verdicts.length === 0) return 'HEALTHY'
  if (verdicts.every(({ status }) => status === 'FAILED')) return 'FAILED'
  if (verdicts.some(({ status }) => status === 'FAILED' || status === 'DEGRADED')) return 'DEGRADED'
  return verdicts.some(({ status }) => status === 'UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}

function condition(type: string, verdict: Verdict, message: string, time: number | undefined): Condition {
  return {
    condition_type: type,
    status: verdict.status === 'HEALTHY' ? 'HEALTHY' : 'UNHEALTHY',
    ...(verdict.reason === '' ? {} : { reason: verdict.reason }),
    ...(message === '' ? {} : { message }),
    ...(time === undefined ? {} : { last_heartbeat_time: time }),
  }
}

function channelStatus(seen: SeenChannel, names: readonly [string, string], nowMs: number) {
  const verdict = judgeChannel(seen)
  const link: Verdict = isConnected(seen.state)
    ? HEALTHY
    : {
        status: 'DEGRADED',
        reason: seen.state === undefined ? 'not started' : `the channel is ${seen.state}`,
      }
  const message = seen.warnings.map(({ text }) => text).join(' ')
  return {
    status: verdict.status,
    conditions: [condition(names[0], verdict, message, nowMs), condition(names[1], link, '', nowMs)],
  }
}

/** The whole report but for its session and sequence. */
export function judgeHealth(seen: Seen): Omit<HealthReport, 'session' | 'sequence'> {
  const { controller, nowMs } = seen
  const verdict = judgeController(seen)
  const agents = seen.agents.map((agent) => ({ name: agent.name, ...judgeAgent(agent) }))
  const mp = channelStatus(seen.mp, ['MP_ADAPTER_HEALTHY', 'MP_CONNECTED'], nowMs)
  const ccp = channelStatus(seen.ccp, ['CCP_ADAPTER_HEALTHY', 'CCP_SESSION_STATE_UP'], nowMs)
  const message = controller?.conditions.find(({ type }) => type === 'ControllerHealthy')?.message ?? ''
  const count = (wanted: ComponentStatus) => agents.filter(({ status }) => status === wanted).length
  return {
    status: worst([verdict.status, mp.status, ccp.status, agentsWeight(agents)]),
    controller_status: {
      status: verdict.status,
      ...(controller?.connectedAgents === undefined
        ? {}
        : { connected_agent_num: controller.connectedAgents }),
      conditions: [
        condition('CONTROLLER_HEALTHY', verdict, message, controller?.heartbeat.lastHeartbeatTime),
      ],
    },
    mp_adapter_status: mp,
    ccp_adapter_status: ccp,
    agent_info: {
      healthy_agent_num: count('HEALTHY'),
      degraded_agent_num: count('DEGRADED'),
      failed_agent_num: count('FAILED'),
    },
    nodes: agents.map(({ name, status, reason }) => ({ name, status, ...(reason === '' ? {} : { reason }) })),
  }
}
