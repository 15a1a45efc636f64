/** The NSX-compatible manager on a TLS socket, and its public API as an administrator uses it. */
import { createManager, type Manager, type ManagerOptions } from '../../../src/manager/index.ts'
import type { Expression, Group, Rule, SecurityPolicy } from '../../../src/nsx/model.ts'
import { createHttpClient, createRealClock, createRealRandom, serve } from '../../../src/world/real.ts'
import { type AnyJson, type Api, createApi } from './api.ts'
import { createAuthority, type Identity } from './certificates.ts'

export const DOMAIN = '/infra/domains/default'
export const policyPath = (id: string) => `${DOMAIN}/security-policies/${id}`
export const groupPath = (id: string) => `${DOMAIN}/groups/${id}`

const POLICY_API = '/policy/api/v1'
/** Who administers the manager. */
export const USER = { name: 'admin', password: 'a-password-of-the-test' }

export interface Realization {
  /** `SUCCESS`, `IN_PROGRESS`, … of ConsolidatedRealizedStatus. */
  readonly status: string
  /** Nodes that enforce it and that should, as realized-entities tells them: `1 of 2`. */
  readonly nodes: string
  /** Both answers, for messages. */
  readonly answers: string
}

export interface Nsx {
  readonly manager: Manager
  readonly url: string
  readonly caPem: string
  readonly cluster: { readonly id: string; readonly name: string; readonly identity: Identity }
  readonly api: Api
  /** Of ANTREA type, as the user interface makes them. */
  putGroup(id: string, expression: readonly Expression[]): Promise<void>
  deleteGroup(id: string): Promise<void>
  /** Creates or replaces the policy with its rules; a new one spans the cluster. */
  putPolicy(id: string, policy: SecurityPolicy): Promise<SecurityPolicy>
  deletePolicy(id: string): Promise<void>
  policy(id: string): Promise<SecurityPolicy>
  /** Those that span the cluster, with their rules. */
  policies(): Promise<SecurityPolicy[]>
  groups(): Promise<Group[]>
  realization(path: string): Promise<Realization>
  /** What NSX's public inventory shows under /api/v1/fabric/. */
  inventory(list: string): Promise<AnyJson[]>
  /** The same manager as another cluster of it sees it, which is registered; its `stop` leaves the manager running. */
  join(cluster: { readonly id: string; readonly name: string }): Promise<Nsx>
  stop(): Promise<void>
}

export interface ServedNsx {
  readonly manager: Manager
  readonly url: string
  readonly caPem: string
  /** A cluster as it is registered there, or will be. */
  as(cluster: Nsx['cluster']): Nsx
  stop(): Promise<void>
}

