/** Random objects of the built-in resources that are read in protobuf, as an API server takes them. */
import type { ResourceName } from '../../../src/kube/index.ts'
import type { Random } from '../../../src/world/index.ts'

export interface Made {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  /** Put to the status subresource once the object is there. */
  readonly status?: Readonly<Record<string, unknown>>
}

export const NAMESPACE = 'wire'

/** Choices from one source of randomness. */
export function createDice(random: Random) {
  const int = (low: number, high: number) => low + Math.floor(random.next() * (high - low + 1))
  const pick = <T>(values: readonly T[]): T => values[int(0, values.length - 1)] as T
  const chance = (share = 0.5) => random.next() < share
  const maybe = <T extends object>(make: () => T): T | object => (chance(0.6) ? make() : {})
  const some = <T>(most: number, make: (at: number) => T): T[] =>
    Array.from({ length: int(0, most) }, (_, at) => make(at))
  return { int, pick, chance, maybe, some }
}
type Dice = ReturnType<typeof createDice>

const WORDS = ['web', 'db', 'cache', 'front', 'north']
/** Texts beyond ASCII and beyond 64 characters, as annotations and messages may have. */
const TEXTS = ['', 'plain', 'größer', '漢字と🙂', 'x'.repeat(100), 'a\nb"c\\']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']

const labels = ({ some, pick, int }: Dice) =>
  Object.fromEntries(some(4, () => [`example.com/${pick(WORDS)}`, pick(['', 'a', 'b', `v${int(0, 9)}`])]))

export function metaOf(dice: Dice, name: string, namespace?: string) {
  const { maybe, pick, chance, some } = dice
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...maybe(() => ({ labels: labels(dice) })),
    ...maybe(() => ({
      annotations: {
        'example.com/note': pick(TEXTS),
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        ...Object.fromEntries(some(2, (at) => [`example.com/more-${at}`, pick(TEXTS)])),
      },
    })),
    ...maybe(() => ({
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: 'owner',
          uid: '00000000-0000-4000-8000-000000000001',
          ...maybe(() => ({ controller: chance() })),
          ...maybe(() => ({ blockOwnerDeletion: chance() })),
        },
      ],
    })),
    ...(chance(0.3) ? { finalizers: ['example.com/hold'] } : {}),
  }
}

const TIME = '2026-01-02T03:04:05Z'

const condition = ({ pick, maybe }: Dice, type: string) => ({
  type,
  status: pick(['True', 'False', 'Unknown']),
  lastTransitionTime: TIME,
  ...maybe(() => ({ reason: pick(['Because', 'Other']) })),
  ...maybe(() => ({ message: pick(TEXTS) })),
})

const address = ({ int }: Dice) => `10.${int(0, 9)}.${int(0, 255)}.${int(1, 254)}`

/** What an agent writes of the ports it opened: the only annotation of Pods that is kept. */
const opened = (metadata: ReturnType<typeof metaOf>, at: number) => ({
  ...metadata,
  annotations: {
    ...('annotations' in metadata ? metadata.annotations : {}),
    'nodeportlocal.antrea.io': `[{"podPort":80,"nodePort":${61_000 + at}}]`,
  },
})

const pod = (dice: Dice, at: number): Made => {
  const { maybe, pick, chance, some } = dice
  const ip = address(dice)
  return {
    path: `/api/v1/namespaces/${NAMESPACE}/pods`,
    body: {
      metadata: opened(metaOf(dice, `pod-${at}`, NAMESPACE), at),
      spec: {
        containers: [
          { name: 'a', image: 'example.com/a', env: some(3, (n) => ({ name: `N${n}`, value: pick(TEXTS) })) },
        ],
        ...maybe(() => ({ nodeName: pick(['n1', 'n2']) })),
        ...(chance(0.3) ? { hostNetwork: true } : {}),
      },
    },
    status: {
      phase: pick(['Pending', 'Running', 'Succeeded', 'Failed']),
      ...maybe(() => ({ podIP: ip, podIPs: [{ ip }, ...(chance() ? [{ ip: 'fd00::1' }] : [])] })),
      conditions: ['Ready', 'Initialized', 'PodScheduled']
        .slice(0, dice.int(0, 3))
        .map((type) => condition(dice, type)),
      ...maybe(() => ({ message: pick(TEXTS), reason: 'Evicted' })),
      qosClass: 'BestEffort',
    },
  }
}

