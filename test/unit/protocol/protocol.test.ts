/** Canonical JSON, digests and lines: what two implementations must agree on to the byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdapterError } from '../../../src/errors.ts'
import { bodyHash, canonicalJson, jsonLines, setDigest, sha256Hex } from '../../../src/protocol/index.ts'

test('canonical JSON is that of RFC 8785', () => {
  // The RFC's own examples (section 3.2.2 and 3.2.3).
  assert.equal(
    canonicalJson({
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    }),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
  const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
  assert.deepEqual(Object.values(JSON.parse(canonicalJson(keys))).sort(), [1, 2, 3, 4, 5, 6, 7])
  assert.equal(
    canonicalJson(keys),
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  )
  assert.throws(() => canonicalJson(Number.NaN), TypeError)
  assert.throws(() => canonicalJson('\ud800'), TypeError)
})

test('member order does not change a hash, a value does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (body) => {
      fc.pre(Object.keys(body).every((key) => key.isWellFormed() && key !== '__proto__'))
      const reversed = Object.fromEntries(Object.entries(body).reverse())
      assert.equal(bodyHash(reversed), bodyHash(body))
      assert.notEqual(bodyHash({ ...body, extra_member: 1 }), bodyHash(body))
    }),
  )
})

test('the digest of a set is its sorted lines', () => {
  const a = { kind: 'Group', path: '/infra/b', hash: '22' }
  const b = { kind: 'SecurityPolicy', path: '/infra/a', hash: '11' }
  assert.equal(
    setDigest([a, b]),
    `sha256:${sha256Hex('SecurityPolicy\0/infra/a\u000011\nGroup\0/infra/b\u000022\n')}`,
  )
  assert.equal(setDigest([a, b]), setDigest([b, a]))
})

async function* chunks(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  let start = 0
  for (const cut of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((x, y) => x - y)) {
    yield bytes.subarray(start, cut)
    start = cut
  }
  yield bytes.subarray(start)
}

const collect = async (stream: AsyncIterable<unknown>) => {
  const out: unknown[] = []
  for await (const value of stream) out.push(value)
  return out
}

test('lines are the same whatever the chunking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      async (values, cuts) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
        assert.deepEqual(
          await collect(jsonLines(chunks(text, cuts), 10_000)),
          JSON.parse(`[${values.map((v) => JSON.stringify(v)).join(',')}]`),
        )
      },
    ),
  )
})

test('a line that is too long, no JSON, not UTF-8 or cut off is a named error', async () => {
  const code = async (text: string | Uint8Array, max = 100) => {
    async function* one() {
      yield typeof text === 'string' ? Buffer.from(text) : text
    }
    try {
      await collect(jsonLines(one(), max))
      return 'none'
    } catch (error) {
      assert.ok(error instanceof AdapterError)
      assert.equal(error.kind, 'retry')
      return error.code
    }
  }
  assert.equal(await code(`"${'x'.repeat(200)}"\n`), 'LINE_TOO_LONG')
  assert.equal(await code(`"${'x'.repeat(200)}`), 'LINE_TOO_LONG')
  assert.equal(await code('{"a":\n'), 'LINE_MALFORMED')
  assert.equal(await code(Uint8Array.of(0x22, 0xff, 0x22, 0x0a)), 'LINE_MALFORMED')
  assert.equal(await code('{"a":1}\n{"b"'), 'LINE_TRUNCATED')
  assert.equal(await code('\n\n{"a":1}\n'), 'none')
})
