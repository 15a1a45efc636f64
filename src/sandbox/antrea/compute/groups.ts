/**
 * ClusterGroups and Groups as the controller holds them: with what it overlooks in updates, with children, and with the
 * selectors and blocks a policy gets from them.
 */
import type { AntreaGroup, GroupSpec, IpBlock, Service } from '../model.ts'
import type { GroupSelector } from './selectors.ts'

/** `name` of a ClusterGroup, `namespace/name` of a Group. */
export type GroupKey = string

export interface KnownGroup {
  readonly key: GroupKey
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly spec: GroupSpec
}

export const keyOfGroup = (namespace: string | undefined, name: string): GroupKey =>
  namespace === undefined ? name : `${namespace}/${name}`

/** The group after a change of its object from `before` to `now`; `known` itself when the controller overlooks the change. */
export function takeGroup(
  now: AntreaGroup,
  before: AntreaGroup | undefined,
  known: KnownGroup | undefined,
): KnownGroup {
  const { name, namespace, uid } = now.metadata
  const spec = now.spec ?? {}
  const isUpdate = known !== undefined && before?.metadata.uid === uid
  if (isUpdate && !isNoticed(before.spec ?? {}, spec, namespace !== undefined)) return known
  return {
    key: keyOfGroup(namespace, name),
    name,
    uid,
    spec,
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/**
 * Exceptions of blocks are not compared. Of a namespaced Group the comparison of the blocks is the wrong way round: it is
 * taken anew when they are the same, and overlooked when they alone have changed.
 */
function isNoticed(before: GroupSpec, now: GroupSpec, namespaced: boolean): boolean {
  const { ipBlocks: _, ...selectorsBefore } = before
  const { ipBlocks: __, ...selectorsNow } = now
  if (!sameJson(selectorsBefore, selectorsNow)) return true
  const sameBlocks = sameJson(cidrsOf(before), cidrsOf(now))
  return namespaced ? sameBlocks : !sameBlocks
}

const cidrsOf = (spec: GroupSpec): string[] =>
  [...new Set((spec.ipBlocks ?? []).map(({ cidr }) => cidr ?? ''))].sort()

const sameJson = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? ''

export interface GroupWorld {
  group(key: GroupKey): KnownGroup | undefined
  service(namespace: string, name: string): Service | undefined
}

/** What a group selects, its children included; one of blocks selects nothing. */
export function selectorsOf(group: KnownGroup, world: GroupWorld): readonly GroupSelector[] {
  const { spec, namespace } = group
  if (hasBlocks(group)) return []
  const children = childrenOf(group, world)
  if (children !== undefined)
    return children.flatMap((child) => (child === undefined ? [] : selectorsOf(child, world)))
  const own = spec.serviceReference === undefined ? selectorOf(spec, namespace) : backendsOf(spec, world)
  return own === undefined ? [] : [own]
}

/** The blocks of a group, its children's included. */
export function blocksOf(group: KnownGroup, world: GroupWorld): readonly IpBlock[] {
  if (hasBlocks(group)) return group.spec.ipBlocks ?? []
  return (childrenOf(group, world) ?? []).flatMap((child) =>
    child === undefined ? [] : blocksOf(child, world),
  )
}

export const hasBlocks = ({ spec }: KnownGroup): boolean =>
  spec.ipBlocks !== undefined && spec.ipBlocks.length > 0

/** Undefined: the group has no children. An undefined element: a child that is not there. */
export function childrenOf(
  group: KnownGroup,
  world: GroupWorld,
): readonly (KnownGroup | undefined)[] | undefined {
  const names = group.spec.childGroups
  if (names === undefined || names.length === 0) return undefined
  // More than one level is refused at admission; a race may bring one about, and it is not followed.
  return names
    .map((name) => world.group(keyOfGroup(group.namespace, name)))
    .map((child) => (child?.spec.childGroups?.length ? undefined : child))
}

/** A namespaced group without namespaceSelector stays in its namespace. */
function selectorOf(spec: GroupSpec, namespace: string | undefined): GroupSelector {
  const { podSelector, namespaceSelector, externalEntitySelector, nodeSelector } = spec
  if (nodeSelector !== undefined) return { nodeSelector }
  return {
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(externalEntitySelector === undefined ? {} : { externalEntitySelector }),
    ...(namespace !== undefined && namespaceSelector === undefined ? { namespace } : {}),
  }
}

/** A Service without selector has no backends that can be told. */
function backendsOf(spec: GroupSpec, world: GroupWorld): GroupSelector | undefined {
  const { name = '', namespace = '' } = spec.serviceReference ?? {}
  const labels = world.service(namespace, name)?.spec?.selector
  if (labels === undefined || Object.keys(labels).length === 0) return undefined
  return { namespace, podSelector: { matchLabels: labels } }
}

/** True when every child is there: only then is the group computed. */
export const isComputed = (group: KnownGroup, world: GroupWorld): boolean =>
  childrenOf(group, world)?.every((child) => child !== undefined) ?? true

/** True when the group brings workloads into a rule, not only blocks. */
export function hasWorkloads(group: KnownGroup, world: GroupWorld): boolean {
  if (hasBlocks(group)) return false
  const children = childrenOf(group, world)
  return children === undefined || children.some((child) => child !== undefined && hasWorkloads(child, world))
}
