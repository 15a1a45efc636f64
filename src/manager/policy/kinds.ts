/** The kinds of intent the manager keeps: where they live, what NSX fills in, what they refer to (vcf-nsx 9.1.1, PolicyConfigResource). */
import { badRequest, isObject, type JsonObject, objects, strings } from '../rest/index.ts'
import {
  CLUSTER_CONTROL_PLANE,
  CONTEXT_PROFILE,
  DOMAIN,
  ENTRY,
  GROUP,
  PLAIN,
  POLICY,
  RULE,
  type Schema,
  SERVICE,
  SPAN,
  TRACEFLOW,
} from './schema.ts'

export type KindName =
  | 'Infra'
  | 'Domain'
  | 'Group'
  | 'SecurityPolicy'
  | 'Rule'
  | 'SecurityPolicyContainerCluster'
  | 'Service'
  | 'ServiceEntry'
  | 'PolicyContextProfile'
  | 'Site'
  | 'EnforcementPoint'
  | 'ClusterControlPlane'
  | 'AntreaTraceflowConfig'

export interface Kind {
  readonly name: KindName
  readonly parent?: KindName
  /** The segment of the list below its parent; one kind has two. */
  readonly collection: string
  readonly schema: Schema
  /** Fields of the server; ignored in requests. */
  readonly readOnly?: readonly string[]
  /** What NSX writes where a client said nothing. */
  readonly defaults?: (own: JsonObject, parent: JsonObject | undefined) => JsonObject
  /** Paths that must exist while this object does. */
  readonly references?: (own: JsonObject) => readonly string[]
  /** Children that are written and read inside their parent. */
  readonly embedded?: { readonly field: string; readonly kind: KindName }
  /** resource_type values that name this kind; its own name when absent. */
  readonly aliases?: readonly string[]
}

const DEFAULT_POINT = '/infra/sites/default/enforcement-points/default'

export const PATHS = {
  infra: '/infra',
  domain: '/infra/domains/default',
  services: '/infra/services',
  enforcementPoint: DEFAULT_POINT,
  clusterControlPlanes: `${DEFAULT_POINT}/cluster-control-planes`,
} as const

const paths = (value: unknown): readonly string[] => strings(value).filter((text) => text.startsWith('/'))
const nested = (entries: unknown): readonly string[] =>
  objects(entries).flatMap(({ nested_service_path: path }) => (typeof path === 'string' ? [path] : []))

const ruleDefaults = (own: JsonObject, policy: JsonObject | undefined): JsonObject => ({
  sequence_number: 0,
  direction: 'IN_OUT',
  // NSX: must be null in a layer 2 rule.
  ...(policy?.['category'] === 'Ethernet' ? {} : { ip_protocol: 'IPV4_IPV6' }),
  sources_excluded: false,
  destinations_excluded: false,
  logged: false,
  disabled: false,
  is_default: false,
  ...own,
})

const policyDefaults = (own: JsonObject): JsonObject => {
  const stateful = own['stateful'] ?? own['category'] !== 'Ethernet'
  return { sequence_number: 0, stateful, tcp_strict: stateful, locked: false, is_default: false, ...own }
}

/** The span names its cluster by the control plane's path; older clients say antrea-nodes for the same collection. */
export const spanTarget = (path: unknown): string =>
  typeof path === 'string' ? path.replace('/antrea-nodes/', '/cluster-control-planes/') : ''

const KINDS: readonly Kind[] = [
  { name: 'Infra', collection: 'infra', schema: PLAIN },
  { name: 'Domain', parent: 'Infra', collection: 'domains', schema: DOMAIN },
  {
    name: 'Group',
    parent: 'Domain',
    collection: 'groups',
    schema: GROUP,
    readOnly: ['reference', 'state'],
    references: (own) =>
      objects(own['expression']).flatMap((part) => [
        ...paths(part['paths']),
        ...paths(part['member_group_paths']),
      ]),
  },
  {
    name: 'SecurityPolicy',
    parent: 'Domain',
    collection: 'security-policies',
    schema: POLICY,
    readOnly: [
      'is_default',
      'default_rule_id',
      'rule_count',
      'internal_sequence_number',
      'lock_modified_by',
      'lock_modified_time',
    ],
    defaults: policyDefaults,
    references: (own) => paths(own['scope']),
    embedded: { field: 'rules', kind: 'Rule' },
  },
  {
    name: 'Rule',
    parent: 'SecurityPolicy',
    collection: 'rules',
    schema: RULE,
    readOnly: ['rule_id', 'is_default'],
    defaults: ruleDefaults,
    references: (own) => [
      ...['source_groups', 'destination_groups', 'scope', 'services', 'profiles'].flatMap((field) =>
        paths(own[field]),
      ),
      ...nested(own['service_entries']),
    ],
  },
  {
    name: 'SecurityPolicyContainerCluster',
    parent: 'SecurityPolicy',
    collection: 'container-cluster-span',
    schema: SPAN,
    defaults: (own) => ({ container_cluster_type: 'ANTREA', ...own }),
    references: (own) => [spanTarget(own['container_cluster_path'])],
  },
  {
    name: 'Service',
    parent: 'Infra',
    collection: 'services',
    schema: SERVICE,
    readOnly: ['is_default'],
    defaults: (own) => ({ service_type: 'NON_ETHER', is_default: false, ...own }),
    embedded: { field: 'service_entries', kind: 'ServiceEntry' },
  },
  {
    name: 'ServiceEntry',
    parent: 'Service',
    collection: 'service-entries',
    schema: ENTRY,
    readOnly: ['is_default'],
    references: (own) => nested([own]),
  },
  { name: 'PolicyContextProfile', parent: 'Infra', collection: 'context-profiles', schema: CONTEXT_PROFILE },
  { name: 'Site', parent: 'Infra', collection: 'sites', schema: PLAIN },
  { name: 'EnforcementPoint', parent: 'Site', collection: 'enforcement-points', schema: PLAIN },
  {
    name: 'ClusterControlPlane',
    parent: 'EnforcementPoint',
    collection: 'cluster-control-planes',
    schema: CLUSTER_CONTROL_PLANE,
    defaults: (own) => ({ node_type: 'ANTREA_NODE', ...own }),
    aliases: ['ClusterControlPlane', 'AntreaClusterControlPlane'],
  },
  {
    name: 'AntreaTraceflowConfig',
    parent: 'Infra',
    collection: 'antrea/traceflows',
    schema: TRACEFLOW,
    defaults: (own) => ({ is_transient: false, ...own }),
  },
]

