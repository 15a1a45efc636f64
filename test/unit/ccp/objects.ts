/** NSX objects for the tests of this folder, as the channel hands them over. */
import assert from 'node:assert/strict'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import {
  type ClusterFacts,
  createTranslator,
  type DesiredObject,
  type DesiredObjects,
  type FieldTree,
  objectKey,
  specFieldsOf,
  type TranslateSettings,
  type Translation,
} from '../../../src/ccp/translate/index.ts'
import { bodyHash } from '../../../src/protocol/index.ts'
import { customResourceDefinitions } from '../../../src/sandbox/antrea/crds/index.ts'
import { profileNamed } from '../../../src/sandbox/antrea/profiles.ts'
import type { ProfileName } from '../../../src/sandbox/antrea/types.ts'

type Body = Record<string, unknown>

export const GROUPS = '/infra/domains/default/groups'
export const POLICIES = '/infra/domains/default/security-policies'

/** A UUID that ends with the number. */
export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export const object = (kind: string, path: string, body: Body | undefined): DesiredObject => ({
  kind,
  path,
  hash: body === undefined ? 'none' : bodyHash(body),
  body,
})

export const tag = (value: string, more: Body = {}): Body => ({
  resource_type: 'Condition',
  member_type: 'Pod',
  key: 'Tag',
  operator: 'EQUALS',
  value,
  ...more,
})
export const namespace = (value: string, more: Body = {}): Body => ({
  resource_type: 'Condition',
  member_type: 'Namespace',
  key: 'Name',
  operator: 'EQUALS',
  value,
  ...more,
})
export const ips = (...ip_addresses: string[]): Body => ({
  resource_type: 'IPAddressExpression',
  ip_addresses,
})
export const nested = (...paths: string[]): Body => ({ resource_type: 'PathExpression', paths })
export const conjunction = (conjunction_operator: string): Body => ({
  resource_type: 'ConjunctionOperator',
  conjunction_operator,
})
export const both = (...conditions: Body[]): Body => ({
  resource_type: 'NestedExpression',
  expressions: conditions.flatMap((one, at) => (at === 0 ? [one] : [conjunction('AND'), one])),
})

export const group = (id: string, n: number, expression: Body[], more: Body = {}): DesiredObject =>
  object('Group', `${GROUPS}/${id}`, { id, unique_id: uuid(n), display_name: id, expression, ...more })

export const rule = (id: number, more: Body = {}): Body => ({
  id: `r${id}`,
  path: `${POLICIES}/p/rules/r${id}`,
  rule_id: id,
  sequence_number: id,
  action: 'ALLOW',
  direction: 'IN',
  source_groups: ['ANY'],
  destination_groups: ['ANY'],
  services: ['ANY'],
  scope: ['ANY'],
  ...more,
})

export const policy = (id: string, n: number, rules: Body[], more: Body = {}): DesiredObject =>
  object('SecurityPolicy', `${POLICIES}/${id}`, {
    id,
    unique_id: uuid(n),
    display_name: id,
    category: 'Application',
    sequence_number: 10,
    scope: ['ANY'],
    rules,
    ...more,
  })

export const tcp = (...destination_ports: string[]): Body => ({
  resource_type: 'L4PortSetServiceEntry',
  l4_protocol: 'TCP',
  destination_ports,
})
export const service = (id: string, ...service_entries: Body[]): DesiredObject =>
  object('Service', `/infra/services/${id}`, { id, unique_id: uuid(900), service_entries })

export const setOf = (...objects: DesiredObject[]): DesiredObjects =>
  new Map(objects.map((one) => [objectKey(one.kind, one.path), one]))

export const translate = (...objects: DesiredObject[]): Translation =>
  createTranslator(DEFAULT_TIERS)(setOf(...objects))

export const translateWith = (
  { facts, settings = {} }: { facts?: ClusterFacts; settings?: TranslateSettings },
  ...objects: DesiredObject[]
): Translation => createTranslator(DEFAULT_TIERS, settings)(setOf(...objects), facts)

/** A group of virtual machines, and the addresses that the manager tells of them. */
export const machines = (...ip_addresses: string[]): [DesiredObject, DesiredObject] => [
  group('vms', 7, [tag('app|web', { member_type: 'VirtualMachine' })]),
  object('GroupMembers', `${GROUPS}/vms`, { group_path: `${GROUPS}/vms`, ip_addresses }),
]

const specOf = (profile: ProfileName, plural: string) => {
  const crds = customResourceDefinitions(profileNamed(profile).definitions)
  const spec = specFieldsOf(
    crds.find(({ metadata }) => metadata.name === `${plural}.crd.antrea.io`),
    'v1beta1',
  )
  assert.ok(spec)
  return spec
}

/** What a version of Antrea can hold, by its CRDs. */
export const factsOf = (profile: ProfileName, families: ClusterFacts['families'] = [4, 6]): ClusterFacts => ({
  families,
  features: { policy: specOf(profile, 'clusternetworkpolicies'), group: specOf(profile, 'clustergroups') },
})

/** The fields of a ClusterNetworkPolicy without one name, wherever it stands. */
export function cut(name: string, tree: FieldTree = specOf('v2.7', 'clusternetworkpolicies')): FieldTree {
  if (tree === 'any') return 'any'
  return new Map([...tree].flatMap(([field, inner]) => (field === name ? [] : [[field, cut(name, inner)]])))
}
