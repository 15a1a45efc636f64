/** One form for equal specs, so that a comparison with what the API server stored writes nothing for nothing. */
import { canonicalJson, sha256Hex } from '../../protocol/hash.ts'

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A ClusterNetworkPolicy's spec with what admission and omission leave open filled in: both directions stated, logging
 * stated, an empty peer or port list (which means everything) left out. Fields it does not know stay, so that a foreign
 * hand's additions are seen.
 */
export function normalPolicySpec(spec: unknown): unknown {
  if (!isFields(spec)) return spec
  return {
    ...spec,
    ingress: Array.isArray(spec['ingress']) ? spec['ingress'].map(normalRule) : (spec['ingress'] ?? []),
    egress: Array.isArray(spec['egress']) ? spec['egress'].map(normalRule) : (spec['egress'] ?? []),
  }
}

function normalRule(rule: unknown): unknown {
  if (!isFields(rule)) return rule
  const normal: Fields = { enableLogging: false, ...rule }
  for (const field of ['from', 'to', 'ports', 'protocols'])
    if (Array.isArray(normal[field]) && (normal[field] as unknown[]).length === 0) delete normal[field]
  return normal
}

export const policySpecHash = (spec: unknown): string => sha256Hex(canonicalJson(normalPolicySpec(spec)))

export const groupSpecHash = (spec: unknown): string => sha256Hex(canonicalJson(spec))

/** Hex digits of a child's name after its group's uuid. */
const CHILD_HASH_HEX = 10

/** `<uuid>-<hash>`: a child's name is its content, so it is never edited. */
export const childName = (groupName: string, spec: unknown): string =>
  `${groupName}-${groupSpecHash(spec).slice(0, CHILD_HASH_HEX)}`

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The object name for a unique_id; undefined when it is no UUID. */
export function uuidName(uniqueId: string | null | undefined): string | undefined {
  const name = uniqueId?.toLowerCase()
  return name !== undefined && UUID.test(name) ? name : undefined
}

export const isUuidName = (name: string): boolean => UUID.test(name)
