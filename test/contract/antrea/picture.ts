/** Everything the controller computed, in the corpus's normal form: order, opaque names and addresses made comparable. */
import ipaddr from 'ipaddr.js'
import type { TestCluster } from './cluster.ts'
import { collectionOf, type Fields, type Names, type Thing } from './objects.ts'

export const CONTROLPLANE = '/apis/controlplane.antrea.io/v1beta2'
const CRD = 'crd.antrea.io/v1beta1'

/** base64 of 16 bytes as text; IPv4-mapped as IPv4. */
export function addressText(base64: string): string {
  const bytes = [...Buffer.from(base64, 'base64')]
  if (bytes.length !== 4 && bytes.length !== 16) return base64
  const address = ipaddr.fromByteArray(bytes)
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress())
    return (address as ipaddr.IPv6).toIPv4Address().toString()
  return address.toString()
}

/** Addresses in members and blocks as text. */
export function readable(value: unknown, key?: string): unknown {
  if (Array.isArray(value))
    return value.map((item) =>
      key === 'ips' && typeof item === 'string' ? addressText(item) : readable(item),
    )
  if (typeof value !== 'object' || value === null) return value
  const { ip, prefixLength = 0, ...rest } = value as { ip?: unknown; prefixLength?: number }
  if (typeof ip === 'string' && Object.keys(rest).length === 0) return `${addressText(ip)}/${prefixLength}`
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, readable(inner, field)]))
}

/** Keys in order, so that equal things have equal texts. */
export const stable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(stable)
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, inner]) => [key, stable(inner)]))
}

const textOf = (value: unknown): string => JSON.stringify(stable(value))
const sorted = <T>(items: readonly T[] | undefined, by: (item: T) => string = textOf): T[] =>
  [...(items ?? [])].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0))

interface WireGroup {
  readonly metadata: { readonly name: string }
  readonly groupMembers?: readonly Fields[]
}

interface WireRule extends Fields {
  readonly direction: string
  readonly priority?: number
  readonly from?: WirePeer
  readonly to?: WirePeer
  readonly appliedToGroups?: readonly string[]
}

interface WirePeer extends Fields {
  readonly addressGroups?: readonly string[]
  readonly ipBlocks?: readonly Fields[]
}

interface WirePolicy {
  readonly metadata: { readonly name: string; readonly generation?: number }
  readonly sourceRef: { readonly type: string; readonly namespace?: string; readonly name: string }
  readonly priority?: number
  readonly tierPriority?: number
  readonly appliedToGroups?: readonly string[]
  readonly rules?: readonly WireRule[]
}

const membersOf = (members: readonly Fields[] | undefined): Fields[] =>
  sorted(
    (readable(members ?? []) as Fields[]).map((member) => ({
      ...member,
      ...(Array.isArray(member['ips']) ? { ips: [...member['ips']].sort() } : {}),
      ...(Array.isArray(member['ports']) ? { ports: sorted(member['ports']) } : {}),
    })),
  )

const OPAQUE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
type Uses = Map<string, Set<string>>

/** Opaque names get numbers, in the order of their members and of where they are used. */
function numbered(groups: readonly WireGroup[], tag: string, uses: Uses): Map<string, string> {
  const opaque = groups
    .filter(({ metadata }) => OPAQUE.test(metadata.name))
    .map((group) => ({
      name: group.metadata.name,
      text: textOf([membersOf(group.groupMembers), [...(uses.get(group.metadata.name) ?? [])].sort()]),
    }))
  return new Map(sorted(opaque, ({ text }) => text).map(({ name }, index) => [name, `<${tag}:${index + 1}>`]))
}

const idOf = ({ sourceRef }: WirePolicy): string =>
  `${sourceRef.type}/${sourceRef.namespace ?? ''}/${sourceRef.name}`

/** Where each group is used: applied-to groups first, then, knowing those, the address groups. */
function usesOf(
  policies: readonly WirePolicy[],
  which: 'appliedTo' | 'address',
  appliedToNames: ReadonlyMap<string, string>,
  addressNames: ReadonlyMap<string, string>,
): Uses {
  const uses: Uses = new Map()
  const add = (name: string, use: string) => uses.set(name, (uses.get(name) ?? new Set()).add(use))
  for (const policy of policies) {
    if (which === 'appliedTo') for (const name of policy.appliedToGroups ?? []) add(name, idOf(policy))
    for (const rule of policy.rules ?? []) {
      const peers = [...(rule.from?.addressGroups ?? []), ...(rule.to?.addressGroups ?? [])]
      const bare = (peer: WirePeer | undefined) => peer && textOf(readable({ ...peer, addressGroups: 0 }))
      const use = `${idOf(policy)} ${textOf({
        ...rule,
        from: bare(rule.from),
        to: bare(rule.to),
        appliedToGroups: (rule.appliedToGroups ?? []).map((name) => appliedToNames.get(name) ?? name).sort(),
        a: peers.map((name) => addressNames.get(name) ?? name).sort(),
      })}`
      for (const name of which === 'appliedTo' ? (rule.appliedToGroups ?? []) : peers) add(name, use)
    }
  }
  return uses
}

