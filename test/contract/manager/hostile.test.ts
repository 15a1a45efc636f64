/** Whatever bytes come: an NSX error body, nothing changed, and the next request is answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CCP_PATH, DOMAIN, harness, NODE_ID, pushPolicy } from './harness.ts'

const WRITES: readonly (readonly ['POST' | 'PUT' | 'PATCH', string])[] = [
  ['PUT', `${DOMAIN}/groups/x`],
  ['PATCH', `${DOMAIN}/security-policies/x`],
  ['PATCH', '/policy/api/v1/infra/services/x'],
  ['PATCH', '/policy/api/v1/infra'],
  ['PUT', `/policy/api/v1${CCP_PATH}x`],
  ['POST', `/api/v1/inventory/container/${NODE_ID}?action=updates`],
  ['POST', '/api/v1/fabric/container-clusters'],
  ['POST', `/mp/v1/clusters/${NODE_ID}/operations`],
]

test('bodies that are not JSON objects', async () => {
  const { user } = await harness()
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '7',
    '"x"',
    '{"a":1}{',
    `${'['.repeat(200_000)}`,
    '{"a":1e999}',
    '{"tags":[null]}',
    '{"a":"\\ud800"}',
    '{"\\ud800":1}',
  ]
  for (const [method, path] of WRITES)
    for (const body of bodies) {
      const answer = await user.send(method, path, body)
      assert.deepEqual(
        [answer.status, answer.body.error_code],
        [400, 255],
        `${path} ${body.slice(0, 20)}: ${answer.text}`,
      )
    }
})

test('nesting beyond reason, and keys that mean something to JavaScript', async () => {
  const { user } = await harness()
  const deep = `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`
  assert.equal((await user.send('PATCH', `${DOMAIN}/groups/x`, deep)).status, 400)
  const proto =
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"description":"d"}'
  assert.equal((await user.send('PATCH', `${DOMAIN}/groups/x`, proto)).status, 200)
  assert.equal('polluted' in {}, false)
  const shown = await user.send('GET', `${DOMAIN}/groups/x`)
  assert.deepEqual([shown.body.description, shown.text.includes('__proto__')], ['d', false])
})

test('bodies over the limit', async () => {
  const { user } = await harness()
  for (const [method, path] of WRITES) {
    const answer = await user.send(method, path, `{"description":"${'x'.repeat(8 * 1024 * 1024)}"}`)
    assert.deepEqual([answer.status, answer.body.httpStatus], [413, 'PAYLOAD_TOO_LARGE'], path)
  }
})

const json = fc.jsonValue({ maxDepth: 4 })
const plausible = fc.record(
  {
    id: fc.oneof(fc.constant('x'), json),
    display_name: json,
    tags: fc.oneof(json, fc.array(fc.record({ scope: json, tag: json }))),
    expression: fc.oneof(
      json,
      fc.array(
        fc.record({
          resource_type: fc.constantFrom(
            'Condition',
            'PathExpression',
            'NestedExpression',
            'ConjunctionOperator',
            'IPAddressExpression',
          ),
          paths: json,
          expressions: json,
          ip_addresses: json,
          member_type: json,
          key: json,
        }),
      ),
    ),
    rules: fc.oneof(
      json,
      fc.array(
        fc.record({ id: json, action: json, source_groups: json, service_entries: json, services: json }),
      ),
    ),
    service_entries: fc.oneof(
      json,
      fc.array(
        fc.record({
          resource_type: fc.constantFrom('L4PortSetServiceEntry', 'NestedServiceServiceEntry', 'x'),
          destination_ports: json,
          nested_service_path: json,
        }),
      ),
    ),
    children: fc.oneof(
      json,
      fc.array(
        fc.record({
          resource_type: fc.constantFrom(
            'ChildGroup',
            'ChildService',
            'ChildResourceReference',
            'ChildDomain',
          ),
          id: json,
          Group: json,
          Service: json,
          Domain: json,
          target_type: json,
          children: json,
        }),
      ),
    ),
    container_inventory_objects: fc.oneof(
      json,
      fc.array(
        fc.record({
          object_update_type: fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 1),
          container_object: fc.record({
            resource_type: fc.constantFrom('ContainerProject', 'ContainerApplication', 'constructor'),
            external_id: json,
            tags: json,
          }),
        }),
      ),
    ),
    external_id: json,
    certificate: json,
    kind: json,
    body: json,
    scope: json,
    _revision: json,
  },
  { requiredKeys: [] },
)

test("any JSON at all is answered in NSX's words, never with 500", { timeout: 60_000 }, async () => {
  const { user, cluster } = await harness()
  await pushPolicy(user)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...WRITES), plausible, async ([method, path], body) => {
      const answer = await user.send(method, path, body)
      assert.ok(answer.status < 500, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`)
      if (answer.status >= 400) assert.equal(typeof answer.body.error_message, 'string')
    }),
    { numRuns: 600 },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('ccp', 'mp'),
      fc.constantFrom('sessions', 'status', 'health', 'requests/x/events'),
      json,
      async (channel, what, body) => {
        const answer = await cluster.send(
          'POST',
          `/${channel}/v1/clusters/${NODE_ID}/${what}`,
          JSON.stringify(body),
        )
        assert.ok(answer.status < 500, `${channel} ${what}: ${answer.text}`)
      },
    ),
    { numRuns: 300 },
  )
  assert.equal((await user.send('GET', `${DOMAIN}/security-policies/web`)).status, 200)
})

test('any path and query is answered', { timeout: 60_000 }, async () => {
  const { user } = await harness()
  const segment = fc.oneof(
    fc.constantFrom(
      'policy',
      'api',
      'v1',
      'infra',
      'domains',
      'default',
      'groups',
      'ccp',
      'mp',
      '%',
      '%2e%2e',
      '..',
      '',
      '__proto__',
      'constructor',
    ),
    fc.webSegment(),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { maxLength: 8 }),
      fc.webQueryParameters(),
      fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD', 'POST'),
      async (segments, query, method) => {
        const answer = await user.send(method as 'GET', `/${segments.join('/')}?${query}`, {})
        assert.ok(answer.status < 500, `${method} ${segments.join('/')}: ${answer.text}`)
      },
    ),
    { numRuns: 500 },
  )
})
