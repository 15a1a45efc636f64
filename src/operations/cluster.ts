/** What operations read of the cluster: from the watched copies in the daemon, by calls on the command line. */
import { type AgentPlace, agentsOfClient, agentsOfStores } from '../kube/agents/index.ts'
import type { AntreaAgentInfo, AntreaControllerInfo, ClusterNetworkPolicy } from '../kube/antrea.ts'
import type { KubeClient, Store } from '../kube/contract.ts'
import { RESOURCES } from '../kube/resources.ts'
import { ANTREA_NAMESPACE } from '../kube/rights.ts'
import type { KubeObject, ResourceType } from '../kube/types.ts'
import type { HttpClient } from '../world/index.ts'
import type { AntreaPlaces } from './log-level/index.ts'
import type { FoundPod, TraceLookup } from './traceflow/index.ts'

export interface ClusterView {
  readonly lookup: TraceLookup
  policies(signal: AbortSignal): Promise<readonly ClusterNetworkPolicy[]>
  policy(name: string, signal: AbortSignal): Promise<ClusterNetworkPolicy | undefined>
  agents(signal: AbortSignal): Promise<readonly AntreaAgentInfo[]>
}

export interface ClusterStores {
  readonly nodes: Store
  readonly pods: Store
  readonly services: Store
  readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
  readonly antreaAgentInfos: Store<AntreaAgentInfo>
  readonly antreaControllerInfos: Store<AntreaControllerInfo>
}

type Connect = (place: AgentPlace) => HttpClient

/** antrea-controller's only info, and the ConfigMap in which it publishes its authority. */
const CONTROLLER = 'antrea-controller'
const CONTROLLER_CA = 'antrea-ca'

const controllerCa = (kube: KubeClient) => async (signal: AbortSignal) => {
  const found = await kube.get(RESOURCES.configMaps, CONTROLLER_CA, ANTREA_NAMESPACE, signal)
  return (found as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data?.['ca.crt']
}

/** Where Antrea's processes are, by the watched copies. */
export const placesOfStores = (stores: ClusterStores, kube: KubeClient, connect: Connect): AntreaPlaces => ({
  hasAgent: async (node) => stores.antreaAgentInfos.get(node) !== undefined,
  agent: agentsOfStores(stores.antreaAgentInfos, stores.nodes),
  controller: async () => stores.antreaControllerInfos.get(CONTROLLER),
  node: async (name) => stores.nodes.get(name),
  controllerCa: controllerCa(kube),
  connect,
})

/** … by lists, each read once: the daemon's identity may list these, and not get them. */
export function placesOfClient(kube: KubeClient, connect: Connect): AntreaPlaces {
  const once = <T extends KubeObject>(type: ResourceType) => {
    let all: Promise<ReadonlyMap<string, T>> | undefined
    return async (name: string, signal: AbortSignal) => {
      all ??= kube
        .list<T>(type, undefined, signal)
        .then((items) => new Map(items.map((item) => [item.metadata.name, item])))
      return (await all).get(name)
    }
  }
  const agents = once(RESOURCES.antreaAgentInfos)
  const controllers = once<AntreaControllerInfo>(RESOURCES.antreaControllerInfos)
  return {
    hasAgent: async (node, signal) => (await agents(node, signal)) !== undefined,
    agent: agentsOfClient(kube),
    controller: (signal) => controllers(CONTROLLER, signal),
    node: once(RESOURCES.nodes),
    controllerCa: controllerCa(kube),
    connect,
  }
}

/** Searches by uid go over all objects of a kind: some milliseconds in the largest cluster, and requests are rare. */
export function viewOfStores(stores: ClusterStores): ClusterView {
  return {
    lookup: {
      pod: async (uid) => podOf(withUid(stores.pods.values(), uid)),
      service: async (uid) => serviceOf(withUid(stores.services.values(), uid)),
      nodeUid: async (name) => stores.nodes.get(name)?.metadata.uid,
    },
    policies: async () => [...stores.clusterNetworkPolicies.values()],
    policy: async (name) => stores.clusterNetworkPolicies.get(name),
    agents: async () => [...stores.antreaAgentInfos.values()],
  }
}

/** Reads by lists what it is asked for, for the daemon's identity has no right to get single Pods or Nodes; Nodes once. */
export function viewOfClient(kube: KubeClient): ClusterView {
  let nodes: Promise<ReadonlyMap<string, string | undefined>> | undefined
  const readNodes = async (signal: AbortSignal) =>
    new Map(
      (await kube.list(RESOURCES.nodes, undefined, signal)).map(({ metadata }) => [
        metadata.name,
        metadata.uid,
      ]),
    )
  return {
    lookup: {
      pod: async (uid, signal) => podOf(withUid(await kube.list(RESOURCES.pods, undefined, signal), uid)),
      service: async (uid, signal) =>
        serviceOf(withUid(await kube.list(RESOURCES.services, undefined, signal), uid)),
      async nodeUid(name, signal) {
        nodes ??= readNodes(signal)
        return (await nodes).get(name)
      },
    },
    policies: (signal) =>
      kube.list<ClusterNetworkPolicy>(RESOURCES.clusterNetworkPolicies, undefined, signal),
    policy: (name, signal) =>
      kube.get<ClusterNetworkPolicy>(RESOURCES.clusterNetworkPolicies, name, undefined, signal),
    agents: (signal) => kube.list<AntreaAgentInfo>(RESOURCES.antreaAgentInfos, undefined, signal),
  }
}

function withUid(objects: Iterable<KubeObject>, uid: string): KubeObject | undefined {
  for (const object of objects) if (object.metadata.uid === uid) return object
  return undefined
}

function podOf(object: KubeObject | undefined): FoundPod | undefined {
  if (object === undefined) return undefined
  const { podIP, podIPs } = (object.status ?? {}) as {
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip?: string }[]
  }
  const ips = (podIPs ?? [{ ip: podIP }]).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))
  return { namespace: object.metadata.namespace ?? '', pod: object.metadata.name, ips }
}

const serviceOf = (object: KubeObject | undefined) =>
  object === undefined
    ? undefined
    : { namespace: object.metadata.namespace ?? '', service: object.metadata.name }
