/**
 * What NSX refuses, and what goes wrong between NSX and a cluster: each ends well, or in a sentence that says what to do.
 * Played by the manager itself, not by words put into its mouth.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdapterError } from '../../../src/errors.ts'
import { TransportError } from '../../../src/errors.ts'
import { fingerprintOf, keptOf } from '../../../src/nsx/registration/index.ts'
import type { HttpClient } from '../../../src/world/index.ts'
import { clock, createScene, keyPair, type Scene, type SceneOptions } from './registration-scene.ts'

const PI = '/api/v1/trust-management/principal-identities'
const CCP = '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes'

/** A registered cluster, and a second one that comes to the same manager. */
async function two(options: SceneOptions = {}): Promise<{ first: Scene; second: Scene }> {
  const first = createScene()
  await first.run('register')
  return { first, second: createScene({ manager: first.manager, firstKey: 5, ...options }) }
}

interface Case {
  readonly name: string
  readonly refused: RegExp
  /** Resolves with the scene that is to be refused. */
  scene(): Promise<Scene>
}

const behind =
  (seconds: number) =>
  (http: HttpClient): HttpClient => ({
    ...http,
    async request(request) {
      const answer = await http.request(request)
      return {
        ...answer,
        headers: { ...answer.headers, date: new Date(clock.now() - seconds * 1_000).toUTCString() },
      }
    },
  })

const failing =
  (error: () => Error) =>
  (http: HttpClient): HttpClient => ({
    ...http,
    request: () => Promise.reject(error()),
  })

