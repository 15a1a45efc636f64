/** Explanations of whatever NSX and the cluster hold: right where they can be, and never a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEnforcer } from '../../../src/ccp/enforcement.ts'
import { type CcpInsight, NO_POLICIES } from '../../../src/ccp/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import { explainScreen } from '../../../src/cli/explain-screen.ts'
import { createHealth } from '../../../src/health/index.ts'
import {
  type ClusterGroup,
  createStore,
  type KubeClient,
  type KubeObject,
  RESOURCES,
} from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { compile } from '../../../src/sandbox/antrea/compute/selectors.ts'
import { explainWord } from '../../../src/serve/explain.ts'
import { membershipOf, podFacts, selects } from '../../../src/serve/explain-members.ts'
import type {
  ExplainedGroup,
  ExplainedObject,
  ExplainedPod,
  ExplainedPolicy,
} from '../../../src/serve/explain-types.ts'
import type { Sight } from '../../../src/serve/sight.ts'
import { createRealClock } from '../../../src/world/real.ts'
import { CLUSTER } from '../ccp/model.ts'
import { GROUPS, group as nsxGroup, object, POLICIES, policy, rule, setOf, tag } from '../ccp/objects.ts'
import { policyStores } from '../ccp/stores.ts'

const { signal } = new AbortController()

/** A channel over stores, with what NSX wants; writes show at once. */
function world(objects: readonly DesiredObject[] | undefined) {
  const clock = createRealClock()
  const { stores, storeOf } = policyStores()
  let version = 0
  const keep = <T extends KubeObject>(plural: string, one: T): T => {
    version += 1
    const metadata = {
      ...one.metadata,
      uid: one.metadata.uid ?? `u${version}`,
      resourceVersion: `v${version}`,
      generation: version,
      managedFields: [{ manager: 'antrea-nsx-adapter' }],
    }
    const status = { conditions: [{ type: 'GroupMembersComputed', status: 'True' }] }
    const stored = { ...one, metadata, status }
    storeOf(plural).upsert(stored, metadata.resourceVersion)
    return stored
  }
  const kube: KubeClient = {
    get: async () => undefined,
    list: async () => [],
    listMetadata: async () => [],
    create: async (type, one) => keep(type.plural, one),
    replace: async (type, one) => keep(type.plural, one),
    delete: async (type, one) => void storeOf(type.plural).remove(one, 'gone'),
  }
  const deps = { kube, stores, clock, log: SILENT, health: createHealth(clock), clusterId: CLUSTER }
  const enforcer = createEnforcer({ ...deps, tiers: DEFAULT_TIERS })
  if (objects !== undefined)
    enforcer.take(
      desiredState({ source: 's', epoch: 'e', version: 7, objects: setOf(...objects), snapshotMs: 0 }),
    )
  const [pods, namespaces] = [
    createStore(RESOURCES.pods, () => {}),
    createStore(RESOURCES.namespaces, () => {}),
  ]
  const ccp: CcpInsight = {
    clusterId: CLUSTER,
    tiers: DEFAULT_TIERS,
    mode: 'enforce',
    cluster: enforcer.cluster,
    desired: () => enforcer.state(),
    snapshotAgeMs: () => 0,
    realization: () => undefined,
    figures: () => NO_POLICIES,
    preview: (over) => enforcer.preview(over),
  }
  const sight: Sight = {
    ccp,
    inventory: undefined,
    stores: { pods, namespaces },
    statistics: () => Promise.reject(Object.assign(new Error('nobody counts'), { code: 'STATISTICS_OFF' })),
  }
  return {
    enforcer,
    sight,
    storeOf,
    pods,
    namespaces,
    explain: (word: string) => explainWord(sight, word, clock, signal),
    async settle() {
      for (let round = 0; round < 10; round += 1) {
        const next = await enforcer.plan()
        if (next.steps.length === 0) return
        await enforcer.apply(next, signal)
      }
    },
  }
}

