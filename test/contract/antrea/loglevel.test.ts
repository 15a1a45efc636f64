/** `/loglevel` of antrea-controller (pkg/apiserver/handlers/loglevel): asked and set by GET, for whoever may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStandInController } from '../../../src/sandbox/antrea/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { letGo, startCluster } from './cluster.ts'

test('a number and the end of a line; set without an answer; refused in words; 0 again after a restart', async () => {
  const cluster = await startCluster()
  const controller = createStandInController(cluster.deps, { access: async (token) => token === 'good' })
  await letGo(cluster.clock, controller.start())
  const { client } = connectInProcess(controller.handler, {
    origin: 'https://controller',
    peer: { address: '' },
    clock: cluster.clock,
  })
  const ask = async (query: string, token = 'good', method: 'GET' | 'POST' = 'GET') => {
    const { status, body } = await client.request({
      method,
      path: `/loglevel${query}`,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      headersTimeoutMs: 1_000,
    })
    let text = ''
    for await (const chunk of body) text += Buffer.from(chunk).toString()
    return [status, text]
  }
  assert.deepEqual(await ask(''), [200, '0\n'])
  assert.deepEqual(await ask('?level=4'), [200, ''])
  assert.deepEqual(await ask('?level='), [200, '4\n'])
  assert.equal((await ask('?level=loud'))[0], 400)
  assert.match(String((await ask('?level=99999999999'))[1]), /strconv\.ParseInt/)
  assert.deepEqual(await ask(''), [200, '4\n'])
  assert.equal((await ask('', ''))[0], 401)
  assert.equal((await ask('', 'bad'))[0], 401)
  assert.equal((await ask('', 'good', 'POST'))[0], 405)
  await controller.stop()
  assert.equal((await ask(''))[0], 503)
  await letGo(cluster.clock, controller.start())
  assert.deepEqual(await ask(''), [200, '0\n'])
  await controller.stop()
  await cluster.stop()
})
