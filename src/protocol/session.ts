/** Hello and sessions, common to both channels (docs/protocol.md §1). */
import { z } from 'zod'

export const PROTOCOL_VERSION = 'v1'

export type ChannelName = 'ccp' | 'mp'

export const Hello = z.object({
  protocol: z.string(),
  versions: z.array(z.string()),
  capabilities: z.array(z.string()),
  source: z.string().min(1),
})
export type Hello = z.infer<typeof Hello>

export const SessionRequest = z.object({
  instance: z.string().min(1).max(255),
  adapter_version: z.string(),
  capabilities: z.array(z.string()).default([]),
  cluster_uid: z.string().min(1),
  leader: z.object({
    /** creationTimestamp of the Lease, milliseconds since 1970. */
    lease_created: z.number().int(),
    transitions: z.number().int(),
  }),
})
export type SessionRequest = z.infer<typeof SessionRequest>

export const Limits = z.object({
  max_line_bytes: z.number().int(),
  max_snapshot_bytes: z.number().int(),
  max_objects: z.number().int(),
  max_transaction_bytes: z.number().int(),
  max_backlog_bytes: z.number().int(),
  max_status_items: z.number().int(),
  max_requests: z.number().int(),
  max_content_bytes: z.number().int(),
})
export type Limits = z.infer<typeof Limits>

export const Session = z.object({
  session: z.string().min(1),
  epoch: z.string().min(1),
  source: z.string().min(1),
  heartbeat_seconds: z.number(),
  limits: Limits.partial().default({}),
})
export type Session = z.infer<typeof Session>

/** NSX's error body with the channel's own `code` in words. */
export const NsxErrorBody = z.looseObject({
  httpStatus: z.string().optional(),
  error_code: z.number().optional(),
  module_name: z.string().optional(),
  error_message: z.string().optional(),
  code: z.string().optional(),
})
export type NsxErrorBody = z.infer<typeof NsxErrorBody>
