/** Every code a person can meet is explained. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXPLANATIONS, explain } from '../../../src/cli/explain.ts'
import { root, sourceFiles } from '../../repo/source.ts'

/** Where an error with a code is made: `retry('CODE', …)`, `new AdapterError('retry', 'CODE', …)`, a problem's `code: 'CODE'`. */
const MADE = [
  /\b(?:retry|waitFor|needsPerson)\(\s*'([A-Z][A-Z0-9_]+)'/g,
  /new AdapterError\(\s*'(?:retry|wait-for|needs-person)',\s*'([A-Z][A-Z0-9_]+)'/g,
  /\bfail\(\d+, '([A-Z][A-Z0-9_]+)'/g,
]
/** The manager and the API server of the sandbox answer with codes of others; these are theirs, not ours. */
const NOT_OURS = /^src\/(manager|sandbox\/(apiserver|antrea))\//

test('every code that is made in src is explained', () => {
  const unexplained = sourceFiles('src')
    .filter(({ path }) => !NOT_OURS.test(path))
    .flatMap(({ path, text }) =>
      MADE.flatMap((pattern) => [...text.matchAll(pattern)])
        .map(([, code = '']) => code)
        .filter((code) => !EXPLANATIONS.has(code))
        .map((code) => `${code} (${path})`),
    )
  assert.deepEqual([...new Set(unexplained)], [])
})

test('every transport fault is explained', () => {
  const text = readFileSync(join(root, 'src/errors.ts'), 'utf8')
  const faults = [
    ...(/export type TransportFault =([^}]*?)\n\n/.exec(text)?.[1] ?? '').matchAll(/'([a-z-]+)'/g),
  ]
  assert.ok(faults.length > 5)
  for (const [, fault = ''] of faults) {
    const code = `TRANSPORT_${fault.toUpperCase().replace('-', '_')}`
    assert.ok(EXPLANATIONS.has(code), code)
  }
})

test('an explanation says what to do, and a wrong code the nearest right one', () => {
  for (const { code, lines } of EXPLANATIONS.values()) assert.match(lines.at(-1) ?? '', /^→ \S.{8,}/, code)
  assert.throws(() => explain('KUBE_FORBIDEN'), /did you mean KUBE_FORBIDDEN\?/)
})
