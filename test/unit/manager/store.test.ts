/** The policy store: transactions hold whole or leave nothing behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPolicyStore, type PolicyStore } from '../../../src/manager/policy/index.ts'
import { kindOf, placeOf } from '../../../src/manager/policy/kinds.ts'
import { writePredefined } from '../../../src/manager/policy/predefined.ts'
import type { PolicyTransaction } from '../../../src/manager/policy/store.ts'
import { removeObject, writeObject } from '../../../src/manager/policy/write.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

function emptyStore(): PolicyStore {
  const random = createSeededRandom(1)
  const store = createPolicyStore(createFakeClock(), random)
  writePredefined(store, () => random.uuid())
  return store
}

const write = (tx: PolicyTransaction, path: string, body: Record<string, unknown> = {}) => {
  const place = placeOf(path.slice(1).split('/'))
  assert.ok(place?.id !== undefined, path)
  return writeObject(tx, { ...place, id: place.id }, body, { mode: 'patch', uuid: () => 'made' })
}
const group = (id: string) => `/infra/domains/default/groups/${id}`
const nests = (id: string) => ({ expression: [{ resource_type: 'PathExpression', paths: [group(id)] }] })

test('places follow the tree of kinds', () => {
  const at = (path: string) => placeOf(path.split('/'))
  assert.deepEqual([at('infra')?.kind.name, at('infra')?.id], ['Infra', 'infra'])
  assert.deepEqual(
    [at('infra/domains/d/groups')?.kind.name, at('infra/domains/d/groups')?.id],
    ['Group', undefined],
  )
  const rule = at('infra/domains/d/security-policies/p/rules/r')
  assert.deepEqual([rule?.kind.name, rule?.parentPath], ['Rule', '/infra/domains/d/security-policies/p'])
  for (const nothing of [
    '',
    'orgs',
    'infra/groups/g',
    'infra/domains/d/rules/r',
    'infra/domains/d/groups/g/rules',
  ])
    assert.equal(at(nothing), undefined, nothing)
})

test('what throws in a transaction, and what it leaves broken, changes nothing', () => {
  const store = emptyStore()
  store.transact('u', (tx) => write(tx, group('a')))
  const { version } = store
  let heard = 0
  store.subscribe(() => {
    heard += 1
  })
  assert.throws(() =>
    store.transact('u', (tx) => {
      write(tx, group('b'))
      throw new Error('no')
    }),
  )
  assert.throws(() => store.transact('u', (tx) => write(tx, group('c'), nests('missing'))), /is invalid/)
  assert.deepEqual(
    [store.get(group('b')), store.get(group('c')), store.version, heard],
    [undefined, undefined, version, 0],
  )
})

test('references are judged on the end state, in any order, deletes included', () => {
  const store = emptyStore()
  store.transact('u', (tx) => {
    write(tx, group('outer'), nests('inner'))
    write(tx, group('inner'))
  })
  assert.deepEqual(
    store.referrers(group('inner')).map(({ id }) => id),
    ['outer'],
  )
  assert.throws(() => store.transact('u', (tx) => removeObject(tx, group('inner'))), /is being referenced/)
  store.transact('u', (tx) => {
    removeObject(tx, group('inner'))
    write(tx, group('outer'))
  })
  assert.deepEqual([store.get(group('inner')), store.referrers(group('inner'))], [undefined, []])
})

test('a delete takes everything below along, also what the same transaction made', () => {
  const store = emptyStore()
  const policy = '/infra/domains/default/security-policies/p'
  store.transact('u', (tx) =>
    write(tx, policy, { category: 'Application', rules: [{ id: 'r', action: 'ALLOW' }] }),
  )
  store.transact('u', (tx) => {
    write(tx, `${policy}/rules/new`, { action: 'DROP' })
    removeObject(tx, policy)
  })
  assert.deepEqual([store.get(`${policy}/rules/r`), store.get(`${policy}/rules/new`)], [undefined, undefined])
  assert.deepEqual(store.children(policy, 'Rule'), [])
})

test('nothing changed: the same object, no version, no word', () => {
  const store = emptyStore()
  const made = store.transact('u', (tx) => write(tx, group('a'), { description: 'd' }))
  const { version } = store
  const again = store.transact('other', (tx) => write(tx, group('a'), { description: 'd' }))
  assert.equal(again, made)
  assert.equal(store.version, version)
})

test('a change says what was and what is', () => {
  const store = emptyStore()
  const changes: string[] = []
  store.subscribe(({ changed }) => {
    for (const [path, { before, after }] of changed)
      changes.push(`${path} ${before?.revision} ${after?.revision}`)
  })
  store.transact('u', (tx) => write(tx, group('a')))
  store.transact('u', (tx) => write(tx, group('a'), { description: 'd' }))
  store.transact('u', (tx) => removeObject(tx, group('a')))
  assert.deepEqual(changes, [`${group('a')} undefined 0`, `${group('a')} 0 1`, `${group('a')} 1 undefined`])
})

test('rule numbers stay in the ranges of a local manager', () => {
  const store = emptyStore()
  const policy = '/infra/domains/default/security-policies/p'
  const rules = Array.from({ length: 3 }, (_, n) => ({ id: `r${n}`, action: 'ALLOW' }))
  store.transact('u', (tx) => write(tx, policy, { category: 'Application', rules }))
  assert.deepEqual(
    store.children(policy, kindOf('Rule').name).map(({ body }) => body['rule_id']),
    [1_000, 1_001, 1_002],
  )
})