const CASES: readonly Case[] = [
  {
    name: 'the certificate is in use by another cluster: its files were copied',
    refused:
      /^REGISTRATION_CERTIFICATE_USED: .*in use in NSX by the cluster site-1 and the principal identity site-1 \(node_id site-1\).*register again: a new key is made/,
    async scene() {
      const { first, second } = await two({ wish: { clusterName: 'site-2' } })
      const record = await first.record()
      // With another name and another certificate's CN, as who edits the files by hand.
      const pair = await keyPair('site-2', 0)
      await second.store.save({
        ...record,
        clusterName: 'site-2',
        shown: pair,
        previousCert: record.shown.cert,
        clusterId: undefined,
      })
      return second
    },
  },
  {
    name: 'the identity that is kept is that of another cluster',
    refused:
      /^REGISTRATION_OTHER_CLUSTER: .*that of the cluster site-1 .*register with --cluster-name site-1/,
    async scene() {
      const { first, second } = await two({ wish: { clusterName: 'site-2' } })
      await second.store.save(await first.record())
      return second
    },
  },
  {
    name: 'the identity that is kept is that of another Kubernetes cluster: its Secret was copied',
    refused: /^REGISTRATION_OTHER_CLUSTER: .*uid uid-1, here it is uid-2.*--take-over/,
    async scene() {
      const first = createScene({ wish: { clusterUid: 'uid-1' } })
      await first.run('register')
      const second = createScene({ manager: first.manager, wish: { clusterUid: 'uid-2' } })
      await second.store.save(await first.record())
      return second
    },
  },
  {
    name: 'the name is taken by another cluster',
    refused:
      /^REGISTRATION_NAME_TAKEN: NSX has a cluster site-1 already \(node_id [0-9a-f-]+\).*another --cluster-name.*--take-over/,
    scene: async () => (await two()).second,
  },
  {
    name: 'the name is taken by a principal identity alone',
    refused: /^REGISTRATION_NAME_TAKEN: NSX has a principal identity site-1 already/,
    async scene() {
      const { first, second } = await two()
      await first.nsx.call({ method: 'DELETE', path: `${CCP}/site-1` })
      return second
    },
  },
  {
    name: 'another cluster has the node_id',
    refused: /^REGISTRATION_NODE_ID: the node_id \S+ is that of the cluster site-1 in NSX/,
    async scene() {
      const { first } = await two()
      const { clusterId } = await first.record()
      return createScene({ manager: first.manager, firstKey: 5, wish: { clusterName: 'site-2', clusterId } })
    },
  },
  {
    name: 'NSX gave the cluster a new node_id: somebody registered it again without its old one',
    refused:
      /^REGISTRATION_NODE_ID: NSX has site-1 with the node_id \S+, but here it is \S+\. NSX never changes it: .*deregister --cluster-gone .*--cluster-id/,
    async scene() {
      const { first } = await two()
      const { _revision: _, ...cp } = await first.nsx.call<Record<string, unknown>>({
        method: 'GET',
        path: `${CCP}/site-1`,
      })
      await first.nsx.call({ method: 'DELETE', path: `${CCP}/site-1` })
      await first.nsx.call({
        method: 'PUT',
        path: `${CCP}/site-1`,
        body: { ...cp, node_id: 'another-node-id' },
      })
      return first
    },
  },
  {
    name: 'the clock of NSX is behind',
    refused: /^REGISTRATION_CLOCK: the clock of NSX is 9\d\d s behind this machine's.*NTP/,
    scene: async () => createScene({ front: behind(950) }),
  },
  {
    name: 'the clock of NSX is ahead',
    refused: /^REGISTRATION_CLOCK: the clock of NSX is 9\d\d s ahead of this machine's/,
    scene: async () => createScene({ front: behind(-950) }),
  },
  {
    name: 'NSX is not reached',
    refused: /^REGISTRATION_UNREACHABLE: .*Check --nsx-url/,
    scene: async () =>
      createScene({ front: failing(() => new TransportError('refused', 'it refuses connections')) }),
  },
  {
    name: 'what answers does not prove to be NSX',
    refused: /^REGISTRATION_UNTRUSTED: .*Nothing was sent.*--nsx-ca/,
    scene: async () =>
      createScene({ front: failing(() => new TransportError('untrusted', 'self-signed certificate')) }),
  },
  {
    name: 'the password is wrong',
    refused: /^REGISTRATION_LOGIN: .*locks accounts/,
    scene: async () => createScene({ password: 'wrong' }),
  },
  {
    name: 'who registers may not',
    refused: /^REGISTRATION_ROLE: .*Enterprise Admin/,
    async scene() {
      const { first } = await two()
      const watcher = await keyPair('watcher', 0)
      await first.nsx.call({
        method: 'POST',
        path: `${PI}/with-certificate`,
        body: { name: 'watcher', node_id: 'watcher', role: 'auditor', certificate_pem: watcher.cert },
      })
      return createScene({
        manager: first.manager,
        wish: { clusterName: 'site-2' },
        adminCertificate: watcher,
      })
    },
  },
  {
    name: 'the role of the principal identity is too small',
    refused:
      /^REGISTRATION_ROLE: the principal identity site-1 may not write the inventory: its role is too small \(auditor\)\. Run register again with --role enterprise_admin/,
    scene: async () => createScene({ wish: { roles: ['auditor'] } }),
  },
  {
    name: 'the name cannot be one in NSX',
    refused: /^REGISTRATION_NAME: /,
    scene: async () => createScene({ wish: { clusterName: 'a/b' } }),
  },
]

const words = (error: unknown) => `${(error as AdapterError).code}: ${(error as AdapterError).message}`

for (const { name, refused, scene } of CASES)
  test(`refused with what to do: ${name}`, async () => {
    const one = await scene()
    const before = [...one.writes]
    await assert.rejects(one.run('register'), (error) => {
      assert.match(words(error), refused)
      return true
    })
    // A role shows only when it is used; everything else is seen before anything is changed.
    if (!/role/.test(name))
      assert.deepEqual(
        one.writes.slice(before.length).filter((line) => !/ 40[13]$/.test(line)),
        [],
      )
  })

test('a role that was too small is replaced by the next run', async () => {
  const scene = createScene({ wish: { roles: ['auditor'] } })
  await assert.rejects(scene.run('register'))
  const again = createScene({ manager: scene.manager, wish: { roles: ['enterprise_admin'] } })
  again.store.kept = scene.store.kept
  await again.run('register')
  const { identities } = await again.observe()
  assert.deepEqual(
    identities.map(({ roles }) => roles),
    [['enterprise_admin']],
  )
  assert.deepEqual((await again.plan('register')).steps, [])
})

