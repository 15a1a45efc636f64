/** Plans as lines: what changes is told, much is cut and counted, and onlookers wait for one another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  DIFF_FIELDS_MAX,
  DIFF_NAMES_MAX,
  DIFF_VALUE_CHARS_MAX,
  LOOK_TIMEOUT_MS,
} from '../../../src/limits.ts'
import { changesOf } from '../../../src/serve/diff-fields.ts'
import { hold } from '../../../src/serve/diff-lines.ts'
import { createTurns } from '../../../src/serve/sight.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const told = (before: unknown, after: unknown) =>
  changesOf(before, after, 'spec').changes.map(({ field, before: was, after: is }) => [field, was, is])

test('fields that differ are told, by their place', () => {
  assert.deepEqual(told({ tier: 'a', priority: 1 }, { tier: 'b', priority: 1 }), [['spec.tier', 'a', 'b']])
  assert.deepEqual(told({ a: 1 }, { a: 1, b: 2 }), [['spec.b', undefined, '2']])
  assert.deepEqual(told({ a: 1, b: 2 }, { a: 1 }), [['spec.b', '2', undefined]])
})

test('rules are known by their names: changed, new, gone, moved', () => {
  const rule = (name: string, action: string) => ({ name, action })
  assert.deepEqual(told({ r: [rule('1', 'Allow')] }, { r: [rule('1', 'Drop')] }), [
    ['spec.r[1].action', 'Allow', 'Drop'],
  ])
  assert.deepEqual(told({ r: [rule('1', 'Allow')] }, { r: [rule('1', 'Allow'), rule('2', 'Drop')] }), [
    ['spec.r[2]', undefined, '{"action":"Drop","name":"2"}'],
  ])
  assert.deepEqual(told({ r: [rule('1', 'A'), rule('2', 'B')] }, { r: [rule('2', 'B'), rule('1', 'A')] }), [
    ['spec.r (order)', '1, 2', '2, 1'],
  ])
})

test('other lists are sets', () => {
  assert.deepEqual(told({ childGroups: ['a', 'b'] }, { childGroups: ['b', 'c'] }), [
    ['spec.childGroups[]', 'a', undefined],
    ['spec.childGroups[]', undefined, 'c'],
  ])
  assert.deepEqual(told({ b: [{ cidr: '10.0.0.0/8' }] }, { b: [{ cidr: '10.0.0.0/8' }] }), [])
})

test('equal values have no changes, different ones have some, and whatever comes is bounded', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
      assert.deepEqual(changesOf(before, structuredClone(before), 'x').changes, [])
      const { changes, more } = changesOf(before, after, 'x')
      assert.ok(changes.length <= DIFF_FIELDS_MAX && more >= 0)
      for (const { before: was = '', after: is = '' } of changes)
        assert.ok(was.length <= DIFF_VALUE_CHARS_MAX + 1 && is.length <= DIFF_VALUE_CHARS_MAX + 1)
    }),
  )
  const many = (from: number) => Array.from({ length: 1_000 }, (_, at) => `10.0.${from + at}`)
  const { changes, more } = changesOf({ ips: many(0) }, { ips: many(1_000) }, 'spec')
  assert.equal(changes.length + more, 2_000)
  assert.equal(changes.length, DIFF_FIELDS_MAX)
  let deep: unknown = 1
  for (let at = 0; at < 5_000; at += 1) deep = { a: deep }
  assert.ok(changesOf({ a: 1 }, { a: 2, __proto__: 3, deep: 1 }, 'spec').changes.length > 0)
  assert.ok(changesOf(deep, 1, 'spec').changes.length > 0)
  assert.ok(changesOf({ a: { a: 0 } }, { a: { a: [1] } }, 'spec').changes.length > 0)
  assert.doesNotThrow(() => changesOf({}, { a: 1 }, 'spec'))
})

test('names of what is held back are counted and cut', () => {
  const names = Array.from({ length: 100 }, (_, at) => `p${at}`)
  const [line] = hold('guard', 'why', names)
  assert.deepEqual([line?.count, line?.names.length, line?.differs], [100, DIFF_NAMES_MAX, true])
  assert.deepEqual(hold('guard', 'why', []), [])
})

test('one plan at a time for onlookers, a few wait, and more are told so', async () => {
  const clock = createFakeClock()
  const turns = createTurns(clock)
  const { signal } = new AbortController()
  let running = 0
  let most = 0
  const ends: (() => void)[] = []
  const look = () =>
    turns.run(signal, async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => ends.push(resolve))
      running -= 1
    })
  const looks = [look(), look(), look(), look()]
  const refused = look()
  await assert.rejects(Promise.race([refused, clock.advance(1)]), { code: 'SERVE_BUSY' })
  for (let at = 0; at < 4; at += 1) {
    await clock.advance(1)
    ends.shift()?.()
  }
  await clock.advance(1)
  await Promise.all(looks)
  assert.equal(most, 1)
})

test('a look that takes too long ends, and the next one has its turn', async () => {
  const clock = createFakeClock()
  const turns = createTurns(clock)
  const { signal } = new AbortController()
  const late = turns.run(
    signal,
    (over) => new Promise((_, reject) => over.addEventListener('abort', () => reject(over.reason))),
  )
  const refused = assert.rejects(late, { code: 'SERVE_LATE' })
  await clock.advance(LOOK_TIMEOUT_MS + 1)
  await refused
  assert.equal(await turns.run(signal, async () => 7), 7)
})
