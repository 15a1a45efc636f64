/** Virtual machines, and who is in a group. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN, type Harness, harness, NODE_ID } from './harness.ts'
import { all, condition, DB, group, join, path, VMS, withMachines } from './machines.ts'

const members = async ({ user }: Harness, id: string, what: string) => {
  const answer = await user.send('GET', `${DOMAIN}/groups/${id}/members/${what}`)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.result_count, answer.body.results.length)
  return answer.body.results
}

test('machines: listed, found by name, their interfaces, their tags, and gone', async () => {
  const h = await withMachines()
  const ids = async (query = '') =>
    (await h.user.send('GET', `${VMS}${query}`)).body.results.map(
      (one: { external_id: string }) => one.external_id,
    )
  assert.deepEqual((await ids()).sort(), ['vm-1', 'vm-2', 'vm-3'])
  assert.deepEqual(await ids('?display_name=web-3'), ['vm-3'])
  assert.deepEqual(await ids('?external_id=vm-2'), ['vm-2'])
  const vifs = (await h.user.send('GET', '/api/v1/fabric/vifs?owner_vm_id=vm-2')).body.results
  assert.deepEqual(
    vifs.map((one: { external_id: string; ip_address_info: { ip_addresses: string[] }[] }) => [
      one.external_id,
      one.ip_address_info[0]?.ip_addresses,
    ]),
    [
      ['vif-2', ['192.0.2.12']],
      ['vm-2-4001', ['192.0.2.112']],
    ],
  )
  const tags = async () => (await h.user.send('GET', `${VMS}/vm-3`)).body.tags
  const tag = (action: string, ...given: object[]) =>
    h.user.send('POST', `${VMS}?action=${action}`, { external_id: 'vm-3', tags: given })
  await tag('add_tags', { scope: 'a', tag: 'b' }, { scope: 'zone', tag: 'db' })
  assert.deepEqual(await tags(), [
    { scope: 'a', tag: 'b' },
    { scope: 'zone', tag: 'db' },
  ])
  await tag('remove_tags', { scope: 'a', tag: 'b' })
  assert.deepEqual(await tags(), [{ scope: 'zone', tag: 'db' }])
  await tag('update_tags', { tag: 'only' })
  assert.deepEqual(await tags(), [{ scope: '', tag: 'only' }])
  const realized = '/policy/api/v1/infra/realized-state/virtual-machines'
  await h.user.send('POST', `${realized}/vm-3/tags`, { virtual_machine_id: 'vm-3', tags: [] })
  assert.deepEqual(await tags(), [])
  assert.equal((await h.user.send('GET', realized)).body.result_count, 3)
  const found = await h.user.send(
    'GET',
    '/api/v1/search/query?query=resource_type:VirtualMachine%20AND%20tags.tag:south',
  )
  assert.deepEqual(
    found.body.results.map((one: { external_id: string }) => one.external_id),
    ['vm-2'],
  )
  assert.equal((await h.user.send('DELETE', `${VMS}/vm-3`)).status, 200)
  assert.equal((await h.user.send('DELETE', `${VMS}/vm-3`)).status, 404)
  assert.equal((await tag('add_tags', { tag: 'x' })).status, 404)
  assert.equal((await h.cluster.send('PUT', `${VMS}/vm-4`, {})).status, 403)
  for (const wrong of [
    { ip_addresses: ['192.0.2.0/24'] },
    { ip_addresses: ['x'] },
    { vifs: [{ mac_address: 'zz' }] },
    { tags: Array.from({ length: 31 }, (_, n) => ({ tag: `${n}` })) },
    { power_state: 'ON' },
  ])
    assert.equal((await h.user.send('PUT', `${VMS}/vm-4`, wrong)).status, 400, JSON.stringify(wrong))
})

test('conditions on machines: case is nothing, an empty side asks nothing', async () => {
  const h = await withMachines()
  const cases: readonly [readonly unknown[], readonly string[]][] = [
    [[DB], ['vm-1', 'vm-2']],
    [[condition('VirtualMachine', 'Tag', 'EQUALS', '|db')], ['vm-1', 'vm-2', 'vm-3']],
    [[condition('VirtualMachine', 'Tag', 'EQUALS', 'zone|')], ['vm-2', 'vm-3']],
    [[condition('VirtualMachine', 'Tag', 'NOTEQUALS', 'role|db')], ['vm-3']],
    [[{ ...DB, scope_operator: 'NOTEQUALS' }], ['vm-3']],
    [[condition('VirtualMachine', 'Name', 'STARTSWITH', 'DB-')], ['vm-1', 'vm-2']],
    [[condition('VirtualMachine', 'Name', 'ENDSWITH', '-2')], ['vm-2']],
    [[condition('VirtualMachine', 'Name', 'CONTAINS', 'north')], ['vm-1']],
    [[condition('VirtualMachine', 'Name', 'NOTEQUALS', 'WEB-3')], ['vm-1', 'vm-2']],
    [[condition('VirtualMachine', 'Name', 'IN', 'web-3, db-south-2')], ['vm-2', 'vm-3']],
    [[condition('VirtualMachine', 'OSName', 'CONTAINS', 'linux')], ['vm-1']],
    [[condition('VirtualMachine', 'ComputerName', 'EQUALS', 'North1')], ['vm-1']],
    [[all(DB, condition('VirtualMachine', 'Tag', 'EQUALS', 'zone|south'))], ['vm-2']],
    [[DB, join('AND'), condition('VirtualMachine', 'Name', 'CONTAINS', 'north')], ['vm-1']],
    [
      [condition('VirtualMachine', 'Name', 'EQUALS', 'web-3'), join('OR'), DB],
      ['vm-1', 'vm-2', 'vm-3'],
    ],
    [
      [{ resource_type: 'ExternalIDExpression', member_type: 'VirtualMachine', external_ids: ['vm-3'] }],
      ['vm-3'],
    ],
    [
      [
        {
          resource_type: 'ExternalIDExpression',
          member_type: 'VirtualNetworkInterface',
          external_ids: ['vif-2'],
        },
      ],
      ['vm-2'],
    ],
    [[{ resource_type: 'MACAddressExpression', mac_addresses: ['00:50:56:aa:00:02'] }], ['vm-2']],
    [[all(DB, condition('Pod', 'Tag', 'EQUALS', 'a|b'))], []],
    [[condition('Segment', 'Name', 'CONTAINS', '')].map(({ value: _, ...rest }) => rest), []],
  ]
  for (const [expression, wanted] of cases) {
    await group(h, 'g', expression)
    const found = (await members(h, 'g', 'virtual-machines')).map((one: { id: string }) => one.id)
    assert.deepEqual(found.sort(), wanted, JSON.stringify(expression))
  }
})

test('addresses: of machines, static ones, and of groups in groups', async () => {
  const h = await withMachines()
  await group(h, 'static', [{ resource_type: 'IPAddressExpression', ip_addresses: ['198.51.100.0/24'] }])
  await group(h, 'db', [DB])
  await group(h, 'both', [{ resource_type: 'PathExpression', paths: [path('db'), path('static')] }])
  assert.deepEqual(await members(h, 'both', 'ip-addresses'), [
    '192.0.2.11',
    '192.0.2.112',
    '192.0.2.12',
    '198.51.100.0/24',
    '2001:db8::11',
  ])
  const page = (await h.user.send('GET', `${DOMAIN}/groups/both/members/ip-addresses?page_size=4`)).body
  assert.deepEqual([page.results.length, page.result_count], [4, 5])
  const rest = await h.user.send('GET', `${DOMAIN}/groups/both/members/ip-addresses?cursor=${page.cursor}`)
  assert.deepEqual([rest.body.results, rest.body.cursor], [['2001:db8::11'], undefined])
  assert.deepEqual(await members(h, 'both', 'segments'), [])
  assert.equal((await h.user.send('GET', `${DOMAIN}/groups/none/members/pods`)).status, 404)
  const types = (await h.user.send('GET', `${DOMAIN}/groups/both/member-types`)).body.results
  assert.deepEqual(types, ['Group'])
  const listed = (await h.user.send('GET', `${DOMAIN}/groups?member_types=IPAddress,VirtualMachine`)).body
    .results
  assert.deepEqual(listed.map((one: { id: string }) => one.id).sort(), ['db', 'static'])
})

async function withInventory(): Promise<Harness> {
  const h = await harness()
  const objects = [
    {
      resource_type: 'ContainerProject',
      external_id: 'ns-shop',
      display_name: 'shop',
      tags: [{ scope: 'dis:k8s:env', tag: 'prod' }],
    },
    { resource_type: 'ContainerProject', external_id: 'ns-dev', display_name: 'dev' },
    {
      resource_type: 'ContainerApplicationInstance',
      external_id: 'pod-web',
      display_name: 'web',
      container_project_id: 'ns-shop',
      container_application_ids: ['svc-web'],
      tags: [{ scope: 'dis:k8s:app', tag: 'web' }],
    },
    {
      resource_type: 'ContainerApplicationInstance',
      external_id: 'pod-dev',
      display_name: 'web-dev',
      container_project_id: 'ns-dev',
      tags: [{ scope: 'dis:k8s:app', tag: 'web' }],
    },
    {
      resource_type: 'ContainerApplication',
      external_id: 'svc-web',
      display_name: 'web',
      container_project_id: 'ns-shop',
      type: 'LOAD_BALANCER',
      cluster_ips: ['10.96.0.9'],
      load_balancer_ingress: [{ ip: '203.0.113.9' }],
      node_port_local_endpoints: [{ node_ip: '172.16.0.1', node_port: 61000, protocol: 'TCP' }],
    },
    {
      resource_type: 'ContainerClusterNode',
      external_id: 'node-1',
      display_name: 'n1',
      ip_addresses: ['172.16.0.1'],
      pod_cidrs: ['10.244.0.0/24'],
    },
    {
      resource_type: 'ContainerEgress',
      external_id: 'egress-1',
      display_name: 'out',
      egress_ip: '203.0.113.1',
    },
  ]
  const answer = await h.cluster.send('POST', `/api/v1/inventory/container/${NODE_ID}?action=updates`, {
    container_inventory_objects: objects.map((container_object) => ({
      object_update_type: 'CREATE',
      container_object,
    })),
  })
  assert.equal(answer.status, 200, answer.text)
  return h
}

test('members in clusters: Pods by labels, Namespaces and Services, and what else the inventory holds', async () => {
  const h = await withInventory()
  const APP = condition('Pod', 'Tag', 'EQUALS', 'dis:k8s:app|web')
  const NAME = condition('Namespace', 'Name', 'EQUALS', 'shop')
  const podsOf = async (expression: readonly unknown[], query = '') => {
    await group(h, 'g', expression)
    const answer = (await h.user.send('GET', `${DOMAIN}/groups/g/members/pods${query}`)).body
    const found = answer.results.flatMap((one: { cluster: { namespaces: { pods: { id: string }[] }[] }[] }) =>
      one.cluster.flatMap(({ namespaces }) => namespaces.flatMap(({ pods }) => pods.map(({ id }) => id))),
    )
    return found.sort()
  }
  assert.deepEqual(await podsOf([APP]), ['pod-dev', 'pod-web'])
  assert.deepEqual(await podsOf([condition('Pod', 'Tag', 'EQUALS', 'app|WEB')]), ['pod-dev', 'pod-web'])
  assert.deepEqual(await podsOf([all(NAME, APP)]), ['pod-web'])
  assert.deepEqual(await podsOf([NAME]), ['pod-web'])
  assert.deepEqual(await podsOf([condition('Namespace', 'Tag', 'NOTEQUALS', 'env|prod')]), ['pod-dev'])
  assert.deepEqual(await podsOf([all(NAME, condition('Service', 'Name', 'EQUALS', 'web'))]), ['pod-web'])
  assert.deepEqual(await podsOf([APP], `?cluster_id=${NODE_ID}`), ['pod-dev', 'pod-web'])
  assert.deepEqual(await podsOf([APP], '?cluster_id=another'), [])
  const cluster = condition('KubernetesCluster', 'Name', 'EQUALS', 'cluster-1')
  await group(h, 'k', [
    all(cluster, condition('KubernetesNode', 'Name', 'STARTSWITH', 'n')),
    join('OR'),
    all(
      condition('KubernetesNamespace', 'Name', 'EQUALS', 'shop'),
      condition('KubernetesService', 'Name', 'EQUALS', 'web'),
    ),
    join('OR'),
    condition('AntreaEgress', 'Name', 'EQUALS', 'out'),
  ])
  const one = async (what: string) => (await members(h, 'k', what))[0]?.clusters[0]
  assert.deepEqual((await one('kubernetes-node-ips')).kubernetes_nodes[0].ip_addresses, ['172.16.0.1'])
  assert.deepEqual((await one('kubernetes-node-pod-cidrs')).kubernetes_nodes[0].pod_cidrs, ['10.244.0.0/24'])
  assert.equal((await one('antrea-egresses')).antrea_egresses[0].egress_ip, '203.0.113.1')
  const [service] = (await one('kubernetes-services')).namespaces[0].kubernetes_services
  assert.deepEqual(
    [service.type, service.cluster_ips, service.load_balance_ingresses, service.node_port_local_endpoints],
    [
      'LOAD_BALANCER',
      ['10.96.0.9'],
      [{ load_balancer_ingress_ip: '203.0.113.9' }],
      [{ node_ip: '172.16.0.1', node_port: '61000', protocol: 'TCP' }],
    ],
  )
  const { results } = (await h.user.send('GET', `${DOMAIN}/groups/k/associated-kubernetes-clusters`)).body
  assert.deepEqual(results, [{ clusters: [{ external_id: NODE_ID, display_name: 'cluster-1' }] }])
})

test('a page of members begins behind the last one of the page before, whatever came and went', async () => {
  const { user } = await harness()
  const addresses = Array.from({ length: 9 }, (_, at) => `192.0.2.${at + 1}`)
  const put = (ip_addresses: readonly string[]) =>
    user.send('PATCH', `${DOMAIN}/groups/paged`, {
      expression: [{ resource_type: 'IPAddressExpression', ip_addresses }],
    })
  const read = async (cursor: string) =>
    (await user.send('GET', `${DOMAIN}/groups/paged/members/ip-addresses?page_size=3${cursor}`)).body
  await put(addresses)
  const first = await read('')
  assert.deepEqual(first.results, addresses.slice(0, 3))
  // One of the first page goes: the next page neither repeats nor skips.
  await put(addresses.slice(1))
  const second = await read(`&cursor=${first.cursor}`)
  assert.deepEqual(second.results, addresses.slice(3, 6))
  const third = await read(`&cursor=${second.cursor}`)
  assert.deepEqual([third.results, third.cursor], [addresses.slice(6), undefined])
  for (const wrong of ['cursor=m3', 'cursor=x', 'page_size=1001', 'page_size=x'])
    assert.equal(
      (await user.send('GET', `${DOMAIN}/groups/paged/members/ip-addresses?${wrong}`)).body.error_code,
      255,
      wrong,
    )
})