test('a cluster whose identity was lost takes its name over, and keeps its node_id', async () => {
  const { first, second: _ } = await two()
  const { clusterId, shown } = await first.record()
  for (const [firstKey, wish] of [
    [7, { takesOver: true }],
    [8, { clusterId }],
  ] as const) {
    const next = createScene({ manager: first.manager, firstKey, wish })
    await next.run('register')
    const record = await next.record()
    assert.equal(record.clusterId, clusterId)
    assert.notEqual(record.shown.cert, shown.cert)
    assert.equal(await next.takes(record.shown), true)
    assert.equal(await next.takes(shown), false, 'the lost certificate is taken out')
    const { identities, certificates } = await next.observe()
    assert.deepEqual([identities.length, certificates.length], [1, 1])
  }
})

test('the same Kubernetes cluster is known by its uid, without a word of a person', async () => {
  const first = createScene({ wish: { clusterUid: 'uid-1' } })
  await first.run('register')
  const { clusterId } = await first.record()
  const again = createScene({ manager: first.manager, firstKey: 3, wish: { clusterUid: 'uid-1' } })
  await again.run('register')
  assert.equal((await again.record()).clusterId, clusterId)
})

test('a cluster that was built anew takes over what its predecessor had: name, node_id and all', async () => {
  const first = createScene({ wish: { clusterUid: 'uid-1' } })
  await first.run('register')
  const { clusterId, shown } = await first.record()
  for (const isKept of [true, false]) {
    const anew = createScene({
      manager: first.manager,
      firstKey: 6,
      wish: { clusterUid: isKept ? 'uid-2' : 'uid-3', takesOver: true },
    })
    if (isKept) await anew.store.save(await first.record())
    await anew.run('register')
    assert.equal((await anew.record()).clusterId, clusterId)
    assert.equal((await anew.observe()).identities.length, 1)
    assert.equal(await anew.takes(shown), isKept, 'the identity is the kept one, or a new one alone')
    // From now on it is known without a word.
    const again = createScene({ manager: first.manager, wish: { clusterUid: anew.wish.clusterUid } })
    again.store.kept = anew.store.kept
    assert.deepEqual((await again.plan('register')).steps, [])
  }
})

test('NSX restored from a backup before the cluster was registered: register makes it again under its node_id', async () => {
  const lost = createScene()
  await lost.run('register')
  const { clusterId } = await lost.record()
  const restored = createScene()
  restored.store.kept = lost.store.kept
  await restored.run('register')
  const { controlPlanes, clusterRecords } = await restored.observe()
  assert.deepEqual(
    controlPlanes.map(({ nodeId }) => nodeId),
    [clusterId],
  )
  assert.deepEqual(
    clusterRecords.map((one) => one.clusterId),
    [clusterId],
  )
  assert.equal(await restored.takes((await restored.record()).shown), true)
})

test('NSX restored from a backup before a rotation: register gives it the certificate that is shown now', async () => {
  const now = createScene()
  await now.run('register')
  const old = await now.record()
  const fresh = { ...old, shown: await keyPair('site-1', 9) }
  now.store.kept = keptOf(fresh)
  await now.run('register')
  assert.equal(await now.takes(fresh.shown), true)
  assert.equal(await now.takes(old.shown), false)
  const { certificates } = await now.observe()
  assert.deepEqual(
    certificates.map(({ fingerprint }) => fingerprint),
    [fingerprintOf(fresh.shown.cert)],
  )
})

test('NSX restored from a backup before a deregistration: the orphan goes by its name alone', async () => {
  const { first } = await two()
  const outside = createScene({ manager: first.manager })
  await outside.run('deregister')
  const { identities, certificates, controlPlanes, clusterRecords } = await outside.observe()
  assert.deepEqual([identities, certificates, controlPlanes, clusterRecords], [[], [], [], []])
})

test('NSX keeps a certificate while an identity uses it, so the identity goes first', async () => {
  const { first } = await two()
  const [certificate] = (await first.observe()).certificates
  await assert.rejects(
    first.nsx.call({ method: 'DELETE', path: `/api/v1/trust-management/certificates/${certificate?.id}` }),
    /used by the principal identity/,
  )
  await first.run('deregister')
  assert.deepEqual((await first.observe()).certificates, [])
})

