/** Pods as a cluster's controllers make them: about 10 KB each once the server has noted who owns which field. */

const probe = (path: string) => ({
  httpGet: { path, port: 8080, scheme: 'HTTP' },
  initialDelaySeconds: 5,
  periodSeconds: 10,
  timeoutSeconds: 3,
})

const environment = (count: number, seed: number) =>
  Array.from({ length: count }, (_, at) => ({
    name: `SETTING_${at}`,
    value: `https://service-${(seed + at) % 97}.shop.svc.cluster.local:8443/api/v${at % 3}`,
  }))

const container = (name: string, index: number, variables: number) => ({
  name,
  image: `registry.example.com/shop/${name}:1.${index % 40}.${index % 7}`,
  args: ['--config=/etc/app/config.yaml', `--shard=${index % 16}`, '--log-format=json'],
  ports: [
    { name: 'http', containerPort: 8080, protocol: 'TCP' },
    { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
  ],
  env: environment(variables, index),
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
  volumeMounts: [
    { name: 'config', mountPath: '/etc/app', readOnly: true },
    { name: 'cache', mountPath: '/var/cache/app' },
  ],
  livenessProbe: probe('/livez'),
  readinessProbe: probe('/readyz'),
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
  },
})

/** The body that creates pod number `index`. */
export const podBody = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `shop-${index % 200}-7c9d8f6b5d-${index}`,
    namespace: 'default',
    labels: {
      'app.kubernetes.io/name': `shop-${index % 200}`,
      'app.kubernetes.io/component': 'backend',
      'app.kubernetes.io/part-of': 'shop',
      'pod-template-hash': '7c9d8f6b5d',
    },
    annotations: {
      'checksum/config': 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
      'prometheus.io/port': '9090',
      'prometheus.io/scrape': 'true',
    },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `shop-${index % 200}-7c9d8f6b5d`,
        uid: `00000000-0000-4000-8000-${String(index % 200).padStart(12, '0')}`,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    nodeName: `node-${index % 100}`,
    serviceAccountName: 'shop',
    containers: [container('app', index, 12), container('proxy', index, 6)],
    tolerations: [
      {
        key: 'node.kubernetes.io/not-ready',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: `shop-${index % 200}` } },
      { name: 'cache', emptyDir: { sizeLimit: '1Gi' } },
    ],
  },
})

/** A pod as a person writes it: about 1 KB as stored. */
export const plainPodBody = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `plain-${index}`, namespace: 'default', labels: { app: `app-${index % 50}` } },
  spec: {
    nodeName: `node-${index % 100}`,
    containers: [{ name: 'app', image: 'registry.example.com/app:1', ports: [{ containerPort: 8080 }] }],
  },
})
