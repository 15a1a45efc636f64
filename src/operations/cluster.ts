/** What operations read of the cluster: from the watched copies in the daemon, by calls on the command line. */
import type { AntreaAgentInfo, ClusterNetworkPolicy } from '../kube/antrea.ts'
import type { KubeClient, Store } from '../kube/contract.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
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
