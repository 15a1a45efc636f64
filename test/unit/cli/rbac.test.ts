/** `rbac`: what it prints is docs/rbac.yaml, and what it is asked for. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { rbacYaml } from '../../../src/cli/rbac.ts'
import { RIGHTS, rbacManifest } from '../../../src/kube/rights.ts'
import { root } from '../../repo/source.ts'

const NAME = 'antrea-nsx-adapter'

test('docs/rbac.yaml is what the command prints; node src/main.ts rbac > docs/rbac.yaml makes it anew', () => {
  assert.equal(
    readFileSync(join(root, 'docs/rbac.yaml'), 'utf8'),
    rbacYaml(NAME, { kind: 'User', name: NAME }),
  )
})

test('the YAML says what the manifests are', () => {
  const subject = { kind: 'ServiceAccount', namespace: 'kube-system', name: 'nsx' } as const
  const parsed = parseAllDocuments(rbacYaml('elsewhere', subject)).map((document) => document.toJS())
  assert.deepEqual(parsed, rbacManifest({ namespace: 'elsewhere', subject }))
  assert.deepEqual(parsed.at(-1)?.subjects, [subject])
  assert.deepEqual(parsed.map(({ metadata }) => metadata.namespace).filter(Boolean), [
    'elsewhere',
    'kube-system',
    'elsewhere',
    'kube-system',
  ])
})

test('no right is listed twice, and each has its reason', () => {
  const all = RIGHTS.flatMap(({ resource, subresource, scope, verbs, names }) =>
    verbs.map((verb) => [verb, resource, subresource, scope, names].join(' ')),
  )
  assert.deepEqual(
    all.filter((one, at) => all.indexOf(one) !== at),
    [],
  )
  for (const { why } of RIGHTS) assert.match(why, /^[^#\n]{8,}$/)
})
