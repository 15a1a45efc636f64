/** Label selectors of any text: an answer or words, in a time that does not depend on how bad the text is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { meets, parseLabelSelector, SelectorError } from '../../../src/sandbox/apiserver/label-selector.ts'

const piece = fc.constantFrom(
  'a',
  'b1',
  'example.com/x',
  '=',
  '==',
  '!=',
  '!',
  '(',
  ')',
  ',',
  'in',
  'notin',
  '<',
  '>',
  ' ',
  '7',
)

test('any text is a selector or refused in words', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
      ),
      (text) => {
        try {
          for (const one of parseLabelSelector(text)) meets({ a: '7', b1: 'x' }, one)
        } catch (error) {
          assert.ok(error instanceof SelectorError)
          assert.notEqual(error.message, '')
        }
      },
    ),
  )
})

test('a requirement and its opposite part all objects', () => {
  const value = fc.constantFrom('x', 'y', '')
  const labels = fc.dictionary(fc.constantFrom('a', 'b'), value)
  const pairs = [
    ['a in (x,)', 'a notin (x,)'],
    ['a=x', 'a!=x'],
    ['a', '!a'],
  ] as const
  fc.assert(
    fc.property(labels, fc.constantFrom(...pairs), (found, [yes, no]) => {
      const isMet = (text: string) => parseLabelSelector(text).every((one) => meets(found, one))
      assert.notEqual(isMet(yes), isMet(no))
    }),
  )
})

test('whole numbers are compared beyond 2^53', () => {
  const [one] = parseLabelSelector('a > 9007199254740992')
  assert.ok(one !== undefined)
  assert.equal(meets({ a: '9007199254740993' }, one), true)
  assert.equal(meets({ a: '9007199254740992' }, one), false)
  assert.equal(meets({ a: 'x' }, one), false)
  assert.equal(meets({}, one), false)
})
