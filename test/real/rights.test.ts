/**
 * The rights are enough and none is too many: without any one of them the adapter says which verb on which resource it
 * lacks, and everything else goes on. One control plane, one adapter in this process for each missing right.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Adapter, createAdapter } from '../../src/adapter/index.ts'
import { createHealth } from '../../src/health/index.ts'
import type { ResourceName } from '../../src/kube/resources.ts'
import { OPTIONAL, RESOURCES } from '../../src/kube/resources.ts'
import { RIGHTS, type Right, rbacManifest } from '../../src/kube/rights.ts'
import { SILENT } from '../../src/log/index.ts'
import type { HttpClient, HttpRequest } from '../../src/world/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../../src/world/real.ts'
import { GATEWAY_CRD } from '../fixtures/gateway-crd.ts'
import type { AnyJson } from './harness/api.ts'
import { podTag, rule } from './harness/nsx.ts'
import { CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 180_000 }
const NAMESPACE = 'antrea-nsx-adapter'
const CRD = '/apis/crd.antrea.io/v1beta1'
const OURS = '?labelSelector=app.kubernetes.io/managed-by=antrea-nsx-adapter'
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    const { fleet, nsx, plane } = stack
    await plane.api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', GATEWAY_CRD)
    await fleet.namespace('shop')
    await fleet.pod({ namespace: 'shop', name: 'web-1', labels: { app: 'web' }, node: 'n1', ip: '10.10.1.1' })
    await plane.api.post('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
      metadata: { name: 'by-hand' },
      spec: { podSelector: {} },
    })
    await nsx.putGroup('web', [podTag('app', 'web')])
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

type Verb = Right['verbs'][number]

interface Missing {
  readonly right: Right
  readonly verb: Verb
}

/** `list pods`, as the server says it. */
function nameOf({ right, verb }: Missing): string {
  const { plural } = RESOURCES[right.resource]
  return `${verb} ${right.subresource === undefined ? plural : `${plural}/${right.subresource}`}`
}

const ALL: readonly Missing[] = RIGHTS.flatMap((right) => right.verbs.map((verb) => ({ right, verb })))

/** Those that no case here brings about, and why. */
const OPERATION = 'is asked for operations of NSX alone'
const UNASKED: Readonly<Record<string, string>> = {
  'get namespaces': 'is asked only while the watch of namespaces is down',
  'delete leases': 'is asked two minutes after an instance is gone',
  'delete clustergroups': 'is asked half a minute after a group is used by nobody',
  ...Object.fromEntries(
    RIGHTS.filter(
      ({ resource, subresource }) =>
        subresource !== undefined || /^(configMaps|traceflows|supportBundles|.*Stats)$/.test(resource),
    ).flatMap((right) => right.verbs.map((verb) => [nameOf({ right, verb }), OPERATION])),
  ),
  'get secrets': 'is asked where the identity is kept in a Secret: registration.test.ts',
  'create serviceaccounts/token': 'is asked where the token is renewed: registration.test.ts',
}

const without = ({ right, verb }: Missing): Right[] =>
  RIGHTS.map((one) =>
    one === right ? { ...one, verbs: one.verbs.filter((each) => each !== verb) } : one,
  ).filter(({ verbs }) => verbs.length > 0)

let users = 0

interface RunOptions {
  readonly rights: readonly Right[]
  /** Before a request is sent; may answer in the server's place with a status. */
  readonly on?: (wanted: HttpRequest) => Promise<number | undefined>
}

