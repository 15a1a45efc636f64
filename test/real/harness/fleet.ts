/** Nodes, namespaces and pods as a cluster without kubelets has them: their status is written by hand. */
import type { Api } from './api.ts'

export const NODES = ['n1', 'n2', 'n3'] as const

export interface PodWish {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly node: string
  readonly ip: string
}

export interface Fleet {
  namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>
  /** A running, ready Pod. */
  pod(wish: PodWish): Promise<void>
  relabel(namespace: string, name: string, labels: Readonly<Record<string, string | null>>): Promise<void>
  /** Gone at once: nobody would confirm a graceful end. */
  deletePod(namespace: string, name: string): Promise<void>
}

/** Creates the nodes. */
export async function createFleet(api: Api): Promise<Fleet> {
  for (const [index, name] of NODES.entries()) {
    await api.post('/api/v1/nodes', { metadata: { name, labels: { 'kubernetes.io/hostname': name } } })
    await api.patch(`/api/v1/nodes/${name}/status`, {
      status: {
        addresses: [
          { type: 'InternalIP', address: `192.0.2.${index + 1}` },
          { type: 'Hostname', address: name },
        ],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    })
  }
  const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`
  return {
    namespace: (name, labels = {}) => api.post('/api/v1/namespaces', { metadata: { name, labels } }),
    async pod({ namespace, name, labels, node, ip }) {
      await api.post(pods(namespace), {
        metadata: { name, labels },
        spec: {
          nodeName: node,
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'app', image: 'registry.example/app:1' }],
        },
      })
      await api.patch(`${pods(namespace)}/${name}/status`, {
        status: {
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      })
    },
    relabel: (namespace, name, labels) => api.patch(`${pods(namespace)}/${name}`, { metadata: { labels } }),
    deletePod: (namespace, name) => api.delete(`${pods(namespace)}/${name}?gracePeriodSeconds=0`),
  }
}