const node = (dice: Dice, at: number): Made => ({
  path: '/api/v1/nodes',
  body: {
    metadata: metaOf(dice, `node-${at}`),
    spec: {
      ...dice.maybe(() => ({
        podCIDR: `10.244.${at}.0/24`,
        podCIDRs: [`10.244.${at}.0/24`, `fd00:${at}::/64`],
      })),
      ...dice.maybe(() => ({ providerID: `vsphere://node-${at}` })),
      taints: [{ key: 'example.com/t', effect: 'NoSchedule' }],
    },
  },
  status: {
    addresses: dice.some(2, (n) => ({ type: n === 0 ? 'InternalIP' : 'ExternalIP', address: address(dice) })),
    conditions: ['Ready', 'MemoryPressure'].map((type) => ({
      ...condition(dice, type),
      lastHeartbeatTime: TIME,
    })),
    capacity: { cpu: '2', memory: '4Gi' },
    images: [{ names: ['example.com/a'], sizeBytes: 1_234_567_890_123 }],
    nodeInfo: {
      ...Object.fromEntries(
        ['machineID', 'systemUUID', 'bootID', 'kernelVersion', 'kubeProxyVersion'].map((key) => [
          key,
          `x-${key}`,
        ]),
      ),
      osImage: 'Debian',
      containerRuntimeVersion: 'containerd://2',
      kubeletVersion: 'v1.36.3',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  },
})

const namespace = (dice: Dice, at: number): Made => ({
  path: '/api/v1/namespaces',
  body: { metadata: metaOf(dice, `wire-${at}`) },
})

const service = (dice: Dice, at: number): Made => {
  const { maybe, pick, chance, int } = dice
  const type = pick(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'])
  const balanced = type === 'LoadBalancer'
  return {
    path: `/api/v1/namespaces/${NAMESPACE}/services`,
    body: {
      metadata: metaOf(dice, `service-${at}`, NAMESPACE),
      spec: {
        type,
        ...(type === 'ExternalName' ? { externalName: 'example.com' } : {}),
        ports: [1, 2].slice(0, int(1, 2)).map((n) => ({
          name: `p${n}`,
          port: n * 10,
          ...maybe(() => ({ protocol: pick(PROTOCOLS) })),
          ...maybe(() => ({ targetPort: chance() ? 'named' : int(1, 65_535) })),
          ...maybe(() => ({ appProtocol: 'example.com/h2' })),
        })),
        ...maybe(() => ({ selector: { app: pick(WORDS), tier: pick(WORDS) } })),
        ...maybe(() => ({ externalIPs: ['192.0.2.7'] })),
        ...(type === 'ExternalName' ? {} : maybe(() => ({ sessionAffinity: 'ClientIP' }))),
        ...maybe(() => ({ publishNotReadyAddresses: true })),
        ...(type === 'ClusterIP' ? maybe(() => ({ trafficDistribution: 'PreferClose' })) : {}),
        ...(balanced
          ? {
              loadBalancerIP: '192.0.2.9',
              loadBalancerSourceRanges: ['192.0.2.0/24'],
              loadBalancerClass: 'example.com/lb',
              externalTrafficPolicy: pick(['Local', 'Cluster']),
              allocateLoadBalancerNodePorts: chance(),
            }
          : {}),
      },
    },
    ...(balanced
      ? {
          status: {
            loadBalancer: {
              ingress: [
                {
                  ip: '192.0.2.9',
                  ipMode: 'VIP',
                  ports: [{ port: 80, protocol: 'TCP', error: 'example.com/bad' }],
                },
                { hostname: 'lb.example.com' },
              ],
            },
            conditions: [
              {
                type: 'example.com/Up',
                status: 'True',
                reason: 'Up',
                message: pick(TEXTS),
                observedGeneration: int(0, 3),
                lastTransitionTime: TIME,
              },
            ],
          },
        }
      : {}),
  }
}

const endpointSlice = (dice: Dice, at: number): Made => {
  const { maybe, chance, some, pick, int } = dice
  return {
    path: `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`,
    body: {
      metadata: metaOf(dice, `slice-${at}`, NAMESPACE),
      addressType: 'IPv4',
      endpoints: some(3, () => ({
        addresses: [address(dice)],
        conditions: {
          ...maybe(() => ({ ready: chance() })),
          ...maybe(() => ({ serving: chance() })),
          ...maybe(() => ({ terminating: chance() })),
        },
        ...maybe(() => ({ hostname: 'h1' })),
        ...maybe(() => ({ nodeName: 'n1' })),
        ...maybe(() => ({ zone: 'z1' })),
        ...maybe(() => ({ targetRef: { kind: 'Pod', namespace: NAMESPACE, name: 'pod-1', uid: 'u1' } })),
      })),
      ports: [1, 2]
        .slice(0, int(0, 2))
        .map((n) => ({
          name: chance(0.3) ? '' : `p${n}`,
          port: n,
          ...maybe(() => ({ protocol: pick(PROTOCOLS) })),
          ...maybe(() => ({ appProtocol: 'http' })),
        }))
        .slice(0, 2)
        .filter((port, index, all) => all.findIndex(({ name }) => name === port.name) === index),
    },
  }
}

const backend = ({ chance, int }: Dice) =>
  chance(0.7)
    ? { service: { name: 'web', port: chance() ? { name: 'http' } : { number: int(1, 99) } } }
    : { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'b' } }

const ingress = (dice: Dice, at: number): Made => {
  const { maybe, some, pick } = dice
  return {
    path: `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`,
    body: {
      metadata: metaOf(dice, `ingress-${at}`, NAMESPACE),
      spec: {
        defaultBackend: backend(dice),
        ...maybe(() => ({ ingressClassName: 'nginx' })),
        tls: some(2, (n) => ({ hosts: [`h${n}.example.com`], secretName: 's' })),
        rules: some(3, (n) => ({
          ...maybe(() => ({ host: `h${n}.example.com` })),
          ...maybe(() => ({
            http: { paths: [{ path: '/a', pathType: pick(['Prefix', 'Exact']), backend: backend(dice) }] },
          })),
        })),
      },
    },
    status: {
      loadBalancer: {
        ingress: some(2, (n) =>
          n === 0
            ? { ip: '192.0.2.1', ports: [{ port: 443, protocol: 'TCP', error: 'example.com/bad' }] }
            : { hostname: 'lb.example.com' },
        ),
      },
    },
  }
}

const selector = (dice: Dice) => ({
  ...dice.maybe(() => ({ matchLabels: { app: dice.pick(WORDS) } })),
  ...dice.maybe(() => ({
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'x', operator: 'Exists' },
    ],
  })),
})

