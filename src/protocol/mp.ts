/** MP frames: requests down, health up (docs/protocol.md §3). */
import { z } from 'zod'

export const RequestFrame = z.discriminatedUnion('t', [
  z.looseObject({ t: z.literal('open') }),
  z.looseObject({
    t: z.literal('request'),
    id: z.string(),
    attempt: z.number().int(),
    kind: z.string(),
    timeout_ms: z.number(),
    body: z.unknown().optional(),
  }),
  z.looseObject({ t: z.literal('cancel'), id: z.string() }),
  z.looseObject({ t: z.literal('ping') }),
  z.looseObject({ t: z.literal('bye'), retry_after_ms: z.number().optional() }),
])
export type RequestFrame = z.infer<typeof RequestFrame>

const Condition = z.object({
  condition_type: z.string(),
  status: z.enum(['HEALTHY', 'UNHEALTHY']),
  reason: z.string().optional(),
  message: z.string().optional(),
  last_heartbeat_time: z.number().optional(),
})
export const COMPONENT_STATUSES = ['HEALTHY', 'DEGRADED', 'FAILED', 'UNKNOWN'] as const
const ComponentStatus = z.enum(COMPONENT_STATUSES)
const Adapter = z.object({ status: ComponentStatus, conditions: z.array(Condition).default([]) })

/** NSX's AntreaClusterInfo, with the channel's sequence and per-node detail. */
export const HealthReport = z.object({
  session: z.string(),
  sequence: z.number().int().min(1),
  status: ComponentStatus,
  controller_status: z.object({
    status: ComponentStatus,
    connected_agent_num: z.number().int().optional(),
    conditions: z.array(Condition).default([]),
  }),
  mp_adapter_status: Adapter,
  ccp_adapter_status: Adapter,
  agent_info: z.object({
    healthy_agent_num: z.number().int(),
    degraded_agent_num: z.number().int(),
    failed_agent_num: z.number().int(),
  }),
  nodes: z
    .array(z.object({ name: z.string(), status: ComponentStatus, reason: z.string().optional() }))
    .default([]),
})
export type HealthReport = z.infer<typeof HealthReport>
