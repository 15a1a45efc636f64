/** Single objects: what goes over the wire, the gate, preconditions, deadlines, and lists in pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdapterError } from '../../../src/errors.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { OPEN_GATE } from '../../../src/kube/contract.ts'
import { createGate } from '../../../src/kube/gate.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import type { KubeObject } from '../../../src/kube/types.ts'
import { SILENT } from '../../../src/log/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { createFakeKubeApi, failure } from '../../fakes/kube-api.ts'

const GROUPS = '/apis/crd.antrea.io/v1beta1/clustergroups'

function world() {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const link = connectInProcess(api.handler, { origin: 'https://kube', peer: { address: 'test' }, clock })
  const gate = createGate(clock)
  const make = (open: boolean) =>
    createKubeClient({
      http: link.client,
      gate: open ? OPEN_GATE : gate,
      clock,
      log: SILENT,
      userAgent: 'test/1',
    })
  return { clock, api, link, gate, client: make(true), fenced: make(false) }
}

const group = (name: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterGroup',
  metadata: { name, ...more },
  spec: { ipBlocks: [] },
})

const code = (wanted: string) => (error: unknown) => error instanceof AdapterError && error.code === wanted

test('a write carries field manager, strict validation and the server-side time-out', async () => {
  const { client, api } = world()
  await client.create(RESOURCES.clusterGroups, group('web'))
  const [asked] = api.asked
  assert.equal(asked?.method, 'POST')
  assert.equal(asked?.path, GROUPS)
  assert.deepEqual(asked?.query, {
    fieldManager: 'antrea-nsx-adapter',
    fieldValidation: 'Strict',
    timeout: '5s',
  })
})

test('managed fields are never sent back', async () => {
  const { client, api } = world()
  api.put(`${GROUPS}/web`, group('web', { managedFields: [{ manager: 'somebody' }] }))
  const stored = await client.get(RESOURCES.clusterGroups, 'web')
  assert.ok(stored?.metadata.managedFields)
  await client.replace(RESOURCES.clusterGroups, stored)
  const body = api.asked.at(-1)?.body as KubeObject
  assert.equal(api.asked.at(-1)?.method, 'PUT')
  assert.equal('managedFields' in body.metadata, false)
  assert.equal(body.metadata.resourceVersion, stored.metadata.resourceVersion)
})

test('nothing is sent through a shut gate, and what is in flight is aborted when it shuts', async () => {
  const { fenced, api, gate, clock } = world()
  await assert.rejects(fenced.create(RESOURCES.clusterGroups, group('web')), code('LEASE_NOT_HELD'))
  assert.equal(api.asked.length, 0)
  gate.hold(gate.moment())
  api.intercept = () => new Promise(() => {})
  const writing = assert.rejects(fenced.create(RESOURCES.clusterGroups, group('web')), code('LEASE_NOT_HELD'))
  await clock.settle()
  assert.equal(api.asked.length, 1)
  gate.shut()
  await writing
})

test('a write that waited for a free slot is not sent when the gate shut meanwhile', async () => {
  const { fenced, api, gate, clock } = world()
  gate.hold(gate.moment())
  api.intercept = () => new Promise(() => {})
  const writes = Array.from({ length: 12 }, (_, at) =>
    fenced.create(RESOURCES.clusterGroups, group(`g${at}`)).catch((error: AdapterError) => error.code),
  )
  await clock.settle()
  assert.equal(api.asked.length, 8, 'eight in flight')
  gate.shut()
  assert.deepEqual(new Set(await Promise.all(writes)), new Set(['LEASE_NOT_HELD']))
  assert.equal(api.asked.length, 8)
})

test('replace and delete demand what the object was read with, and send it', async () => {
  const { client, api } = world()
  await assert.rejects(client.replace(RESOURCES.clusterGroups, group('web')), code('KUBE_INVALID'))
  await assert.rejects(client.delete(RESOURCES.clusterGroups, group('web')), code('KUBE_INVALID'))
  assert.equal(api.asked.length, 0)
  const stored = api.put(`${GROUPS}/web`, group('web'))
  api.put(`${GROUPS}/web`, group('web'))
  await assert.rejects(client.replace(RESOURCES.clusterGroups, stored), code('KUBE_CONFLICT'))
  await assert.rejects(client.delete(RESOURCES.clusterGroups, stored), code('KUBE_CONFLICT'))
  assert.ok(api.get(`${GROUPS}/web`))
  await client.delete(RESOURCES.clusterGroups, api.get(`${GROUPS}/web`)!)
  assert.equal(api.asked.at(-1)?.method, 'DELETE')
  assert.deepEqual(Object.keys((api.asked.at(-1)!.body as { preconditions: object }).preconditions), [
    'uid',
    'resourceVersion',
  ])
  assert.equal(api.get(`${GROUPS}/web`), undefined)
})

test('what is gone is undefined to get and done to delete', async () => {
  const { client } = world()
  assert.equal(await client.get(RESOURCES.pods, 'a', 'demo'), undefined)
  await client.delete(RESOURCES.pods, {
    ...group('a'),
    metadata: { name: 'a', namespace: 'demo', uid: 'u', resourceVersion: '1' },
  })
})

test('no answer ends at the deadline: 5 s for a write, 10 s for a read', async () => {
  const { client, api, clock } = world()
  api.intercept = () => new Promise(() => {})
  let ended = ''
  void client.create(RESOURCES.clusterGroups, group('web')).catch((error) => {
    ended += error.code
  })
  void client.get(RESOURCES.clusterGroups, 'web').catch((error) => {
    ended += ` ${error.code}`
  })
  await clock.advance(4_999)
  assert.equal(ended, '')
  await clock.advance(1)
  assert.equal(ended, 'TRANSPORT_TIMEOUT')
  await clock.advance(5_000)
  assert.equal(ended, 'TRANSPORT_TIMEOUT TRANSPORT_TIMEOUT')
  assert.equal(clock.timers, 0)
})

test('a body that drips ends at the deadline too', async () => {
  const { client, api, clock } = world()
  async function* drip() {
    while (true) {
      await new Promise<void>((resolve) => clock.setTimeout(() => resolve(), 1_000))
      yield ' '
    }
  }
  api.intercept = () => ({ status: 200, body: drip() })
  let ended = ''
  void client.get(RESOURCES.clusterGroups, 'web').catch((error) => {
    ended = error.code
  })
  await clock.advance(10_000)
  assert.equal(ended, 'TRANSPORT_TIMEOUT')
})

test('an answer that is not JSON, or no object, is an error and no crash', async () => {
  const { client, api } = world()
  for (const body of ['<html>', '', 'null', '[]', '{"metadata":7}', '\xff']) {
    api.intercept = () => ({ status: 200, body })
    await assert.rejects(client.get(RESOURCES.clusterGroups, 'web'), code('KUBE_MALFORMED'), body)
  }
})

test('a list is all pages; one that expires in the middle is begun again as one answer', async () => {
  const { client, api } = world()
  for (let at = 0; at < 1_201; at += 1) api.put(`${GROUPS}/g${at}`, group(`g${at}`))
  const items = await client.list(RESOURCES.clusterGroups)
  assert.equal(items.length, 1_201)
  assert.equal(new Set(items.map(({ metadata }) => metadata.name)).size, 1_201)
  assert.equal(api.asked.length, 3)
  api.asked.length = 0
  api.intercept = ({ query }) =>
    query.has('continue') ? failure(410, 'Expired', 'the continue token is too old') : undefined
  assert.equal((await client.list(RESOURCES.clusterGroups)).length, 1_201)
  assert.deepEqual(
    api.asked.map(({ query }) => query['limit']),
    ['500', '500', undefined],
  )
})

test('pages that lead nowhere are an error, never a shorter list', async () => {
  const { client, api } = world()
  api.intercept = () => ({
    status: 200,
    body: JSON.stringify({ metadata: { continue: 'again' }, items: [group('web')] }),
  })
  await assert.rejects(client.list(RESOURCES.clusterGroups), code('KUBE_MALFORMED'))
})

test('an aborted call rejects with the reason and leaves no timer', async () => {
  const { client, api, clock } = world()
  api.intercept = () => new Promise(() => {})
  const stop = new AbortController()
  const reason = new Error('enough')
  const call = assert.rejects(client.get(RESOURCES.pods, 'a', 'demo', stop.signal), reason)
  await clock.settle()
  stop.abort(reason)
  await call
  assert.equal(clock.timers, 0)
})

const throttled = (seconds?: string) =>
  failure(429, 'TooManyRequests', 'the server has asked us to try again later', {
    ...(seconds === undefined ? {} : { details: { retryAfterSeconds: Number(seconds) } }),
  })

test('a call that is shed waits as long as it is asked to, alone, and is made again', async () => {
  const { api, client, clock } = world()
  let left = 2
  api.intercept = ({ method, path }) =>
    method === 'POST' && path.startsWith(GROUPS) && left-- > 0 ? throttled('7') : undefined
  const made = client.create(RESOURCES.clusterGroups, group('web'))
  await clock.advance(13_900)
  assert.equal(api.get(`${GROUPS}/web`), undefined)
  api.intercept = undefined
  await client.get(RESOURCES.clusterGroups, 'other')
  await clock.advance(200)
  assert.equal((await made).metadata.name, 'web')
  assert.equal(api.asked.filter(({ method }) => method === 'POST').length, 3)
})

test('it gives up with the server’s word when that takes too long, and at once without a time to wait', async () => {
  const { api, client, clock } = world()
  let asked = 0
  api.intercept = () => {
    asked += 1
    return throttled('8')
  }
  const refused = assert.rejects(client.create(RESOURCES.clusterGroups, group('web')), code('KUBE_THROTTLED'))
  await clock.advance(24_500)
  await refused
  assert.equal(asked, 4)
  api.intercept = () => throttled()
  await assert.rejects(client.create(RESOURCES.clusterGroups, group('web')), code('KUBE_THROTTLED'))
  assert.equal(clock.timers, 0)
})

test('a wait ends with the gate, and with who asked', async () => {
  const { api, client, clock } = world()
  api.intercept = () => throttled('5')
  const stop = new AbortController()
  const refused = assert.rejects(
    client.create(RESOURCES.clusterGroups, group('web'), { signal: stop.signal }),
    /enough/,
  )
  await clock.advance(1_000)
  stop.abort(new Error('enough'))
  await refused
  assert.equal(clock.timers, 0)
})

test('it is told which right is missing, and when it is there', async () => {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const link = connectInProcess(api.handler, { origin: 'https://kube', peer: { address: 'test' }, clock })
  const told: string[] = []
  const client = createKubeClient({
    http: link.client,
    gate: OPEN_GATE,
    clock,
    log: SILENT,
    userAgent: 'test/1',
    onRight: (verb, type, problem) => told.push(`${verb} ${type.plural} ${problem?.code ?? 'ok'}`),
  })
  api.intercept = () => failure(403, 'Forbidden', 'x is forbidden: User "a" cannot create resource "x"')
  await assert.rejects(client.create(RESOURCES.clusterGroups, group('web')), code('KUBE_FORBIDDEN'))
  api.intercept = () => failure(500, 'InternalError', 'ill')
  await assert.rejects(client.list(RESOURCES.clusterGroups), code('KUBE_SERVER_ERROR'))
  api.intercept = undefined
  await client.create(RESOURCES.clusterGroups, group('web'))
  assert.deepEqual(told, ['create clustergroups KUBE_FORBIDDEN', 'create clustergroups ok'])
})
