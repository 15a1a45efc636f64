/** Paging: complete and in order, however pages and changes fall. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { listPage } from '../../../src/manager/rest/index.ts'

interface Item {
  readonly id: string
  readonly name: string | number | undefined
}

const options = {
  defaultSort: 'name',
  valueOf: (item: Item, field: string) => (field === 'name' ? item.name : item.id),
  keyOf: (item: Item) => item.id,
  render: (item: Item) => item,
}

interface Page {
  readonly results: readonly Item[]
  readonly result_count: number
  readonly cursor?: string
}

const page = (items: readonly Item[], query: Record<string, string>, presorted = false) =>
  listPage(items, new URLSearchParams(query), { ...options, presorted }) as Page

const name = fc.oneof(fc.string(), fc.integer(), fc.constant(undefined))
const items = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), name }), {
  selector: ({ id }) => id,
  maxLength: 40,
})

test('pages together are the whole list, once and in one order', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 7 }), fc.boolean(), (all, size, ascending) => {
      const query = { page_size: `${size}`, sort_ascending: `${ascending}` }
      const whole = page(all, { sort_ascending: `${ascending}` }).results
      const seen: Item[] = []
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const got = page(all, { ...query, ...(cursor === undefined ? {} : { cursor }) })
        assert.equal(got.result_count, all.length)
        assert.ok(got.results.length > 0 || all.length === 0, 'no empty page')
        seen.push(...got.results)
        cursor = got.cursor
      }
      assert.deepEqual(seen, whole)
      assert.equal(seen.length, all.length)
    }),
  )
})

test('what does not change while a list is read comes exactly once, whatever else comes and goes', () => {
  fc.assert(
    fc.property(items, items, fc.integer({ min: 1, max: 5 }), (all, others, size) => {
      const stay = all.filter((_, index) => index % 2 === 0)
      const added = others.filter(({ id }) => !all.some((item) => item.id === id))
      const first = page(all, { page_size: `${size}` })
      const changed = [...stay, ...added]
      const seen = [...first.results]
      for (let { cursor } = first; cursor !== undefined; ) {
        const got = page(changed, { page_size: `${size}`, cursor })
        seen.push(...got.results)
        cursor = got.cursor
      }
      for (const item of stay) assert.equal(seen.filter(({ id }) => id === item.id).length, 1)
    }),
  )
})

test('a list that is in order already gives the same pages', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 7 }), (all, size) => {
      const sorted = page(all, {}).results
      let cursor: string | undefined
      do {
        const query = { page_size: `${size}`, ...(cursor === undefined ? {} : { cursor }) }
        const got = page(sorted, query, true)
        assert.deepEqual(got, page(all, query))
        cursor = got.cursor
      } while (cursor !== undefined)
    }),
  )
})
