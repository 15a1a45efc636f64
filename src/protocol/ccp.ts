/** CCP frames: policy down, realization up (docs/protocol.md §2). */
import { z } from 'zod'

export const OBJECT_KINDS = ['SecurityPolicy', 'Group', 'GroupMembers', 'Service', 'ContextProfile'] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

const Put = z.looseObject({
  t: z.literal('put'),
  kind: z.string(),
  path: z.string().min(1),
  hash: z.string(),
  /** NSX's own object; absent when `oversize`. */
  body: z.record(z.string(), z.unknown()).optional(),
  oversize: z.boolean().optional(),
})
const Del = z.looseObject({ t: z.literal('del'), kind: z.string(), path: z.string().min(1) })

export const SnapshotFrame = z.discriminatedUnion('t', [
  z.looseObject({ t: z.literal('begin'), source: z.string(), epoch: z.string(), version: z.number().int() }),
  Put,
  z.looseObject({
    t: z.literal('end'),
    version: z.number().int(),
    counts: z.record(z.string(), z.number().int()),
    /** `sha256:` and hex. */
    digest: z.string(),
  }),
  z.looseObject({ t: z.literal('ping') }),
  z.looseObject({ t: z.literal('bye'), retry_after_ms: z.number().optional() }),
])
export type SnapshotFrame = z.infer<typeof SnapshotFrame>

export const WatchFrame = z.discriminatedUnion('t', [
  z.looseObject({ t: z.literal('open'), epoch: z.string(), from: z.number().int() }),
  Put,
  Del,
  z.looseObject({ t: z.literal('commit'), version: z.number().int(), prev: z.number().int() }),
  z.looseObject({ t: z.literal('bookmark'), version: z.number().int() }),
  z.looseObject({ t: z.literal('ping') }),
  z.looseObject({ t: z.literal('reset'), reason: z.string() }),
  z.looseObject({ t: z.literal('bye'), retry_after_ms: z.number().optional() }),
])
export type WatchFrame = z.infer<typeof WatchFrame>

export type PutFrame = z.infer<typeof Put>
export type DelFrame = z.infer<typeof Del>

export const REALIZATION_STATES = [
  'SUCCESS',
  'IN_PROGRESS',
  'ERROR',
  'UNKNOWN',
  'UNINITIALIZED',
  'REMOVED',
] as const

export const Problem = z.object({
  code: z.string(),
  severity: z.enum(['ERROR', 'NOTICE']),
  rule_path: z.string().optional(),
  group_path: z.string().optional(),
  field: z.string().optional(),
  message: z.string(),
})
export type Problem = z.infer<typeof Problem>

export const StatusItem = z.object({
  path: z.string().min(1),
  kind: z.enum(['SecurityPolicy', 'K8sNetworkPolicy', 'AntreaNetworkPolicy', 'AntreaClusterNetworkPolicy']),
  state: z.enum(REALIZATION_STATES),
  /** The revision NSX wants (hash of its body) and the one in force. */
  hash: z.string().optional(),
  applied_hash: z.string().optional(),
  nodes: z.object({ current: z.number().int(), desired: z.number().int() }).optional(),
  evidence: z.string().optional(),
  problems: z.array(Problem).default([]),
  /** Milliseconds since 1970; for people. */
  observed_at: z.number(),
})
export type StatusItem = z.infer<typeof StatusItem>

export const StatusReport = z.object({
  session: z.string(),
  seq: z.number().int().min(1),
  full: z.object({ part: z.number().int().min(1), parts: z.number().int().min(1) }).optional(),
  desired: z.object({ version: z.number().int(), digest: z.string() }),
  items: z.array(StatusItem),
})
export type StatusReport = z.infer<typeof StatusReport>
