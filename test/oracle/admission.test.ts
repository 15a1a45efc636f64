/** Everything that is emitted passes the CRDs' schemas and Antrea's admission. The long run is long.ts. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startCluster, type TestCluster } from '../contract/antrea/cluster.ts'
import { Admission, createTiers, type Post } from './admission.ts'

let cluster: TestCluster
const post: Post = async (path, object) => {
  const { code, body } = await cluster.call('POST', path, object)
  return { status: code, body }
}
before(async () => {
  cluster = await startCluster()
  await createTiers(post)
  await cluster.rest()
})
after(() => cluster.stop())

test('every emitted object is taken as it is', async () => {
  const admission = new Admission(post)
  for (let seed = 1; admission.admitted.inputs < 1_000; seed += 1) await admission.world(seed)
  const { policies, groups } = admission.admitted
  assert.ok(policies > 350 && groups > 1_000, JSON.stringify(admission.admitted))
})

test('an object that is not right is found', async () => {
  const spec = (rule: object) => ({
    metadata: { name: 'x' },
    spec: {
      tier: 'nsx-category-application',
      priority: 2,
      ingress: [{ name: 'a', enableLogging: false, ...rule }],
      egress: [],
    },
  })
  const applied = { action: 'Allow', appliedTo: [{ podSelector: {} }] }
  const admission = new Admission(post)
  const ask = (rule: object) =>
    (admission as unknown as { ask(seed: number, plural: string, object: unknown): Promise<void> }).ask(
      0,
      'clusternetworkpolicies',
      { apiVersion: 'crd.antrea.io/v1beta1', kind: 'ClusterNetworkPolicy', ...spec(rule) },
    )
  await ask(applied)
  await assert.rejects(
    ask({ ...applied, from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] } }] }),
  )
  await assert.rejects(ask({ ...applied, from: [{ fqdn: 'example.com' }] }), /fqdn/)
  await assert.rejects(ask({ ...applied, protocols: [{ icmp: { icmpType: 256 } }] }))
  await assert.rejects(ask({ ...applied, ports: [{ protocol: 'TCP', endPort: 80 }] }))
  await assert.rejects(ask({ action: 'Allow' }))
})