/** An adapter with exactly these rights, under a user and a lease of its own. */
async function runWith({ rights, on }: RunOptions) {
  const { plane, nsx } = stack
  users += 1
  const name = `right-${users}`
  const { identity } = await plane.addUser(name)
  for (const object of rbacManifest({ namespace: NAMESPACE, subject: { kind: 'User', name }, rights })) {
    if (object.kind === 'Namespace') continue
    const { namespace } = object.metadata
    const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
    const named = { ...object, metadata: { ...object.metadata, name } }
    const ref = object.roleRef === undefined ? {} : { roleRef: { ...object.roleRef, name } }
    const path = `/apis/rbac.authorization.k8s.io/v1${scope}/${object.kind.toLowerCase()}s`
    await plane.api.post(path, { ...named, ...ref })
  }
  const http = createHttpClient({ origin: plane.origin, tls: { ca: plane.caPem, ...identity }, http2: true })
  const clock = createRealClock()
  const health = createHealth(clock)
  const adapter = await createAdapter({
    settings: {
      clusterId: CLUSTER.id,
      clusterName: CLUSTER.name,
      instance: name,
      lease: { namespace: NAMESPACE, name },
    },
    version: '0.0.0-test',
    kubeAccess: {
      load: async () => ({ origin: plane.origin, tls: {}, headers: () => ({}), fingerprint: name }),
    },
    connectKube: () => (on === undefined ? http : watched(http, on)),
    nsxHttp: createHttpClient({
      origin: nsx.url,
      tls: { ca: nsx.caPem, cert: nsx.cluster.identity.cert, key: nsx.cluster.identity.key },
    }),
    clock,
    random: createRealRandom(),
    log: SILENT,
    health,
  })
  adapter.start()
  return adapter
}

const watched = (http: HttpClient, on: NonNullable<RunOptions['on']>): HttpClient => ({
  origin: http.origin,
  async request(wanted) {
    const status = await on(wanted)
    if (status === undefined) return http.request(wanted)
    return { status, headers: {}, body: (async function* () {})() }
  },
  reset: () => http.reset(),
  close: () => http.close(),
})

/** A server that does not stream lists, so that `list` is asked for as well. */
const withoutStreamedLists = async ({ path }: HttpRequest) =>
  path.includes('sendInitialEvents=') ? 422 : undefined

const missingSaid = (adapter: Adapter): string =>
  adapter.status().warnings.find(({ code }) => code === 'KUBE_FORBIDDEN')?.detail ?? ''

/** Waits for the warning that names it. */
const named = (adapter: Adapter, missing: Missing) =>
  eventually(
    `it is said that it may not ${nameOf(missing)}`,
    async () => {
      const said = missingSaid(adapter)
      const { plural } = RESOURCES[missing.right.resource]
      if (new RegExp(`cannot ${missing.verb} resource "${plural}"`).test(said)) return true
      throw new Error(
        `it is ${adapter.status().role} and says: ${said}; ${JSON.stringify(adapter.status().warnings)}`,
      )
    },
    { withinMs: 30_000, everyMs: 100 },
  )

const unread = (adapter: Adapter): string[] =>
  Object.entries(adapter.status().stores).flatMap(([name, { synced, live }]) =>
    synced && live ? [] : [name],
  )

const isWatch = ({ right, verb }: Missing) =>
  right.scope === 'cluster' && right.verbs.includes('watch') && (verb === 'list' || verb === 'watch')

const AT_ONCE = 4

test('with all of them it leads, and nothing is missing', options, async () => {
  await putPolicy()
  const adapter = await runWith({ rights: RIGHTS, on: withoutStreamedLists })
  await eventually(
    'it leads and is ready',
    async () => adapter.status().ready && adapter.status().role === 'leading',
  )
  await stack.settled()
  assert.equal(missingSaid(adapter), '')
  await adapter.stop()
})

test('without one right to read: it is named, and everything else is read', options, async () => {
  const todo = ALL.filter(isWatch)
  assert.ok(todo.length > 30)
  const one = async (missing: Missing) => {
    const on = missing.verb === 'list' ? { on: withoutStreamedLists } : {}
    const adapter = await runWith({ rights: without(missing), ...on })
    try {
      await named(adapter, missing)
      await eventually(
        `only ${missing.right.resource} is not read`,
        async () => {
          assert.deepEqual(unread(adapter), [missing.right.resource], nameOf(missing))
          return true
        },
        { withinMs: 15_000, everyMs: 100 },
      )
      assert.equal(
        missingSaid(adapter)
          .split('; ')
          .filter((line) => / cannot /.test(line)).length,
        1,
      )
    } finally {
      await adapter.stop()
    }
  }
  const worker = async () => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) await one(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
})

const putPolicy = () =>
  stack.nsx.putPolicy('one', {
    category: 'Application',
    sequence_number: 1,
    scope: ['/infra/domains/default/groups/web'],
    rules: [rule({ id: 'drop', action: 'DROP', sequence: 1, direction: 'IN', peers: ['web'] })],
  })

