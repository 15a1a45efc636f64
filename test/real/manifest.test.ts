/**
 * The manifests of the Deployment, taken by a real kube-apiserver, and the adapter as its Pod would run it: by the service
 * account's token and the API server's address in the environment, with the rights the manifests give and no others.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { type ManifestOptions, manifestObjects, manifestYaml } from '../../src/cli/manifest.ts'
import { withStatus } from './harness/adapter.ts'
import type { AnyJson } from './harness/api.ts'
import { podTag, rule } from './harness/nsx.ts'
import { start } from './harness/processes.ts'
import { CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const NAMESPACE = 'nsx-system'
const NAME = 'antrea-nsx-adapter'
const ROOT = join(import.meta.dirname, '../..')
/** A mount name space of its own takes root. */
const isRoot = process.getuid?.() === 0
const options = {
  skip: skip === false && !isRoot ? 'needs root for a mount name space' : skip,
  timeout: 180_000,
}
let stack: Stack
let manifest: ManifestOptions

before(
  async () => {
    if (options.skip !== false) return
    stack = await startStack()
    manifest = {
      namespace: NAMESPACE,
      image: 'registry.example/antrea-nsx-adapter:1',
      replicas: 2,
      clusterId: CLUSTER.id,
      clusterName: CLUSTER.name,
      nsxUrl: stack.nsx.url,
      secret: 'identity',
      nsxCa: true,
    }
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ClusterRole: 'clusterroles',
  Role: 'roles',
  ClusterRoleBinding: 'clusterrolebindings',
  RoleBinding: 'rolebindings',
  ConfigMap: 'configmaps',
  Deployment: 'deployments',
}

/** As `kubectl apply --server-side` does; what the server does not know is an error. */
async function apply(object: AnyJson, dryRun: boolean): Promise<AnyJson> {
  const { apiVersion, kind, metadata } = object
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  const query = `fieldManager=test&fieldValidation=Strict&force=true${dryRun ? '&dryRun=All' : ''}`
  const answer = await stack.plane.api.http.request({
    method: 'PATCH',
    path: `${group}${within}/${PLURALS[kind]}/${metadata.name}?${query}`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
    headersTimeoutMs: 10_000,
  })
  let text = ''
  for await (const chunk of answer.body) text += Buffer.from(chunk).toString()
  assert.ok(answer.status < 300, `${kind} ${metadata.name}: ${answer.status} ${text}`)
  assert.equal(answer.headers['warning'], undefined, `${kind}: ${answer.headers['warning']}`)
  return JSON.parse(text)
}

test(
  'a real API server takes each of them, strictly, and makes of the Deployment what was meant',
  options,
  async () => {
    const objects = manifestObjects(manifest) as readonly AnyJson[]
    assert.deepEqual(
      parseAllDocuments(manifestYaml(manifest)).map((document) => document.toJS()),
      objects,
    )
    for (const object of objects) {
      if (object.kind !== 'Namespace') await apply(object, true)
      await apply(object, false)
    }
    const { spec } = await stack.plane.api.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`)
    const pod = spec.template.spec
    assert.deepEqual(
      [pod.hostNetwork, pod.serviceAccountName, pod.securityContext.runAsNonRoot, pod.priorityClassName],
      [true, NAME, true, 'system-cluster-critical'],
    )
    const [container] = pod.containers
    assert.equal(container.securityContext.readOnlyRootFilesystem, true)
    assert.deepEqual(container.securityContext.capabilities.drop, ['ALL'])
    const mounted = new Set(container.volumeMounts.map((mount: AnyJson) => mount.name))
    assert.deepEqual(
      mounted,
      new Set(pod.volumes.map((volume: AnyJson) => volume.name)),
      'each volume is mounted',
    )
  },
)

test(
  'by the token of its service account it leads, writes policy, and asks for nothing it may not',
  options,
  async () => {
    const { plane, nsx, fleet } = stack
    await plane.api.post('/api/v1/namespaces', { metadata: { name: 'shop' } }).catch(() => {})
    await fleet.pod({ namespace: 'shop', name: 'web-1', labels: { app: 'web' }, node: 'n1', ip: '10.10.1.1' })
    const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${NAME}`
    const { status } = await plane.api.post(`${account}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3_600 },
    })
    // What the Pod has at these paths, bound there in a mount name space of its own.
    const pod = join(plane.folder, 'pod')
    const put = (path: string, text: string) => {
      mkdirSync(join(pod, path, '..'), { recursive: true })
      writeFileSync(join(pod, path), text, { mode: 0o600 })
    }
    const secrets = 'run/secrets/kubernetes.io/serviceaccount'
    put(`${secrets}/token`, status.token)
    put(`${secrets}/ca.crt`, plane.caPem)
    put(`${secrets}/namespace`, NAMESPACE)
    const { cert, key } = nsx.cluster.identity
    put('identity/tls.crt', cert)
    put('identity/tls.key', key)
    put('identity/ca.crt', nsx.caPem)
    const config = (manifestObjects(manifest) as readonly AnyJson[]).find(({ kind }) => kind === 'ConfigMap')
    const socket = join(plane.folder, 'pod.sock')
    put('config/config.yaml', config?.data['config.yaml'])
    const { hostname, port } = new URL(plane.origin)
    const run = process.env['ANTREA_NSX_ADAPTER'] ?? `${process.execPath} ${join(ROOT, 'src/main.ts')}`
    const flags = `--config /run/pod/config/config.yaml --serve-socket ${socket} --serve-listen 127.0.0.1:0`
    const paths = [
      'cert /run/pod/identity/tls.crt',
      'key /run/pod/identity/tls.key',
      'ca /run/pod/identity/ca.crt',
    ]
    const adapter = withStatus(
      start({
        name: 'pod',
        command: 'unshare',
        args: [
          '--mount',
          'sh',
          '-c',
          `mount --bind ${pod}/run /run && mkdir /run/pod && mount --bind ${pod} /run/pod && exec ${run} run ${flags} ${paths
            .map((path) => `--nsx-${path}`)
            .join(' ')} --diagnostics-file ${plane.folder}/pod.sqlite`,
        ],
        env: { ...process.env, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
        logFile: join(plane.folder, 'pod.log'),
      }),
      'pod',
      socket,
    )
    try {
      await adapter.ready('leading')
      await nsx.putGroup('web', [podTag('app', 'web')])
      await nsx.putPolicy('from-a-pod', {
        category: 'Application',
        sequence_number: 1,
        scope: ['/infra/domains/default/groups/web'],
        rules: [
          rule({ id: 'in', action: 'ALLOW', sequence: 1, direction: 'IN', peers: ['web'], tcpPorts: ['80'] }),
        ],
      })
      await eventually('its policy', async () => {
        const { items } = await plane.api.get('/apis/crd.antrea.io/v1beta1/clusternetworkpolicies')
        assert.equal(items.length, 1)
        return true
      })
      const written = await plane.api.get(
        `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${NAME}`,
      )
      assert.match(written.spec.holderIdentity, /./)
      const { warnings } = await adapter.status()
      assert.deepEqual(
        warnings.filter(({ severity }) => severity !== 'info'),
        [],
      )
    } finally {
      await adapter.stop()
    }
  },
)
