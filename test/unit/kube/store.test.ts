/** The live copy of a resource: complete or not synced, and listeners hear of every change once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RESOURCES } from '../../../src/kube/resources.ts'
import { createStore, keyOf } from '../../../src/kube/store.ts'
import type { KubeObject } from '../../../src/kube/types.ts'

const pod = (name: string, version: string, uid = `uid-${name}`): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'demo', uid, resourceVersion: version },
})
const snapshot = (...pods: KubeObject[]) => new Map(pods.map((each) => [keyOf(each), each]))

function heard() {
  const store = createStore(RESOURCES.pods)
  const changes: string[][] = []
  store.subscribe((changed) => changes.push([...changed].sort()))
  return { store, changes }
}

test('a swap tells what is new, another version, another object of the same name, and gone', () => {
  const { store, changes } = heard()
  store.swap(snapshot(pod('a', '1'), pod('b', '1'), pod('c', '1'), pod('d', '1')), '5')
  store.swap(snapshot(pod('a', '1'), pod('b', '2'), pod('c', '1', 'other')), '9')
  assert.deepEqual(changes, [
    ['demo/a', 'demo/b', 'demo/c', 'demo/d'],
    ['demo/b', 'demo/c', 'demo/d'],
  ])
  assert.equal(store.position, '9')
  assert.equal(store.size, 3)
})

test('an unchanged swap tells nobody and keeps the very objects', () => {
  const { store, changes } = heard()
  store.swap(snapshot(pod('a', '1')), '5')
  const before = store.get('demo/a')
  store.swap(snapshot(pod('a', '1')), '6')
  assert.equal(changes.length, 1)
  assert.equal(store.get('demo/a'), before)
})

test('synced and live are two things, and each change of them is told', () => {
  const { store } = heard()
  const states: string[] = []
  store.onState(() => states.push(`${store.synced} ${store.live}`))
  store.swap(snapshot(), '1')
  store.setLive(true)
  store.setLive(true)
  store.setLive(false)
  store.setUnsynced()
  assert.deepEqual(states, ['true false', 'true true', 'true false', 'false false'])
  assert.equal(store.position, undefined)
})

test('a listener that throws hinders nobody', () => {
  const errors: unknown[] = []
  const store = createStore(RESOURCES.pods, (error) => errors.push(error))
  let told = 0
  store.subscribe(() => {
    throw new Error('boom')
  })
  const end = store.subscribe(() => {
    told += 1
  })
  store.upsert(pod('a', '1'), '1')
  end()
  store.upsert(pod('a', '2'), '2')
  assert.deepEqual([told, errors.length], [1, 2])
})

test('whatever the history, the store is what the history leaves', () => {
  const step = fc.record({
    kind: fc.constantFrom('upsert', 'remove', 'swap'),
    names: fc.subarray(['a', 'b', 'c', 'd', 'e'], { minLength: 1 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store, changes } = heard()
      const model = new Map<string, KubeObject>()
      let version = 0
      for (const { kind, names } of steps) {
        version += 1
        const first = pod(names[0] ?? 'a', String(version))
        const before = new Map(model)
        changes.length = 0
        if (kind === 'upsert') {
          model.set(keyOf(first), first)
          store.upsert(first, String(version))
        } else if (kind === 'remove') {
          model.delete(keyOf(first))
          store.remove(first, String(version))
        } else {
          const all = snapshot(...names.map((name) => pod(name, name === 'a' ? '1' : String(version))))
          model.clear()
          for (const [key, object] of all) model.set(key, object)
          store.swap(all, String(version))
        }
        const keys = new Set([...before.keys(), ...model.keys()])
        const expected = [...keys].filter(
          (key) => before.get(key)?.metadata.resourceVersion !== model.get(key)?.metadata.resourceVersion,
        )
        assert.deepEqual(changes.flat().sort(), expected.sort())
        assert.deepEqual(new Map([...store.keys()].map((key) => [key, store.get(key)])), model)
      }
    }),
  )
})
