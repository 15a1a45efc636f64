/** docs/rbac.yaml grants what the sandbox's API server lets the adapter do: no more and no less. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { ANTREA_NAMESPACE, type Rule } from '../../../src/kube/rights.ts'
import {
  ADAPTER_USER,
  ANTREA_RULES,
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
  const role = (kind: string, namespace?: string) =>
    manifests.find(({ kind: one, metadata }) => one === kind && metadata.namespace === namespace)
  assert.deepEqual(
    role('ClusterRole')?.rules?.filter((rule) => 'resources' in rule),
    CLUSTER_RULES,
  )
  assert.deepEqual(role('Role', LEASE_NAMESPACE)?.rules, LEASE_RULES)
  assert.deepEqual(role('Role', ANTREA_NAMESPACE)?.rules, ANTREA_RULES)
})

test('a real API server is given what docs/rbac.yaml has', () => {
  const wanted = manifests.filter(({ kind }) => kind !== 'Namespace')
  const byKind = (a: Pick<Manifest, 'kind' | 'metadata'>, b: Pick<Manifest, 'kind' | 'metadata'>) =>
    `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`)
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
    ['get', 'pods/log', ANTREA_NAMESPACE, true],
    ['get', 'pods/log', 'shop', false],
    ['get', 'pods', ANTREA_NAMESPACE, false],
    ['get', 'pods/exec', ANTREA_NAMESPACE, false],
  ]
  for (const [verb, resource, namespace, wanted] of cases)
    assert.equal(mayDo(adapter, verb, resource, namespace), wanted, `${verb} ${resource}`)
  assert.ok(mayDo({ user: 'a', groups: ['system:masters'] }, 'delete', 'secrets', 'x'))
  assert.ok(!mayDo({ user: 'b', groups: [] }, 'list', 'pods'))
})
