/** `action=revise`: policies and rules get another place, with as few new sequence numbers as can be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness, type TestClient } from './harness.ts'

const POLICIES = '/policy/api/v1/infra/domains/default/security-policies'
const pathOf = (id: string) => `/infra/domains/default/security-policies/${id}`

async function withPolicies(numbers: Readonly<Record<string, number>>): Promise<TestClient> {
  const { user } = await harness()
  for (const [id, sequence_number] of Object.entries(numbers))
    await user.send('PUT', `${POLICIES}/${id}`, { category: 'Application', sequence_number })
  return user
}

async function order(user: TestClient, list = POLICIES): Promise<[string, number][]> {
  const { body } = await user.send('GET', `${list}?sort_by=sequence_number`)
  return body.results.map((one: { id: string; sequence_number: number }) => [one.id, one.sequence_number])
}

const revise = (user: TestClient, at: string, query: string, body: object = {}) =>
  user.send('POST', `${at}?action=revise${query}`, body)

test('a policy goes to the top, to the bottom, before and behind another', async () => {
  const user = await withPolicies({ a: 10, b: 20, c: 30 })
  const top = await revise(user, `${POLICIES}/c`, '')
  assert.equal(top.status, 200)
  assert.deepEqual(
    (await order(user)).map(([id]) => id),
    ['c', 'a', 'b'],
  )
  await revise(user, `${POLICIES}/c`, '&operation=insert_bottom')
  assert.deepEqual(
    (await order(user)).map(([id]) => id),
    ['a', 'b', 'c'],
  )
  await revise(user, `${POLICIES}/c`, `&operation=insert_before&anchor_path=${pathOf('b')}`)
  assert.deepEqual(await order(user), [
    ['a', 10],
    ['c', 15],
    ['b', 20],
  ])
  await revise(user, `${POLICIES}/a`, `&operation=insert_after&anchor_path=${pathOf('b')}`)
  assert.deepEqual(
    (await order(user)).map(([id]) => id),
    ['c', 'b', 'a'],
  )
  // It is there already: nothing differs, and no revision goes up.
  const before = (await user.send('GET', `${POLICIES}/a`)).body._revision
  await revise(user, `${POLICIES}/a`, '&operation=insert_bottom')
  assert.equal((await user.send('GET', `${POLICIES}/a`)).body._revision, before)
})

test('where there is no number between, all of the category are numbered anew, and no others', async () => {
  const user = await withPolicies({ a: 0, b: 0, c: 1 })
  await user.send('PUT', `${POLICIES}/other`, { category: 'Environment', sequence_number: 0 })
  await revise(user, `${POLICIES}/c`, '')
  assert.deepEqual(await order(user), [
    ['other', 0],
    ['c', 10],
    ['a', 20],
    ['b', 30],
  ])
})

test('a rule moves among those of its policy; what the body says is written with it', async () => {
  const user = await withPolicies({ p: 1 })
  const rules = `${POLICIES}/p/rules`
  for (const [id, sequence_number] of [
    ['r1', 1],
    ['r2', 2],
    ['r3', 3],
  ] as const)
    await user.send('PUT', `${rules}/${id}`, { action: 'ALLOW', sequence_number })
  const held = (await user.send('GET', `${rules}/r3`)).body
  const answer = await revise(
    user,
    `${rules}/r3`,
    `&operation=insert_before&anchor_path=${pathOf('p')}/rules/r2`,
    {
      ...held,
      action: 'DROP',
    },
  )
  assert.deepEqual([answer.status, answer.body.action, answer.body.rule_id], [200, 'DROP', held.rule_id])
  const whole = (await user.send('GET', `${POLICIES}/p`)).body
  assert.deepEqual(
    whole.rules.map((one: { id: string }) => one.id),
    ['r1', 'r3', 'r2'],
  )
  const stale = await revise(user, `${rules}/r3`, '', held)
  assert.deepEqual(
    [stale.status, stale.body.httpStatus, stale.body.error_code],
    [412, 'PRECONDITION_FAILED', 604],
  )
})

test('what cannot be moved so is refused, and nothing changes', async () => {
  const user = await withPolicies({ a: 10, b: 20 })
  await user.send('PUT', `${POLICIES}/other`, { category: 'Environment', sequence_number: 0 })
  for (const [query, status, code] of [
    ['&operation=sideways', 400, 255],
    ['&operation=insert_after', 400, 255],
    [`&operation=insert_after&anchor_path=${pathOf('none')}`, 400, 500_012],
    [`&operation=insert_after&anchor_path=${pathOf('b')}`, 400, 500_012],
    [`&operation=insert_after&anchor_path=${pathOf('other')}`, 400, 500_012],
  ] as const) {
    const answer = await revise(user, `${POLICIES}/b`, query)
    assert.deepEqual([query, answer.status, answer.body.error_code], [query, status, code])
  }
  assert.equal((await user.send('POST', `${POLICIES}/b?action=other`)).status, 400)
  assert.equal((await revise(user, `${POLICIES}/none`, '')).status, 404)
  assert.deepEqual(await order(user), [
    ['other', 0],
    ['a', 10],
    ['b', 20],
  ])
})