const peer = (dice: Dice) =>
  dice.chance(0.3)
    ? { ipBlock: { cidr: '10.0.0.0/8', ...dice.maybe(() => ({ except: ['10.1.0.0/16'] })) } }
    : dice.chance()
      ? { podSelector: selector(dice), ...dice.maybe(() => ({ namespaceSelector: selector(dice) })) }
      : { namespaceSelector: selector(dice) }

const policyPort = ({ pick, int, chance, maybe }: Dice) =>
  chance(0.3)
    ? { port: 'named' }
    : {
        ...maybe(() => ({ protocol: pick(PROTOCOLS) })),
        ...maybe(() => ({ port: int(1, 99), ...(chance() ? { endPort: int(100, 200) } : {}) })),
      }

const networkPolicy = (dice: Dice, at: number): Made => ({
  path: `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  body: {
    metadata: metaOf(dice, `policy-${at}`, NAMESPACE),
    spec: {
      podSelector: selector(dice),
      policyTypes: ['Ingress', 'Egress'],
      ingress: dice.some(2, () => ({
        from: dice.some(2, () => peer(dice)),
        ports: dice.some(2, () => policyPort(dice)),
      })),
      egress: dice.some(2, () => ({
        to: dice.some(2, () => peer(dice)),
        ports: dice.some(2, () => policyPort(dice)),
      })),
    },
  },
})

/** In the order in which they are made. */
export const MAKERS = {
  namespaces: namespace,
  nodes: node,
  pods: pod,
  services: service,
  endpointSlices: endpointSlice,
  ingresses: ingress,
  networkPolicies: networkPolicy,
} as const satisfies Partial<Record<ResourceName, (dice: Dice, at: number) => Made>>

export type WireResource = keyof typeof MAKERS
