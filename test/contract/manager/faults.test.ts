/** What can be put in the manager's way to answer: a search that is late, loses results, refuses pages, or is another node's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN, type Harness, harness } from './harness.ts'

const SEARCH = '/policy/api/v1/search/query?query=resource_type:Group&sort_by=path'

async function found(h: Harness, more = ''): Promise<{ ids: string[]; count: number }> {
  const { body } = await h.user.send('GET', `${SEARCH}${more}`)
  return { ids: body.results.map(({ id }: { id: string }) => id), count: body.result_count }
}
const put = (h: Harness, id: string, description = '') =>
  h.user.send('PATCH', `${DOMAIN}/groups/${id}`, { description })

test('a late search shows each change later, in its order, and never what came in between wrongly', async () => {
  const h = await harness()
  await put(h, 'a')
  const remove = h.manager.faults.add({ seed: 3, search: { lagMs: [1_000, 5_000] } })
  await put(h, 'b')
  await put(h, 'a', 'one')
  await put(h, 'a', 'two')
  await h.user.send('DELETE', `${DOMAIN}/groups/a`)
  assert.deepEqual((await found(h)).ids, ['a'])
  assert.equal((await h.user.send('GET', `${DOMAIN}/groups/b`)).status, 200, 'the store itself is in time')
  await h.clock.advance(5_000)
  assert.deepEqual((await found(h)).ids, ['b'])
  await put(h, 'c')
  assert.deepEqual((await found(h)).ids, ['b'])
  remove()
  assert.deepEqual((await found(h)).ids, ['b', 'c'], 'in time again')
})

test('the same seed is the same lag', async () => {
  const shown = async () => {
    const h = await harness()
    h.manager.faults.add({ seed: 11, search: { lagMs: [0, 10_000] } })
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await put(h, id)
    await h.clock.advance(4_000)
    return (await found(h)).ids
  }
  const first = await shown()
  assert.deepEqual(await shown(), first)
  assert.ok(first.length > 0 && first.length < 6, first.join(' '))
})

test('another node with an older index answers from some request on, so often', async () => {
  const h = await harness()
  h.manager.faults.add({ after: 1, times: 2, search: { lagMs: [60_000, 60_000] } })
  await put(h, 'a')
  const counts: number[] = []
  for (let n = 0; n < 4; n += 1) counts.push((await found(h)).count)
  assert.deepEqual(counts, [1, 0, 0, 1])
})

test('a share of the requests', async () => {
  const h = await harness()
  h.manager.faults.add({ share: 0.5, seed: 1, path: /search/, status: 429, retryAfterSeconds: 3 })
  const statuses: number[] = []
  for (let n = 0; n < 40; n += 1) statuses.push((await h.user.send('GET', SEARCH)).status)
  const refused = statuses.filter((status) => status === 429).length
  assert.ok(refused > 8 && refused < 32, String(refused))
})

test('lost results, and pages that are too large, as NSX refuses them', async () => {
  const h = await harness()
  for (const id of ['a', 'b', 'c']) await put(h, id)
  h.manager.faults.add({ times: 1, search: { lose: 2 } })
  assert.deepEqual(await found(h), { ids: ['a'], count: 3 })
  assert.deepEqual(await found(h), { ids: ['a', 'b', 'c'], count: 3 })
  for (const [refuseWith, status] of [
    [255, 400],
    [60_576, 503],
  ] as const) {
    const remove = h.manager.faults.add({ search: { pageSizeMax: 500, refuseWith } })
    const answer = await h.user.send('GET', `${SEARCH}&page_size=501`)
    assert.deepEqual([answer.status, answer.body.error_code], [status, refuseWith])
    assert.equal((await found(h, '&page_size=500')).count, 3)
    remove()
  }
  h.manager.faults.add({ path: /groups/, status: 500, errorCode: 607, times: 1 })
  assert.equal((await h.user.send('GET', `${DOMAIN}/groups/a`)).body.error_code, 607)
  h.manager.faults.clear()
})
