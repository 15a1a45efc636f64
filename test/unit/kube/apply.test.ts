/** Whole objects written: what is stored otherwise goes back, what changed meanwhile is left, one object one write. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdapterError } from '../../../src/errors.ts'
import { createObject, removeObject, replaceObject, runTasks } from '../../../src/kube/apply/index.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { OPEN_GATE } from '../../../src/kube/contract.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { HttpMethod } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { crd, ignoringFields, KIND, type Thing, thing as thingNamed } from '../../contract/kube/objects.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const TIERS = '/apis/crd.antrea.io/v1beta1/tiers'
/**
 * The sandbox's API server, reached through a proxy that takes fieldValidation out of the query: then a field that the
 * definition does not know is pruned without a word, as by servers before 1.25.
 */
async function world(fields: readonly string[] = ['priority']) {
  const clock = createFakeClock()
  const server = createApiServer({ clock, random: createSeededRandom(1), authorize: () => true })
  const peer = { address: 'test', commonName: 'a', organizations: [], verified: true }
  const { client: http } = connectInProcess(server.handler, { origin: 'https://kube', peer, clock })
  const calls: string[] = []
  let before = async (_method: HttpMethod): Promise<void> => {}
  const kube = createKubeClient({
    http: ignoringFields({
      ...http,
      request: async (wanted) => {
        calls.push(wanted.method)
        await before(wanted.method)
        return http.request(wanted)
      },
    }),
    gate: OPEN_GATE,
    clock,
    log: SILENT,
    userAgent: 'test/1',
  })
  const send = async (method: HttpMethod, path: string, body: unknown, type = 'application/json') => {
    const response = await http.request({
      method,
      path,
      headersTimeoutMs: 10_000,
      headers: { 'content-type': type },
      body: JSON.stringify(body),
    })
    for await (const _ of response.body);
    assert.ok(response.status < 300, `${method} ${path} ${response.status}`)
  }
  await send('POST', CRDS, crd(fields))
  await clock.advance(1_000)
  const writing = { kube, signal: new AbortController().signal }
  const status = () =>
    send('PATCH', `${TIERS}/t/status`, { status: { at: calls.length } }, 'application/merge-patch+json')
  return {
    writing,
    calls,
    status,
    edit: (spec: object) => send('PATCH', `${TIERS}/t`, { spec }, 'application/merge-patch+json'),
    get: () => kube.get<Thing>(RESOURCES.tiers, 't'),
    beforeEach: (next: typeof before) => {
      before = next
    },
  }
}

const thing = (spec: Thing['spec'], stored?: Thing, labels = { mine: 'yes' }): Thing => {
  const made = thingNamed('t', spec, stored)
  return { ...made, metadata: { ...made.metadata, labels } }
}
const code = (wanted: string) => (error: unknown) => error instanceof AdapterError && error.code === wanted

test('a new object of which a field is left out is removed again, though its status moved meanwhile', async () => {
  const w = await world()
  let moved = false
  w.beforeEach(async (method) => {
    if (method !== 'DELETE' || moved) return
    moved = true
    await w.status()
  })
  await assert.rejects(createObject(KIND, thing({ priority: 1, newer: 2 }), w.writing), code('FIELD_PRUNED'))
  assert.equal(await w.get(), undefined)
  assert.deepEqual(w.calls.slice(0, 4), ['POST', 'DELETE', 'GET', 'DELETE'])
})

test('a changed object goes back to its former form, with what marks it', async () => {
  const w = await world()
  const base = await createObject(KIND, thing({ priority: 1 }), w.writing)
  const wanted = thing({ priority: 2, newer: 2 }, base)
  await assert.rejects(replaceObject(KIND, base, wanted, undefined, w.writing), code('FIELD_PRUNED'))
  const now = await w.get()
  assert.deepEqual([now?.spec, KIND.isAsWritten(now!)], [{ priority: 1 }, true])
})

test('a creation whose answer was lost is found incomplete later, and goes; a changed one goes back to what is remembered', async () => {
  const w = await world()
  const sent = thing({ priority: 1, newer: 2 })
  await w.writing.kube.create(RESOURCES.tiers, sent)
  const lost = (await w.get())!
  assert.equal(lost.metadata.generation, 1)
  await assert.rejects(
    replaceObject(KIND, lost, thing(sent.spec, lost), undefined, w.writing),
    code('FIELD_PRUNED'),
  )
  assert.equal(await w.get(), undefined)

  const former = await createObject(KIND, thing({ priority: 5 }), w.writing)
  await w.writing.kube.replace(RESOURCES.tiers, thing({ priority: 6, newer: 2 }, former))
  const half = (await w.get())!
  await assert.rejects(
    replaceObject(KIND, half, thing({ priority: 6, newer: 2 }, half), former, w.writing),
    code('FIELD_PRUNED'),
  )
  assert.deepEqual((await w.get())?.spec, { priority: 5 })
})

test('a status in between does not stop a write; another spec, or another owner, does', async () => {
  const w = await world()
  const base = await createObject(KIND, thing({ priority: 1 }), w.writing)
  await w.status()
  const second = await replaceObject(KIND, base, thing({ priority: 2 }, base), undefined, w.writing)
  await w.edit({ priority: 9 })
  await assert.rejects(
    replaceObject(KIND, second, thing({ priority: 3 }, second), undefined, w.writing),
    code('KUBE_CONFLICT'),
  )
  await assert.rejects(removeObject(KIND, second, w.writing), code('KUBE_CONFLICT'))
  assert.deepEqual((await w.get())?.spec, { priority: 9 })
})

test('without its mark an object is not left behind', async () => {
  const w = await world()
  const unmarked = thing({ priority: 1 }, undefined, { mine: 'no' })
  await assert.rejects(
    createObject({ ...KIND, isOurs: () => false }, unmarked, w.writing),
    code('FIELD_PRUNED'),
  )
})

test('never two for one object, never more at once than allowed, each once and in its order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (keys, atOnceMax) => {
        const open = new Set<number>()
        const done: [number, number][] = []
        await runTasks(
          keys.map((key, at) => ({ key, at })),
          {
            key: ({ key }) => String(key),
            atOnceMax,
            isOver: () => false,
            async execute({ key, at }) {
              assert.ok(!open.has(key), 'one at a time')
              open.add(key)
              assert.ok(open.size <= atOnceMax)
              for (let turns = at % 3; turns >= 0; turns -= 1) await Promise.resolve()
              open.delete(key)
              done.push([key, at])
            },
          },
        )
        assert.equal(done.length, keys.length)
        for (const key of new Set(keys)) {
          const order = done.filter(([one]) => one === key).map(([, at]) => at)
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          )
        }
      },
    ),
    { numRuns: 50 },
  )
})
