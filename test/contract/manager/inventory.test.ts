/** The container inventory: written in batches, read back verbatim. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness, NODE_ID, type TestClient } from './harness.ts'

const FABRIC = '/api/v1/fabric'
const PODS = `${FABRIC}/container-application-instances`

const update = (op: string, object: object) => ({ object_update_type: op, container_object: object })
const project = (id: string) => ({ resource_type: 'ContainerProject', external_id: id, display_name: id })
const pod = (id: string, more: object = {}) => ({
  resource_type: 'ContainerApplicationInstance',
  external_id: id,
  display_name: id,
  container_project_id: 'ns-1',
  status: 'UP',
  tags: [{ scope: 'dis:k8s:app', tag: 'web' }],
  origin_properties: [{ key: 'ip', value: '10.0.0.1' }],
  network_errors: [],
  container_application_ids: ['svc-1'],
  ...more,
})
const send = (client: TestClient, ...updates: unknown[]) =>
  client.send('POST', `/api/v1/inventory/container/${NODE_ID}?action=updates`, {
    container_inventory_objects: updates,
  })

test('a batch holds parents and children in any order, and reads back as written', async () => {
  const { cluster, user, clock } = await harness()
  const answer = await send(cluster, update('CREATE', pod('pod-1')), update('CREATE', project('ns-1')))
  assert.deepEqual([answer.status, answer.text], [200, ''])
  assert.deepEqual((await user.send('GET', `${PODS}/pod-1`)).body, {
    ...pod('pod-1'),
    container_cluster_id: NODE_ID,
    _last_sync_time: clock.now(),
  })
  const { body } = await user.send('GET', `${PODS}?container_cluster_id=${NODE_ID}`)
  assert.deepEqual([body.result_count, body.results.length, 'cursor' in body], [1, 1, false])
  assert.equal((await user.send('GET', `${PODS}?container_cluster_id=other`)).body.result_count, 0)
})

test('CREATE overwrites, UPDATE merges, null keeps, [] clears, DELETE of nothing succeeds', async () => {
  const { cluster } = await harness()
  const read = async () => (await cluster.send('GET', `${PODS}/pod-1`)).body
  const id = { resource_type: 'ContainerApplicationInstance', external_id: 'pod-1' }
  await send(cluster, update('CREATE', project('ns-1')), update('CREATE', pod('pod-1')))
  await send(cluster, update('UPDATE', { ...id, status: 'DOWN', tags: null, container_application_ids: [] }))
  const merged = await read()
  assert.deepEqual(
    [merged.status, merged.tags.length, merged.container_application_ids, merged.display_name],
    ['DOWN', 1, [], 'pod-1'],
  )
  await send(cluster, update('CREATE', { ...id, container_project_id: 'ns-1' }))
  assert.equal('tags' in (await read()), false)
  assert.equal((await send(cluster, update('DELETE', id), update('DELETE', id))).status, 200)
  assert.equal((await cluster.send('GET', `${PODS}/pod-1`)).status, 404)
})

test('one bad object and nothing of the batch is in', async () => {
  const { cluster } = await harness()
  await send(cluster, update('CREATE', project('ns-1')))
  for (const [bad, words] of [
    [update('CREATE', pod('x', { display_name: 'n'.repeat(256) })), /display_name/],
    [update('CREATE', pod('x', { tags: [{ scope: 's'.repeat(129), tag: '' }] })), /tags/],
    [update('CREATE', pod('x', { tags: [{ scope: 's', tag: 't'.repeat(257) }] })), /tags/],
    [
      update(
        'CREATE',
        pod('x', { tags: Array.from({ length: 31 }, (_, n) => ({ scope: `${n}`, tag: '' })) }),
      ),
      /tags/,
    ],
    [
      update('CREATE', pod('x', { origin_properties: [{ key: 'k', value: 'v'.repeat(1_025) }] })),
      /origin_properties/,
    ],
    [update('CREATE', pod('x', { status: 'FINE' })), /status/],
    [update('CREATE', pod('x', { container_project_id: 'nowhere' })), /ContainerProject nowhere/],
    [update('CREATE', pod('x', { container_cluster_id: 'another' })), /container_cluster_id/],
    [update('CREATE', { ...pod('x'), external_id: undefined }), /external_id/],
    [update('CREATE', { ...pod('x'), resource_type: 'Unknown' }), /inventory type/],
    [update('UPDATE', pod('absent')), /does not exist/],
    [update('UPSERT', pod('x')), /object_update_type/],
    ['x', /container_object/],
  ] as const) {
    const answer = await send(cluster, update('CREATE', pod('good')), bad)
    assert.deepEqual([answer.status, answer.body?.error_code], [400, 255], answer.text)
    assert.match(answer.body.error_message, words)
    assert.equal((await cluster.send('GET', `${PODS}/good`)).status, 404)
  }
  const many = Array.from({ length: 1_001 }, (_, n) => update('CREATE', project(`p${n}`)))
  assert.equal((await send(cluster, ...many)).status, 400)
  assert.equal((await cluster.send('POST', `/api/v1/inventory/container/${NODE_ID}`, {})).status, 400)
})

test('lists page by cursor and filter by project and application', async () => {
  const { cluster, user } = await harness()
  await send(cluster, update('CREATE', project('ns-1')), update('CREATE', project('ns-2')))
  for (let start = 0; start < 250; start += 50)
    await send(
      cluster,
      ...Array.from({ length: 50 }, (_, n) =>
        update(
          'CREATE',
          pod(`pod-${start + n}`, { container_project_id: (start + n) % 10 ? 'ns-1' : 'ns-2' }),
        ),
      ),
    )
  const seen: string[] = []
  for (let cursor: string | undefined = '', pages = 0; cursor !== undefined && pages < 10; pages += 1) {
    const { body }: { body: { results: { external_id: string }[]; cursor?: string } } = await user.send(
      'GET',
      `${PODS}?container_cluster_id=${NODE_ID}&page_size=60${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    seen.push(...body.results.map((one) => one.external_id))
    cursor = body.cursor
  }
  assert.deepEqual([seen.length, new Set(seen).size], [250, 250])
  assert.equal((await user.send('GET', `${PODS}?container_project_id=ns-2`)).body.result_count, 25)
  assert.equal((await user.send('GET', `${PODS}?container_application_id=svc-1`)).body.result_count, 250)
  assert.equal((await user.send('GET', `${PODS}?container_application_id=svc-2`)).body.result_count, 0)
})

test('a list that was read before shows what changed since', async () => {
  const { cluster } = await harness()
  const ids = async () =>
    (await cluster.send('GET', PODS)).body.results.map((one: { external_id: string; status: string }) => [
      one.external_id,
      one.status,
    ])
  await send(cluster, update('CREATE', project('ns-1')), update('CREATE', pod('b')))
  assert.deepEqual(await ids(), [['b', 'UP']])
  await send(cluster, update('CREATE', pod('a')), update('UPDATE', { ...pod('b'), status: 'DOWN' }))
  assert.deepEqual(await ids(), [
    ['a', 'UP'],
    ['b', 'DOWN'],
  ])
  await send(cluster, update('DELETE', pod('b')))
  assert.deepEqual(await ids(), [['a', 'UP']])
})

test('a cluster record is asked for, made and deleted with everything of it', async () => {
  const { user, cluster } = await harness()
  const at = `${FABRIC}/container-clusters`
  const record = (await cluster.send('GET', `${at}/${NODE_ID}`)).body
  assert.deepEqual(
    [record.cluster_type, record.cni_type, record.display_name],
    ['Kubernetes', 'Antrea', 'cluster-1'],
  )
  assert.equal((await user.send('GET', `${at}/other`)).status, 404)
  assert.equal(
    (
      await user.send('POST', `/api/v1/inventory/container/other?action=updates`, {
        container_inventory_objects: [],
      })
    ).status,
    404,
  )
  assert.equal((await user.send('POST', at, { external_id: 'other', display_name: 'o' })).status, 400)
  const whole = { external_id: 'other', cluster_type: 'Kubernetes', infrastructure: { infra_type: 'AWS' } }
  assert.equal((await user.send('POST', at, whole)).body.infrastructure.infra_type, 'AWS')
  assert.equal(
    (await user.send('POST', at, { external_id: 'other', display_name: 'o' })).body.cluster_type,
    'Kubernetes',
  )
  assert.equal((await user.send('GET', `${at}?infra_type=AWS`)).status, 200)
  await send(cluster, update('CREATE', project('ns-1')))
  assert.equal((await cluster.send('DELETE', `${at}/${NODE_ID}`)).status, 200)
  assert.equal((await user.send('GET', `${FABRIC}/container-projects`)).body.result_count, 0)
})

test('only what changes what people see is counted as mutating', async () => {
  const { manager, cluster, user } = await harness()
  manager.audit.clear()
  await cluster.send('GET', PODS)
  await user.send('GET', '/policy/api/v1/infra/services')
  assert.equal(manager.audit.mutatingCount(), 0)
  await send(cluster, update('CREATE', project('ns-1')))
  await user.send('PATCH', '/policy/api/v1/infra/domains/default/groups/g', {})
  assert.equal(manager.audit.mutatingCount(), 2)
  const [, , third] = manager.audit.entries()
  assert.deepEqual(third, {
    method: 'POST',
    path: `/api/v1/inventory/container/${NODE_ID}`,
    status: 200,
    user: 'cluster-1',
    mutating: true,
  })
})
