/** The hierarchical API: one PATCH, all or nothing, in any order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CCP_PATH, DOMAIN, harness, type TestClient } from './harness.ts'

const INFRA = '/policy/api/v1/infra?enforce_revision_check=false'
const inDomain = (...children: unknown[]) => ({
  resource_type: 'Infra',
  children: [{ resource_type: 'ChildResourceReference', target_type: 'Domain', id: 'default', children }],
})
const group = (id: string, more: object = {}) => ({
  resource_type: 'ChildGroup',
  Group: { resource_type: 'Group', id, ...more },
})
const policy = (id: string, source: string) => ({
  resource_type: 'ChildSecurityPolicy',
  id,
  SecurityPolicy: {
    resource_type: 'SecurityPolicy',
    id,
    category: 'Application',
    children: [
      {
        resource_type: 'ChildRule',
        Rule: { resource_type: 'Rule', id: 'r', action: 'ALLOW', source_groups: [source] },
      },
      {
        resource_type: 'ChildSecurityPolicyContainerCluster',
        SecurityPolicyContainerCluster: { id: 's', container_cluster_path: CCP_PATH },
      },
    ],
  },
})
const path = (id: string) => `/infra/domains/default/groups/${id}`
const status = async (user: TestClient, what: string) => (await user.send('GET', `${DOMAIN}/${what}`)).status

test('a policy may come before the groups that its rules use', async () => {
  const { user } = await harness()
  const answer = await user.send('PATCH', INFRA, inDomain(policy('p', path('g')), group('g')))
  assert.deepEqual([answer.status, answer.text], [200, ''])
  assert.equal(
    (await user.send('GET', `${DOMAIN}/security-policies/p`)).body.rules[0].source_groups[0],
    path('g'),
  )
  assert.equal(await status(user, 'security-policies/p/container-cluster-span/s'), 200)
})

test('a group may go in the call whose policy stops using it', async () => {
  const { user } = await harness()
  await user.send('PATCH', INFRA, inDomain(group('g'), group('h'), policy('p', path('g'))))
  const gone = { ...group('g'), marked_for_delete: true }
  assert.equal((await user.send('PATCH', INFRA, inDomain(gone, policy('p', path('h'))))).status, 200)
  assert.equal(await status(user, 'groups/g'), 404)
  const absent = {
    resource_type: 'ChildGroup',
    Group: { resource_type: 'Group', id: 'g', marked_for_delete: true },
  }
  assert.equal(
    (await user.send('PATCH', INFRA, inDomain(absent))).status,
    200,
    'a delete of what is absent is none',
  )
})

test('one bad child and nothing is done', async () => {
  const { user } = await harness()
  for (const bad of [
    policy('p', path('missing')),
    group('../x'),
    { resource_type: 'ChildTier0', Tier0: { id: 't' } },
    { resource_type: 'ChildRule', Rule: { id: 'r' } },
    { resource_type: 'ChildGroup', Group: 'g' },
    'g',
  ]) {
    const answer = await user.send('PATCH', INFRA, inDomain(group('good'), bad))
    assert.equal(answer.status, 400, answer.text)
    assert.equal(await status(user, 'groups/good'), 404)
  }
  const reference = {
    resource_type: 'ChildResourceReference',
    target_type: 'Domain',
    id: 'nowhere',
    children: [],
  }
  assert.equal(
    (await user.send('PATCH', INFRA, { resource_type: 'Infra', children: [reference] })).status,
    404,
  )
})

test('what is not named is left alone, revisions included', async () => {
  const { user } = await harness()
  await user.send('PATCH', INFRA, inDomain(group('g'), group('h'), policy('p', path('g'))))
  const before = (await user.send('GET', `${DOMAIN}/security-policies/p`)).body
  const domain = {
    resource_type: 'ChildDomain',
    Domain: { resource_type: 'Domain', id: 'default', children: [group('h', { description: 'd' })] },
  }
  assert.equal((await user.send('PATCH', INFRA, { resource_type: 'Infra', children: [domain] })).status, 200)
  assert.deepEqual((await user.send('GET', `${DOMAIN}/security-policies/p`)).body, before)
  assert.equal((await user.send('GET', `${DOMAIN}/groups/h`)).body._revision, 1)
})

test('revisions are minded only when asked for', async () => {
  const { user } = await harness()
  await user.send('PATCH', INFRA, inDomain(group('g')))
  const stale = inDomain(group('g', { _revision: 4, description: 'd' }))
  assert.equal(
    (await user.send('PATCH', '/policy/api/v1/infra?enforce_revision_check=true', stale)).status,
    412,
  )
  assert.equal((await user.send('PATCH', INFRA, stale)).status, 200)
})

test('a policy with a thousand rules in one body is normal', async () => {
  const { user } = await harness()
  const children = Array.from({ length: 1_000 }, (_, n) => ({
    resource_type: 'ChildRule',
    Rule: { resource_type: 'Rule', id: `r${n}`, action: 'ALLOW', sequence_number: 1_000 - n },
  }))
  const large = {
    resource_type: 'ChildSecurityPolicy',
    SecurityPolicy: { id: 'p', category: 'Application', children },
  }
  assert.equal((await user.send('PATCH', INFRA, inDomain(large))).status, 200)
  const { rules } = (await user.send('GET', `${DOMAIN}/security-policies/p`)).body
  assert.deepEqual(
    [rules.length, rules[0].id, new Set(rules.map((r: { rule_id: number }) => r.rule_id)).size],
    [1_000, 'r999', 1_000],
  )
})