test('before it is written the way ends at the plan; after, it is just as it should be; by hand, it says what and who', async () => {
  const w = world([policy('web', 10, [rule(1), rule(2, { action: 'DROP' })])])
  const path = '/infra/domains/default/security-policies/web'
  const before = (await w.explain(path)) as ExplainedPolicy
  assert.deepEqual(
    [before.state, before.stored.exists, before.stored.next],
    ['translated', false, 'create it (policies)'],
  )
  await w.settle()
  const after = (await w.explain(path)) as ExplainedPolicy
  assert.deepEqual([after.stored.equal, after.stored.next], [true, 'nothing'])
  assert.equal(after.statistics?.problem?.code, 'STATISTICS_OFF')
  assert.equal(after.rules.length, 2)
  assert.deepEqual(
    after.rules[1]?.antrea_rules,
    after.object?.rules.filter(({ action }) => action === 'Drop').map(({ name }) => name),
  )

  const [stored] = w.enforcer.cluster.policies.values()
  assert.ok(stored !== undefined)
  const changed = {
    ...stored,
    metadata: {
      ...stored.metadata,
      resourceVersion: 'hand',
      managedFields: [...(stored.metadata.managedFields ?? []), { manager: 'kubectl-edit' }],
    },
    spec: { ...stored.spec, ingress: [] },
  }
  w.storeOf(RESOURCES.clusterNetworkPolicies.plural).upsert(changed, 'hand')
  const drift = (await w.explain(path)) as ExplainedPolicy
  assert.equal(drift.stored.equal, false)
  assert.deepEqual(drift.stored.changed_by, ['kubectl-edit'])
  assert.ok(
    (drift.stored.changes ?? []).some(
      ({ field, after: is }) => field.startsWith('spec.ingress[') && is !== undefined,
    ),
  )
  assert.equal(drift.stored.next, 'replace it (policies)')
  assert.match(
    explainScreen(drift),
    /it is there, and differs[\s\S]*changed since by kubectl-edit[\s\S]*\+ spec\.ingress/,
  )
})

test('only the rule that is asked for is told', async () => {
  const w = world([policy('web', 10, [rule(1), rule(2)])])
  const found = (await w.explain('2')) as ExplainedPolicy
  assert.deepEqual(
    found.rules.map(({ rule_id }) => rule_id),
    [2],
  )
  assert.ok(found.object?.rules.every(({ name }) => name.startsWith('2')))
})

test('selectors take the Pods that Antrea takes', () => {
  const key = fc.constantFrom('app', 'tier', 'constructor')
  const value = fc.constantFrom('a', 'b')
  const selector = fc.record(
    {
      matchLabels: fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true }),
      matchExpressions: fc.array(
        fc.record({
          key,
          operator: fc.constantFrom(
            'In' as const,
            'NotIn' as const,
            'Exists' as const,
            'DoesNotExist' as const,
          ),
          values: fc.array(value, { maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  )
  const labels = fc.dictionary(fc.constantFrom('app', 'tier'), value, { maxKeys: 2, noNullPrototype: true })
  fc.assert(
    fc.property(selector, labels, (one, of) => {
      assert.equal(selects(one, of), compile(one)(Object.assign(Object.create(null), of)))
    }),
  )
})

const group = (name: string, spec: ClusterGroup['spec']): ClusterGroup => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterGroup',
  metadata: { name },
  spec,
})

test('members: by children, by namespace, by address; policies are not applied by address or in the network of a node', () => {
  const { namespaces } = world([])
  namespaces.upsert({ metadata: { name: 'shop', labels: { team: 'x' } } } as unknown as KubeObject, '1')
  const pod = (fields: object = {}) =>
    podFacts(
      {
        metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
        status: { podIPs: [{ ip: '10.0.0.5' }, { ip: 'fd00::5' }] },
        ...fields,
      } as unknown as KubeObject,
      namespaces,
    )
  const groups = new Map(
    [
      group('web', { podSelector: { matchLabels: { app: 'web' } } }),
      group('team', { namespaceSelector: { matchLabels: { team: 'x' } } }),
      group('other', { podSelector: {}, namespaceSelector: { matchLabels: { team: 'y' } } }),
      group('net', { ipBlocks: [{ cidr: '10.0.0.0/24' }] }),
      group('hole', { ipBlocks: [{ cidr: '10.0.0.0/24', except: ['10.0.0.5/32'] }] }),
      group('six', { ipBlocks: [{ cidr: 'fd00::/64' }] }),
      group('all', { childGroups: ['other', 'web'] }),
      group('loop', { childGroups: ['loop', 'other'] }),
      group('wrong', { ipBlocks: [{ cidr: 'nonsense' }] }),
    ].map((one) => [one.metadata.name, one]),
  )
  const of = (facts: ReturnType<typeof pod>) => membershipOf(facts, (name) => groups.get(name))
  const held = [...groups.keys()].filter((name) => of(pod()).holds(name))
  assert.deepEqual(held, ['web', 'team', 'net', 'six', 'all'])
  assert.deepEqual(
    [...groups.keys()].filter((name) => of(pod()).applies(name)),
    ['web', 'team', 'all'],
  )
  assert.ok(!of(pod({ spec: { hostNetwork: true } })).applies('web'))
})

const SHOP = [
  nsxGroup('web', 101, [tag('dis:k8s:app|web')]),
  nsxGroup('db', 102, [tag('dis:k8s:app|db')]),
  policy('first', 10, [rule(11, { source_groups: [`${GROUPS}/db`] }), rule(12, { action: 'DROP' })], {
    scope: [`${GROUPS}/web`],
    category: 'Environment',
  }),
  policy('last', 5, [rule(21)], { scope: [`${GROUPS}/web`], category: 'Application' }),
  policy('none', 1, [rule(31)], { scope: [`${GROUPS}/db`], category: 'Emergency' }),
]
const RULE = `${POLICIES}/p/rules/r11`

test('a Pod: its groups and the rules in their order, over tiers and priorities', async () => {
  const w = world(SHOP)
  await w.settle()
  w.namespaces.upsert({ metadata: { name: 'default' } } as unknown as KubeObject, '1')
  w.pods.upsert(
    {
      metadata: { name: 'p', namespace: 'default', labels: { app: 'web' } },
      status: { podIP: '10.0.0.1' },
    } as unknown as KubeObject,
    '1',
  )
  const pod = (await w.explain('pod/default/p')) as ExplainedPod
  const places = pod.rules.map(({ tier_priority = 0, priority }) => tier_priority * 1e6 + priority)
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  )
  assert.deepEqual(
    pod.rules.map(({ order }) => order),
    pod.rules.map((_, at) => at + 1),
  )
})

/** A body as somebody hostile would write it. */
const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.constantFrom(
      'rules',
      'expression',
      'scope',
      'display_name',
      'unique_id',
      'category',
      'sequence_number',
      'service_entries',
      '__proto__',
      'constructor',
    ),
    fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(
        fc.dictionary(
          fc.constantFrom(
            'id',
            'rule_id',
            'path',
            'source_groups',
            'services',
            'resource_type',
            'expressions',
            'paths',
          ),
          fc.jsonValue({ maxDepth: 2 }),
        ),
      ),
    ),
  ),
)

