/** NSX bodies as the translation reads them. A field of the wrong type is a problem of its policy, never a crash. */
import { z } from 'zod'
import { type Fits, fitsOf } from './fits.ts'

const text = z.string().nullish()
const flag = z.boolean().nullish()
const whole = z.number().nullish()
const texts = z.array(z.string()).nullish()
/** Every base resource: PolicyConfigResource. */
const base = { id: text, path: text, display_name: text, unique_id: text, marked_for_delete: flag }

export const ServiceEntryBody = z.looseObject({
  resource_type: text,
  l4_protocol: text,
  source_ports: texts,
  destination_ports: texts,
  protocol_number: whole,
  /** ICMPv4 or ICMPv6. */
  protocol: text,
  icmp_type: whole,
  icmp_code: whole,
  nested_service_path: text,
})
export type ServiceEntryBody = z.infer<typeof ServiceEntryBody>

export const ServiceBody = z.looseObject({ ...base, service_entries: z.array(ServiceEntryBody).nullish() })
export type ServiceBody = z.infer<typeof ServiceBody>

export const RuleBody = z.looseObject({
  ...base,
  action: text,
  direction: text,
  ip_protocol: text,
  source_groups: texts,
  destination_groups: texts,
  sources_excluded: flag,
  destinations_excluded: flag,
  services: texts,
  service_entries: z.array(ServiceEntryBody).nullish(),
  profiles: texts,
  scope: texts,
  logged: flag,
  disabled: flag,
  tag: text,
  rule_id: whole,
  sequence_number: whole,
})
export type RuleBody = z.infer<typeof RuleBody>

export const PolicyBody = z.looseObject({
  ...base,
  category: text,
  sequence_number: whole,
  scope: texts,
  stateful: flag,
  logging_enabled: flag,
  connectivity_preference: text,
  connectivity_strategy: text,
  application_connectivity_strategy: z.array(z.unknown()).nullish(),
  scheduler_path: text,
  /** Each is read by itself, with RuleBody: there may be very many. */
  rules: z.array(z.unknown()).nullish(),
})
export type PolicyBody = z.infer<typeof PolicyBody>

/** One operand or operator. `expressions` of a nested one are read one level deep: NSX allows no more. */
const FlatExpression = z.looseObject({
  resource_type: text,
  member_type: text,
  key: text,
  operator: text,
  scope_operator: text,
  value: text,
  conjunction_operator: text,
  ip_addresses: texts,
  paths: texts,
  exclude: z.unknown().optional(),
})
export const ExpressionBody = FlatExpression.extend({ expressions: z.array(FlatExpression).nullish() })
export type ExpressionBody = z.infer<typeof ExpressionBody>
export type FlatExpressionBody = z.infer<typeof FlatExpression>

export const GroupBody = z.looseObject({
  ...base,
  group_type: texts,
  expression: z.array(ExpressionBody).nullish(),
  extended_expression: z.array(z.unknown()).nullish(),
  reference: flag,
})
export type GroupBody = z.infer<typeof GroupBody>

/** What names a group. */
export const GroupHead = z.looseObject(base)
export type GroupHead = z.infer<typeof GroupHead>

/** The addresses of a generic group's members, as the channel carries them (docs/protocol.md). */
export const GroupMembersBody = z.looseObject({ ip_addresses: z.array(z.string()) })

export const ContextProfileBody = z.looseObject({
  ...base,
  attributes: z
    .array(z.looseObject({ key: text, value: texts, sub_attributes: z.array(z.unknown()).nullish() }))
    .nullish(),
})

const quick = new WeakMap<z.ZodType, Fits>()

function fits(schema: z.ZodType, body: unknown): boolean {
  const known = quick.get(schema)
  if (known !== undefined) return known(body)
  const made = fitsOf(schema)
  quick.set(schema, made)
  return made(body)
}

/** The body itself, or where it is not what NSX's API says. */
export function readBody<T>(
  schema: z.ZodType<T>,
  body: unknown,
): { body: T } | { field: string; message: string } {
  if (fits(schema, body)) return { body: body as T }
  const result = schema.safeParse(body)
  if (result.success) return { body: result.data }
  const issue = result.error.issues[0]
  return { field: issue?.path.map(String).join('.') ?? '', message: issue?.message ?? 'not an object' }
}