interface Labels {
  readonly appliedTo: ReadonlyMap<string, string>
  readonly address: ReadonlyMap<string, string>
}

function labelsOf(
  policies: readonly WirePolicy[],
  appliedTo: readonly WireGroup[],
  address: readonly WireGroup[],
): Labels {
  const texts = (groups: readonly WireGroup[]) =>
    new Map(
      groups.map(({ metadata, groupMembers }) => [
        metadata.name,
        OPAQUE.test(metadata.name) ? textOf(membersOf(groupMembers)) : metadata.name,
      ]),
    )
  const addressTexts = texts(address)
  const first = numbered(
    appliedTo,
    'appliedtogroup',
    usesOf(policies, 'appliedTo', texts(appliedTo), addressTexts),
  )
  const second = numbered(address, 'addressgroup', usesOf(policies, 'address', first, addressTexts))
  return { appliedTo: first, address: second }
}

function policyPicture(policy: WirePolicy, labels: Labels, names: Names): unknown {
  const list = (groups: readonly string[] | undefined, by: ReadonlyMap<string, string>) =>
    groups?.map((name) => by.get(name) ?? name).sort()
  const peer = (side: WirePeer | undefined) =>
    side && {
      ...(readable(side) as Fields),
      ...(side.addressGroups ? { addressGroups: list(side.addressGroups, labels.address) } : {}),
      ...(side.ipBlocks
        ? {
            ipBlocks: sorted(
              (readable(side.ipBlocks) as { except?: string[] }[]).map((block) => ({
                ...block,
                ...(block.except ? { except: [...block.except].sort() } : {}),
              })),
            ),
          }
        : {}),
    }
  const rules = policy.rules?.map((rule) => ({
    ...rule,
    ...(rule.from ? { from: peer(rule.from) } : {}),
    ...(rule.to ? { to: peer(rule.to) } : {}),
    ...(rule.appliedToGroups ? { appliedToGroups: list(rule.appliedToGroups, labels.appliedTo) } : {}),
  }))
  const order = (rule: { direction: string; priority?: number }) =>
    `${rule.direction === 'In' ? 0 : 1} ${String((rule.priority ?? 0) + 10).padStart(6, '0')} ${textOf(rule)}`
  return names.in({
    name: policy.metadata.name,
    generation: policy.metadata.generation,
    sourceRef: policy.sourceRef,
    priority: policy.priority,
    tierPriority: policy.tierPriority,
    appliedToGroups: list(policy.appliedToGroups, labels.appliedTo),
    rules: rules && sorted(rules as unknown as (Fields & { direction: string })[], order),
  })
}

export interface Lookups {
  readonly ips?: readonly string[]
  readonly pages?: readonly string[]
}

/** The whole picture. Read it when the controller has come to rest. */
export async function takePicture(cluster: TestCluster, names: Names, lookups: Lookups): Promise<unknown> {
  const read = async (path: string) => {
    const answer = await cluster.call('GET', path)
    names.learn(answer.body)
    return answer
  }
  const items = async <T>(path: string) => ((await read(path)).body as { items?: T[] }).items ?? []
  const policies = await items<WirePolicy>(`${CONTROLPLANE}/networkpolicies`)
  const appliedTo = await items<WireGroup>(`${CONTROLPLANE}/appliedtogroups`)
  const address = await items<WireGroup>(`${CONTROLPLANE}/addressgroups`)
  const acnps = await items<Thing>(collectionOf(CRD, 'ClusterNetworkPolicy'))
  const annps = await items<Thing>(collectionOf(CRD, 'NetworkPolicy'))
  const clusterGroups = await items<Thing>(collectionOf(CRD, 'ClusterGroup'))
  const groups = await items<Thing>(collectionOf(CRD, 'Group'))
  await read(collectionOf('networking.k8s.io/v1', 'NetworkPolicy'))
  const pods = await items<Thing>(collectionOf('v1', 'Pod'))
  const egresses = await items<WireGroup>(`${CONTROLPLANE}/egressgroups`)
  const labels = labelsOf(policies, appliedTo, address)
  const shown = (all: readonly WireGroup[], by: ReadonlyMap<string, string>) =>
    sorted(
      all.map(({ metadata: { name }, groupMembers }) => ({
        name: by.get(name) ?? name,
        members: membersOf(groupMembers),
      })),
    )
  const statusOf = (things: readonly Thing[]) => Object.fromEntries(things.map(statusEntry))
  const questions = { read, names, groups: [...clusterGroups, ...groups], pods, lookups }
  return stable(
    JSON.parse(
      JSON.stringify({
        networkPolicies: sorted(policies, idOf).map((policy) => policyPicture(policy, labels, names)),
        appliedToGroups: shown(appliedTo, labels.appliedTo),
        addressGroups: shown(address, labels.address),
        ...(egresses.length === 0 ? {} : { egressGroups: shown(egresses, new Map()) }),
        status: {
          acnps: statusOf(acnps),
          annps: statusOf(annps),
          clusterGroups: statusOf(clusterGroups),
          groups: statusOf(groups),
        },
        ...(await answersOf(questions)),
        span: await spansOf(cluster, items, labels, names),
      }),
    ),
  )
}

