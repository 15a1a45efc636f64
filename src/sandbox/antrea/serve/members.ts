/** Questions about groups: their members, and the groups a Pod or an address is in. */
import type { ServerResponse } from '../../../world/index.ts'
import { contains, masked, parseAddress, parseBlock, wireAddress } from '../addresses.ts'
import { blockOf } from '../compute/blocks.ts'
import type { Engine } from '../compute/engine.ts'
import { blocksOf, type KnownGroup, keyOfGroup, selectorsOf } from '../compute/groups.ts'
import { isWorkload, nodeAddressMember, podAddressMember } from '../compute/members.ts'
import { compile } from '../compute/selectors.ts'
import type { Member, WireIpNet } from '../compute/wire.ts'
import { CONTROLPLANE } from '../compute/wire.ts'
import { convertWorldOf } from '../compute/world.ts'
import type { IpBlock, Pod } from '../model.ts'
import { badRequest, internal, json } from './replies.ts'

export interface GroupQuestions {
  members(namespace: string | undefined, name: string, query: URLSearchParams): ServerResponse
  ofPod(namespace: string, name: string): ServerResponse
  ofAddress(text: string): ServerResponse
}

export function createGroupQuestions(engine: Engine): GroupQuestions {
  const { world, membership } = engine
  const groupWorld = convertWorldOf(world)

  const membersOf = (group: KnownGroup): { members: Member[]; blocks: readonly IpBlock[] } => {
    const selectors = selectorsOf(group, groupWorld)
    const found = new Map<string, Member>()
    for (const selector of selectors)
      for (const pod of world.pods.values()) {
        const member = membership.selects(selector, pod) ? podAddressMember(pod) : undefined
        if (member !== undefined) found.set(member.key, member)
      }
    for (const { nodeSelector } of selectors) {
      if (nodeSelector === undefined) continue
      const matches = compile(nodeSelector)
      for (const node of world.nodes.values())
        if (matches(node.metadata.labels ?? {})) {
          const member = nodeAddressMember(node)
          found.set(member.key, member)
        }
    }
    return { members: [...found.values()], blocks: blocksOf(group, groupWorld) }
  }

  const holdsPod = (group: KnownGroup, pod: Pod): boolean =>
    podAddressMember(pod) !== undefined &&
    selectorsOf(group, groupWorld).some((selector) => membership.selects(selector, pod))

  const associations = (
    resource: string,
    name: string,
    namespace: string | undefined,
    groups: KnownGroup[],
  ) =>
    json(200, {
      kind: resource,
      apiVersion: CONTROLPLANE,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      associatedGroups: groups.map((group) => ({
        ...(group.namespace === undefined ? {} : { namespace: group.namespace }),
        name: group.name,
        uid: group.uid,
      })),
    })

  return {
    members(namespace, name, query) {
      const kind = namespace === undefined ? 'ClusterGroupMembers' : 'GroupMembers'
      const page = readNumber(query, 'page')
      const limit = readNumber(query, 'limit')
      if (typeof page === 'string') return badRequest(page)
      if (typeof limit === 'string') return badRequest(limit)
      const key = keyOfGroup(namespace, name)
      const group = world.groups.get(key)
      if (group === undefined) return internal(`no internal Group with name ${key} is found`)
      if (limit < 0) return badRequest(`received invalid page limit ${limit} for pagination`)
      if (page < 0) return badRequest(`received invalid page number ${page} for pagination`)
      const { members, blocks } = membersOf(group)
      const body = {
        kind,
        apiVersion: CONTROLPLANE,
        metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
        ...paged(members, page, limit),
        effectiveIPBlocks: blocks.length === 0 ? null : blocks.map((block) => netOf(block)),
      }
      return json(200, body)
    },
    ofPod(namespace, name) {
      const pod = world.pods.get(`${namespace}/${name}`)
      const groups =
        pod === undefined ? [] : [...world.groups.values()].filter((group) => holdsPod(group, pod))
      return associations('GroupAssociation', name, namespace, groups)
    },
    ofAddress(text) {
      const address = parseAddress(text)
      if (address === undefined) return badRequest('not a valid IP address')
      const wire = wireAddress(address)
      const pod = [...world.pods.values()].find(
        (candidate) => isWorkload(candidate) && podAddressMember(candidate)?.wire.ips?.includes(wire),
      )
      const groups = [...world.groups.values()].filter(
        (group) =>
          (pod !== undefined && holdsPod(group, pod)) ||
          blocksOf(group, groupWorld).some((block) => isInBlock(block, text)),
      )
      return associations('IPGroupAssociation', text, undefined, groups)
    },
  }
}

/** The bare CIDR: exceptions are not told. */
const netOf = (block: IpBlock): WireIpNet => blockOf(block).cidr

function isInBlock({ cidr = '', except = [] }: IpBlock, text: string): boolean {
  const address = parseAddress(text)
  const block = parseBlock(cidr)
  if (address === undefined || block === undefined || !contains(masked(block), address)) return false
  return !except.some((inner) => {
    const hole = parseBlock(inner)
    return hole !== undefined && contains(hole, address)
  })
}

/** A number, or what strconv says. */
function readNumber(query: URLSearchParams, name: string): number | string {
  const text = query.get(name)
  if (text === null || text === '') return 0
  return /^[+-]?\d{1,18}$/.test(text) ? Number(text) : `strconv.ParseInt: parsing "${text}": invalid syntax`
}

/** limit 0 is everything on one page; page 0 of a limit is everything as well, but not counted as a page. */
function paged(members: readonly Member[], page: number, limit: number) {
  const wires = members.map(({ wire }) => wire)
  const totalMembers = members.length
  if (totalMembers === 0 || limit === 0) {
    const pages = totalMembers === 0 ? 0 : 1
    return {
      effectiveMembers: totalMembers === 0 ? null : wires,
      totalMembers,
      totalPages: pages,
      currentPage: pages,
    }
  }
  return {
    effectiveMembers: page === 0 ? wires : wires.slice((page - 1) * limit, page * limit),
    totalMembers,
    totalPages: Math.ceil(totalMembers / limit),
    currentPage: page,
  }
}
