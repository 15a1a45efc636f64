/** A cluster of the size that is asked for, as the stores hold it: projected Pods with their Services and Nodes. */
import type { createCluster } from '../unit/mp/cluster.ts'

const NODES = 100
const NAMESPACES = 20
const SERVICE_PODS = 50

const namespaceOf = (index: number) => `team-${Math.floor(index / SERVICE_PODS) % NAMESPACES}`
export const podKey = (index: number) => `${namespaceOf(index)}/shop-${index}`

const CONDITIONS = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
  type,
  status: 'True',
}))

/** `revision` is in a label, so that another one is a change NSX shows. */
export const pod = (index: number, revision = 0) => ({
  metadata: {
    name: `shop-${index}`,
    namespace: namespaceOf(index),
    uid: `5f0c2d1e-0000-4000-8000-${String(index).padStart(12, '0')}`,
    labels: {
      'app.kubernetes.io/name': `shop-${index % 200}`,
      'app.kubernetes.io/component': 'backend',
      'app.kubernetes.io/part-of': 'shop',
      'pod-template-hash': `7c9d8f6b${revision}`,
    },
  },
  spec: { nodeName: `node-${index % NODES}` },
  status: {
    phase: 'Running',
    podIP: `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
    podIPs: [{ ip: `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}` }],
    conditions: CONDITIONS,
  },
})

export function fillCluster(cluster: ReturnType<typeof createCluster>, pods: number): void {
  for (let index = 0; index < NODES; index += 1)
    cluster.put('nodes', {
      metadata: { name: `node-${index}` },
      spec: { podCIDRs: [`10.${index}.0.0/24`], providerID: `vsphere://4200-${index}` },
      status: {
        addresses: [{ type: 'InternalIP', address: `192.0.2.${index}` }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    })
  for (let index = 0; index < NAMESPACES; index += 1)
    cluster.put('namespaces', { metadata: { name: `team-${index}`, labels: { team: `${index}` } } })
  for (let index = 0; index < pods; index += 1) cluster.put('pods', pod(index))
  for (let first = 0; first < pods; first += SERVICE_PODS)
    putService(cluster, first, Math.min(pods, first + SERVICE_PODS))
}

function putService(cluster: ReturnType<typeof createCluster>, first: number, end: number): void {
  const namespace = namespaceOf(first)
  const name = `shop-${first / SERVICE_PODS}`
  cluster.put('services', {
    metadata: { name, namespace },
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.${(first >> 8) & 255}.${first & 255}`,
      ports: [{ name: 'http', port: 80, targetPort: 8_080, protocol: 'TCP' }],
    },
  })
  cluster.put('endpointSlices', {
    metadata: { name: `${name}-x`, namespace, labels: { 'kubernetes.io/service-name': name } },
    ...{
      endpoints: Array.from({ length: end - first }, (_, at) => {
        const { metadata, status } = pod(first + at)
        return {
          addresses: [status.podIP],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', namespace, name: metadata.name, uid: metadata.uid },
        }
      }),
    },
  })
}
