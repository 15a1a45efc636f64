/** Another adapter's objects: refused beside, taken over in place, and then brought to what NSX wants, never wider. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adopt, adoptionOf } from '../../../src/ccp/adopt.ts'
import { ANNOTATIONS, ownershipOf } from '../../../src/ccp/ownership.ts'
import type { ClusterGroup, ClusterNetworkPolicy, KubeObject } from '../../../src/kube/index.ts'
import { CLUSTER, ModelCluster, type Pod } from './model.ts'
import { GROUPS, group, policy, rule, tag, translate, uuid } from './objects.ts'

const PODS: readonly Pod[] = ['a', 'b', 'c'].map((name, n) => ({
  name,
  namespace: 'shop',
  labels: { app: name },
  ip: `10.0.0.${n + 1}`,
}))
const wanted = (from: string, action: string) =>
  translate(
    group('g0', 100, [tag(`app|${from}`)]),
    group('g1', 101, [tag('app|c')]),
    policy('p1', 1, [
      rule(1, { action, source_groups: [`${GROUPS}/g0`], scope: [`${GROUPS}/g1`] }),
      rule(2, { action: 'DROP', scope: [`${GROUPS}/g1`] }),
    ]),
  )

type Metadata = KubeObject['metadata']
const OTHER_LABEL = 'ccp-adapter.antrea.tanzu.vmware.com/managedBy'
const DISGUISES: Readonly<Record<string, (metadata: Metadata) => Metadata>> = {
  'another cluster id': (metadata) => ({
    ...metadata,
    annotations: { ...metadata.annotations, [ANNOTATIONS.clusterId]: 'another' },
  }),
  "NSX's own adapter": (metadata) => ({
    ...metadata,
    labels: { [OTHER_LABEL]: 'ccp-adapter' },
    annotations: {},
    managedFields: [{ manager: 'ccp-adapter' }],
  }),
}

function disguised(change: (metadata: Metadata) => Metadata): ModelCluster {
  const cluster = new ModelCluster()
  cluster.converge(wanted('a', 'ALLOW'))
  for (const [name, one] of cluster.policies)
    cluster.policies.set(name, { ...one, metadata: change(one.metadata) })
  for (const [name, one] of cluster.groups)
    cluster.groups.set(name, { ...one, metadata: change(one.metadata) })
  return cluster
}

const adoptions = (cluster: ModelCluster) =>
  adoptionOf({
    policies: cluster.policies.values(),
    groups: cluster.groups.values(),
    clusterId: CLUSTER,
  })

for (const [about, change] of Object.entries(DISGUISES))
  test(`${about}: no steps beside it; adopted in place, then never wider to what NSX wants`, async () => {
    const cluster = disguised(change)
    const to = wanted('b', 'ALLOW')
    const before = cluster.plan(to)
    assert.deepEqual([before.steps, before.awaiting, before.rivals.length > 0], [[], [], true])
    // Not even what the other one has nothing to do with.
    const more = translate(policy('p9', 9, [rule(1)]))
    assert.deepEqual(cluster.plan(more).steps, [])
    const old = cluster.allowed(PODS)
    const moments: Set<string>[] = []
    const kube = {
      async replace<T extends KubeObject>(_type: unknown, object: T): Promise<T> {
        if (object.kind === 'ClusterGroup') cluster.putGroup(object as unknown as ClusterGroup)
        else cluster.putPolicy(object as unknown as ClusterNetworkPolicy)
        moments.push(cluster.allowed(PODS))
        return object
      },
    }
    const all = adoptions(cluster)
    assert.equal(all.length, 5)
    await adopt(all, kube, () => {})
    for (const moment of moments) assert.deepEqual(moment, old)
    for (const one of [...cluster.policies.values(), ...cluster.groups.values()])
      assert.equal(ownershipOf(one, CLUSTER), 'ours')
    assert.deepEqual(adoptions(cluster), [])
    moments.length = 0
    cluster.converge(to, () => moments.push(cluster.allowed(PODS)))
    const now = cluster.allowed(PODS)
    for (const moment of moments) for (const flow of moment) assert.ok(old.has(flow) || now.has(flow), flow)
    assert.deepEqual(cluster.policies.get(uuid(1))?.spec, to.policies[0]?.spec)
  })

test('what is left of the other adapter goes only when a person agrees', async () => {
  const cluster = disguised(DISGUISES["NSX's own adapter"]!)
  const kube = {
    async replace<T extends KubeObject>(_type: unknown, object: T): Promise<T> {
      if (object.kind === 'ClusterGroup') cluster.putGroup(object as unknown as ClusterGroup)
      else cluster.putPolicy(object as unknown as ClusterNetworkPolicy)
      return object
    },
  }
  await adopt(adoptions(cluster), kube, () => {})
  const next = cluster.plan(translate())
  assert.deepEqual([next.deletes.kind, next.steps], ['approval', []])
})

test('copies, and what people made, are no adapter; of a wanted name they can be adopted', () => {
  const cluster = disguised((metadata) => ({
    ...metadata,
    annotations: { ...metadata.annotations, [ANNOTATIONS.clusterId]: 'another' },
    managedFields: [{ manager: 'velero' }],
  }))
  assert.deepEqual(adoptions(cluster), [])
  assert.deepEqual(cluster.plan(translate()).rivals, [])
  const named = adoptionOf({
    policies: cluster.policies.values(),
    groups: [],
    clusterId: CLUSTER,
    wanted: new Set([uuid(1)]),
  })
  assert.deepEqual(
    named.map(({ name }) => name),
    [uuid(1)],
  )
})
