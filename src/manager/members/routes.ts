/** Reads of a group's effective members (vcf-nsx 9.1.1, groups/{g}/members and what stands beside it). */
import { memberTypesOf } from '../policy/groups.ts'
import type { PolicyStore } from '../policy/index.ts'
import {
  badRequest,
  type Call,
  isObject,
  type JsonObject,
  notFound,
  objects,
  ok,
  type Route,
} from '../rest/index.ts'
import { realized, shownVif } from '../vms/index.ts'
import { effectiveAddresses } from './addresses.ts'
import { evaluateGroup, type Found, type GroupAt } from './evaluate.ts'
import { byCluster, byNamespace, itemsOf, LEAVES, podResults, podsOf } from './shapes.ts'
import type { World } from './world.ts'

const GROUP = '/infra/domains/:domain/groups/:group'

interface Asked {
  readonly world: World
  readonly groupAt: GroupAt
  readonly group: JsonObject
  readonly found: Found
}

/** Each segment below `members/`: what it lists, sorted. */
type Lists = Readonly<Record<string, (asked: Asked) => readonly unknown[]>>

const LISTS: Lists = {
  'ip-addresses': ({ world, groupAt, group }) => effectiveAddresses(world, groupAt, group),
  pods: ({ world, found }) => podResults(world, podsOf(world, found)),
  'kubernetes-node-ips': ({ world, found }) =>
    byCluster(world, itemsOf(found, 'ContainerClusterNode'), 'kubernetes_nodes', LEAVES.nodeIps),
  'kubernetes-node-pod-cidrs': ({ world, found }) =>
    byCluster(world, itemsOf(found, 'ContainerClusterNode'), 'kubernetes_nodes', LEAVES.podCidrs),
  'kubernetes-services': ({ world, found }) =>
    byNamespace(world, itemsOf(found, 'ContainerApplication'), 'kubernetes_services', LEAVES.service),
  'kubernetes-ingresses': ({ world, found }) =>
    byNamespace(world, itemsOf(found, 'ContainerIngressPolicy'), 'kubernetes_ingresses', LEAVES.ingress),
  'kubernetes-gateways': ({ world, found }) =>
    byNamespace(world, itemsOf(found, 'ContainerGateway'), 'kubernetes_gateways', LEAVES.gateway),
  'antrea-egresses': ({ world, found }) =>
    byCluster(world, itemsOf(found, 'ContainerEgress'), 'antrea_egresses', LEAVES.egress),
  'antrea-ip-pools': ({ world, found }) =>
    byCluster(world, itemsOf(found, 'ContainerIpPool'), 'antrea_ip_pools', LEAVES.ipPool),
  'virtual-machines': ({ found }) =>
    itemsOf(found, 'VirtualMachine').flatMap(({ machine }) =>
      machine === undefined ? [] : [realized(machine)],
    ),
  vifs: ({ found }) =>
    itemsOf(found, 'VirtualMachine').flatMap(
      ({ machine }) => machine?.vifs.map((vif) => shownVif(machine, vif)) ?? [],
    ),
}

/** A type that does not apply gives an empty list. */
const EMPTY_LISTS = [
  'bms',
  'bmsi',
  'cloud-native-service-instances',
  'dvpg',
  'dvports',
  'identity-groups',
  'ip-groups',
  'logical-ports',
  'logical-switches',
  'physical-servers',
  'segment-ports',
  'segments',
  'transport-nodes',
  'vpcs',
]

