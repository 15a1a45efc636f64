/** Fields a text names twice: found whatever the text, and nothing else changed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countFields, readTwice, scanJson } from '../../../src/sandbox/apiserver/json-text.ts'

test('a text without doubles reads as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1), (value, space) => {
      const text = JSON.stringify(value, undefined, space)
      const parsed: unknown = JSON.parse(text)
      assert.deepEqual(readTwice(text), { merged: parsed, paths: [] })
      assert.equal(scanJson(text, 1_000).fields, countFields(parsed))
    }),
  )
})

test('doubles are told with their paths in the order of the text, and objects are merged', () => {
  const text = '{"a":{"b":1,"c":[{"d":1,"d":2}],"b":2},"a":{"e":":{"},"f":[],"f":[1]}'
  assert.deepEqual(readTwice(text), {
    merged: { a: { b: 2, c: [{ d: 2 }], e: ':{' }, f: [1] },
    paths: ['a.c[0].d', 'a.b', 'a', 'f'],
  })
  assert.notEqual(scanJson(text, 10).fields, countFields(JSON.parse(text)))
})

test('a text of megabytes with a double is read', () => {
  const long = 'x\\"'.repeat(700_000)
  const text = `{"a":"${long}","__proto__":{"z":1},"a":"${long}"}`
  const { merged, paths } = readTwice(text)
  assert.deepEqual(paths, ['a'])
  assert.equal((merged as { a: string }).a.length, 1_400_000)
  assert.equal(({} as { z?: number }).z, undefined)
})

test('what nests too deep is told before it is read', () => {
  assert.equal(scanJson('['.repeat(10), 9).isTooDeep, true)
  assert.equal(scanJson('['.repeat(9), 9).isTooDeep, false)
  assert.equal(scanJson(`"${'['.repeat(99)}"`, 9).isTooDeep, false)
})
