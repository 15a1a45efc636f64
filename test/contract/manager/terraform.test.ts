/** The conversation of Terraform's NSX provider as plain requests: apply, plan without difference, change, import, destroy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CCP_PATH, CLUSTER, harness, type TestClient, USER } from './harness.ts'

const POLICY = '/policy/api/v1'
const DOMAIN = `${POLICY}/infra/domains/default`

/** Logs in as the provider does: a form that is right beside basic credentials that are not; later all three at once. */
async function provider(): Promise<TestClient> {
  const h = await harness()
  const form = `j_username=${USER.name}&j_password=${encodeURIComponent(USER.password)}`
  const escaped = Buffer.from(`${USER.name}:${encodeURIComponent(USER.password)}`).toString('base64')
  const login = await h.as({}).send('POST', '/api/session/create', form, {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${escaped}`,
  })
  assert.equal(login.status, 200)
  const cookie = /^JSESSIONID=.*?;/.exec(login.headers['set-cookie'] ?? '')?.[0] ?? ''
  const client = h.as(
    {},
    {
      cookie,
      'x-xsrf-token': login.headers['x-xsrf-token'] ?? '',
      authorization: `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`,
      'vapi-ctx-opid': 'tf-1',
      'x-allow-overwrite': 'true',
    },
  )
  const version = await client.send('GET', '/api/v1/node/version')
  assert.match(version.body.node_version, /^[4-9]\.\d+\.\d+/)
  return client
}

/** A create: the id must be free, then the write, then a read that must give back what was written. */
async function apply(client: TestClient, path: string, body: Readonly<Record<string, unknown>>) {
  const before = await client.send('GET', path)
  assert.deepEqual([before.status, before.body.error_code], [404, 600])
  const written = await client.send('PATCH', path, body)
  assert.deepEqual([written.status, written.text], [200, ''], written.text)
  return noDifference(client, path, body)
}

async function noDifference(client: TestClient, path: string, body: Readonly<Record<string, unknown>>) {
  const read = await client.send('GET', path)
  assert.equal(read.status, 200)
  for (const [field, value] of Object.entries(body))
    assert.deepEqual(read.body[field], value, `${path} ${field}`)
  for (const field of [
    'id',
    'path',
    'relative_path',
    'parent_path',
    'unique_id',
    'display_name',
    '_revision',
  ])
    assert.ok(read.body[field] !== undefined, `${path} ${field}`)
  return read.body
}

const GROUP = {
  display_name: 'Web (odd) a/b',
  description: '',
  tags: [{ scope: 'tf', tag: '' }],
  group_type: ['ANTREA'],
  expression: [
    {
      resource_type: 'Condition',
      member_type: 'Pod',
      key: 'Tag',
      operator: 'EQUALS',
      value: 'dis:k8s:app|web',
    },
    { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' },
    { resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1', '10.1.0.0/16'] },
  ],
}

const entry = (id: string, port: string) => ({
  id,
  resource_type: 'L4PortSetServiceEntry',
  display_name: '',
  l4_protocol: 'TCP',
  destination_ports: [port],
  source_ports: [],
})

test('apply, plan without difference, change, import, destroy', async () => {
  const client = await provider()
  const group = `${DOMAIN}/groups/3fa0`
  const service = `${POLICY}/infra/services/9bc1`
  const made = await apply(client, group, GROUP)
  await apply(client, service, { display_name: 'app' })
  const policyBody = {
    id: 'p-1',
    resource_type: 'SecurityPolicy',
    display_name: 'shop',
    category: 'Application',
    sequence_number: 0,
    stateful: true,
    tcp_strict: false,
    locked: false,
    comments: '',
    scope: [made.path],
  }
  const rule = {
    id: 'r-1',
    resource_type: 'Rule',
    display_name: 'in',
    action: 'ALLOW',
    direction: 'IN',
    ip_protocol: 'IPV4_IPV6',
    source_groups: ['192.0.2.0/24', made.path],
    destination_groups: ['ANY'],
    services: ['/infra/services/9bc1'],
    profiles: ['ANY'],
    scope: ['ANY'],
    logged: false,
    disabled: false,
    sequence_number: 1,
  }
  const push = (...rules: object[]) =>
    client.send('PATCH', `${POLICY}/infra?enforce_revision_check=false`, {
      resource_type: 'Infra',
      children: [
        {
          resource_type: 'ChildResourceReference',
          target_type: 'Domain',
          id: 'default',
          children: [
            {
              resource_type: 'ChildSecurityPolicy',
              SecurityPolicy: {
                ...policyBody,
                children: rules.map((one) => ({ resource_type: 'ChildRule', Rule: one })),
              },
            },
          ],
        },
      ],
    })
  assert.equal((await push(rule)).status, 200)
  const policy = `${DOMAIN}/security-policies/p-1`
  const read = await noDifference(client, policy, policyBody)
  await noDifference(client, `${policy}/rules/r-1`, rule)
  assert.deepEqual(
    read.rules.map((one: { id: string }) => one.id),
    ['r-1'],
  )
  // The same again: nothing differs, nothing is bumped.
  await push(rule)
  assert.equal((await noDifference(client, policy, policyBody))._revision, read._revision)
  // A service is written again by PUT with its revision and entries of fresh ids.
  const held = (await client.send('GET', service)).body
  const entries = [entry('fresh-1', '8080'), entry('fresh-2', '8443')]
  const put = await client.send('PUT', service, { ...held, service_entries: entries })
  assert.equal(put.status, 200)
  assert.deepEqual(
    put.body.service_entries.map((one: { id: string }) => one.id),
    ['fresh-1', 'fresh-2'],
  )
  // A rule id that comes back with other content keeps nothing of the old; one that goes is marked.
  const bare = { id: 'r-1', resource_type: 'Rule', display_name: 'drop', action: 'DROP', sequence_number: 2 }
  assert.equal((await push(bare, { ...rule, id: 'r-2' })).status, 200)
  const changed = (await client.send('GET', `${policy}/rules/r-1`)).body
  assert.deepEqual([changed.action, changed.source_groups, changed.services], ['DROP', undefined, undefined])
  assert.equal((await push({ id: 'r-2', resource_type: 'Rule', marked_for_delete: true })).status, 200)
  assert.equal((await client.send('GET', `${policy}/rules/r-2`)).status, 404)
  // A group loses its criteria when they are not named.
  await client.send('PATCH', group, { display_name: 'Web', group_type: ['ANTREA'] })
  assert.equal((await client.send('GET', group)).body.expression, undefined)
  await client.send('PATCH', group, GROUP)
  // Its span; the cluster is found by name in the plain list.
  const planes = await client.send(
    'GET',
    `${POLICY}/infra/sites/default/enforcement-points/default/cluster-control-planes`,
  )
  const plane = planes.body.results.find((one: { display_name: string }) => one.display_name === CLUSTER)
  assert.deepEqual([plane.path, typeof plane.node_id], [CCP_PATH, 'string'])
  await apply(client, `${policy}/container-cluster-span/s-1`, { container_cluster_path: plane.path })
  // Import and data sources: by search, with the names as people write them.
  const search = `${POLICY}/search/query?${new URLSearchParams({
    query:
      'resource_type:Group AND display_name:Web \\(odd\\) a\\/b* AND marked_for_delete:false AND parent_path:*\\/default AND path:\\/infra*',
  })}`
  assert.deepEqual(
    (await client.send('GET', search)).body.results.map((one: { id: string }) => one.id),
    ['3fa0'],
  )
  const realized = await client.send(
    'GET',
    `${POLICY}/infra/realized-state/realized-entities?intent_path=${encodeURIComponent(made.path)}`,
  )
  assert.equal(realized.body.results[0].state, 'REALIZED')
  // Destroy: what is in use stays until its user is gone; what is gone already is no error to the provider.
  const gone = 'force=true&fail_if_subtree_exists=false'
  const inUse = await client.send('DELETE', `${group}?${gone}`)
  assert.deepEqual([inUse.status, inUse.body.error_code], [400, 500_030])
  for (const path of [policy, `${group}?${gone}`, service])
    assert.deepEqual(
      [(await client.send('DELETE', path)).status, (await client.send('GET', path)).status],
      [200, 404],
    )
  assert.equal((await client.send('DELETE', policy)).body.error_code, 600)
})

test('a context profile after a look at the catalogue; licences when they are configured', async () => {
  const client = await provider()
  const base = `${POLICY}/infra/context-profiles`
  const catalogue = await client.send('GET', `${base}/attributes?attribute_key=APP_ID`)
  const values = catalogue.body.results.flatMap((one: { attributes: { value: string[] }[] }) =>
    one.attributes.flatMap(({ value }) => value),
  )
  assert.ok(values.includes('SSH'))
  await apply(client, `${base}/cp-1`, {
    display_name: 'ssh',
    attributes: [{ key: 'APP_ID', datatype: 'STRING', value: ['SSH'], attribute_source: 'SYSTEM' }],
  })
  assert.equal((await client.send('DELETE', `${base}/cp-1?force=true`)).status, 200)
  assert.equal((await client.send('POST', '/api/v1/licenses', { license_key: '11111-22222' })).status, 200)
  assert.equal((await client.send('GET', '/api/v1/licenses')).body.results[0].license_key, '11111-22222')
  assert.equal((await client.send('POST', '/api/v1/licenses', { license_key: 'a b' })).status, 400)
  const features = (await client.send('GET', '/api/v1/licenses/licensed-features')).body
  assert.ok(features.results.every((one: { is_licensed: boolean }) => one.is_licensed))
})
