/** The log level of antrea-controller by its own API, let in by a real kube-apiserver: with a token, and with a certificate. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const ROOT = join(import.meta.dirname, '../..')
const ACCOUNTS = '/api/v1/namespaces/kube-system/serviceaccounts'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await stack.plane.api.patch('/api/v1/nodes/n1/status', {
      status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] },
    })
    await stack.plane.api.ask('POST', '/api/v1/namespaces', {
      body: { metadata: { name: 'antrea-nsx-adapter' } },
    })
    await eventually('antrea-controller says where it is', async () => {
      const answer = await stack.plane.api.ask(
        'GET',
        '/apis/crd.antrea.io/v1beta1/antreacontrollerinfos/antrea-controller',
      )
      return answer.body?.nodeRef?.name === 'n1' ? true : undefined
    })
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const run = (...words: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, 'src/main.ts'), 'log-level', ...words, '--kubeconfig', stack.plane.kubeconfig],
      { env: { ...process.env, NO_COLOR: '1' } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })

/** Of a service account that may ask for nothing but the log level, and may not before `grant`. */
async function account(): Promise<{ readonly tokenFile: string; grant(): Promise<void> }> {
  const { api, folder } = stack.plane
  await api.post(ACCOUNTS, { metadata: { name: 'log-levels' } })
  const { status } = await api.post(`${ACCOUNTS}/log-levels/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 600 },
  })
  const tokenFile = join(folder, 'levels.token')
  writeFileSync(tokenFile, status.token, { mode: 0o600 })
  return {
    tokenFile,
    async grant() {
      await api.post(`${RBAC}/clusterroles`, {
        metadata: { name: 'log-levels' },
        rules: [{ nonResourceURLs: ['/loglevel'], verbs: ['get'] }],
      })
      await api.post(`${RBAC}/clusterrolebindings`, {
        metadata: { name: 'log-levels' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'log-levels' },
        subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'log-levels' }],
      })
    },
  }
}

test(
  'with a token that may, it is set for its time and put back; one that may not is refused',
  options,
  async () => {
    const { tokenFile, grant } = await account()
    const refused = await run('--controller', '--token-file', tokenFile)
    assert.equal(refused.code, 1)
    assert.match(refused.stdout, /^controller .*KUBE_(FORBIDDEN|UNAUTHORIZED)/m)
    await grant()
    const set = await eventually('it is let in', async () => {
      const done = await run('4', '--controller', '--for', '1s', '--json', '--token-file', tokenFile)
      return done.code === 0 ? done : undefined
    })
    const [changed, returned] = set.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { was } = changed.targets[0]
    assert.deepEqual(changed.targets, [{ target: 'controller', was, is: 4 }])
    assert.deepEqual(returned.targets, [{ target: 'controller', was, is: was }])
    const { items } = await stack.plane.api.get('/api/v1/namespaces/antrea-nsx-adapter/configmaps')
    assert.deepEqual(
      items
        .map(({ metadata }: { metadata: { name: string } }) => metadata.name)
        .filter((name: string) => name.startsWith('nsx-')),
      [],
    )
  },
)
