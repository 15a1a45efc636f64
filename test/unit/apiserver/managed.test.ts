/** Ownership of fields: when an entry's time is renewed, as tried on kube-apiserver v1.36.3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

test('a changed value renews the time of its writer, a field that goes does not', async () => {
  const clock = createFakeClock()
  const api = createApiServer({ clock, random: createSeededRandom(1) })
  const { client } = connectInProcess(api.handler, {
    origin: 'https://kubernetes.test',
    peer: { address: '127.0.0.1', commonName: 'a', organizations: ['system:masters'], verified: true },
    clock,
  })
  const write = async (method: 'POST' | 'PATCH', path: string, body: unknown, type: string) => {
    const answer = await client.request({
      method,
      path: `${path}?fieldManager=a`,
      headers: { 'content-type': type },
      body: JSON.stringify(body),
      headersTimeoutMs: 0,
    })
    for await (const _ of answer.body);
    assert.ok(answer.status < 300, `${answer.status}`)
  }
  const path = '/api/v1/namespaces/default/configmaps'
  const patch = async (data: Record<string, string | null>) => {
    await clock.advance(10_000)
    await write('PATCH', `${path}/c`, { data }, 'application/merge-patch+json')
    return api
      .get('configmaps', 'c', 'default')
      ?.metadata.managedFields?.map(({ time = '' }) => Date.parse(time))
  }
  await write('POST', path, { metadata: { name: 'c' }, data: { x: '1', y: '1' } }, 'application/json')
  const created = clock.now()
  assert.deepEqual(await patch({ x: '2' }), [created + 10_000])
  assert.deepEqual(await patch({ y: null }), [created + 10_000])
  assert.deepEqual(await patch({ x: '3' }), [created + 30_000])
  api.close()
})