test('whatever a body holds, it is explained or refused in words, and the screen obeys nobody', async () => {
  const kinds = ['SecurityPolicy', 'Group', 'Service', 'ContextProfile', 'GroupMembers'] as const
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...kinds), hostile), { maxLength: 5 }),
      fc.string({ maxLength: 40 }),
      async (bodies, word) => {
        const objects = bodies.map(([kind, body], at) => {
          const fields =
            typeof body === 'object' && body !== null && !Array.isArray(body)
              ? (body as Record<string, unknown>)
              : { rules: [body] }
          return object(kind, `/infra/x/${at}\u001b[2J`, fields)
        })
        const w = world(objects)
        for (const wanted of [
          ...objects.map(({ path }) => path),
          word === '' ? 'x' : word,
          'pod/a/b',
          '/infra',
          'tier/x',
          '0',
        ])
          try {
            const text = explainScreen(await w.explain(wanted))
            assert.ok(!text.includes('\u001b[2J'))
          } catch (error) {
            assert.match((error as { code?: string }).code ?? String(error), /^EXPLAIN_(UNKNOWN|SEVERAL)$/)
          }
      },
    ),
    { numRuns: 150 },
  )
})

test('an instance that was never told what NSX wants tells the side of the cluster', async () => {
  const told = world(SHOP)
  await told.settle()
  const w = world(undefined)
  for (const one of told.enforcer.cluster.policies.values())
    w.storeOf(RESOURCES.clusterNetworkPolicies.plural).upsert(one, one.metadata.resourceVersion ?? '1')
  const [stored] = w.enforcer.cluster.policies.values()
  const found = (await w.explain(`acnp/${stored?.metadata.name}`)) as ExplainedObject
  assert.equal(found.exists, true)
  assert.match(found.why, /it was made from .*; what NSX wants of it now knows the instance that leads/)
  assert.equal(((await w.explain('tier/nsx-category-application')) as ExplainedObject).kind, 'Tier')
  await assert.rejects(w.explain(`${POLICIES}/first`), { code: 'CCP_NO_COPY' })
})

test('a group tells its Pods and who names it', async () => {
  const w = world(SHOP)
  await w.settle()
  const found = (await w.explain(`${GROUPS}/web`)) as ExplainedGroup
  assert.deepEqual(found.used_by, [`${POLICIES}/first: scope`, `${POLICIES}/last: scope`])
  assert.equal(found.stored.equal, true)
  const db = (await w.explain(`${GROUPS}/db`)) as ExplainedGroup
  assert.deepEqual(db.used_by, [`${RULE}: source_groups`, `${POLICIES}/none: scope`].sort())
})