/** A manager that knows no cluster. */
export async function serveNsx(options: Pick<ManagerOptions, 'publicApiOnly'> = {}): Promise<ServedNsx> {
  const authority = await createAuthority('nsx-ca')
  const manager = createManager({
    clock: createRealClock(),
    random: createRealRandom(),
    users: [USER],
    ...options,
  })
  const server = await authority.server('nsx', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const running = await serve({
    handler: manager.handler,
    host: '127.0.0.1',
    port: 0,
    tls: { ...server, ca: authority.ca, requestCert: true },
  })
  const url = `https://127.0.0.1:${running.port}`
  const authorization = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
  const http = createHttpClient({
    origin: url,
    tls: { ca: authority.ca },
    headers: () => ({ authorization }),
  })
  const as = (cluster: Nsx['cluster']): Nsx => ({
    manager,
    url,
    caPem: authority.ca,
    cluster,
    ...asAdministrator(createApi(http), cluster.id),
    async join(joining) {
      const identity = await authority.client(joining.name)
      manager.register({ nodeId: joining.id, name: joining.name, certificatePem: identity.cert })
      return as({ ...joining, identity })
    },
    stop: () => Promise.resolve(),
  })
  return {
    manager,
    url,
    caPem: authority.ca,
    as,
    async stop() {
      await http.close()
      await running.close()
      manager.close()
    },
  }
}

/** A manager that knows one cluster. */
export async function startNsx(cluster: { readonly id: string; readonly name: string }): Promise<Nsx> {
  const served = await serveNsx()
  const nobody = served.as({ ...cluster, identity: { cert: '', key: '' } })
  return { ...(await nobody.join(cluster)), stop: () => served.stop() }
}

function asAdministrator(api: Api, clusterId: string) {
  const intent = (path: string) => `${POLICY_API}${path}`
  const policy = (id: string): Promise<SecurityPolicy> => api.get(intent(policyPath(id)))
  /** PUT with the revision it has now, as a client that read it first. */
  const put = async (path: string, body: object): Promise<boolean> => {
    const before = await api.ask('GET', intent(path))
    const revision = before.status === 200 ? { _revision: before.body._revision } : {}
    await api.put(intent(path), { ...body, ...revision })
    return before.status !== 200
  }
  const list = async (path: string): Promise<AnyJson[]> => {
    const all: AnyJson[] = []
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const query = cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`
      const page = await api.get(`${path}${query}`)
      all.push(...page.results)
      cursor = page.cursor
    }
    return all
  }
  return {
    api,
    async putGroup(id: string, expression: readonly Expression[]) {
      await put(groupPath(id), { display_name: id, group_type: ['ANTREA'], expression })
    },
    deleteGroup: (id: string) => api.delete(intent(groupPath(id))),
    async putPolicy(id: string, wanted: SecurityPolicy): Promise<SecurityPolicy> {
      const isNew = await put(policyPath(id), { display_name: id, ...wanted })
      if (isNew)
        await api.put(intent(`${policyPath(id)}/container-cluster-span/${clusterId}`), {
          container_cluster_path: await clusterPath(list, clusterId),
        })
      return policy(id)
    },
    deletePolicy: (id: string) => api.delete(intent(policyPath(id))),
    policy,
    async policies(): Promise<SecurityPolicy[]> {
      const own = await clusterPath(list, clusterId)
      const all = await list(intent(`${DOMAIN}/security-policies`))
      const spanning = await Promise.all(
        all.map(async ({ id }) => {
          const spans = await list(intent(`${policyPath(id)}/container-cluster-span`))
          return spans.some(({ container_cluster_path }) => container_cluster_path === own) ? [id] : []
        }),
      )
      return Promise.all(spanning.flat().map(policy))
    },
    groups: (): Promise<Group[]> => list(intent(`${DOMAIN}/groups`)),
    async realization(path: string): Promise<Realization> {
      const about = `intent_path=${encodeURIComponent(path)}`
      const answer = await api.get(
        intent(`/infra/realized-state/status?${about}&include_enforced_status=true`),
      )
      const entities = await list(intent(`/infra/realized-state/realized-entities?${about}`))
      const attribute = (key: string) =>
        entities[0]?.extended_attributes?.find((one: AnyJson) => one.key === key)?.values?.[0]
      return {
        status: String(answer.consolidated_status?.consolidated_status),
        nodes: `${attribute('current_nodes')} of ${attribute('desired_nodes')}`,
        answers: JSON.stringify([answer, entities]),
      }
    },
    inventory: (name: string): Promise<AnyJson[]> =>
      list(`/api/v1/fabric/${name}?container_cluster_id=${clusterId}`),
  }
}

async function clusterPath(list: (path: string) => Promise<AnyJson[]>, clusterId: string): Promise<string> {
  const all = await list(
    `${POLICY_API}/infra/sites/default/enforcement-points/default/cluster-control-planes`,
  )
  const own = all.find(({ node_id }) => node_id === clusterId)
  if (own === undefined) throw new Error(`no cluster control plane has node_id ${clusterId}`)
  return own.path
}

// ---- what the tests' policies are made of

/** Pods with this label, in NSX's words: the label's key is the tag's scope, `dis:k8s:` before it. */
export const podTag = (label: string, value: string): Expression => ({
  resource_type: 'Condition',
  member_type: 'Pod',
  key: 'Tag',
  operator: 'EQUALS',
  value: `dis:k8s:${label}|${value}`,
})
/** Pods with this label in one namespace: NSX takes conditions of two member types together only when nested. */
export const podTagIn = (namespace: string, label: string, value: string): Expression => ({
  resource_type: 'NestedExpression',
  expressions: [inNamespace(namespace), and, podTag(label, value)],
})
export const inNamespace = (name: string): Expression => ({
  resource_type: 'Condition',
  member_type: 'Namespace',
  key: 'Name',
  operator: 'EQUALS',
  value: name,
})
export const addresses = (...list: readonly string[]): Expression => ({
  resource_type: 'IPAddressExpression',
  ip_addresses: list,
})
const and: Expression = { resource_type: 'ConjunctionOperator', conjunction_operator: 'AND' }
export const or: Expression = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }
export const nested = (...groups: readonly string[]): Expression => ({
  resource_type: 'PathExpression',
  paths: groups.map(groupPath),
})

export interface RuleWish {
  readonly id: string
  readonly action: 'ALLOW' | 'DROP' | 'REJECT'
  readonly sequence: number
  readonly direction: 'IN' | 'OUT'
  /** Groups or addresses on the other side; ANY when empty. */
  readonly peers: readonly string[]
  readonly tcpPorts?: readonly string[]
  readonly disabled?: boolean
}

/** A rule in the form NSX documents for Antrea: only one side named, the other is what the policy is applied to. */
export function rule(wish: RuleWish): Rule {
  const peers =
    wish.peers.length === 0 ? ['ANY'] : wish.peers.map((peer) => (/^\d/.test(peer) ? peer : groupPath(peer)))
  return {
    id: wish.id,
    display_name: wish.id,
    resource_type: 'Rule',
    action: wish.action,
    sequence_number: wish.sequence,
    direction: wish.direction,
    source_groups: wish.direction === 'IN' ? peers : ['ANY'],
    destination_groups: wish.direction === 'OUT' ? peers : ['ANY'],
    scope: ['ANY'],
    profiles: ['ANY'],
    ...(wish.disabled === undefined ? {} : { disabled: wish.disabled }),
    ...(wish.tcpPorts === undefined
      ? { services: ['ANY'] }
      : {
          services: [],
          service_entries: [
            {
              resource_type: 'L4PortSetServiceEntry',
              l4_protocol: 'TCP',
              destination_ports: wish.tcpPorts,
              source_ports: [],
              id: 'entry',
              display_name: 'entry',
            },
          ],
        }),
  }
}
