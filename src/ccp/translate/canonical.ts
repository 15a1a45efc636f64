/** One form for equal specs, so that a comparison with what the API server stored writes nothing for nothing. */
import type { ClusterGroupSpec, ClusterNetworkPolicySpec } from '../../kube/antrea.ts'
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
  if (!isFields(spec) || isNormal(spec)) return spec
  return {
    ...spec,
    ingress: Array.isArray(spec['ingress']) ? spec['ingress'].map(normalRule) : (spec['ingress'] ?? []),
    egress: Array.isArray(spec['egress']) ? spec['egress'].map(normalRule) : (spec['egress'] ?? []),
  }
}

/** As the translation makes it: nothing to fill in, and no copy is made. */
const isNormal = ({ ingress, egress }: Fields): boolean =>
  Array.isArray(ingress) && Array.isArray(egress) && ingress.every(isRuleNormal) && egress.every(isRuleNormal)

function isRuleNormal(rule: unknown): boolean {
  if (!isFields(rule)) return true
  const { enableLogging, from, to, ports, protocols } = rule
  const isEmpty = (list: unknown) => Array.isArray(list) && list.length === 0
  return (
    enableLogging !== undefined && !isEmpty(from) && !isEmpty(to) && !isEmpty(ports) && !isEmpty(protocols)
  )
}

function normalRule(rule: unknown): unknown {
  if (!isFields(rule)) return rule
  const normal: Fields = { enableLogging: false, ...rule }
  for (const field of ['from', 'to', 'ports', 'protocols'])
    if (Array.isArray(normal[field]) && (normal[field] as unknown[]).length === 0) delete normal[field]
  return normal
}

/** Of specs that the translation made, so that whoever plans and writes them need not make it again. */
const hashes = new WeakMap<object, string>()

const knownHash = (spec: unknown): string | undefined => (isFields(spec) ? hashes.get(spec) : undefined)

export const policySpecHash = (spec: unknown): string =>
  knownHash(spec) ?? sha256Hex(canonicalJson(normalPolicySpec(spec)))

export const groupSpecHash = (spec: unknown): string => knownHash(spec) ?? sha256Hex(canonicalJson(spec))

/** For a spec that nobody changes any more: its hash is kept as long as it. */
export function keepHash(spec: object, hash: string): string {
  hashes.set(spec, hash)
  return hash
}

/**
 * The hash of a spec that the translation has made itself: in its normal form, of plain text, and every object's keys in
 * order. Canonical JSON is then what JSON.stringify writes.
 */
const madeHash = (spec: object): string => keepHash(spec, sha256Hex(JSON.stringify(spec)))

export const madePolicyHash = (spec: ClusterNetworkPolicySpec): string => madeHash(spec)

/** Hex digits of a child's name after its group's uuid. */
const CHILD_HASH_HEX = 10

/** `<uuid>-<hash>`: a child's name is its content, so it is never edited. */
export const childName = (groupName: string, spec: ClusterGroupSpec): string =>
  `${groupName}-${madeHash(spec).slice(0, CHILD_HASH_HEX)}`

/** The same for a child of addresses, whose canonical form is short of being theirs: they are digits, dots and colons. */
export const shardName = (groupName: string, spec: ClusterGroupSpec, cidrs: readonly string[]): string => {
  const text = `{"ipBlocks":[{"cidr":"${cidrs.join('"},{"cidr":"')}"}]}`
  return `${groupName}-${keepHash(spec, sha256Hex(text)).slice(0, CHILD_HASH_HEX)}`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The object name for a unique_id; undefined when it is no UUID. */
export function uuidName(uniqueId: string | null | undefined): string | undefined {
  const name = uniqueId?.toLowerCase()
  return name !== undefined && UUID.test(name) ? name : undefined
}

export const isUuidName = (name: string): boolean => UUID.test(name)