/** Below each of NSX's roots. */
export function memberRoutes(store: PolicyStore, world: World): readonly Route[] {
  const groupAt: GroupAt = (path) => store.get(path)?.own
  const groupOf = ({ params }: Call): JsonObject => {
    const path = `/infra/domains/${params['domain']}/groups/${params['group']}`
    const group = groupAt(path)
    if (group === undefined) throw notFound(path)
    return group
  }
  const read = (pattern: string, list: Lists[string]): Route => ({
    method: 'GET',
    pattern: `${GROUP}/${pattern}`,
    access: 'read',
    run(call) {
      const group = groupOf(call)
      const within = withinCluster(world, call.query.get('cluster_id'))
      const found = evaluateGroup(within, groupAt, group)
      return ok(page(list({ world: within, groupAt, group, found }), call.query))
    },
  })
  return [
    ...Object.entries(LISTS).map(([segment, list]) => read(`members/${segment}`, list)),
    ...EMPTY_LISTS.map((segment) => read(`members/${segment}`, () => [])),
    read('member-types', ({ group }) => memberTypesOf(group)),
    read('tags', ({ group }) => tagsAsked(group)),
    read('associated-kubernetes-clusters', ({ world: within, found }) => {
      const ids = new Set(
        [...found.items.values()].flatMap((items) => [...items.values()].flatMap((i) => i.clusterId ?? [])),
      )
      const clusters = [...ids].map((id) => ({
        external_id: id,
        display_name: within.item('ContainerCluster', id)?.name ?? id,
      }))
      return clusters.length === 0 ? [] : [{ clusters }]
    }),
  ]
}

/** The world of one cluster: its things alone, and all virtual machines. */
function withinCluster(world: World, clusterId: string | null): World {
  if (clusterId === null || clusterId === '') return world
  return {
    item: world.item,
    *items(subject) {
      for (const item of world.items(subject))
        if (subject === 'VirtualMachine' || item.clusterId === clusterId) yield item
    },
  }
}

const PAGE_SIZE_MAX = 1_000

/**
 * Members have no field that all could be sorted by. A page begins behind the last member of the one before, wherever that
 * stands by now; where it is gone, at the place at which that page ended. Throws 400 for a cursor of somebody else's.
 */
function page(results: readonly unknown[], query: URLSearchParams): JsonObject {
  const size = pageSize(query)
  const start = startOf(results, query.get('cursor'))
  const end = start + size
  return {
    results: results.slice(start, end),
    result_count: results.length,
    ...(end < results.length ? { cursor: `m${end}-${markOf(results[end - 1])}` } : {}),
  }
}

function startOf(results: readonly unknown[], cursor: string | null): number {
  if (cursor === null || cursor === '') return 0
  const [, end, mark] = /^m(\d{1,9})-([\w-]{1,2000})$/.exec(cursor) ?? []
  if (end === undefined) throw badRequest('The cursor is not one that this manager gave.')
  const last = results.findIndex((member) => markOf(member) === mark)
  return last === -1 ? Number(end) : last + 1
}

/** Travels unescaped. */
const markOf = (member: unknown): string => {
  const id = isObject(member) ? (member['external_id'] ?? member['id'] ?? '') : member
  return Buffer.from(`${String(id).slice(0, 255)}.`).toString('base64url')
}

function pageSize(query: URLSearchParams): number {
  const size = Number(query.get('page_size') ?? 0)
  if (!Number.isInteger(size) || size < 0 || size > PAGE_SIZE_MAX)
    throw badRequest(`page_size must be between 0 and ${PAGE_SIZE_MAX}.`)
  return size === 0 ? PAGE_SIZE_MAX : size
}

const conditionsOf = (group: JsonObject): readonly JsonObject[] =>
  objects(group['expression'])
    .flatMap((operand) => [operand, ...objects(operand['expressions'])])
    .filter((part) => part['resource_type'] === 'Condition')

function tagsAsked(group: JsonObject): readonly JsonObject[] {
  const byType = new Map<string, Set<string>>()
  for (const condition of conditionsOf(group)) {
    if (condition['key'] !== 'Tag') continue
    const type = String(condition['member_type'])
    byType.set(type, (byType.get(type) ?? new Set()).add(String(condition['value'])))
  }
  return [...byType].map(([member_type, tags]) => ({ member_type, tags: [...tags] }))
}
