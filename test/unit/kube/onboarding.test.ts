/** Credentials that the running adapter keeps good by itself, on a clock of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealth } from '../../../src/health/index.ts'
import type { KubeClient, KubeObject, ResourceType } from '../../../src/kube/index.ts'
import {
  applyObject,
  claimsOf,
  deleteObject,
  keepCredentials,
  kubeconfigText,
  missingObjects,
  nameOf,
  onboardingObjects,
  presentObjects,
  tokenFileOf,
} from '../../../src/kube/onboarding/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { HttpClient, HttpRequest } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const DAY_MS = 86_400_000

const tokenOf = (issuedMs: number, days: number, sub = 'system:serviceaccount:ours:adapter') => {
  const claims = { sub, iat: issuedMs / 1_000, exp: (issuedMs + days * DAY_MS) / 1_000 }
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

function scene(answer: (request: HttpRequest) => Answer) {
  const clock = createFakeClock()
  const health = createHealth(clock)
  const asked: HttpRequest[] = []
  const http: HttpClient = {
    origin: 'https://api',
    async request(request) {
      asked.push(request)
      const { status, body } = answer(request)
      return {
        status,
        headers: {},
        body: (async function* () {
          yield Buffer.from(JSON.stringify(body))
        })(),
      }
    },
    reset() {},
    close: async () => {},
  }
  const held = { token: '' }
  const stop = new AbortController()
  const warned = () => health.warnings().map(({ code }) => code)
  return {
    clock,
    asked,
    held,
    health,
    warned,
    stop,
    common: { http, clock, health, log: SILENT, signal: stop.signal },
    token: {
      where: 'the token file',
      read: () => held.token,
      write: (token: string) => {
        held.token = token
      },
    },
    async run(ms: number) {
      // Rounds are some promises deep; the clock moves in steps shorter than a period.
      for (let left = ms; left > 0; left -= 5_000) {
        await clock.advance(Math.min(5_000, left))
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
      }
    },
  }
}

test('a token is renewed when a third of its life is over, once, by its own account', async () => {
  const one = scene(() => ({ status: 201, body: { status: { token: tokenOf(one.clock.now(), 14) } } }))
  one.held.token = tokenOf(one.clock.now() - 4 * DAY_MS, 14)
  const keeping = keepCredentials({ ...one.common, token: one.token })
  await one.run(60_000)
  assert.equal(one.asked.length, 0, 'four of fourteen days')
  one.held.token = tokenOf(one.clock.now() - 5 * DAY_MS, 14)
  await one.run(60_000)
  assert.equal(one.asked.length, 1)
  assert.equal(one.asked[0]?.path, '/api/v1/namespaces/ours/serviceaccounts/adapter/token')
  assert.equal(claimsOf(one.held.token)?.issuedMs !== undefined, true)
  assert.deepEqual(one.warned(), [])
  one.stop.abort()
  await keeping
})

test('a renewal that is refused is told after ten minutes, tried each minute, and well again when it comes', async () => {
  let isRefusing = true
  const one = scene(() =>
    isRefusing
      ? { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'no' } }
      : { status: 201, body: { status: { token: tokenOf(one.clock.now(), 14) } } },
  )
  one.held.token = tokenOf(one.clock.now() - 6 * DAY_MS, 14)
  const before = one.held.token
  const keeping = keepCredentials({ ...one.common, token: one.token })
  await one.run(500_000)
  assert.deepEqual(one.warned(), [])
  assert.ok(one.asked.length >= 7 && one.asked.length <= 9, `${one.asked.length} calls in 500 s`)
  await one.run(200_000)
  assert.deepEqual(one.warned(), ['KUBE_TOKEN_RENEWAL'])
  assert.equal(one.held.token, before, 'the one in force stays')
  isRefusing = false
  await one.run(120_000)
  assert.notEqual(one.held.token, before)
  assert.deepEqual(one.warned(), [])
  one.stop.abort()
  await keeping
})

test('an answer without a token never takes the place of one', async () => {
  for (const body of [
    null,
    {},
    { status: {} },
    { status: { token: 'not-a-jwt' } },
    { status: { token: tokenOf(0, 1, 'system:node:n1') } },
  ]) {
    const one = scene(() => ({ status: 201, body }))
    one.held.token = tokenOf(one.clock.now() - 6 * DAY_MS, 14)
    const before = one.held.token
    const keeping = keepCredentials({ ...one.common, token: one.token })
    await one.run(30_000)
    assert.ok(one.asked.length > 0)
    assert.equal(one.held.token, before)
    one.stop.abort()
    await keeping
  }
})

test('the identity is taken at first and when it is another; what cannot be taken is told, and tried again', async () => {
  const one = scene(() => ({ status: 200, body: {} }))
  let texts: Readonly<Record<string, string>> | undefined = { a: '1' }
  let isBroken = false
  const taken: unknown[] = []
  const keeping = keepCredentials({
    ...one.common,
    identity: {
      secret: { where: 'the Secret', read: async () => texts },
      take: (found) => {
        if (isBroken) throw new Error('of another cluster')
        taken.push(found)
      },
    },
  })
  await one.run(60_000)
  assert.deepEqual(taken, [{ a: '1' }])
  texts = { a: '2' }
  isBroken = true
  await one.run(90_000)
  assert.deepEqual(one.warned(), ['IDENTITY_UNREAD'])
  isBroken = false
  await one.run(20_000)
  assert.deepEqual(taken, [{ a: '1' }, { a: '2' }])
  assert.deepEqual(one.warned(), [])
  texts = undefined
  await one.run(90_000)
  assert.deepEqual(one.warned(), ['IDENTITY_UNREAD'])
  one.stop.abort()
  await keeping
})

test('a kubeconfig names its token file, by its context', () => {
  const text = kubeconfigText(
    { origin: 'https://api:6443', basePath: '/k8s', tls: { ca: 'PEM', servername: 'api' } },
    'token',
  )
  assert.equal(tokenFileOf(text), 'token')
  const { clusters } = JSON.parse(text)
  assert.equal(clusters[0].cluster.server, 'https://api:6443/k8s')
  assert.equal(clusters[0].cluster['tls-server-name'], 'api')
  assert.equal(tokenFileOf(text, 'another'), undefined)
  for (const odd of ['', '{}', 'users: 3', 'contexts: [null]', 'current-context: {a: 1}'])
    assert.equal(tokenFileOf(odd), undefined, odd)
})

/** An API server's objects in memory, by kind and name. */
function memoryKube() {
  const stored = new Map<string, KubeObject>()
  const writes: string[] = []
  const keyOf = (kind: string, { name, namespace }: { name: string; namespace?: string | undefined }) =>
    `${kind} ${namespace ?? ''}/${name}`
  const keep = (verb: string, { kind }: ResourceType, object: KubeObject) => {
    writes.push(`${verb} ${keyOf(kind, object.metadata)}`)
    const kept = {
      ...object,
      metadata: { uid: 'u', resourceVersion: String(writes.length), ...object.metadata },
    }
    stored.set(keyOf(kind, object.metadata), kept)
    return kept
  }
  const kube = {
    get: async ({ kind }: ResourceType, name: string, namespace?: string) =>
      stored.get(keyOf(kind, { name, namespace })),
    create: async (type: ResourceType, object: KubeObject) => keep('create', type, object),
    replace: async (type: ResourceType, object: KubeObject) => keep('replace', type, object),
    delete: async ({ kind }: ResourceType, { metadata }: KubeObject) => {
      writes.push(`delete ${keyOf(kind, metadata)}`)
      stored.delete(keyOf(kind, metadata))
    },
  } as unknown as KubeClient
  return { kube, stored, writes }
}