function statusEntry({ metadata, status }: Thing): [string, unknown] {
  const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
  const { generation } = metadata as { generation?: number }
  if (status === undefined) return [key, { generation, none: true }]
  const { conditions, ...rest } = status as { conditions?: Record<string, string>[] }
  return [
    key,
    {
      generation,
      ...rest,
      conditions: conditions?.map(({ type, status: value, reason, message }) => ({
        type,
        status: value,
        ...(reason ? { reason } : {}),
        ...(message ? { message } : {}),
      })),
    },
  ]
}

interface Questions {
  readonly read: (path: string) => Promise<{ code: number; body: unknown }>
  readonly names: Names
  readonly groups: readonly Thing[]
  readonly pods: readonly Thing[]
  readonly lookups: Lookups
}

/** Members of every group, and the groups of Pods and addresses. */
async function answersOf({ read, names, groups, pods, lookups }: Questions): Promise<Fields> {
  const refusal = ({ code, body }: { code: number; body: unknown }) => ({
    code,
    message: names.text((body as { message?: string }).message ?? ''),
  })
  const associated = async (path: string) => {
    const answer = await read(path)
    if (answer.code !== 200) return refusal(answer)
    const { associatedGroups } = answer.body as { associatedGroups?: unknown[] }
    return sorted(names.in(associatedGroups ?? []) as unknown[])
  }
  const groupMembers: Record<string, unknown> = {}
  for (const { metadata } of groups) {
    const { name, namespace } = metadata
    const path =
      namespace === undefined ? `clustergroupmembers/${name}` : `namespaces/${namespace}/groupmembers/${name}`
    const { body } = await read(`${CONTROLPLANE}/${path}`)
    const { effectiveMembers, effectiveIPBlocks, totalMembers, totalPages, currentPage } = body as {
      effectiveMembers?: Fields[]
      effectiveIPBlocks?: unknown[]
    } & Fields
    groupMembers[namespace === undefined ? name : `${namespace}/${name}`] = {
      members: membersOf(effectiveMembers),
      ipBlocks: [...(readable(effectiveIPBlocks ?? []) as string[])].sort(),
      totalMembers,
      totalPages,
      currentPage,
    }
  }
  const answers: Record<string, unknown> = { groupMembers }
  if (groups.length > 0) {
    const ofPods: Record<string, unknown> = {}
    for (const { metadata } of pods)
      ofPods[`${metadata.namespace}/${metadata.name}`] = await associated(
        `${CONTROLPLANE}/namespaces/${metadata.namespace}/groupassociations/${metadata.name}`,
      )
    answers['groupAssociations'] = ofPods
  }
  if (lookups.ips !== undefined) {
    const ofAddresses: Record<string, unknown> = {}
    for (const ip of lookups.ips)
      ofAddresses[ip] = await associated(`${CONTROLPLANE}/ipgroupassociations/${encodeURIComponent(ip)}`)
    answers['ipGroupAssociations'] = ofAddresses
  }
  if (lookups.pages !== undefined) {
    const pages: Record<string, unknown> = {}
    for (const page of lookups.pages) {
      const answer = await read(`${CONTROLPLANE}/${page}`)
      const body = answer.body as { effectiveMembers?: unknown[] } & Fields
      pages[page] =
        answer.code === 200
          ? {
              n: body.effectiveMembers?.length ?? 0,
              totalMembers: body['totalMembers'],
              totalPages: body['totalPages'],
              currentPage: body['currentPage'],
            }
          : refusal(answer)
    }
    answers['pages'] = pages
  }
  return answers
}

/** What each Node's agent would be sent at first. */
async function spansOf(
  cluster: TestCluster,
  items: <T>(path: string) => Promise<T[]>,
  labels: Labels,
  names: Names,
): Promise<Fields> {
  const span: Record<string, unknown> = {}
  for (const { metadata } of await items<Thing>(collectionOf('v1', 'Node'))) {
    const first = async (resource: string) => {
      const path = `${CONTROLPLANE}/${resource}?watch=true&fieldSelector=nodeName%3D${metadata.name}`
      const watch = await cluster.watch(path)
      await cluster.clock.settle()
      watch.close()
      return watch.events
        .filter(({ type }) => type === 'ADDED')
        .map(({ object }) => object as unknown as WireGroup)
    }
    span[metadata.name] = {
      networkPolicies: (await first('networkpolicies'))
        .map((policy) => names.text(policy.metadata.name))
        .sort(),
      appliedToGroups: sorted(
        (await first('appliedtogroups')).map((group) => ({
          name: labels.appliedTo.get(group.metadata.name) ?? group.metadata.name,
          members: membersOf(group.groupMembers),
        })),
      ),
      addressGroups: (await first('addressgroups'))
        .map((group) => labels.address.get(group.metadata.name) ?? group.metadata.name)
        .sort(),
    }
  }
  return span
}
