/** The published pages say what the code does: every code, and vectors that another implementation can run. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CODES } from '../../../src/ccp/translate/index.ts'
import { bodyHash, canonicalJson, setDigest } from '../../../src/protocol/index.ts'

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

test('every code is in docs/translation.md, with its severity and words', () => {
  const text = page('translation.md')
  for (const [code, { severity, nsx, antrea, change }] of Object.entries(CODES))
    assert.ok(text.includes(`| \`${code}\` | ${severity} | ${nsx} | ${antrea} | ${change} |`), code)
})

interface Vectors {
  readonly objects: readonly { kind: string; path: string; body: unknown; canonical: string; hash: string }[]
  readonly digests: readonly { of: number[]; digest: string }[]
}

test('the vectors of docs/protocol.md hold', () => {
  const block = /```json\n([\s\S]*?)\n```/.exec(page('protocol.md'))?.[1]
  const { objects, digests } = JSON.parse(block ?? '{}') as Vectors
  assert.ok(objects.length > 0 && digests.length > 0)
  for (const { body, canonical, hash } of objects) {
    assert.equal(canonicalJson(body), canonical)
    assert.equal(bodyHash(body), hash)
  }
  for (const { of, digest } of digests)
    assert.equal(setDigest([...of].reverse().map((at) => objects[at]!)), digest)
})
