/** A small cluster in stores, as the watches would hold it. */
import {
  createStore,
  type KubeObject,
  RESOURCES,
  type ResourceName,
  type WritableStore,
} from '../../../src/kube/index.ts'
import type { MpDeps } from '../../../src/mp/index.ts'

export type Stores = { readonly [K in keyof MpDeps['stores']]: WritableStore }

const NAMES = [
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointSlices',
  'ingresses',
  'networkPolicies',
  'clusterNetworkPolicies',
  'antreaNetworkPolicies',
  'gateways',
  'egresses',
  'externalIPPools',
  'ipPools',
  'antreaAgentInfos',
  'antreaControllerInfos',
] as const satisfies readonly ResourceName[]

export interface Cluster {
  readonly stores: Stores
  /** Adds or changes an object; `uid` defaults to a text made of its place. */
  put(name: (typeof NAMES)[number], object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }): void
  remove(name: (typeof NAMES)[number], key: string): void
  /** As MpDeps wants them. */
  readonly deps: MpDeps['stores']
}

export function createCluster(): Cluster {
  const stores = Object.fromEntries(
    NAMES.map((name) => [name, createStore(RESOURCES[name])]),
  ) as unknown as Stores
  let version = 0
  for (const name of NAMES) {
    stores[name].swap(new Map(), '0')
    stores[name].setLive(true)
  }
  return {
    stores,
    deps: stores as unknown as MpDeps['stores'],
    put(name, object) {
      version += 1
      const { metadata } = object
      const place = `${metadata.namespace ?? ''}/${metadata.name}`
      const whole = {
        apiVersion: 'v1',
        kind: RESOURCES[name].kind,
        ...object,
        metadata: { uid: `${RESOURCES[name].kind}-${place}`, ...metadata, resourceVersion: String(version) },
      }
      stores[name].upsert(whole, String(version))
    },
    remove(name, key) {
      version += 1
      const object = stores[name].get(key)
      if (object !== undefined) stores[name].remove(object, String(version))
    },
  }
}

const READY = [{ type: 'Ready', status: 'True' }]

export const node = (name: string) => ({
  metadata: { name },
  spec: { podCIDRs: ['10.1.0.0/24'], providerID: `vsphere://4200-${name}` },
  status: {
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    conditions: READY,
    nodeInfo: { kubeletVersion: 'v1.34.0', osImage: 'Linux' },
  },
})

export const namespace = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
})

export const pod = (
  name: string,
  options: { ns?: string; node?: string; labels?: Record<string, string> } = {},
) => ({
  metadata: { name, namespace: options.ns ?? 'shop', labels: options.labels ?? { app: 'web' } },
  spec: { nodeName: options.node ?? 'n1' },
  status: { phase: 'Running', podIP: '10.1.0.5', podIPs: [{ ip: '10.1.0.5' }], conditions: READY },
})

export const service = (name: string) => ({
  metadata: { name, namespace: 'shop' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7'],
    ports: [{ port: 80, targetPort: 8080 }],
  },
})

export const slice = (serviceName: string, pods: readonly string[], ready = true) => ({
  metadata: {
    name: `${serviceName}-x`,
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': serviceName },
  },
  endpoints: pods.map((name) => ({
    addresses: ['10.1.0.5'],
    conditions: { ready },
    targetRef: { kind: 'Pod', namespace: 'shop', name, uid: `Pod-shop/${name}` },
  })),
})

/** Two nodes, a namespace, a service over two pods, an ingress, a policy of each kind. */
export function fill(cluster: Cluster): void {
  cluster.put('nodes', node('n1'))
  cluster.put('nodes', node('n2'))
  cluster.put('namespaces', namespace('shop', { team: 'red' }))
  cluster.put('services', service('web'))
  cluster.put('pods', pod('web-1'))
  cluster.put('pods', pod('web-2', { node: 'n2' }))
  cluster.put('endpointSlices', slice('web', ['web-1', 'web-2']))
  cluster.put('ingresses', {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  })
  cluster.put('networkPolicies', { metadata: { name: 'deny', namespace: 'shop' }, spec: { podSelector: {} } })
  cluster.put('clusterNetworkPolicies', {
    metadata: { name: 'acnp', generation: 1 },
    spec: { tier: 'application', priority: 5, ingress: [], egress: [] },
  })
}
