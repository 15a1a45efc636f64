/** What the benchmark of the Kubernetes side writes: see also pods.ts. */

/** Where pods are changed at a pace, and policies created. */
export const NAMESPACE = 'bench'

/** The same as the Go program creates. */
export function policyBody(at: number) {
  const matchLabels = { app: `app-${at % 50}` }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${at}`, namespace: NAMESPACE },
    spec: {
      podSelector: { matchLabels },
      ingress: [{ from: [{ podSelector: { matchLabels } }] }],
      policyTypes: ['Ingress'],
    },
  }
}

/** As the kubelet reports it. */
export function podStatus(index: number) {
  const ip = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  const now = new Date(1_767_225_600_000 + index * 1_000).toISOString().replace(/\.\d+/, '')
  const container = (name: string) => ({
    name,
    ready: true,
    started: true,
    restartCount: index % 3,
    image: `registry.example.com/shop/${name}:1.${index % 40}.${index % 7}`,
    imageID: `registry.example.com/shop/${name}@sha256:${'0123456789abcdef'.repeat(4)}`,
    containerID: `containerd://${index.toString(16).padStart(64, '0')}`,
    state: { running: { startedAt: now } },
  })
  return {
    phase: 'Running',
    hostIP: `192.0.2.${index % 100}`,
    hostIPs: [{ ip: `192.0.2.${index % 100}` }],
    podIP: ip,
    podIPs: [{ ip }],
    startTime: now,
    qosClass: 'Burstable',
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
      (type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: now }),
    ),
    containerStatuses: [container('app'), container('proxy')],
  }
}
