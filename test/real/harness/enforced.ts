/** What Antrea has computed: its controlplane API, brought into a form that can be compared. */
import type { AnyJson, Api } from './api.ts'
import { address, CONTROLPLANE, readComputed } from './computed.ts'

const CRD = '/apis/crd.antrea.io/v1beta1'

export interface EnforcedRule {
  /** The NSX rule id. */
  readonly name: string
  readonly action: string
  /** `namespace/name` of the pods on the other side. */
  readonly pods: readonly string[]
  readonly blocks: readonly string[]
  /** `TCP 80`, `TCP 8000-8010`; none means all. */
  readonly ports: readonly string[]
}

/** One ClusterNetworkPolicy as the agents get it. */
export interface Enforced {
  readonly name: string
  readonly tierPriority: number
  /** Pods it is applied to; agents of these nodes get it. */
  readonly appliedTo: readonly string[]
  readonly nodes: readonly string[]
  /** In the order in which they are evaluated. */
  readonly ingress: readonly EnforcedRule[]
  readonly egress: readonly EnforcedRule[]
}

/** Those policies whose ClusterNetworkPolicy has such a name; first evaluated, first listed. */
export async function enforced(api: Api, isWanted: (name: string) => boolean): Promise<Enforced[]> {
  const [computed, pods] = await Promise.all([readComputed(api), api.get('/api/v1/pods')])
  const nodeOf = new Map<string, string>(
    pods.items.map(({ metadata, spec }: AnyJson) => [
      `${metadata.namespace}/${metadata.name}`,
      spec.nodeName,
    ]),
  )
  return computed.policies
    .filter(({ sourceRef }: AnyJson) => isWanted(sourceRef.name))
    .sort((a: AnyJson, b: AnyJson) => a.tierPriority - b.tierPriority || a.priority - b.priority)
    .map((policy: AnyJson) => {
      const groups: string[] = policy.appliedToGroups?.length
        ? policy.appliedToGroups
        : (policy.rules ?? []).flatMap(({ appliedToGroups = [] }: AnyJson) => appliedToGroups)
      const appliedTo = podsOf(groups, computed.appliedToGroups)
      const inDirection = (direction: string) =>
        (policy.rules ?? [])
          .filter((rule: AnyJson) => rule.direction === direction)
          .sort((a: AnyJson, b: AnyJson) => (a.priority ?? 0) - (b.priority ?? 0))
          .map((rule: AnyJson) =>
            ruleOf(rule, direction === 'In' ? rule.from : rule.to, computed.addressGroups),
          )
      return {
        name: policy.sourceRef.name,
        tierPriority: policy.tierPriority,
        appliedTo,
        nodes: [...new Set(appliedTo.map((pod) => nodeOf.get(pod) ?? `no pod ${pod}`))].sort(),
        ingress: inDirection('In'),
        egress: inDirection('Out'),
      }
    })
}

function ruleOf(rule: AnyJson, peer: AnyJson, addressGroups: ReadonlyMap<string, AnyJson>): EnforcedRule {
  return {
    // One NSX rule that became two keeps its id in front: `1005-in`.
    name: String(rule.name).replace(/-(in|out)$/, ''),
    action: rule.action,
    pods: podsOf(peer?.addressGroups ?? [], addressGroups),
    blocks: sorted([
      ...(peer?.ipBlocks ?? []).map(({ cidr }: AnyJson) => `${address(cidr.ip)}/${cidr.prefixLength ?? 0}`),
      ...blocksOf(peer?.addressGroups ?? [], addressGroups),
    ]),
    ports: (rule.services ?? [])
      .map(({ protocol, port, endPort }: AnyJson) =>
        endPort === undefined || endPort === port ? `${protocol} ${port}` : `${protocol} ${port}-${endPort}`,
      )
      .sort(),
  }
}

const sorted = (list: readonly string[]): string[] => [...new Set(list)].sort()

const membersOf = (names: readonly string[], groups: ReadonlyMap<string, AnyJson>): AnyJson[] =>
  names.flatMap((name) => groups.get(name)?.groupMembers ?? [])

const podsOf = (names: readonly string[], groups: ReadonlyMap<string, AnyJson>): string[] =>
  [
    ...new Set(
      membersOf(names, groups)
        .filter(({ pod }) => pod !== undefined)
        .map(({ pod }) => `${pod.namespace}/${pod.name}`),
    ),
  ].sort()

/** Members that are no pods but addresses. */
const blocksOf = (names: readonly string[], groups: ReadonlyMap<string, AnyJson>): string[] =>
  membersOf(names, groups)
    .filter(({ pod, node, service }) => pod === undefined && node === undefined && service === undefined)
    .flatMap(({ ips = [] }) => ips.map((ip: string) => `${address(ip)}/32`))

/** Names of the policies an agent of this node is sent at first: the span, as it is on the wire. */
export async function sentTo(api: Api, node: string): Promise<string[]> {
  const query = new URLSearchParams({ watch: 'true', fieldSelector: `nodeName=${node}`, timeoutSeconds: '5' })
  const answer = await api.http.request({
    method: 'GET',
    path: `${CONTROLPLANE}/networkpolicies?${query}`,
    lane: 'stream',
    headersTimeoutMs: 5_000,
    bodyTimeoutMs: 10_000,
  })
  if (answer.status !== 200) throw new Error(`the watch of ${node} answered ${answer.status}`)
  const names: string[] = []
  let unread = ''
  for await (const chunk of answer.body) {
    const lines = `${unread}${Buffer.from(chunk).toString()}`.split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) {
      const { type, object } = JSON.parse(line)
      // The bookmark ends what was there already.
      if (type === 'BOOKMARK') return names.sort()
      if (type === 'ADDED') names.push(object.sourceRef.name)
    }
  }
  return names.sort()
}

export const clusterNetworkPolicies = async (api: Api): Promise<AnyJson[]> =>
  (await api.get(`${CRD}/clusternetworkpolicies`)).items

export const clusterGroups = async (api: Api): Promise<AnyJson[]> =>
  (await api.get(`${CRD}/clustergroups`)).items

const OWNED_LABEL = 'app.kubernetes.io/managed-by'

export const isOwned = (object: AnyJson): boolean =>
  object.metadata.labels?.[OWNED_LABEL] === 'antrea-nsx-adapter'
