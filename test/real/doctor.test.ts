/** `doctor` and `diff` on a real kube-apiserver: real rights, a real webhook, and a trial that is really not stored. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { examine } from '../../src/cli/doctor.ts'
import { CHECKS, type Result } from '../../src/doctor/index.ts'
import { RIGHTS, type Right, rbacManifest } from '../../src/kube/rights.ts'
import { CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const NAMESPACE = 'antrea-nsx-adapter'
let stack: Stack

before(
  async () => {
    if (skip === false) stack = await startStack()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

/** Rights as `rbac` prints them, bound to a user of this name, and a configuration for it. */
async function configFor(name: string, rights: readonly Right[] = RIGHTS): Promise<string> {
  const { plane, nsx } = stack
  const { kubeconfig } = await plane.addUser(name)
  for (const object of rbacManifest({ namespace: NAMESPACE, subject: { kind: 'User', name }, rights })) {
    if (object.kind === 'Namespace') continue
    const { namespace } = object.metadata
    const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
    // Two roles may stand in one namespace; each binding names its own.
    const own = (one: string) => `${one}-${name}`
    const ref =
      object.roleRef === undefined
        ? {}
        : { roleRef: { ...object.roleRef, name: own((object.roleRef as { name: string }).name) } }
    const path = `/apis/rbac.authorization.k8s.io/v1${scope}/${object.kind.toLowerCase()}s`
    await plane.api.post(path, {
      ...object,
      metadata: { ...object.metadata, name: own(object.metadata.name) },
      ...ref,
    })
  }
  const file = (what: string, content: string) => {
    const path = join(plane.folder, `${name}-${what}`)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  return file(
    'config.yaml',
    JSON.stringify({
      cluster: { id: CLUSTER.id, name: CLUSTER.name },
      nsx: {
        url: nsx.url,
        ca: file('ca.crt', nsx.caPem),
        cert: file('nsx.crt', nsx.cluster.identity.cert),
        key: file('nsx.key', nsx.cluster.identity.key),
      },
      kube: { kubeconfig },
      serve: { socket: join(plane.folder, `${name}.sock`) },
    }),
  )
}

const check = async (config: string, ...only: readonly string[]): Promise<ReadonlyMap<string, Result>> => {
  const results = await examine(
    { config },
    CHECKS.filter(({ name }) => only.length === 0 || only.includes(name)),
  )
  return new Map(results.map((result) => [result.name, result]))
}

test('with the rights of rbac nothing fails, and the trial is not stored', options, async () => {
  const config = await configFor('doctor-right')
  const results = await eventually(
    'the rights have come through',
    async () => {
      const found = await check(config)
      const failed = [...found.values()].filter(({ state }) => state === 'failed')
      assert.deepEqual(failed, [])
      return found
    },
    { withinMs: 30_000, everyMs: 500 },
  )
  for (const name of ['kube-api', 'kube-rights', 'antrea-api', 'admission-webhook', 'nsx-cluster'])
    assert.equal(results.get(name)?.state, 'ok', JSON.stringify(results.get(name)))
  const { items } = await stack.plane.api.get('/apis/crd.antrea.io/v1beta1/clustergroups')
  assert.deepEqual(items, [])
})

test('each right that a real role lacks is named, for whoever asks', options, async () => {
  const rights = RIGHTS.map((right) =>
    right.resource === 'tiers'
      ? { ...right, verbs: right.verbs.filter((verb) => verb !== 'create') }
      : right.resource === 'traceflows'
        ? { ...right, verbs: right.verbs.filter((verb) => verb !== 'delete') }
        : right,
  )
  const config = await configFor('doctor-poor', rights)
  const result = await eventually(
    'just these two are missing',
    async () => {
      const found = (await check(config, 'kube-rights')).get('kube-rights')
      assert.equal(found?.problems.length, 2, JSON.stringify(found?.problems.slice(0, 4)))
      return found
    },
    { withinMs: 30_000, everyMs: 500 },
  )
  assert.deepEqual(
    result?.problems.map(({ cause }) => cause.split(' (')[0]),
    ['it may not create tiers.crd.antrea.io', 'it may not delete traceflows.crd.antrea.io'],
  )
  assert.match(result?.problems[0]?.fix ?? '', /rbac --namespace antrea-nsx-adapter --user doctor-poor \|/)
})

test("without antrea-controller the webhook is named in the API server's own words", options, async () => {
  const config = await configFor('doctor-alone')
  await stack.antrea.stop()
  await eventually(
    'the webhook does not answer',
    async () => {
      const result = (await check(config, 'admission-webhook')).get('admission-webhook')
      assert.equal(result?.state, 'failed', JSON.stringify(result))
      assert.match(result?.problems[0]?.code ?? '', /^KUBE_WEBHOOK_(UNAVAILABLE|FAILED)$/)
      assert.match(result?.problems[0]?.cause ?? '', /webhook/)
      return true
    },
    { withinMs: 30_000, everyMs: 500 },
  )
})
