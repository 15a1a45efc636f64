/** The Policy API as NSX's public clients use it: exact replies, revisions, PATCH as replacement, references, errors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, CCP_PATH, CLUSTER, DOMAIN, harness, pushPolicy } from './harness.ts'

const GROUP = `${DOMAIN}/groups/web`
const POLICY = `${DOMAIN}/security-policies/p`
const TAG = {
  resource_type: 'Condition',
  member_type: 'Pod',
  key: 'Tag',
  operator: 'EQUALS',
  value: 'dis:k8s:app|web',
}

const refused = (answer: Answer, status: number, code: number, words?: RegExp) => {
  assert.deepEqual([answer.status, answer.body?.error_code], [status, code], answer.text)
  assert.equal(typeof answer.body.error_message, 'string')
  assert.equal(typeof answer.body.module_name, 'string')
  assert.match(answer.body.httpStatus, /^[A-Z_]+$/)
  assert.equal(answer.headers['content-type'], 'application/json')
  if (words !== undefined) assert.match(answer.body.error_message, words)
}

test('a group is created by PUT with everything a reply must carry', async () => {
  const { user, clock } = await harness()
  refused(
    await user.send('GET', GROUP),
    404,
    600,
    /\/infra\/domains\/default\/groups\/web could not be found/,
  )
  const made = await user.send('PUT', GROUP, {
    expression: [TAG],
    tags: [{ tag: 'only' }],
    description: null,
  })
  assert.equal(made.status, 200)
  const { unique_id: uniqueId } = made.body
  assert.match(uniqueId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(made.body, {
    expression: [TAG],
    tags: [{ scope: '', tag: 'only' }],
    resource_type: 'Group',
    id: 'web',
    display_name: 'web',
    path: '/infra/domains/default/groups/web',
    relative_path: 'web',
    parent_path: '/infra/domains/default',
    unique_id: uniqueId,
    realization_id: uniqueId,
    marked_for_delete: false,
    overridden: false,
    _create_time: clock.now(),
    _create_user: 'admin',
    _last_modified_time: clock.now(),
    _last_modified_user: 'admin',
    _system_owned: false,
    _protection: 'NOT_PROTECTED',
    _revision: 0,
  })
  assert.deepEqual((await user.send('GET', GROUP)).body, made.body)
})

test('a PUT of exactly what GET gave is accepted and changes nothing; another one goes up by one', async () => {
  const { user, clock } = await harness()
  await user.send('PUT', GROUP, { display_name: 'a', expression: [TAG] })
  const first = (await user.send('GET', GROUP)).body
  await clock.advance(1_000)
  assert.deepEqual((await user.send('PUT', GROUP, first)).body, first)
  const second = (await user.send('PUT', GROUP, { ...first, display_name: 'b' })).body
  assert.deepEqual(
    [
      second._revision,
      second.display_name,
      second.unique_id,
      second._create_time,
      second._last_modified_time,
    ],
    [1, 'b', first.unique_id, first._create_time, first._create_time + 1_000],
  )
})

test('revisions: 412 for another one, 400 for none, none needed to create, and none heard by PATCH', async () => {
  const { user } = await harness()
  assert.equal((await user.send('PUT', GROUP, { _revision: 1 })).status, 200)
  refused(
    await user.send('PUT', GROUP, { _revision: 5 }),
    412,
    604,
    /Fetch the latest copy of the object and retry/,
  )
  refused(
    await user.send('PUT', GROUP, {}),
    400,
    500_127,
    /Cannot create an object with path=\[.*\] as it already exists\./,
  )
  assert.equal((await user.send('PATCH', GROUP, { _revision: 77, display_name: 'x' })).status, 200)
})

test('of many PUTs with one revision exactly one wins', async () => {
  const { user } = await harness()
  await user.send('PUT', POLICY, { category: 'Application', rules: [{ id: 'r', action: 'ALLOW' }] })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      // Only a rule differs: the policy's revision has to guard its rules as well.
      user.send('PUT', POLICY, {
        category: 'Application',
        _revision: 0,
        rules: [{ id: 'r', action: 'DROP', notes: `${n}` }],
      }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(412)])
})

test('PATCH and DELETE answer 200 with an empty body and no content type', async () => {
  const { user } = await harness()
  for (const answer of [
    await user.send('PATCH', GROUP, { display_name: 'x' }),
    await user.send('DELETE', GROUP),
  ]) {
    assert.equal(answer.status, 200)
    assert.equal(answer.text, '')
    assert.equal(answer.headers['content-type'], undefined)
  }
  refused(await user.send('DELETE', GROUP), 404, 600)
})

test('PATCH replaces the own fields: what is left out is gone', async () => {
  const { user } = await harness()
  await user.send('PATCH', GROUP, {
    display_name: 'x',
    description: 'd',
    expression: [TAG],
    tags: [{ scope: 's', tag: 't' }],
  })
  await user.send('PATCH', GROUP, { display_name: 'y', tags: [] })
  const { body } = await user.send('GET', GROUP)
  assert.deepEqual(
    [body.display_name, body.description, body.expression, body.tags, body._revision],
    ['y', undefined, undefined, [], 1],
  )
})

test('a partial patch merges, by header and by configuration', async () => {
  const { user } = await harness()
  await user.send('PATCH', GROUP, { description: 'd', expression: [TAG] })
  await user.send('PATCH', GROUP, { display_name: 'y' }, { 'nsx-enable-partial-patch': 'true' })
  assert.deepEqual((await user.send('GET', GROUP)).body.expression, [TAG])
  const config = '/policy/api/v1/system-config/nsx-partial-patch-config'
  assert.equal((await user.send('PATCH', config, { enable_partial_patch: 'true' })).status, 200)
  await user.send('PATCH', GROUP, { display_name: 'z' })
  const { body } = await user.send('GET', GROUP)
  assert.deepEqual([body.display_name, body.description, body.expression], ['z', 'd', [TAG]])
})

test('a policy keeps its rules in a PATCH and loses the unnamed ones in a PUT', async () => {
  const { user } = await harness()
  const rule = (id: string, sequence: number) => ({ id, action: 'ALLOW', sequence_number: sequence })
  await user.send('PATCH', POLICY, { category: 'Application', rules: [rule('b', 20), rule('a', 10)] })
  const first = (await user.send('GET', POLICY)).body
  assert.deepEqual(
    first.rules.map(({ id }: { id: string }) => id),
    ['a', 'b'],
    'sorted by sequence_number',
  )
  await user.send('PATCH', POLICY, { category: 'Application' })
  await user.send('PATCH', POLICY, { category: 'Application', rules: [{ ...rule('a', 30), notes: 'n' }] })
  const second = (await user.send('GET', POLICY)).body
  assert.deepEqual(
    second.rules.map((one: { id: string; _revision: number }) => [one.id, one._revision]),
    [
      ['b', 0],
      ['a', 1],
    ],
    'an untouched sibling keeps its revision',
  )
  assert.equal(second.rules[1].rule_id, first.rules[0].rule_id)
  await user.send('PUT', POLICY, { ...second, rules: [rule('c', 5)] })
  const third = (await user.send('GET', POLICY)).body
  assert.deepEqual(
    third.rules.map(({ id }: { id: string }) => id),
    ['c'],
  )
})

test('rules have calls of their own, and distinct numbers that stay', async () => {
  const { user } = await harness()
  await user.send('PATCH', POLICY, { category: 'Application' })
  const path = `${POLICY}/rules/r1`
  const made = (await user.send('PUT', path, { action: 'DROP', sequence_number: 1 })).body
  assert.equal(made.rule_id, 1_000)
  assert.deepEqual(
    [made.direction, made.ip_protocol, made.logged, made.disabled, made.parent_path],
    ['IN_OUT', 'IPV4_IPV6', false, false, '/infra/domains/default/security-policies/p'],
  )
  await user.send('PATCH', `${POLICY}/rules/r2`, { action: 'ALLOW', sequence_number: 0 })
  await user.send('PATCH', path, { action: 'ALLOW', sequence_number: 2 })
  const { body } = await user.send('GET', `${POLICY}/rules`)
  assert.deepEqual(
    body.results.map((rule: { id: string; rule_id: number; action: string }) => [
      rule.id,
      rule.rule_id,
      rule.action,
    ]),
    [
      ['r2', 1_001, 'ALLOW'],
      ['r1', 1_000, 'ALLOW'],
    ],
  )
  assert.equal((await user.send('GET', POLICY)).body._revision, 0, 'the policy itself was not edited')
  assert.equal((await user.send('DELETE', path)).status, 200)
  assert.equal((await user.send('GET', POLICY)).body.rules.length, 1)
  refused(await user.send('PATCH', `${POLICY}/rules/r`, { action: 'MAYBE' }), 400, 255, /action/)
})

test('NSX fills in a policy what nobody said, and leaves Ethernet rules without an IP protocol', async () => {
  const { user } = await harness()
  const made = (
    await user.send('PUT', POLICY, { category: 'Ethernet', rules: [{ id: 'r', action: 'ALLOW' }] })
  ).body
  assert.deepEqual([made.stateful, made.tcp_strict, made.sequence_number], [false, false, 0])
  assert.equal('ip_protocol' in made.rules[0], false)
  const other = (await user.send('PUT', `${DOMAIN}/security-policies/q`, { category: 'Application' })).body
  assert.deepEqual([other.stateful, other.tcp_strict, other.is_default, other.rules], [true, true, false, []])
})

test('references must exist, may come in the same call, and hold what they name', async () => {
  const { user } = await harness()
  const body = {
    category: 'Application',
    rules: [{ id: 'r', action: 'ALLOW', source_groups: ['/infra/domains/default/groups/web'] }],
  }
  refused(
    await user.send('PATCH', POLICY, body),
    400,
    500_012,
    /The path=\[\/infra\/domains\/default\/groups\/web\] is invalid/,
  )
  refused(await user.send('GET', POLICY), 404, 600)
  await user.send('PATCH', GROUP, { expression: [TAG] })
  assert.equal((await user.send('PATCH', POLICY, body)).status, 200)
  refused(
    await user.send('DELETE', GROUP),
    400,
    500_030,
    /cannot be deleted as either it has children or it is being referenced by other objects path=\[.*\/rules\/r\]\./,
  )
  refused(await user.send('DELETE', `${GROUP}?force=true&fail_if_subtree_exists=false`), 400, 500_030)
  assert.equal((await user.send('DELETE', POLICY)).status, 200)
  assert.equal((await user.send('DELETE', GROUP)).status, 200)
})

test('groups nest, but not in themselves', async () => {
  const { user } = await harness()
  const nest = (id: string, of: string) =>
    user.send('PATCH', `${DOMAIN}/groups/${id}`, {
      expression: [{ resource_type: 'PathExpression', paths: [`/infra/domains/default/groups/${of}`] }],
    })
  await user.send('PATCH', `${DOMAIN}/groups/a`, {})
  assert.equal((await nest('b', 'a')).status, 200)
  assert.equal((await nest('c', 'b')).status, 200)
  refused(await nest('a', 'c'), 400, 255, /member of itself/)
  refused(await nest('d', 'd'), 400, 255)
})

test('expressions come back in order, element by element; wrong ones are refused', async () => {
  const { user } = await harness()
  const or = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }
  const expression = [
    TAG,
    or,
    {
      resource_type: 'IPAddressExpression',
      ip_addresses: ['10.0.0.1', '10.1.0.0/16', '10.0.0.5-10.0.0.9'],
    },
    or,
    { resource_type: 'IPAddressExpression', ip_addresses: ['2001:DB8::1'] },
  ]
  assert.deepEqual((await user.send('PUT', GROUP, { expression })).body.expression, expression)
  for (const wrong of [
    [TAG, TAG],
    [TAG, or],
    [or],
    [{ ...TAG, operator: 'SOMEHOW' }],
    [{ ...TAG, key: 'Scope' }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.256'] }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.1'] }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1', '2001:db8::1'] }],
    [{ resource_type: 'Nonsense' }],
    'web',
  ])
    refused(await user.send('PATCH', GROUP, { expression: wrong }), 400, 255, /Field level validation errors/)
  const egress = { ...TAG, member_type: 'AntreaEgress' }
  refused(
    await user.send('PATCH', `${DOMAIN}/groups/antrea`, { group_type: ['ANTREA'], expression: [egress] }),
    400,
    255,
  )
  assert.equal((await user.send('PATCH', `${DOMAIN}/groups/generic`, { expression: [egress] })).status, 200)
})

test('predefined services are there, named by path, and cannot be changed', async () => {
  const { user } = await harness()
  const http = (await user.send('GET', '/policy/api/v1/infra/services/HTTP')).body
  assert.deepEqual(
    [http.is_default, http._system_owned, http.path, http.service_entries[0].destination_ports],
    [true, true, '/infra/services/HTTP', ['80']],
  )
  for (const name of ['HTTPS', 'SSH', 'DNS'])
    assert.equal((await user.send('GET', `/policy/api/v1/infra/services/${name}`)).body.is_default, true)
  refused(await user.send('PATCH', '/policy/api/v1/infra/services/HTTP', { service_entries: [] }), 403, 289)
  refused(await user.send('DELETE', '/policy/api/v1/infra/services/HTTP'), 403, 289)
  const { results } = (await user.send('GET', '/policy/api/v1/infra/services?default_service=false')).body
  assert.deepEqual(results, [])
})

test('service entries are written with their service and have calls of their own', async () => {
  const { user } = await harness()
  const service = '/policy/api/v1/infra/services/app'
  const entry = (id: string, port: string) => ({
    id,
    resource_type: 'L4PortSetServiceEntry',
    l4_protocol: 'TCP',
    destination_ports: [port],
    source_ports: [],
    display_name: '',
  })
  await user.send('PATCH', service, { service_entries: [entry('one', '8080')] })
  await user.send('PATCH', `${service}/service-entries/two`, entry('two', '8000-9000'))
  const made = (await user.send('GET', service)).body
  assert.deepEqual(
    made.service_entries.map((one: Record<string, unknown>) => [
      one['id'],
      one['destination_ports'],
      one['display_name'],
    ]),
    [
      ['one', ['8080'], ''],
      ['two', ['8000-9000'], ''],
    ],
  )
  const put = await user.send('PUT', service, { ...made, service_entries: [entry('three', '1')] })
  assert.deepEqual(
    put.body.service_entries.map(({ id }: { id: string }) => id),
    ['three'],
  )
  const icmp = { id: 'i', resource_type: 'ICMPTypeServiceEntry', protocol: 'ICMPv4', icmp_code: 0 }
  await user.send('PATCH', service, { service_entries: [icmp] })
  assert.equal((await user.send('GET', `${service}/service-entries/i`)).body.icmp_code, 0)
  const ranges = Array.from({ length: 8 }, (_, n) => `${n * 10 + 1}-${n * 10 + 5}`)
  refused(
    await user.send('PATCH', `${service}/service-entries/x`, {
      ...entry('x', '1'),
      destination_ports: ranges,
    }),
    400,
    255,
  )
  refused(await user.send('PATCH', `${service}/service-entries/x`, { id: 'x' }), 400, 255)
})

test('a span fills in its type, keeps its cluster and is the only one of it', async () => {
  const { user } = await harness()
  await pushPolicy(user)
  const spans = `${DOMAIN}/security-policies/web/container-cluster-span`
  const span = (await user.send('GET', `${spans}/${CLUSTER}`)).body
  assert.deepEqual(
    [span.container_cluster_type, span.container_cluster_path, span.resource_type],
    ['ANTREA', CCP_PATH, 'SecurityPolicyContainerCluster'],
  )
  refused(
    await user.send('PATCH', `${spans}/second`, { container_cluster_path: CCP_PATH }),
    400,
    255,
    /already named/,
  )
  refused(
    await user.send('PATCH', `${spans}/${CLUSTER}`, { container_cluster_path: `${CCP_PATH}x` }),
    400,
    255,
    /cannot be changed/,
  )
  refused(await user.send('PATCH', `${spans}/x`, { container_cluster_path: `${CCP_PATH}x` }), 400, 500_012)
  assert.equal((await user.send('PUT', `${spans}/${CLUSTER}`, span)).status, 200)
  assert.equal((await user.send('GET', spans)).body.result_count, 1)
  await user.send('DELETE', `${DOMAIN}/security-policies/web`)
  refused(await user.send('GET', `${spans}/${CLUSTER}`), 404, 600)
})

test('control planes: node_id is given once, the certificate may change, a span holds it unless cascaded', async () => {
  const { user } = await harness()
  const at = `/policy/api/v1${CCP_PATH.replace(CLUSTER, 'other')}`
  const made = await user.send('PUT', at, { resource_type: 'AntreaClusterControlPlane', _revision: 1 })
  assert.equal(made.status, 201)
  assert.match(made.body.node_id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(
    [made.body.resource_type, made.body.node_type],
    ['AntreaClusterControlPlane', 'ANTREA_NODE'],
  )
  const again = await user.send('PUT', at, { _revision: 0, node_id: 'mine', description: 'd' })
  assert.deepEqual([again.status, again.body.node_id, again.body._revision], [200, made.body.node_id, 1])
  assert.equal((await user.send('PATCH', at, {})).status, 405)
  refused(await user.send('PUT', `${at}2`, { certificate: 'PEM' }), 400, 255, /certificate/)
  await pushPolicy(user)
  refused(await user.send('DELETE', `/policy/api/v1${CCP_PATH}`), 400, 500_030)
  assert.equal((await user.send('DELETE', `/policy/api/v1${CCP_PATH}?cascade=true`)).status, 200)
  assert.equal(
    (await user.send('GET', `${DOMAIN}/security-policies/web/container-cluster-span`)).body.result_count,
    0,
  )
})

test('lists page by cursor without holes, and the last page has none', async () => {
  const { user } = await harness()
  for (let n = 0; n < 25; n += 1)
    await user.send('PATCH', `${DOMAIN}/groups/g${n}`, { display_name: n % 2 ? 'odd' : 'even' })
  const seen: string[] = []
  let cursor = ''
  for (let page = 0; page < 10; page += 1) {
    const { body } = await user.send(
      'GET',
      `${DOMAIN}/groups?page_size=7${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    assert.equal(body.result_count, 25)
    seen.push(...body.results.map(({ id }: { id: string }) => id))
    if (!('cursor' in body)) break
    cursor = body.cursor
    assert.match(cursor, /^(?!0000)[A-Za-z0-9_-]+$/)
    if (page === 0)
      await user
        .send('DELETE', `${DOMAIN}/groups/${seen[6]}`)
        .then(() => user.send('PATCH', `${DOMAIN}/groups/${seen[6]}`, { display_name: 'even' }))
  }
  assert.equal(new Set(seen).size, 25)
  assert.equal(seen.length, 25)
  const { body } = await user.send('GET', `${DOMAIN}/groups?sort_by=id&sort_ascending=false&page_size=2`)
  assert.deepEqual(
    [body.results.map(({ id }: { id: string }) => id), body.sort_by, body.sort_ascending],
    [['g9', 'g8'], 'id', false],
  )
  for (const query of ['page_size=1001', 'page_size=-1', 'page_size=x', 'cursor=zzz', 'cursor=c%22'])
    refused(await user.send('GET', `${DOMAIN}/groups?${query}`), 400, 255)
})

test('the list of policies counts rules when asked and has what is_default needs', async () => {
  const { user } = await harness()
  await pushPolicy(user)
  const { body } = await user.send(
    'GET',
    `${DOMAIN}/security-policies?include_rule_count=true&sort_ascending=false`,
  )
  assert.deepEqual(
    [body.results[0].rule_count, body.results[0].category, body.results[0].is_default, body.result_count],
    [1, 'Application', false, 1],
  )
})

test("unknown URLs, wrong methods and impossible ids are refused in NSX's words", async () => {
  const { user } = await harness()
  refused(await user.send('GET', '/policy/api/v1/infra/nothing'), 404, 600)
  refused(await user.send('GET', '/nowhere'), 404, 600)
  refused(await user.send('POST', GROUP, {}), 405, 255)
  refused(await user.send('GET', '/policy/api/v1/infra/domains/default/groups/%E0%A4%A'), 400, 255)
  refused(await user.send('GET', `${DOMAIN}/groups/a%2Fb`), 404, 600)
  refused(await user.send('PATCH', `${DOMAIN}/groups/a%00b`, {}), 400, 255)
  refused(await user.send('PATCH', '/policy/api/v1/infra/domains/none/groups/g', {}), 404, 600)
  refused(await user.send('PATCH', GROUP, { resource_type: 'Service' }), 400, 255)
  assert.equal((await user.send('GET', GROUP.replace('/policy/api', '/api'))).status, 404)
})

test('what a rule may do depends on the category of its policy, also when that changes', async () => {
  const { user } = await harness()
  const put = (category: string, action: string, more: object = {}) =>
    user.send('PATCH', POLICY, { category, rules: [{ id: 'r', action }], ...more })
  for (const [category, action, status] of [
    ['Application', 'JUMP_TO_APPLICATION', 400],
    ['Environment', 'JUMP_TO_APPLICATION', 200],
    ['Ethernet', 'REJECT', 400],
    ['Ethernet', 'DROP', 200],
    ['Infrastructure', 'REJECT', 200],
  ] as const)
    assert.deepEqual([category, action, (await put(category, action)).status], [category, action, status])
  assert.equal((await put('Ethernet', 'DROP', { stateful: true })).status, 400)
  await put('Environment', 'JUMP_TO_APPLICATION')
  const moved = await user.send('PATCH', POLICY, { category: 'Application' })
  assert.deepEqual([moved.status, moved.body.error_code], [400, 255])
  assert.equal((await user.send('GET', POLICY)).body.category, 'Environment')
  const rule = await user.send('PATCH', `${POLICY}/rules/r2`, { action: 'JUMP_TO_APPLICATION' })
  assert.equal(rule.status, 200)
})
