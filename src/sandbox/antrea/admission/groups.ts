/** What /validate/clustergroup and /validate/group refuse. */
import type { GroupSpec } from '../model.ts'
import {
  checkIpBlock,
  checkSelectors,
  fieldsSet,
  firstIn,
  firstOf,
  isMulticastBlock,
  type Refusal,
} from './checks.ts'

/** The controller's own picture of the groups, which may lag. */
export interface GroupLookup {
  /** How many groups name this one as a child. */
  parents(key: string): number
  /** How many children a group has; undefined when there is none of this name. */
  children(key: string): number | undefined
}

const ONE_OF_CLUSTER =
  'At most one of podSelector, nodeSelector, externalEntitySelector, serviceReference, ipBlock, ipBlocks or childGroups can be set for a ClusterGroup'
const ONE_OF_NAMESPACED =
  'At most one of podSelector, externalEntitySelector, serviceReference, ipBlocks or childGroups can be set for a Group'

export interface GroupName {
  readonly name: string
  /** Absent: a ClusterGroup. */
  readonly namespace?: string
}

export function checkGroup(
  group: GroupName,
  spec: GroupSpec,
  lookup: GroupLookup,
  refusesSelf: boolean,
): Refusal {
  return firstOf(
    () => checkSingle(group, spec),
    // nodeSelector is not looked at (v2.7).
    () => checkSelectors(spec.podSelector, spec.namespaceSelector, spec.externalEntitySelector),
    () => firstIn(spec.ipBlocks, checkIpBlock),
    () => checkFamilies(spec),
    () => checkChildren(group, spec, lookup, refusesSelf),
  )
}

function checkSingle({ namespace }: GroupName, spec: GroupSpec): Refusal {
  const set = fieldsSet(spec)
  const isPair =
    set === 2 &&
    spec.namespaceSelector !== undefined &&
    (spec.podSelector !== undefined || spec.externalEntitySelector !== undefined)
  if (set <= 1 || isPair) return undefined
  return namespace === undefined ? ONE_OF_CLUSTER : ONE_OF_NAMESPACED
}

function checkFamilies({ ipBlocks = [] }: GroupSpec): Refusal {
  const multicast = ipBlocks.filter(isMulticastBlock).length
  return multicast > 0 && multicast < ipBlocks.length
    ? 'can not set multicast groupAddress together with unicast ip address'
    : undefined
}

/** One level of children, no more. A child that does not exist yet may be named. */
function checkChildren(
  { name, namespace }: GroupName,
  spec: GroupSpec,
  lookup: GroupLookup,
  refusesSelf: boolean,
): Refusal {
  const children = spec.childGroups ?? []
  if (children.length === 0) return undefined
  const kind = namespace === undefined ? 'ClusterGroup' : 'Group'
  const keyOf = (group: string) => (namespace === undefined ? group : `${namespace}/${group}`)
  if (refusesSelf && children.includes(name)) return `cannot set ${kind} ${keyOf(name)} as its own childGroup`
  const parents = lookup.parents(keyOf(name))
  if (parents > 0) return `cannot set childGroups for ${kind} ${keyOf(name)}, who has ${parents} parents`
  return firstIn(children, (child) => {
    const grandchildren = lookup.children(keyOf(child)) ?? 0
    return grandchildren > 0
      ? `cannot set ${kind} ${keyOf(child)} as childGroup, who has ${grandchildren} childGroups itself`
      : undefined
  })
}
