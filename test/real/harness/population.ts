/** The oracle's cluster on a real API server: nobody runs its Pods, so their status is written by hand. */
import type { Pod, Service } from '../../oracle/types.ts'
import type { Api } from './api.ts'

export async function putPod(
  api: Api,
  { name, namespace, labels, addresses, hostNetwork, phase }: Pod,
  nodeName: string,
): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`
  await api.post(pods, {
    metadata: { name, labels },
    spec: {
      nodeName,
      hostNetwork,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'app', image: 'registry.example/app:1' }],
    },
  })
  const podIPs = addresses.map((ip) => ({ ip }))
  await api.patch(`${pods}/${name}/status`, {
    status: { phase, ...(podIPs.length > 0 ? { podIP: podIPs[0]?.ip, podIPs } : {}) },
  })
}

export const putService = (api: Api, { name, namespace, selector }: Service): Promise<unknown> =>
  api.post(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { selector, ports: [{ port: 80 }] },
  })