test('what the adapter needs in a cluster is made once, put right where it is not, and all of it goes but the namespace', async () => {
  const { signal } = new AbortController()
  const { kube, stored, writes } = memoryKube()
  const wanted = onboardingObjects('ours')
  const missing = async () =>
    (await missingObjects(kube, wanted, signal)).map(({ object, change }) => `${change} ${nameOf(object)}`)
  assert.equal((await missing()).length, wanted.length)
  for (const { object } of await missingObjects(kube, wanted, signal)) await applyObject(kube, object, signal)
  assert.deepEqual(await missing(), [])
  assert.equal(writes[0], 'create Namespace /ours')
  assert.equal(writes[1], 'create ServiceAccount ours/antrea-nsx-adapter')

  const role = stored.get('ClusterRole /antrea-nsx-adapter')
  assert.ok(role !== undefined)
  // Of an older version, and with a label of somebody else's.
  stored.set('ClusterRole /antrea-nsx-adapter', {
    ...role,
    metadata: { ...role.metadata, labels: { theirs: 'kept' } },
    rules: [],
  } as KubeObject)
  assert.deepEqual(await missing(), ['update ClusterRole antrea-nsx-adapter'])
  const binding = stored.get('RoleBinding ours/antrea-nsx-adapter')
  assert.ok(binding !== undefined)
  stored.set('RoleBinding ours/antrea-nsx-adapter', {
    ...binding,
    roleRef: { kind: 'Role', name: 'other' },
  } as KubeObject)
  writes.length = 0
  for (const { object } of await missingObjects(kube, wanted, signal)) await applyObject(kube, object, signal)
  assert.deepEqual(writes, [
    'replace ClusterRole /antrea-nsx-adapter',
    'delete RoleBinding ours/antrea-nsx-adapter',
    'create RoleBinding ours/antrea-nsx-adapter',
  ])
  assert.deepEqual(stored.get('ClusterRole /antrea-nsx-adapter')?.metadata.labels, { theirs: 'kept' })
  assert.deepEqual(await missing(), [])

  for (const object of await presentObjects(kube, wanted, signal)) await deleteObject(kube, object, signal)
  assert.deepEqual([...stored.keys()], ['Namespace /ours'])
  assert.equal(
    writes.at(-1),
    'delete ServiceAccount ours/antrea-nsx-adapter',
    'what was made first goes last',
  )
})