/** Nothing of ours in the cluster, as before the first start. */
async function clear(): Promise<void> {
  const { api } = stack.plane
  for (const plural of ['clusternetworkpolicies', 'clustergroups'])
    for (
      let left = await api.get(`${CRD}/${plural}${OURS}`);
      left.items.length > 0;
      left = await api.get(`${CRD}/${plural}${OURS}`)
    )
      for (const { metadata } of left.items) await api.ask('DELETE', `${CRD}/${plural}/${metadata.name}`)
  await api.ask('DELETE', `${CRD}/tiers/nsx-category-application`)
}

/** Changes what there is, so that it has to be put back. */
async function spoil(plural: string, change: (spec: AnyJson) => void): Promise<void> {
  const { api } = stack.plane
  const [found] = (await api.get(`${CRD}/${plural}${OURS}`)).items
  change(found.spec)
  // Without its resourceVersion: Antrea writes statuses beside us.
  await api.patch(`${CRD}/${plural}/${found.metadata.name}`, { spec: found.spec })
}
const spoilPolicy = () =>
  spoil('clusternetworkpolicies', (spec) => {
    spec.ingress[0].action = 'Allow'
  })
const spoilGroup = () =>
  spoil('clustergroups', (spec) => {
    if (spec.podSelector !== undefined) spec.podSelector = { matchLabels: { app: 'other' } }
    else spec.childGroups = []
  })
/** As kept by an adapter with all its rights. */
async function settledOnce(): Promise<void> {
  const adapter = await runWith({ rights: RIGHTS })
  await eventually('the policy is there', async () => {
    const { items } = await stack.plane.api.get(`${CRD}/clusternetworkpolicies${OURS}`)
    return items.length === 1 ? true : undefined
  })
  await adapter.stop()
}

/** A foreign hand touches the object just before our PUT arrives: a conflict, after which it is read again. */
const touchedBefore = (plural: string) => async (wanted: HttpRequest) => {
  if (wanted.method !== 'PUT' || !wanted.path.startsWith(`${CRD}/${plural}/`)) return undefined
  const path = wanted.path.split('?')[0] ?? ''
  await stack.plane.api.patch(path, { metadata: { annotations: { touched: String(users) } } })
  return undefined
}

interface WriteCase {
  readonly prepare: () => Promise<void>
  readonly on?: NonNullable<RunOptions['on']>
}

const fresh: WriteCase = { prepare: clear }
const CASES: Readonly<Record<string, WriteCase>> = {
  'create tiers': fresh,
  'get tiers': fresh,
  'create clustergroups': fresh,
  'create clusternetworkpolicies': fresh,
  'update clusternetworkpolicies': { prepare: () => settledOnce().then(spoilPolicy) },
  'get clusternetworkpolicies': {
    prepare: () => settledOnce().then(spoilPolicy),
    on: touchedBefore('clusternetworkpolicies'),
  },
  'update clustergroups': { prepare: () => settledOnce().then(spoilGroup) },
  'get clustergroups': { prepare: () => settledOnce().then(spoilGroup), on: touchedBefore('clustergroups') },
  'delete clusternetworkpolicies': { prepare: () => settledOnce().then(() => stack.nsx.deletePolicy('one')) },
  'list networkpolicies': fresh,
  'get leases': fresh,
  'create leases': fresh,
  'update leases': fresh,
  'list leases': fresh,
  'get customresourcedefinitions': fresh,
}

for (const missing of ALL.filter((one) => !isWatch(one)))
  test(`without the right to ${nameOf(missing)}`, options, async (t) => {
    const unasked = UNASKED[nameOf(missing)]
    if (unasked !== undefined) return t.skip(unasked)
    const found = CASES[nameOf(missing)]
    assert.ok(found, 'a right that nothing asks for is too many')
    await putPolicy()
    await found.prepare()
    const adapter = await runWith({ rights: without(missing), ...(found.on ? { on: found.on } : {}) })
    try {
      await named(adapter, missing)
      await eventually(
        'everything is read',
        async () => {
          assert.deepEqual(unread(adapter), [], nameOf(missing))
          return true
        },
        { withinMs: 15_000, everyMs: 100 },
      )
    } finally {
      await adapter.stop()
    }
  })

test('every optional resource is among those that are read', { skip }, () => {
  const read = new Set<ResourceName>(ALL.filter(isWatch).map(({ right }) => right.resource))
  assert.deepEqual(
    [...OPTIONAL].filter((name) => !read.has(name)),
    [],
  )
})