test('an identity that somebody deleted by hand is made anew for the certificate that NSX still has', async () => {
  const { first } = await two()
  const [identity] = (await first.observe()).identities
  await first.nsx.call({ method: 'DELETE', path: `${PI}/${identity?.id}` })
  await first.run('register')
  const { identities, certificates } = await first.observe()
  assert.equal(identities.length, 1)
  assert.equal(identities[0]?.certificateId, certificates[0]?.id)
})

test('a policy that spans the cluster does not hold its deregistration up', async () => {
  const { first } = await two()
  const policies = '/policy/api/v1/infra/domains/default/security-policies'
  await first.nsx.call({ method: 'PUT', path: `${policies}/web`, body: { category: 'Application' } })
  await first.nsx.call({
    method: 'PUT',
    path: `${policies}/web/container-cluster-span/here`,
    body: {
      container_cluster_path: '/infra/sites/default/enforcement-points/default/cluster-control-planes/site-1',
    },
  })
  await first.run('deregister')
  assert.deepEqual((await first.observe()).controlPlanes, [])
  const { results } = await first.nsx.call<{ results: unknown[] }>({
    method: 'GET',
    path: `${policies}/web/container-cluster-span`,
  })
  assert.deepEqual(results, [])
})

test('a manager that keeps one certificate of a cluster is rotated by its identities', async () => {
  const scene = createScene({
    front: (http) => ({
      ...http,
      // As an NSX Manager whose control planes hold one certificate alone.
      request: (request) =>
        request.method === 'PUT' && (String(request.body).match(/BEGIN CERTIFICATE/g) ?? []).length > 1
          ? Promise.resolve({
              status: 400,
              headers: {},
              body: (async function* () {
                yield Buffer.from(
                  JSON.stringify({
                    httpStatus: 'BAD_REQUEST',
                    error_code: 255,
                    error_message: 'one certificate',
                  }),
                )
              })(),
            })
          : http.request(request),
    }),
  })
  await scene.run('register')
  const old = (await scene.record()).shown
  await scene.run('rotate', 6)
  // Both identities are there until every instance shows the new one.
  assert.equal((await scene.observe()).identities.length, 2)
  await scene.run('rotate')
  const { shown } = await scene.record()
  assert.deepEqual([await scene.takes(shown), await scene.takes(old)], [true, false])
})

test('an identity that a person made under the same name is left alone by all of it', async () => {
  const scene = createScene()
  const own = await keyPair('by-hand', 0)
  await scene.nsx.call({
    method: 'POST',
    path: `${PI}/with-certificate`,
    body: { name: 'site-1', node_id: 'site-1-automation', role: 'auditor', certificate_pem: own.cert },
  })
  for (const what of ['register', 'rotate', 'register', 'deregister'] as const) await scene.run(what)
  assert.deepEqual(
    (await scene.observe()).identities.map(({ nodeId }) => nodeId),
    ['site-1-automation'],
  )
})

test('an identity of another cluster under the same name holds a registration up, and is not deleted', async () => {
  const first = createScene({ wish: { clusterUid: 'uid-1' } })
  await first.run('register')
  await first.nsx.call({ method: 'DELETE', path: `${CCP}/site-1` })
  const other = createScene({ manager: first.manager, firstKey: 4, wish: { clusterUid: 'uid-2' } })
  await assert.rejects(other.run('register'), { code: 'REGISTRATION_NAME_TAKEN' })
  await other.run('deregister')
  assert.equal((await first.observe()).identities.length, 1)
})

test('deregister does not take another cluster of the same name for its own', async () => {
  const first = createScene({ wish: { clusterUid: 'uid-1' } })
  await first.run('register')
  const before = await first.observe()
  const refused = { code: 'REGISTRATION_NAME_TAKEN' }
  const other = createScene({ manager: first.manager, wish: { clusterUid: 'uid-2' } })
  await assert.rejects(other.run('deregister'), refused)
  const withRecord = createScene({ manager: first.manager, firstKey: 4 })
  await withRecord.store.save({
    ...(await first.record()),
    clusterId: 'another-id',
    clusterUid: undefined,
    shown: await keyPair('site-1', 4),
  })
  await assert.rejects(withRecord.run('deregister'), refused)
  const after = await first.observe()
  assert.deepEqual({ ...after, aheadMs: 0 }, { ...before, aheadMs: 0 })
})
