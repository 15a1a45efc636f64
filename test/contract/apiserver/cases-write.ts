/** Creating, updating and deleting built-in objects. */
import { type Case, configMap, del, get, MAPS, merge, PODS, pod, post, put, SERVICES } from './steps.ts'

const NETWORKING = '/apis/networking.k8s.io/v1/namespaces/{ns}'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases'
const TEMPLATE = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image: 'registry.example.com/app' }] },
}

export const WRITE_CASES: readonly Case[] = [
  { name: 'a config map is created and read', steps: [post(MAPS, configMap('one')), get(`${MAPS}/one`)] },
  {
    name: 'a body may leave type and version out',
    steps: [post(MAPS, { metadata: { name: 'bare' }, data: { a: 'b' } })],
  },
  {
    name: 'empty labels, data and nulls are not kept',
    steps: [
      post(MAPS, {
        metadata: { name: 'e', labels: {}, annotations: null, finalizers: [] },
        data: {},
        binaryData: null,
      }),
    ],
  },
  {
    name: 'a pod gets its defaults',
    steps: [
      post(
        PODS,
        pod(
          'full',
          { labels: { app: 'web' }, annotations: { note: 'x' } },
          {
            nodeName: 'node-1',
            serviceAccountName: 'default',
            containers: [
              {
                name: 'main',
                image: 'registry.example.com/app:1',
                ports: [{ containerPort: 8080, name: 'http' }],
                env: [{ name: 'A', value: '1' }],
                livenessProbe: { httpGet: { port: 8080 } },
                resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '64Mi' } },
                volumeMounts: [{ name: 'conf', mountPath: '/conf' }],
              },
              {
                name: 'side',
                image:
                  'registry.example.com/side@sha256:0000000000000000000000000000000000000000000000000000000000000000',
              },
            ],
            initContainers: [{ name: 'init', image: 'registry.example.com:5000/init' }],
            volumes: [
              { name: 'conf', configMap: { name: 'c' } },
              { name: 'tmp', emptyDir: {} },
            ],
            tolerations: [{ operator: 'Exists' }],
          },
        ),
      ),
    ],
  },
  {
    name: 'a guaranteed pod is told from a burstable one',
    steps: ['g', 'b'].map((name) =>
      post(
        PODS,
        pod(
          name,
          {},
          {
            containers: [
              {
                name: 'main',
                image: 'a:1',
                resources: {
                  limits: { cpu: '1', memory: '1Gi' },
                  ...(name === 'b' ? { requests: { cpu: '500m' } } : {}),
                },
              },
            ],
          },
        ),
      ),
    ),
  },
  {
    name: 'services get an address, target ports and families',
    steps: [
      post(SERVICES, {
        metadata: { name: 'web' },
        spec: {
          selector: { app: 'web' },
          ports: [
            { name: 'http', port: 80 },
            { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' },
          ],
        },
      }),
      post(SERVICES, { metadata: { name: 'headless' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } }),
      post(SERVICES, {
        metadata: { name: 'outside' },
        spec: { type: 'ExternalName', externalName: 'example.com' },
      }),
    ],
  },
  {
    name: 'a service keeps its address through an update without it',
    steps: [
      post(SERVICES, {
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
      }),
      put(`${SERVICES}/web`, {
        metadata: { name: 'web' },
        spec: { selector: { app: 'api' }, ports: [{ port: 81 }] },
      }),
    ],
  },
  {
    name: 'network policies get their policy types',
    steps: [
      post(`${NETWORKING}/networkpolicies`, {
        metadata: { name: 'in' },
        spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }], from: [{ namespaceSelector: {} }] }] },
      }),
      post(`${NETWORKING}/networkpolicies`, {
        metadata: { name: 'both' },
        spec: {
          podSelector: { matchLabels: { a: 'b' } },
          egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
          ingress: [],
        },
      }),
      merge(`${NETWORKING}/networkpolicies/in`, { spec: { podSelector: { matchLabels: { x: 'y' } } } }),
    ],
  },
  {
    name: 'deployments and replica sets get their defaults',
    steps: [
      post('/apis/apps/v1/namespaces/{ns}/deployments', {
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: { app: 'web' } }, template: TEMPLATE },
      }),
      post('/apis/apps/v1/namespaces/{ns}/replicasets', {
        metadata: { name: 'web' },
        spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: TEMPLATE },
      }),
      post('/apis/apps/v1/namespaces/{ns}/daemonsets', {
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: { app: 'web' } }, template: TEMPLATE },
      }),
      merge('/apis/apps/v1/namespaces/{ns}/deployments/web', { spec: { replicas: 3 } }),
      merge('/apis/apps/v1/namespaces/{ns}/deployments/web/status', {
        status: { replicas: 3, readyReplicas: 1 },
      }),
    ],
  },
  {
    name: 'an ingress, an endpoint slice, an event, a secret, an account',
    steps: [
      post(`${NETWORKING}/ingresses`, {
        metadata: { name: 'web' },
        spec: {
          ingressClassName: 'nginx',
          rules: [
            {
              host: 'a.example.com',
              http: {
                paths: [
                  {
                    path: '/',
                    pathType: 'Prefix',
                    backend: { service: { name: 'web', port: { number: 80 } } },
                  },
                ],
              },
            },
          ],
        },
      }),
      post('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', {
        metadata: { name: 'web', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            conditions: { ready: true },
            targetRef: { kind: 'Pod', name: 'p', namespace: '{ns}' },
          },
        ],
        ports: [{ port: 80 }],
      }),
      post('/api/v1/namespaces/{ns}/events', {
        metadata: { name: 'happened' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: '{ns}' },
        reason: 'Testing',
        message: 'it happened',
        type: 'Normal',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
      }),
      post('/api/v1/namespaces/{ns}/secrets', {
        metadata: { name: 's' },
        data: { a: 'Yg==' },
        stringData: { b: 'c' },
      }),
      post('/api/v1/namespaces/{ns}/serviceaccounts', { metadata: { name: 'bot' } }),
    ],
  },
  {
    name: 'nodes are created tainted and report their status',
    steps: [
      post('/api/v1/nodes', {
        metadata: { name: '{id}', labels: { zone: 'a' } },
        spec: { podCIDR: '10.1.0.0/24' },
      }),
      merge('/api/v1/nodes/{id}/status', {
        status: {
          addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
          conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
        },
      }),
      del('/api/v1/nodes/{id}'),
    ],
  },
  {
    name: 'a lease is taken, renewed and refused to a stale writer',
    steps: [
      post(LEASES, {
        metadata: { name: 'l' },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
      }),
      put(`${LEASES}/l`, {
        metadata: { name: 'l', resourceVersion: '{{0.metadata.resourceVersion}}' },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:02.000000Z' },
      }),
      put(`${LEASES}/l`, {
        metadata: { name: 'l', resourceVersion: '{{0.metadata.resourceVersion}}' },
        spec: { holderIdentity: 'b' },
      }),
      put(`${LEASES}/l`, { metadata: { name: 'l' }, spec: { holderIdentity: 'b' } }),
    ],
  },
  {
    name: 'a lease is created by a PUT',
    steps: [put(`${LEASES}/new`, { metadata: { name: 'new' }, spec: { holderIdentity: 'a' } })],
  },
  {
    name: 'a config map is not created by a PUT',
    steps: [put(`${MAPS}/new`, configMap('new'))],
  },
  {
    name: 'generateName adds five letters',
    steps: [post(MAPS, { metadata: { generateName: 'gen-' } })],
  },
  {
    name: 'an update that changes nothing keeps the version',
    steps: [
      post(MAPS, configMap('same', { a: '1' }, { labels: { x: 'y' } })),
      put(`${MAPS}/same`, configMap('same', { a: '1' }, { labels: { x: 'y' } })),
      merge(`${MAPS}/same`, { data: { a: '1' } }),
      put(`${MAPS}/same`, configMap('same', { a: '2' }, { labels: { x: 'y' } })),
    ],
  },
  {
    name: 'an update with an old version is a conflict',
    steps: [
      post(MAPS, configMap('c')),
      put(`${MAPS}/c`, configMap('c', { a: '2' })),
      put(`${MAPS}/c`, configMap('c', { a: '3' }, { resourceVersion: '{{0.metadata.resourceVersion}}' })),
      put(`${MAPS}/c`, configMap('c', { a: '3' }, { uid: '00000000-0000-4000-8000-000000000000' })),
    ],
  },
  {
    name: 'deletes with preconditions',
    steps: [
      post(MAPS, configMap('d')),
      del(`${MAPS}/d`, { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } }),
      del(`${MAPS}/d`, { preconditions: { resourceVersion: '1' } }),
      del(`${MAPS}/d`, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: '{{0.metadata.uid}}', resourceVersion: '{{0.metadata.resourceVersion}}' },
        propagationPolicy: 'Background',
      }),
      del(`${MAPS}/d`),
    ],
  },
  {
    name: 'a finalizer keeps an object until it is taken away',
    steps: [
      post(MAPS, configMap('f', { a: '1' }, { finalizers: ['example.com/hold'] })),
      del(`${MAPS}/f`),
      del(`${MAPS}/f`),
      merge(`${MAPS}/f`, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }),
      merge(`${MAPS}/f`, { data: { b: '2' } }),
      merge(`${MAPS}/f`, { metadata: { finalizers: null } }),
      get(`${MAPS}/f`),
    ],
  },
  {
    name: 'a pod on no node goes at once',
    steps: [post(PODS, pod('p')), del(`${PODS}/p`), get(`${PODS}/p`)],
  },
  {
    name: 'a pod on a node is given its grace period',
    steps: [
      post(PODS, pod('p', {}, { nodeName: 'node-1' })),
      del(`${PODS}/p`),
      del(`${PODS}/p`, { gracePeriodSeconds: 60 }),
      del(`${PODS}/p`, { gracePeriodSeconds: 5 }),
      del(`${PODS}/p`, { gracePeriodSeconds: 0 }),
      get(`${PODS}/p`),
    ],
  },
  {
    name: 'a pod status is written by its own endpoint',
    steps: [
      post(PODS, { ...pod('p', {}, { nodeName: 'node-1' }), status: { phase: 'Running' } }),
      merge(`${PODS}/p/status`, {
        status: { phase: 'Running', podIP: '10.0.0.5', podIPs: [{ ip: '10.0.0.5' }], hostIP: '192.0.2.1' },
      }),
      merge(`${PODS}/p`, { status: { phase: 'Failed' } }),
      merge(`${PODS}/p/status`, { spec: { nodeName: 'node-2' }, status: { phase: 'Succeeded' } }),
      get(`${PODS}/p/status`),
    ],
  },
  {
    name: 'the spec of a pod cannot be changed but for its image',
    steps: [
      post(PODS, pod('p')),
      merge(`${PODS}/p`, { spec: { containers: [{ name: 'main', image: 'registry.example.com/app:2' }] } }),
      merge(`${PODS}/p`, { spec: { hostNetwork: true } }, { codeOnly: true }),
    ],
  },
  {
    name: 'a dry run stores nothing',
    steps: [
      post(`${MAPS}?dryRun=All`, configMap('dry')),
      get(`${MAPS}/dry`),
      post(MAPS, configMap('dry')),
      put(`${MAPS}/dry?dryRun=All`, configMap('dry', { a: '2' })),
      del(`${MAPS}/dry?dryRun=All`),
      get(`${MAPS}/dry`),
      post(`${MAPS}?dryRun=Some`, configMap('dry2')),
    ],
  },
  {
    name: 'deletecollection takes what its selector finds',
    steps: [
      post(MAPS, configMap('a', { a: '1' }, { labels: { t: 'x' } })),
      post(MAPS, configMap('b', { a: '1' }, { labels: { t: 'y' } })),
      post(MAPS, configMap('c', { a: '1' }, { labels: { t: 'x' } })),
      del(`${MAPS}?labelSelector=t%3Dx`),
      get(`${MAPS}?fieldSelector=metadata.name%3Db`),
    ],
  },
  {
    name: 'the field manager is the query or the user agent',
    steps: [
      post(`${MAPS}?fieldManager=alice`, configMap('m', { a: '1' })),
      merge(`${MAPS}/m?fieldManager=bob`, { data: { b: '2' } }),
      merge(`${MAPS}/m?fieldManager=bob`, { data: { a: '3' } }),
      merge(`${MAPS}/m?fieldManager=carol`, { data: { a: null } }),
    ],
  },
  {
    name: 'namespaces are created, labelled and refused',
    steps: [
      post('/api/v1/namespaces', { metadata: { name: '{id}', labels: { team: 'a' } } }),
      merge('/api/v1/namespaces/{id}', { metadata: { labels: { team: 'b' } } }),
      post('/api/v1/namespaces', { metadata: { name: 'Bad_Name' } }),
      post('/api/v1/namespaces', { metadata: { name: '{id}' } }),
      del('/api/v1/namespaces/{id}'),
      del('/api/v1/namespaces/default'),
      get('/api/v1/namespaces/kube-system', { codeOnly: true }),
    ],
  },
]
