/** `manifest`: the adapter as a Deployment, for clusters whose control-plane nodes cannot carry a unit of systemd. */
import { type Command, InvalidArgumentError } from 'commander'
import { stringify } from 'yaml'
import { IDENTITY_SECRET, SERVICE_ACCOUNT } from '../kube/marks.ts'
import { rbacManifest } from '../kube/rights.ts'
import { say } from './terminal.ts'
import { VERSION } from './version.ts'

export interface ManifestOptions {
  readonly namespace: string
  readonly image: string
  readonly replicas: number
  readonly clusterId: string
  readonly clusterName: string
  readonly nsxUrl: string
  /** The Secret with tls.crt and tls.key, and where NSX's authority is not the system's, with ca.crt. */
  readonly secret: string
  /** That Secret has ca.crt. */
  readonly nsxCa?: boolean
}

type Fields = Readonly<Record<string, unknown>>

const NAME = 'antrea-nsx-adapter'
/** No account of the node: the image needs none of this number. */
const USER = 65_532
const PORT = 8_765
const IDENTITY_FOLDER = '/identity'
const CONFIG_FOLDER = '/config'

export function configure(command: Command): void {
  command
    .requiredOption('--cluster-id <id>', 'node_id of the cluster-control-plane in NSX')
    .requiredOption('--cluster-name <name>', 'its name; the CN of the certificate in the Secret')
    .requiredOption('--nsx-url <url>', 'of the manager, https://host[:port]')
    .option(
      '--image <image>',
      'a glibc image with the executable at /antrea-nsx-adapter',
      `${NAME}:${VERSION}`,
    )
    .option('--namespace <name>', "the adapter's", NAME)
    .option('--secret <name>', 'with tls.crt and tls.key, and with --nsx-ca ca.crt', IDENTITY_SECRET)
    .option('--nsx-ca', "the Secret has NSX's authority as ca.crt; the system's roots without it")
    .option('--replicas <count>', 'one leads, the others stand by; each on a node of its own', replicas, 2)
    .addHelpText(
      'after',
      '\nExample:\n  antrea-nsx-adapter manifest --cluster-id 8d9c2b52-6a5c-4d8f-9a3e-0d0b7d1c9f10 --cluster-name shop \\' +
        '\n    --nsx-url https://nsx.example.com | kubectl apply -f -',
    )
    .action((options: ManifestOptions) => say(manifestYaml(options).trimEnd()))
}

function replicas(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 9)
    throw new InvalidArgumentError('It must be from 1 to 9.')
  return count
}

/** All of it as YAML, with what a person does before. */
export function manifestYaml(options: ManifestOptions): string {
  const { secret, namespace, nsxCa } = options
  const ca = nsxCa === true ? ' --from-file=ca.crt' : ''
  const head =
    '# antrea-nsx-adapter as a Deployment; made by `antrea-nsx-adapter manifest`. It takes\n' +
    `# - an image of your registry with the executable at /antrea-nsx-adapter, on glibc 2.34 or later: FROM debian:12-slim,\n` +
    '#   COPY antrea-nsx-adapter /antrea-nsx-adapter\n' +
    `# - the Secret ${secret} with the cluster's certificate in NSX, as \`register\` keeps it, or made by hand:\n` +
    `#   kubectl -n ${namespace} create secret generic ${secret} --from-file=tls.crt --from-file=tls.key${ca}\n`
  return (
    head +
    manifestObjects(options)
      .map((object) => stringify(object, { lineWidth: 120, aliasDuplicateObjects: false }))
      .join('---\n')
  )
}

/** Namespace, rights, service account, configuration, Deployment. */
export function manifestObjects(options: ManifestOptions): readonly Fields[] {
  const { namespace } = options
  const [home, ...rights] = rbacManifest({
    namespace,
    subject: { kind: 'ServiceAccount', namespace, name: SERVICE_ACCOUNT },
  })
  const metadata = { name: NAME, namespace, labels: LABELS }
  return [
    home as unknown as Fields,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, name: SERVICE_ACCOUNT } },
    ...(rights as unknown as Fields[]),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.yaml': stringify(configOf(options)) } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deploymentOf(options) },
  ]
}

const LABELS = { 'app.kubernetes.io/name': NAME }

/** The service account of the Pod is what it is in the cluster; kubelet renews token and Secret, which are read anew. */
const configOf = ({ clusterId, clusterName, nsxUrl, namespace, nsxCa }: ManifestOptions): Fields => ({
  cluster: { id: clusterId, name: clusterName },
  nsx: {
    url: nsxUrl,
    ...(nsxCa === true ? { ca: `${IDENTITY_FOLDER}/ca.crt` } : {}),
    cert: `${IDENTITY_FOLDER}/tls.crt`,
    key: `${IDENTITY_FOLDER}/tls.key`,
  },
  ...(namespace === NAME ? {} : { lease: { namespace } }),
  diagnostics: { file: `/var/lib/${NAME}/diagnostics.sqlite` },
  serve: { listen: `127.0.0.1:${PORT}` },
})

const deploymentOf = ({ image, secret, replicas: count }: ManifestOptions): Fields => ({
  replicas: count,
  selector: { matchLabels: LABELS },
  // The port is the node's: a new one begins where the old one has ended.
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  template: {
    metadata: { labels: LABELS },
    spec: {
      serviceAccountName: SERVICE_ACCOUNT,
      // No policy that the adapter writes cuts it off, and it needs no Pod network to come up.
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      priorityClassName: 'system-cluster-critical',
      terminationGracePeriodSeconds: 10,
      tolerations: [
        { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'CriticalAddonsOnly', operator: 'Exists' },
      ],
      affinity: affinity(),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [containerOf(image)],
      volumes: [
        { name: 'config', configMap: { name: NAME } },
        { name: 'identity', secret: { secretName: secret, defaultMode: 0o440 } },
        ...WRITABLE.map(({ name, sizeLimit }) => ({ name, emptyDir: { sizeLimit } })),
      ],
    },
  },
})

/** On control-plane nodes where there are some, never two on one node. */
const affinity = (): Fields => ({
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: {
          matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
        },
      },
    ],
  },
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: LABELS } },
    ],
  },
})

/** All that is written, with the root read-only: socket, history (72 MiB and a second file set aside), SQLite's addon. */
const WRITABLE = [
  { name: 'run', path: `/run/${NAME}`, sizeLimit: '1Mi' },
  { name: 'state', path: `/var/lib/${NAME}`, sizeLimit: '192Mi' },
  { name: 'tmp', path: '/tmp', sizeLimit: '64Mi' },
] as const

const containerOf = (image: string): Fields => ({
  name: NAME,
  image,
  command: [`/${NAME}`],
  args: ['run', '--config', `${CONFIG_FOLDER}/config.yaml`],
  env: [
    { name: 'MALLOC_ARENA_MAX', value: '2' },
    { name: 'MALLOC_TRIM_THRESHOLD_', value: '131072' },
  ],
  // Of the node's loopback, where kubelet is, too: nobody from outside reaches it.
  livenessProbe: {
    httpGet: probe('/livez'),
    initialDelaySeconds: 10,
    periodSeconds: 10,
    failureThreshold: 6,
  },
  readinessProbe: { httpGet: probe('/readyz'), periodSeconds: 5 },
  resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '1Gi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
    { name: 'identity', mountPath: IDENTITY_FOLDER, readOnly: true },
    ...WRITABLE.map(({ name, path }) => ({ name, mountPath: path })),
  ],
})

const probe = (path: string): Fields => ({ host: '127.0.0.1', port: PORT, path })
