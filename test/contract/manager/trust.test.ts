/** Principal identities and certificates: registered, used, rotated, deleted, and what each may do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLUSTER, DOMAIN, type Harness, harness, NODE_ID, selfSigned } from './harness.ts'

const BASE = '/api/v1/trust-management'
const WITH = `${BASE}/principal-identities/with-certificate`

const identity = (name: string, pem: string, more = {}) => ({
  name,
  node_id: name,
  certificate_pem: pem,
  role: 'enterprise_admin',
  is_protected: false,
  ...more,
})

const fresh = () => {
  const notAfter = new Date(Date.UTC(2035, 0, 1))
  return selfSigned('someone', { notAfter })
}

const come = ({ as }: Harness, certificate: { fingerprint: string }) =>
  as({ certificateSha256: certificate.fingerprint, commonName: 'someone' })

const may = async (h: Harness, certificate: { fingerprint: string }) => {
  const client = come(h, certificate)
  const read = await client.send('GET', `${DOMAIN}/groups`)
  const write = await client.send('PATCH', `${DOMAIN}/groups/by-certificate`, {})
  return [read.status, write.status]
}

test('an identity comes with its certificate at once, and no longer after it is deleted', async () => {
  const h = await harness()
  const certificate = await fresh()
  assert.deepEqual(await may(h, certificate), [403, 403])
  const made = await h.user.send(
    'POST',
    WITH,
    identity('ops', certificate.cert, { tags: [{ scope: 's', tag: 't' }] }),
  )
  assert.equal(made.status, 201)
  assert.deepEqual(
    [made.body.resource_type, made.body.name, made.body.node_id, made.body.role, made.body.is_protected],
    ['PrincipalIdentity', 'ops', 'ops', 'enterprise_admin', false],
  )
  assert.equal('certificate_pem' in made.body, false)
  assert.deepEqual(await may(h, certificate), [200, 200])
  const { id } = made.body
  assert.deepEqual((await h.user.send('GET', `${BASE}/principal-identities/${id}`)).body, made.body)
  const found = await h.user.send(
    'GET',
    '/api/v1/search/query?query=resource_type:principalidentity%20AND%20tags.tag:t',
  )
  assert.deepEqual(found.body.results, [made.body])
  const again = await h.user.send('POST', WITH, identity('ops', (await fresh()).cert))
  assert.equal(again.status, 409)
  assert.equal((await h.user.send('DELETE', `${BASE}/principal-identities/${id}`)).status, 200)
  assert.deepEqual(await may(h, certificate), [403, 403])
  assert.equal((await h.user.send('GET', `${BASE}/principal-identities/${id}`)).status, 404)
  const kept = await h.user.send('GET', `${BASE}/certificates/${made.body.certificate_id}`)
  assert.equal(kept.body.category, 'UNUSED_CERTIFICATE')
})

test('a rotation: import, update_certificate, delete the old one', async () => {
  const h = await harness()
  const [old, next] = [await fresh(), await fresh()]
  const { body: made } = await h.user.send('POST', WITH, identity('ops', old.cert))
  const imported = await h.user.send('POST', `${BASE}/certificates?action=import`, {
    display_name: 'next',
    pem_encoded: next.cert,
  })
  assert.equal(imported.status, 201)
  assert.equal(imported.body.result_count, 1)
  const [certificate] = imported.body.results
  assert.deepEqual(
    [certificate.display_name, certificate.leaf_certificate_sha_256_thumbprint, certificate.has_private_key],
    ['next', next.fingerprint, false],
  )
  const early = await h.user.send('DELETE', `${BASE}/certificates/${made.certificate_id}`)
  assert.equal(early.status, 400)
  assert.match(early.body.error_message, /used by the principal identity ops/)
  const updated = await h.user.send('POST', `${BASE}/principal-identities?action=update_certificate`, {
    principal_identity_id: made.id,
    certificate_id: certificate.id,
  })
  assert.deepEqual(
    [updated.status, updated.body.certificate_id, updated.body._revision],
    [200, certificate.id, 1],
  )
  assert.deepEqual(
    [await may(h, old), await may(h, next)],
    [
      [403, 403],
      [200, 200],
    ],
  )
  assert.equal((await h.user.send('DELETE', `${BASE}/certificates/${made.certificate_id}`)).status, 200)
  assert.equal((await h.user.send('GET', `${BASE}/certificates/${made.certificate_id}`)).status, 404)
  assert.equal(
    (
      await h.user.send('POST', `${BASE}/principal-identities?action=update_certificate`, {
        principal_identity_id: made.id,
        certificate_id: made.certificate_id,
      })
    ).status,
    404,
  )
})

test('certificates are shown with their details when asked, and validated', async () => {
  const h = await harness()
  const short = await selfSigned('short', { notAfter: new Date(h.clock.now() + 60_000) })
  const { body } = await h.user.send('POST', `${BASE}/certificates?action=import`, {
    pem_encoded: short.cert,
  })
  const path = `${BASE}/certificates/${body.results[0].id}`
  const bare = (await h.user.send('GET', path)).body
  assert.equal(bare.details, undefined)
  assert.equal(bare.pem_encoded, short.cert)
  const { details } = (await h.user.send('GET', `${path}?details=true`)).body
  assert.deepEqual(
    [details[0].subject, details[0].subject_cn, details[0].not_after, details[0].is_valid],
    ['CN=short', 'short', h.clock.now() + 60_000, true],
  )
  assert.equal((await h.user.send('GET', `${path}?action=validate&usage=CLIENT`)).body.status, 'OK')
  const same = await h.user.send('POST', `${BASE}/certificates?action=import`, { pem_encoded: short.cert })
  assert.equal(same.body.results[0].id, body.results[0].id)
  assert.equal((await h.user.send('GET', `${BASE}/certificates`)).body.result_count, 1)
})

test('what each role may do: administrators all, others read', async () => {
  const h = await harness()
  const cases: readonly [object, readonly number[]][] = [
    [{ role: 'security_engineer' }, [200, 200]],
    [{ role: 'auditor' }, [200, 403]],
    [
      { role: undefined, roles_for_paths: [{ path: '/', roles: [{ role: 'enterprise_admin' }] }] },
      [200, 200],
    ],
    [
      { role: undefined, roles_for_paths: [{ path: '/', roles: [{ role: 'cluster_info_reader' }] }] },
      [200, 403],
    ],
    [
      {
        role: undefined,
        roles_for_paths: [{ path: '/orgs/default', roles: [{ role: 'enterprise_admin' }] }],
      },
      [200, 403],
    ],
  ]
  for (const [index, [more, wanted]] of cases.entries()) {
    const certificate = await fresh()
    const made = await h.user.send('POST', WITH, identity(`pi-${index}`, certificate.cert, more))
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(await may(h, certificate), wanted, JSON.stringify(more))
    const inventory = await come(h, certificate).send(
      'POST',
      `/api/v1/inventory/container/${NODE_ID}?action=updates`,
      { container_inventory_objects: [] },
    )
    assert.equal(inventory.status, wanted[1])
    assert.equal((await come(h, certificate).send('GET', '/ccp/v1')).status, 403, 'it is no cluster')
  }
})

test('an identity registers its cluster with its own certificate and then speaks for it', async () => {
  const h = await harness()
  const certificate = await selfSigned('fresh')
  await h.user.send('POST', WITH, identity('fresh', certificate.cert))
  const client = h.as({ certificateSha256: certificate.fingerprint, commonName: 'fresh' })
  assert.equal((await client.send('GET', '/ccp/v1')).status, 403)
  const path = '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes/fresh'
  const plane = await client.send('PUT', path, {
    resource_type: 'AntreaClusterControlPlane',
    _revision: 1,
    certificate: certificate.cert,
  })
  assert.equal(plane.status, 201)
  assert.equal((await client.send('GET', '/ccp/v1')).status, 200)
  const record = {
    external_id: plane.body.node_id,
    cluster_type: 'Kubernetes',
    infrastructure: { infra_type: 'KVM' },
  }
  assert.equal((await client.send('POST', '/api/v1/fabric/container-clusters', record)).status, 200)
  // Without its identity it is a cluster like others: it writes its own inventory and no policy.
  const [pi] = (await h.user.send('GET', `${BASE}/principal-identities`)).body.results
  await h.user.send('DELETE', `${BASE}/principal-identities/${pi.id}`)
  assert.equal((await client.send('GET', '/ccp/v1')).status, 200)
  assert.equal((await client.send('PATCH', `${DOMAIN}/groups/g`, {})).status, 403)
  assert.equal((await client.send('POST', '/api/v1/fabric/container-clusters', record)).status, 200)
  assert.equal(
    (await client.send('POST', '/api/v1/fabric/container-clusters', { ...record, external_id: NODE_ID }))
      .status,
    403,
  )
  await h.user.send('DELETE', path)
  assert.equal((await client.send('GET', '/ccp/v1')).status, 403)
})

test('an expired certificate is nobody; wrong identities are refused', async () => {
  const h = await harness()
  const short = await selfSigned('short', { notAfter: new Date(h.clock.now() + 60_000) })
  await h.user.send('POST', WITH, identity('short', short.cert))
  assert.deepEqual(await may(h, short), [200, 200])
  await h.clock.advance(61_000)
  assert.deepEqual(await may(h, short), [403, 403])
  const { cert } = await fresh()
  for (const wrong of [
    identity('a b', cert),
    identity('-a', cert),
    identity('ok', 'not PEM'),
    identity('ok', `${cert}`.replace('MII', '???')),
    identity('ok', cert, { role: 'Admin!' }),
    identity('ok', cert, { node_id: undefined }),
    { name: 'ok', node_id: 'ok' },
    identity('ok', short.cert),
  ])
    assert.equal((await h.user.send('POST', WITH, wrong)).status, 400, JSON.stringify(wrong).slice(0, 60))
  assert.equal(
    (await h.user.send('POST', `${BASE}/certificates?action=import`, { pem_encoded: '' })).status,
    400,
  )
  assert.equal((await h.cluster.send('POST', WITH, identity('ok', cert))).status, 403)
  assert.equal((await h.cluster.send('GET', '/api/v1/aaa/user-info')).body.user_name, CLUSTER)
})
