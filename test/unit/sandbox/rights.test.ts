/** docs/rbac.yaml grants what the sandbox's API server lets the adapter do: no more and no less. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { Rule } from '../../../src/kube/rights.ts'
import {
  ADAPTER_USER,
  CLUSTER_RULES,
  LEASE_NAMESPACE,
  LEASE_RULES,
  mayDo,
  rbacObjects,
} from '../../../src/sandbox/rights.ts'

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
}

const manifests = parseAllDocuments(
  readFileSync(join(import.meta.dirname, '../../../docs/rbac.yaml'), 'utf8'),
).map((document) => document.toJS() as Manifest)

test('docs/rbac.yaml and the sandbox agree', () => {
  const role = (kind: string) => manifests.find((manifest) => manifest.kind === kind)
  assert.deepEqual(
    role('ClusterRole')?.rules?.filter((rule) => 'resources' in rule),
    CLUSTER_RULES,
  )
  assert.deepEqual(role('Role')?.rules, LEASE_RULES)
  assert.equal(role('Role')?.metadata.namespace, LEASE_NAMESPACE)
})

test('a real API server is given what docs/rbac.yaml has', () => {
  const wanted = manifests.filter(({ kind }) => kind !== 'Namespace')
  const byKind = (a: { kind: string }, b: { kind: string }) => a.kind.localeCompare(b.kind)
  const given = rbacObjects().map(({ body }) => body)
  assert.deepEqual(given.toSorted(byKind), wanted.toSorted(byKind))
})

test('the adapter may do that, administrators everything, others nothing', () => {
  const adapter = { user: ADAPTER_USER, groups: ['system:authenticated'] }
  const cases: readonly (readonly [string, string, string | undefined, boolean])[] = [
    ['list', 'pods', undefined, true],
    ['delete', 'pods', 'shop', false],
    ['update', 'clusternetworkpolicies.crd.antrea.io', undefined, true],
    ['update', 'clusternetworkpolicies.crd.antrea.io/status', undefined, false],
    ['delete', 'tiers.crd.antrea.io', undefined, false],
    ['update', 'networkpolicies.networking.k8s.io', 'shop', false],
    ['update', 'leases.coordination.k8s.io', LEASE_NAMESPACE, true],
    ['update', 'leases.coordination.k8s.io', 'kube-system', false],
    ['list', 'secrets', undefined, false],
  ]
  for (const [verb, resource, namespace, wanted] of cases)
    assert.equal(mayDo(adapter, verb, resource, namespace), wanted, `${verb} ${resource}`)
  assert.ok(mayDo({ user: 'a', groups: ['system:masters'] }, 'delete', 'secrets', 'x'))
  assert.ok(!mayDo({ user: 'b', groups: [] }, 'list', 'pods'))
})
