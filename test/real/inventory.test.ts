/** A Pod's way up: from a real kube-apiserver into NSX's public inventory. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 60_000 }
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await stack.fleet.namespace('shop', { team: 'red' })
    await stack.adapter.run('only')
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const instance = async (name: string) =>
  (await stack.nsx.inventory('container-application-instances')).find(
    ({ display_name }) => display_name === name,
  )
const byName = async (list: string, name: string) =>
  (await stack.nsx.inventory(list)).find(({ display_name }) => display_name === name)
const tagsOf = ({ tags = [] }: { tags?: { scope: string; tag: string }[] }) =>
  tags.map(({ scope, tag }) => `${scope}=${tag}`).sort()

test(
  'a Pod appears with its node, namespace, IP, status and labels, follows changes, and goes',
  options,
  async () => {
    const { fleet, plane } = stack
    const pod = { namespace: 'shop', name: 'web-1', node: 'n2', ip: '10.10.2.1' }
    await fleet.pod({ ...pod, labels: { app: 'web', 'app.kubernetes.io/part-of': 'shop' } })
    const { metadata } = await plane.api.get('/api/v1/namespaces/shop/pods/web-1')
    const seen = await eventually('the pod is in the inventory and up', async () => {
      const found = await instance('web-1')
      return found?.status === 'UP' ? found : undefined
    })
    const node = await byName('container-cluster-nodes', 'n2')
    const project = await byName('container-projects', 'shop')
    assert.equal(seen.external_id, metadata.uid)
    assert.equal(seen.cluster_node_id, node.external_id)
    assert.equal(seen.container_project_id, project.external_id)
    assert.equal(seen.container_cluster_id, stack.nsx.cluster.id)
    assert.equal(seen.network_status, 'HEALTHY')
    assert.deepEqual(
      seen.origin_properties.find(({ key }: { key: string }) => key === 'ip'),
      { key: 'ip', value: pod.ip },
    )
    assert.deepEqual(tagsOf(seen), ['dis:k8s:app.kubernetes.io/part-of=shop', 'dis:k8s:app=web'])

    await fleet.relabel('shop', 'web-1', { app: 'api', 'app.kubernetes.io/part-of': null })
    await plane.api.patch('/api/v1/namespaces/shop/pods/web-1/status', { status: { phase: 'Failed' } })
    await eventually('the change is in the inventory', async () => {
      const found = await instance('web-1')
      assert.deepEqual(tagsOf(found), ['dis:k8s:app=api'])
      assert.equal(found.status, 'DOWN')
      return true
    })

    await fleet.deletePod('shop', 'web-1')
    await eventually('the pod is gone from the inventory', async () =>
      (await instance('web-1')) === undefined ? true : undefined,
    )
  },
)

test('a Pod of the same name is another Pod', options, async () => {
  const { fleet, plane } = stack
  const pod = { namespace: 'shop', name: 'again', labels: { app: 'web' }, node: 'n1', ip: '10.10.1.1' }
  await fleet.pod(pod)
  await eventually('the first is in the inventory', async () => instance('again'))
  await fleet.deletePod('shop', 'again')
  await fleet.pod({ ...pod, node: 'n3', ip: '10.10.3.1' })
  const { metadata } = await plane.api.get('/api/v1/namespaces/shop/pods/again')
  await eventually('only the second is in the inventory', async () => {
    const all = (await stack.nsx.inventory('container-application-instances')).filter(
      ({ display_name }) => display_name === 'again',
    )
    assert.deepEqual(
      all.map(({ external_id }) => external_id),
      [metadata.uid],
    )
    assert.equal(
      all[0].origin_properties.find(({ key }: { key: string }) => key === 'ip').value,
      pod.ip.replace('1.1', '3.1'),
    )
    return true
  })
})

test('nodes, namespaces, services, ingresses and network policies are there', options, async () => {
  const { plane } = stack
  await plane.api.post('/api/v1/namespaces/shop/services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  await plane.api.post('/apis/networking.k8s.io/v1/namespaces/shop/ingresses', {
    metadata: { name: 'web' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  })
  await plane.api.post('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
    metadata: { name: 'deny-all' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  })
  const service = await eventually('the service is there', () => byName('container-applications', 'web'))
  assert.equal(service.status, 'DOWN')
  assert.equal(service.type, 'CLUSTER_IP')
  const ingress = await eventually('the ingress is there', async () => {
    const found = await byName('container-ingress-policies', 'web')
    return found?.container_application_ids?.length > 0 ? found : undefined
  })
  assert.deepEqual(ingress.container_application_ids, [service.external_id])
  const policy = await eventually('the network policy is there', () =>
    byName('container-network-policies', 'deny-all'),
  )
  assert.equal(policy.policy_type, 'NETWORK_POLICY')
  assert.deepEqual(
    (await stack.nsx.inventory('container-cluster-nodes')).map(({ display_name }) => display_name).sort(),
    ['n1', 'n2', 'n3'],
  )
  assert.deepEqual(tagsOf(await byName('container-projects', 'shop')).includes('dis:k8s:team=red'), true)
})