const BY_NAME = new Map(KINDS.map((kind) => [kind.name, kind]))
const childKey = (parent: KindName | undefined, collection: string) => `${parent ?? ''}/${collection}`
const BY_COLLECTION = new Map(KINDS.map((kind) => [childKey(kind.parent, kind.collection), kind]))

export function kindOf(name: KindName): Kind {
  const kind = BY_NAME.get(name)
  if (kind === undefined) throw new Error(`no kind ${name}`)
  return kind
}

export const KIND_NAMES: readonly KindName[] = KINDS.map(({ name }) => name)

export const findKind = (name: string): Kind | undefined => BY_NAME.get(name as KindName)

export interface Place {
  readonly kind: Kind
  /** Of the object, or of the list's parent. */
  readonly path: string
  readonly parentPath: string
  /** Absent: the place is a list. */
  readonly id?: string
}

/** What lives at these decoded segments (`['infra', 'domains', 'default', …]`); undefined when nothing can. */
export function placeOf(segments: readonly string[]): Place | undefined {
  let kind: Kind | undefined = segments[0] === 'infra' ? BY_NAME.get('Infra') : undefined
  let path = '/infra'
  if (kind !== undefined && segments.length === 1) return { kind, path, parentPath: '', id: 'infra' }
  for (let at = 1; kind !== undefined && at < segments.length; at += 2) {
    const two = BY_COLLECTION.get(childKey(kind.name, segments.slice(at, at + 2).join('/')))
    if (two !== undefined) at += 1
    kind = two ?? BY_COLLECTION.get(childKey(kind.name, segments[at] ?? ''))
    if (kind === undefined) return undefined
    const parentPath = path
    const id = segments[at + 1]
    if (id === undefined) return { kind, path: parentPath, parentPath }
    path = childPath(parentPath, kind, id)
    if (at + 2 >= segments.length) return { kind, path, parentPath, id }
  }
  return undefined
}

export const childPath = (parentPath: string, kind: Kind, id: string): string =>
  `${parentPath}/${kind.collection}/${id}`

/** Ids hold letters, digits and a few signs; they become part of paths and URLs. Throws 400. */
export function checkId(id: string): string {
  if (id === '.' || id === '..' || !/^[A-Za-z0-9._~:@()+ -]{1,255}$/.test(id))
    throw badRequest(`The id "${id.slice(0, 64)}" is invalid: use up to 255 letters, digits and -_.`)
  return id
}

/** Fields of the server in every intent object; requests may carry them and are not heard. */
const SYSTEM_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'resource_type',
  'path',
  'relative_path',
  'parent_path',
  'remote_path',
  'unique_id',
  'realization_id',
  'owner_id',
  'origin_site_id',
  'marked_for_delete',
  'overridden',
  'children',
  '_revision',
  '_create_time',
  '_create_user',
  '_last_modified_time',
  '_last_modified_user',
  '_system_owned',
  '_protection',
  '_self',
  '_links',
  '_schema',
])

/** A request's own fields: neither the server's nor those of embedded children. Tags get both of their sides. */
export function ownFields(kind: Kind, body: JsonObject): JsonObject {
  const skip = (key: string) =>
    SYSTEM_FIELDS.has(key) || kind.readOnly?.includes(key) === true || kind.embedded?.field === key
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]) =>
      skip(key) ? [] : [[key, key === 'tags' && Array.isArray(value) ? value.map(wholeTag) : value]],
    ),
  )
}

const wholeTag = (tag: unknown): unknown => (isObject(tag) ? { scope: '', tag: '', ...tag } : tag)
