/** The demo application as data: three teams' namespaces, their Pods, Services with EndpointSlices, an Ingress, a NetworkPolicy. */
export interface DemoNode {
  readonly name: string
  readonly ip: string
  readonly podCidr: string
}

export interface DemoWorkload {
  readonly namespace: string
  /** The Deployment's name, the label `app` and the Service's name. */
  readonly name: string
  readonly replicas: number
  readonly port: number
  readonly labels: Readonly<Record<string, string>>
}

interface Body {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** An object, the collection it is posted to, and the status that is put after it. */
export interface DemoObject {
  readonly collection: string
  readonly body: Body
  readonly status?: unknown
}

export const DEMO_NAMESPACES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { team: 'shop', env: 'production' },
  payments: { team: 'payments', env: 'production' },
  monitoring: { team: 'platform' },
}

export const DEMO_WORKLOADS: readonly DemoWorkload[] = [
  { namespace: 'shop', name: 'frontend', replicas: 3, port: 8080, labels: { tier: 'web' } },
  { namespace: 'shop', name: 'cart', replicas: 2, port: 7070, labels: { tier: 'logic' } },
  { namespace: 'shop', name: 'catalog', replicas: 2, port: 3550, labels: { tier: 'logic' } },
  {
    namespace: 'payments',
    name: 'payments-api',
    replicas: 2,
    port: 8443,
    labels: { tier: 'logic', pci: 'true' },
  },
  { namespace: 'payments', name: 'ledger', replicas: 1, port: 5432, labels: { tier: 'data', pci: 'true' } },
  { namespace: 'monitoring', name: 'prometheus', replicas: 1, port: 9090, labels: { tier: 'platform' } },
]

export const nodesOf = (names: readonly string[]): readonly DemoNode[] =>
  names.map((name, index) => ({ name, ip: `192.168.77.${index + 11}`, podCidr: `10.10.${index}.0/24` }))

const ready = (now: string) => [{ type: 'Ready', status: 'True', lastTransitionTime: now }]

export function nodeObjects(nodes: readonly DemoNode[], now: string): DemoObject[] {
  return nodes.map((node, index) => ({
    collection: '/api/v1/nodes',
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: node.name,
        labels: {
          'kubernetes.io/hostname': node.name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          ...(index === 0 ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
        },
      },
      spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr], providerID: `sandbox://${node.name}` },
    },
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      addresses: [
        { type: 'InternalIP', address: node.ip },
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'containerd://2.1.4',
        kernelVersion: '6.1.0',
        kubeProxyVersion: '',
        kubeletVersion: 'v1.36.0',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        systemUUID: '',
      },
    },
  }))
}

export function demoObjects(nodes: readonly DemoNode[], now: string): DemoObject[] {
  let podNumber = 0
  return DEMO_WORKLOADS.flatMap((workload, serviceNumber) => {
    const pods = Array.from({ length: workload.replicas }, () => {
      podNumber += 1
      return podOf(workload, nodes[podNumber % nodes.length]!, podNumber, now)
    })
    return [...pods, serviceOf(workload, serviceNumber), sliceOf(workload, pods)]
  }).concat(INGRESS, NETWORK_POLICY)
}

/** Letters of Kubernetes' own generated names. */
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** A suffix that looks like Kubernetes' own and is the same in every run. */
function suffix(seed: string, length: number): string {
  // FNV-1a over the whole seed, then once more for each letter.
  const mix = (hash: number, value: number) => Math.imul(hash ^ value, 16_777_619) >>> 0
  let hash = [...seed].reduce((before, letter) => mix(before, letter.charCodeAt(0)), 2_166_136_261)
  let word = ''
  while (word.length < length) {
    hash = mix(hash, word.length)
    word += SAFE_LETTERS[(hash >>> 16) % SAFE_LETTERS.length]
  }
  return word
}

function podOf(workload: DemoWorkload, node: DemoNode, podNumber: number, now: string): DemoObject {
  const set = `${workload.name}-${suffix(workload.name, 9)}`
  const ip = `${node.podCidr.replace('.0/24', '')}.${podNumber + 1}`
  const container = { name: workload.name, image: `registry.sandbox/${workload.name}:1.0` }
  return {
    collection: `/api/v1/namespaces/${workload.namespace}/pods`,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${set}-${suffix(`${workload.name}${podNumber}`, 5)}`,
        namespace: workload.namespace,
        labels: { app: workload.name, ...workload.labels, 'pod-template-hash': suffix(workload.name, 9) },
      },
      spec: {
        nodeName: node.name,
        containers: [{ ...container, ports: [{ containerPort: workload.port }] }],
      },
    },
    status: {
      phase: 'Running',
      hostIP: node.ip,
      podIP: ip,
      podIPs: [{ ip }],
      startTime: now,
      conditions: ready(now),
      containerStatuses: [
        {
          ...container,
          imageID: container.image,
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: now } },
        },
      ],
    },
  }
}

const serviceOf = (workload: DemoWorkload, number: number): DemoObject => ({
  collection: `/api/v1/namespaces/${workload.namespace}/services`,
  body: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: workload.name, namespace: workload.namespace, labels: { app: workload.name } },
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.0.${number + 20}`,
      clusterIPs: [`10.96.0.${number + 20}`],
      selector: { app: workload.name },
      ports: [{ name: 'main', protocol: 'TCP', port: workload.port, targetPort: workload.port }],
    },
  },
})

const sliceOf = (workload: DemoWorkload, pods: readonly DemoObject[]): DemoObject => ({
  collection: `/apis/discovery.k8s.io/v1/namespaces/${workload.namespace}/endpointslices`,
  body: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${workload.name}-${suffix(`slice ${workload.name}`, 5)}`,
      namespace: workload.namespace,
      labels: {
        'kubernetes.io/service-name': workload.name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'main', protocol: 'TCP', port: workload.port }],
    endpoints: pods.map(({ body, status }) => ({
      addresses: [(status as { podIP: string }).podIP],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: (body['spec'] as { nodeName: string }).nodeName,
      targetRef: { kind: 'Pod', name: body.metadata.name, namespace: workload.namespace },
    })),
  },
})

const INGRESS: DemoObject = {
  collection: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses',
  body: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'shop', labels: { app: 'frontend' } },
    spec: {
      ingressClassName: 'sandbox',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'frontend', port: { number: 8080 } } },
              },
            ],
          },
        },
      ],
    },
  },
}

const NETWORK_POLICY: DemoObject = {
  collection: '/apis/networking.k8s.io/v1/namespaces/payments/networkpolicies',
  body: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'ledger-from-payments-api', namespace: 'payments' },
    spec: {
      podSelector: { matchLabels: { app: 'ledger' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { app: 'payments-api' } } }],
          ports: [{ protocol: 'TCP', port: 5432 }],
        },
      ],
    },
  },
}
