/** Support bundles over NSX's public API, with the cluster's adapter played by hand. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { harness, NODE_ID, openSession } from './harness.ts'

const MP = `/mp/v1/clusters/${NODE_ID}`
const API = '/api/v1/administration/support-bundles'
const COLLECT = `${API}?action=collect`
const REQUEST = {
  container_nodes: [{ container_type: 'ANTREA', clusters: [{ cluster_id: NODE_ID, nodes: ['uid-1'] }] }],
  content_filters: ['ALL'],
  log_age_limit: 3,
}
const ASYNC = { 'vmw-async': 'true' }

async function connected() {
  const h = await harness()
  const { session } = await openSession(h.cluster, 'mp')
  const stream = await h.cluster.stream(`${MP}/requests?session=${session}`)
  await stream.next()
  const upload = (id: string, name: string, bytes: Buffer) =>
    h.cluster.http.request({
      method: 'PUT',
      path: `${MP}/requests/${id}/content/${name}?${new URLSearchParams({
        session,
        upload: 'u',
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })}`,
      headers: { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` },
      body: bytes,
      headersTimeoutMs: 5_000,
    })
  let seq = 0
  const say = (id: string, events: object[]) =>
    h.cluster.send('POST', `${MP}/requests/${id}/events`, {
      session,
      attempt: 1,
      events: events.map((event) => {
        seq += 1
        return { seq, ...event }
      }),
    })
  const begin = () => {
    seq = 0
  }
  return { ...h, stream, upload, say, begin }
}

const AGENT = { component: 'agent', node: 'n1', node_id: 'uid-1' }

test('collected while it is watched, then downloaded as one archive, kept until it is deleted or overridden', async () => {
  const { user, stream, upload, say, begin, manager } = await connected()
  assert.equal((await user.send('GET', `${API}/status`)).status, 404)
  const begun = await user.send('POST', COLLECT, REQUEST, ASYNC)
  assert.equal(begun.status, 200)
  assert.deepEqual(begun.body.remaining_nodes.length, 1)
  assert.deepEqual(begun.body.request_properties, REQUEST)
  assert.equal((await user.send('POST', COLLECT, REQUEST)).status, 409, 'one at a time')
  const request = await stream.next()
  assert.deepEqual([request.kind, request.body], ['support-bundle', { nodes: ['uid-1'], since: '3d' }])
  await say(request.id, [
    { t: 'progress', components: [{ component: 'controller' }, AGENT] },
    { t: 'progress', ...AGENT, state: 'collecting' },
  ])
  const during = (await user.send('GET', `${API}/status`)).body
  assert.deepEqual(
    during.remaining_nodes.map(({ node_id: id, status }: { node_id: string; status: string }) => [
      id,
      status,
    ]),
    [
      [`${NODE_ID}/controller`, 'PENDING'],
      ['uid-1', 'PROCESSING'],
    ],
  )
  assert.equal((await user.send('GET', `${API}/content`)).status, 409)
  const bytes = Buffer.from('the bundle of n1')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  assert.equal((await upload(request.id, 'agent_n1.tar.gz', bytes)).status, 200)
  await say(request.id, [
    {
      t: 'result',
      partial: true,
      components: [
        {
          component: 'controller',
          state: 'failed',
          problem: { code: 'KUBE_FORBIDDEN', message: 'no right' },
        },
        { ...AGENT, state: 'done', content: 'agent_n1.tar.gz', bytes: bytes.length, sha256 },
      ],
    },
  ])
  const {
    success_nodes: success,
    failed_nodes: failed,
    remaining_nodes: rest,
  } = (await user.send('GET', `${API}/status`)).body
  assert.deepEqual(success, [
    {
      node_id: 'uid-1',
      node_display_name: 'n1',
      bundle_name: `nsx_antrea_${NODE_ID}/agent_n1.tar.gz`,
      bundle_size: bytes.length,
      sha256_thumbprint: sha256,
    },
  ])
  assert.deepEqual([failed[0].error_code, failed[0].error_message, rest], ['KUBE_FORBIDDEN', 'no right', []])
  const archive = await user.http.request({
    method: 'GET',
    path: `${API}/content`,
    headers: { authorization: `Basic ${Buffer.from('admin:S3cret:ü').toString('base64')}` },
    headersTimeoutMs: 5_000,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of archive.body) chunks.push(chunk)
  const tar = Buffer.concat(chunks)
  assert.match(archive.headers['content-disposition'] ?? '', /nsx_support_archive_\d+_\d+\.tar/)
  assert.equal(tar.length % 512, 0)
  assert.equal(tar.subarray(0, 13).toString(), 'manifest.json')
  assert.ok(tar.includes('the bundle of n1'))
  assert.equal((await user.send('POST', COLLECT, REQUEST, ASYNC)).status, 409, 'one waits')
  assert.equal(
    (await user.send('POST', `${COLLECT}&override_async_response=true`, REQUEST, ASYNC)).status,
    200,
  )
  begin()
  const second = await stream.next()
  await user.send('POST', `${API}?action=cancel`)
  assert.deepEqual(await stream.next(), { t: 'cancel', id: second.id })
  await say(second.id, [{ t: 'error', code: 'CANCELLED', message: 'cancelled' }])
  assert.equal((await user.send('GET', `${API}/status`)).body.failed_nodes[0].error_code, 'CANCELLED')
  assert.equal((await user.send('POST', `${API}?action=delete_async_response`)).status, 200)
  assert.equal((await user.send('GET', `${API}/status`)).status, 404)
  manager.close()
})

test('what it does not take is refused in words, and a cluster that is not there is a failed node', async () => {
  const { user, manager } = await connected()
  for (const body of [
    {},
    { container_nodes: [] },
    { container_nodes: [{ container_type: 'K8S', clusters: [{ cluster_id: 'a' }] }] },
    { ...REQUEST, log_age_limit: 0 },
    { ...REQUEST, content_filters: ['EAL4_AUDIT'] },
    { ...REQUEST, content_filters: ['EVERYTHING'] },
    { ...REQUEST, remote_file_server: {} },
  ])
    assert.equal((await user.send('POST', COLLECT, body)).status, 400, JSON.stringify(body))
  assert.equal((await user.send('POST', `${API}?action=explode`, {})).status, 400)
  const container_nodes = [{ container_type: 'ANTREA', clusters: [{ cluster_id: 'nowhere' }] }]
  const { status, body } = await user.send('POST', COLLECT, { container_nodes })
  assert.equal(status, 502)
  assert.match(body.error_message, /nowhere/)
  assert.deepEqual((await user.send('GET', `${API}/config`)).body, { enable_concurrent_tasks: true })
  assert.deepEqual((await user.send('PUT', `${API}/config`, { enable_concurrent_tasks: false })).body, {
    enable_concurrent_tasks: false,
  })
  assert.deepEqual((await user.send('GET', `${API}/dynamic-content-filters`)).body, {
    dynamic_content_filters: [],
  })
  manager.close()
})
