/** Search as NSX's clients ask it, tags, the tree of the hierarchical API, attributes, and limits of the API service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY, matcherOf, ONE } from '../../../src/manager/search/pattern.ts'
import { parseQuery } from '../../../src/manager/search/query.ts'
import { BASIC, CCP_PATH, CLUSTER, DOMAIN, type Harness, harness, NODE_ID, pushPolicy } from './harness.ts'

const POLICY = '/policy/api/v1'

const url = (query: string, more: Readonly<Record<string, string>> = {}, root = POLICY) =>
  `${root}/search/query?${new URLSearchParams({ query, ...more })}`

const groupsFor: Readonly<Record<string, unknown>> = {
  'web-1': { tags: [{ scope: 'nsx-op/cluster', tag: 'k8s:cl-1' }], description: 'first' },
  'web-2': { display_name: 'Name of it (odd) a/b', tags: [{ scope: 'other', tag: 'K8S:CL-1' }] },
  db: {
    display_name: 'Data',
    tags: [
      { scope: 'nsx-op/cluster', tag: 'x' },
      { scope: 'y', tag: 'k8s:cl-1' },
    ],
  },
}

async function filled(): Promise<Harness & { find(query: string): Promise<string[]> }> {
  const h = await harness()
  for (const [id, body] of Object.entries(groupsFor))
    await h.user.send('PATCH', `${DOMAIN}/groups/${id}`, body)
  await pushPolicy(h.user, 'shop')
  return {
    ...h,
    async find(query) {
      const answer = await h.user.send('GET', url(query))
      assert.equal(answer.status, 200, `${query}: ${answer.text}`)
      const { results } = answer.body as { results: { id?: string; external_id?: string }[] }
      return results.map((one) => one.id ?? String(one.external_id)).sort()
    },
  }
}

test('queries as public clients send them', async () => {
  const { find } = await filled()
  const cases: Readonly<Record<string, readonly string[]>> = {
    'resource_type:Group AND display_name:web* AND marked_for_delete:false AND parent_path:*\\/default AND path:\\/infra*':
      ['web-1'],
    'id:web\\-1 AND marked_for_delete:false AND path:\\/infra*': ['web-1'],
    'resource_type:Group AND tags.scope:nsx-op\\/cluster AND tags.tag:k8s\\:cl-1 AND marked_for_delete:false':
      ['db', 'web-1'],
    'resource_type:(SecurityPolicy OR Rule OR Group) AND path:\\/infra\\/domains\\/default\\/*': [
      'allow-http',
      'db',
      'shop',
      'shop-pods',
      'web-1',
      'web-2',
    ],
    'resource_type:clustercontrolplane AND display_name:*': [CLUSTER],
    'display_name:Name of it \\(odd\\) a\\/b* AND resource_type:Group': ['web-2'],
    'resource_type:SecurityPolicyContainerCluster AND marked_for_delete:false': [CLUSTER],
    [`resource_type:SecurityPolicyContainerCluster AND container_cluster_path:"${CCP_PATH}"`]: [CLUSTER],
    'resource_type:Service AND display_name:HTTP': ['HTTP'],
    'resource_type:ServiceEntry AND destination_ports:443': ['HTTPS'],
    'resource_type:L4PortSetServiceEntry AND destination_ports:(80 OR 443)': ['HTTP', 'HTTPS'],
  }
  for (const [query, wanted] of Object.entries(cases)) assert.deepEqual(await find(query), wanted, query)
})

test('the words and signs of the dialect', async () => {
  const { find } = await filled()
  const cases: Readonly<Record<string, readonly string[]>> = {
    'resource_type:group AND NOT tags.tag:* AND group_type:antrea': ['shop-pods'],
    'resource_type:Group AND NOT (id:web* OR id:db)': ['shop-pods'],
    'resource_type:Group -id:web* !id:db': ['shop-pods'],
    'resource_type:Group id:db': ['db'],
    'id:db OR id:web-1 AND description:none': ['db'],
    '(id:db OR id:web-1) AND description:FIRST': ['web-1'],
    'resource_type:Group AND id:web-?': ['web-1', 'web-2'],
    'resource_type:Group AND display_name:"web-*"': [],
    'resource_type:Group AND display_name:"name OF it (odd) a/b"': ['web-2'],
    'resource_type:Group AND _exists_:description': ['web-1'],
    'resource_type:Group AND _revision:[0 TO 3] AND _create_time:>=1 AND id:d*': ['db'],
    'resource_type:Group AND _revision:{0 TO *}': [],
    'resource_type:Group AND odd': ['web-2'],
    'resource_type:Rule AND disabled:false AND sequence_number:10': ['allow-http'],
    'resource_type:Group AND nothing.like.it:*': [],
  }
  for (const [query, wanted] of Object.entries(cases)) assert.deepEqual(await find(query), wanted, query)
})

test('inventory is found as well, below both roots, also by a cluster', async () => {
  const { user, cluster } = await filled()
  const query = 'resource_type:ContainerCluster AND marked_for_delete:false'
  for (const root of [POLICY, '/api/v1'])
    for (const client of [user, cluster]) {
      const answer = await client.send('GET', url(query, {}, root))
      assert.deepEqual(
        answer.body.results.map((one: { external_id: string }) => one.external_id),
        [NODE_ID],
      )
    }
})

test('pages: a decimal cursor on each, the count on each, an order that stays', async () => {
  const { user } = await harness()
  for (let n = 0; n < 7; n += 1)
    await user.send('PATCH', `${DOMAIN}/groups/g${n}`, { description: `${9 - n}` })
  const page = async (more: Readonly<Record<string, string>>) =>
    (await user.send('GET', url('resource_type:Group', { page_size: '3', ...more }))).body
  const ids = (answer: { results: { id: string }[] }) => answer.results.map(({ id }) => id)
  const [first, second, third] = [await page({}), await page({ cursor: '3' }), await page({ cursor: '6' })]
  assert.deepEqual([...ids(first), ...ids(second), ...ids(third)].sort(), [
    'g0',
    'g1',
    'g2',
    'g3',
    'g4',
    'g5',
    'g6',
  ])
  assert.deepEqual(
    [first, second, third].map((one) => [one.cursor, one.result_count]),
    [
      ['3', 7],
      ['6', 7],
      ['7', 7],
    ],
  )
  assert.deepEqual(await page({ cursor: '0' }), first)
  assert.deepEqual(ids(await page({ sort_by: 'description' })), ['g6', 'g5', 'g4'])
  assert.deepEqual(ids(await page({ sort_by: 'description', sort_ascending: 'false' })), ['g0', 'g1', 'g2'])
  const [narrow] = (await page({ included_fields: 'path,_revision' })).results
  assert.deepEqual(Object.keys(narrow).sort(), ['_revision', 'path', 'resource_type'])
})

test('what cannot be read is refused', async () => {
  const { user } = await harness()
  const wrong = [
    '',
    '   ',
    'resource_type:(Group',
    'resource_type:Group)',
    'id:"a',
    'id:',
    'id:[1 TO',
    'id:a(b',
    'AND',
    'NOT',
    '('.repeat(200),
    `id:(${Array.from({ length: 1_001 }, (_, n) => n).join(' OR ')})`,
    'x'.repeat(20_000),
  ]
  for (const query of wrong) {
    const answer = await user.send('GET', url(query))
    assert.deepEqual([answer.status, answer.body.error_code], [400, 255], query.slice(0, 40))
  }
  for (const more of [{ page_size: '1001' }, { page_size: '-1' }, { cursor: 'x' }, { cursor: '1.5' }])
    assert.equal((await user.send('GET', url('id:a', more))).status, 400)
})

test('wildcards match as if every way of matching were tried', () => {
  type Part = 'a' | 'b' | typeof ANY | typeof ONE
  const tried = (pattern: readonly Part[], text: string): boolean => {
    const [first, ...rest] = pattern
    if (first === undefined) return text === ''
    if (first === ANY) return tried(rest, text) || (text !== '' && tried(pattern, text.slice(1)))
    return text !== '' && (first === ONE || first === text[0]) && tried(rest, text.slice(1))
  }
  const part = fc.constantFrom<Part>('a', 'b', ANY, ONE)
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 7 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 }),
      (pattern, text) => {
        assert.equal(matcherOf(pattern)(text), tried(pattern, text))
      },
    ),
    { numRuns: 2_000, seed: 8 },
  )
})

test('no wildcards make a search slow', () => {
  const { query } = parseQuery(`id:${'a*'.repeat(500)}b`)
  assert.ok(query.is === 'term')
  const start = performance.now()
  assert.equal(query.test('a'.repeat(5_000)), false)
  assert.equal(query.test(`${'a'.repeat(5_000)}b`), true)
  assert.ok(performance.now() - start < 2_000)
})

test('tags in use, with their counts', async () => {
  const { user } = await filled()
  const all = await user.send('GET', `${POLICY}/infra/tags`)
  const of = (answer: typeof all) =>
    answer.body.results.map((one: Record<string, unknown>) => [
      one['scope'],
      one['tag'],
      one['tagged_objects_count'],
    ])
  assert.deepEqual(of(all), [
    ['nsx-op/cluster', 'k8s:cl-1', 1],
    ['nsx-op/cluster', 'x', 1],
    ['other', 'K8S:CL-1', 1],
    ['y', 'k8s:cl-1', 1],
  ])
  assert.deepEqual(of(await user.send('GET', `${POLICY}/infra/tags?scope=y`)), [['y', 'k8s:cl-1', 1]])
})

test('the tree below /infra: what was read can be sent, and changes nothing', async () => {
  const { user } = await filled()
  const bare = (await user.send('GET', `${POLICY}/infra`)).body
  assert.deepEqual([bare.resource_type, bare.children], ['Infra', undefined])
  const types = 'Domain;Group;SecurityPolicy;Rule;SecurityPolicyContainerCluster;Service;ServiceEntry'
  const tree = (await user.send('GET', `${POLICY}/infra?type_filter=${encodeURIComponent(types)}`)).body
  const domain = tree.children.find((one: { resource_type: string }) => one.resource_type === 'ChildDomain')
  const policy = domain.Domain.children.find((one: { id: string }) => one.id === 'shop')
  assert.deepEqual(
    policy.SecurityPolicy.children.map((one: { resource_type: string }) => one.resource_type).sort(),
    ['ChildRule', 'ChildSecurityPolicyContainerCluster'],
  )
  assert.equal((await user.send('PATCH', `${POLICY}/infra`, tree)).status, 200)
  assert.deepEqual(
    (await user.send('GET', `${POLICY}/infra?type_filter=${encodeURIComponent(types)}`)).body,
    tree,
  )
  const kinds = async (query: string) => {
    const { body, status } = await user.send('GET', `${POLICY}/infra?${query}`)
    const walk = (node: Record<string, unknown>): string[] =>
      ((node['children'] ?? []) as Record<string, unknown>[]).flatMap((child) => {
        const type = String(child['resource_type'])
        return [type, ...walk(child[type.slice('Child'.length)] as Record<string, unknown>)]
      })
    return status === 200 ? [...new Set(walk(body))] : status
  }
  assert.deepEqual(await kinds('type_filter=Rule'), ['ChildDomain', 'ChildSecurityPolicy', 'ChildRule'])
  assert.deepEqual(await kinds('filter=Type-Domain%7CGroup'), ['ChildDomain', 'ChildGroup'])
  assert.deepEqual(await kinds('filter=Type-Security.*'), [
    'ChildDomain',
    'ChildSecurityPolicy',
    'ChildSecurityPolicyContainerCluster',
  ])
  assert.deepEqual(
    await kinds('base_path=/infra/domains/default/security-policies/shop&type_filter=SecurityPolicy'),
    ['ChildDomain', 'ChildSecurityPolicy'],
  )
  assert.equal(await kinds('base_path=/infra/domains/nowhere&type_filter=Group'), 404)
  assert.equal(await kinds('filter=Type-((a%2B)%2B)'), 400)
})

test("the system's own may be put back as it was read, and not otherwise", async () => {
  const { user } = await harness()
  const path = `${POLICY}/infra/services/HTTP`
  const read = (await user.send('GET', path)).body
  assert.deepEqual((await user.send('PUT', path, read)).body, read)
  for (const changed of [
    { ...read, description: 'mine' },
    { ...read, service_entries: [] },
    { ...read, service_entries: [...read.service_entries, { ...read.service_entries[0], id: 'more' }] },
    { ...read, service_entries: [{ ...read.service_entries[0], destination_ports: ['81'] }] },
  ]) {
    const answer = await user.send('PUT', path, changed)
    assert.deepEqual([answer.status, answer.body.error_code], [403, 289])
  }
  assert.deepEqual((await user.send('GET', path)).body, read)
})

test('attributes of context profiles: the catalogue, and what users add to it', async () => {
  const { user } = await harness()
  const base = `${POLICY}/infra/context-profiles`
  const values = async (path: string) =>
    (await user.send('GET', `${base}${path}`)).body.results.flatMap(
      (one: { attributes: { value: string[] }[] }) => one.attributes.flatMap(({ value }) => value),
    )
  assert.ok((await values('/attributes?attribute_key=APP_ID')).includes('SSL'))
  const own = { key: 'DOMAIN_NAME', value: ['*.example.org'], datatype: 'STRING' }
  assert.equal((await user.send('POST', `${base}/custom-attributes/default?action=add`, own)).status, 200)
  assert.deepEqual(await values('/custom-attributes/default?attribute_key=DOMAIN_NAME'), own.value)
  assert.ok((await values('/attributes?attribute_key=DOMAIN_NAME')).includes('*.example.org'))
  assert.ok(
    !(await values('/attributes?attribute_key=DOMAIN_NAME&attribute_source=SYSTEM')).includes(
      '*.example.org',
    ),
  )
  assert.equal((await user.send('POST', `${base}/custom-attributes/default?action=remove`, own)).status, 200)
  assert.deepEqual(await values('/custom-attributes/default?attribute_key=DOMAIN_NAME'), [])
  assert.equal(
    (await user.send('PATCH', `${base}/custom-attributes`, { key: 'APP_ID', value: [] })).status,
    400,
  )
  assert.equal((await user.send('GET', `${base}/attributes?attribute_key=WHAT`)).status, 400)
})

test('limits of the API service: 429 over the rate, 503 over what may be open at once', async () => {
  const h = await harness({ rateLimits: { clientRequestsPerSecond: 3 } })
  const ask = () => h.user.send('GET', '/api/v1/node/version')
  for (let n = 0; n < 3; n += 1) assert.equal((await ask()).status, 200)
  const over = await ask()
  assert.deepEqual(
    [over.status, over.headers['retry-after'], over.body.httpStatus],
    [429, '1', 'TOO_MANY_REQUESTS'],
  )
  assert.equal((await h.cluster.send('GET', '/api/v1/node/version')).status, 200, 'each client has its own')
  await h.clock.advance(1_000)
  assert.equal((await ask()).status, 200)
  const config = (await h.cluster.send('GET', '/api/v1/cluster/api-service')).body
  assert.equal(config.client_api_rate_limit, 3)
  const lifted = { ...config, client_api_rate_limit: 0, client_api_concurrency_limit: 1 }
  assert.equal((await h.user.send('PUT', '/api/v1/cluster/api-service', lifted)).status, 200)
  assert.equal((await h.user.send('PUT', '/api/v1/cluster/api-service', lifted)).status, 412)
  for (let n = 0; n < 20; n += 1) assert.equal((await ask()).status, 200)
})

test('one client may have only so many calls open', async () => {
  const h = await harness({ rateLimits: { clientConcurrency: 2 } })
  const bodies = [Promise.withResolvers<Uint8Array>(), Promise.withResolvers<Uint8Array>()]
  const call = (body: Promise<Uint8Array>) =>
    h.manager.handler({
      method: 'PATCH',
      path: `${DOMAIN}/groups/slow`,
      query: new URLSearchParams(),
      headers: { authorization: BASIC },
      peer: { address: 'test' },
      signal: new AbortController().signal,
      body: () => body,
    })
  const open = bodies.map(({ promise }) => call(promise))
  const third = await h.user.send('GET', '/api/v1/node/version')
  assert.deepEqual([third.status, third.headers['retry-after']], [503, '1'])
  assert.equal((await h.cluster.send('GET', '/api/v1/node/version')).status, 200)
  for (const { resolve } of bodies) resolve(new TextEncoder().encode('{}'))
  assert.deepEqual(
    (await Promise.all(open)).map(({ status }) => status),
    [200, 200],
  )
  assert.equal((await h.user.send('GET', '/api/v1/node/version')).status, 200)
})
