/** Client-go, Kubernetes' own client, against the embedded API server: informers, verbs, leader election. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Program, skip, startProgram } from './program.ts'
import { startTestServer, type TestServer } from './server.ts'

const NAMESPACE = 'kube-system'
const RESOURCES = ['pods', 'configmaps', 'clusternetworkpolicies'] as const
type ResourceName = (typeof RESOURCES)[number]
const PATHS: Readonly<Record<ResourceName, string>> = {
  pods: '/api/v1/pods',
  configmaps: '/api/v1/configmaps',
  clusternetworkpolicies: '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies',
}

const CHANGES = 3_000
const WORKERS = 4
const EQUAL_LIMIT_MS = 30_000

interface Item {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly priority?: number }
}

const keyOf = ({ metadata: { name, namespace } }: Item) =>
  namespace === undefined ? name : `${namespace}/${name}`

const wait = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))

const listed = async (server: TestServer, resource: ResourceName): Promise<readonly Item[]> =>
  (await server.admin.get<{ items: readonly Item[] }>(PATHS[resource])).items

/** Waits until nothing is about to go and an informer has seen the newest version of every object. */
async function untilEqual(server: TestServer, informers: Program, resource: ResourceName): Promise<void> {
  const deadlineMs = performance.now() + EQUAL_LIMIT_MS
  while (true) {
    const items = await listed(server, resource)
    const wanted = Object.fromEntries(items.map((item) => [keyOf(item), item.metadata.resourceVersion]))
    const found = await informers.ask<Record<string, string>>(`versions ${resource}`)
    const isGoing = items.some(({ metadata }) => metadata.deletionTimestamp !== undefined)
    if (!isGoing && isDeepStrictEqual(found, wanted)) return
    if (performance.now() > deadlineMs) {
      assert.deepEqual(found, wanted, `the ${resource} of the informer`)
      assert.fail(`${resource} that were deleted do not go`)
    }
    await wait(100)
  }
}

/** Objects by key. Go's typed objects carry neither kind nor apiVersion. */
const byKey = (items: readonly Item[], isTyped: boolean): Readonly<Record<string, Item>> =>
  Object.fromEntries(
    items.map((item) => {
      const { kind: _kind, apiVersion: _version, ...rest } = item
      return [keyOf(item), isTyped ? rest : item]
    }),
  )

/** Every object of every store, field by field. */
async function assertEqual(server: TestServer, informers: Program): Promise<void> {
  for (const resource of RESOURCES) {
    await untilEqual(server, informers, resource)
    const isTyped = resource !== 'clusternetworkpolicies'
    const [found, wanted] = [
      byKey(await informers.ask<readonly Item[]>(`store ${resource}`), isTyped),
      byKey(await listed(server, resource), isTyped),
    ]
    assert.deepEqual(found, wanted, resource)
    assert.equal((await informers.ask<{ stale: number }>(`counts ${resource}`)).stale, 0)
  }
}

/** What the network and the server do to readers meanwhile; a fixed order, so that each comes up. */
function disturbances(server: TestServer): readonly (() => unknown)[] {
  const refuse = (status: number, retryAfterSeconds?: number) => () =>
    server.api.faults.add({
      path: new RegExp(`/(${RESOURCES.join('|')})$`),
      verbs: ['list', 'watch'],
      status,
      times: 2,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  const cut = () => server.cut()
  const compact = () => server.api.compact()
  const drop = () => server.api.faults.dropWatches()
  return [cut, drop, compact, refuse(429, 1), cut, compact, drop, refuse(503), cut, compact, cut]
}

async function disturbUntil(server: TestServer, done: Promise<unknown>): Promise<number> {
  const state = { isDone: false, count: 0 }
  const note = () => {
    state.isDone = true
  }
  done.then(note, note)
  const ways = disturbances(server)
  while (!state.isDone) {
    ways[state.count % ways.length]?.()
    state.count += 1
    await wait(100)
  }
  return state.count
}

interface Churned {
  readonly values: Readonly<Record<string, number>>
  readonly changes: Readonly<Record<string, number>>
}

const numberOf = (resource: ResourceName, item: Item): number => {
  if (resource === 'pods') return Number(item.metadata.labels?.['value'])
  return Number(resource === 'configmaps' ? item.data?.['value'] : item.spec?.priority)
}

for (const { watchList, http2 } of [
  { watchList: true, http2: true },
  { watchList: false, http2: false },
]) {
  const name = `client-go's informers, WatchList ${watchList ? 'on, HTTP/2' : 'off, HTTP/1.1'}`
  describe(name, { skip }, () => {
    let server: TestServer
    let informers: Program
    let writer: Program
    before(async () => {
      server = await startTestServer({ http2 })
      writer = await startProgram('write', server.steady)
      await writer.next()
      informers = await startProgram('informers', server.shaky, [], {
        KUBE_FEATURE_WatchListClient: String(watchList),
      })
      await informers.next()
    })
    after(async () => {
      await Promise.all([informers?.stop(), writer?.stop()])
      await server?.close()
    })
    const wholeReads = (resource: ResourceName) =>
      server.reads(resource).filter(({ isWhole, isWatch }) => isWhole && isWatch === watchList).length
    const make = (resource: 'configmaps' | 'pods', object: Item) =>
      server.admin.call('POST', `/api/v1/namespaces/${NAMESPACE}/${resource}`, object)
    const configMap = (name: string) => ({ metadata: { name, namespace: NAMESPACE, resourceVersion: '' } })

    test('stores equal the server after thousands of changes, cuts, refusals and compactions', async () => {
      const changing = writer.ask<Churned>(`churn 1 ${CHANGES} ${WORKERS} ${NAMESPACE}`)
      const disturbed = await disturbUntil(server, changing)
      const { values, changes } = await changing
      server.api.faults.clear()
      assert.equal(
        Object.values(changes).reduce((sum, count) => sum + count, 0),
        CHANGES,
      )
      assert.ok(disturbed >= 11, `each disturbance came up: ${disturbed}`)
      await wait(100)
      await assertEqual(server, informers)
      const found: Record<string, number> = {}
      for (const resource of RESOURCES)
        for (const item of await listed(server, resource))
          if (item.metadata.name.startsWith('w1-'))
            found[`${resource} ${keyOf(item)}`] = numberOf(resource, item)
      assert.deepEqual(found, values)
    })

    /** Watches are refused until it is called; client-go asks again each second. */
    const refuseWatches = () => server.api.faults.add({ verbs: ['watch'], status: 429, retryAfterSeconds: 1 })

    test('not one change is lost at a cut connection, and no collection is read anew', async () => {
      // Newer than every compaction before.
      await writer.ask(`churn 2 300 1 ${NAMESPACE}`)
      await assertEqual(server, informers)
      const whole = () => RESOURCES.map(wholeReads)
      const before = whole()
      for (let round = 0; round < 3; round += 1) {
        const heal = refuseWatches()
        server.cut()
        await writer.ask(`churn ${3 + round} 24 1 ${NAMESPACE}`)
        heal()
        await assertEqual(server, informers)
      }
      assert.deepEqual(whole(), before)
    })

    test('after a compaction a watch gets 410, and everything is read again', async () => {
      const before = wholeReads('configmaps')
      const heal = refuseWatches()
      server.cut()
      await make('configmaps', configMap('before-a-compaction'))
      server.api.compact()
      heal()
      await assertEqual(server, informers)
      assert.equal(wholeReads('configmaps'), before + 1)
    })

    test('whole reads are of the kind that was asked for', () => {
      const protobufFirst = /^application\/vnd\.kubernetes\.protobuf/
      for (const resource of RESOURCES) {
        const isTyped = resource !== 'clusternetworkpolicies'
        const whole = server
          .reads(resource)
          .filter(({ accept, isWhole }) => isWhole && protobufFirst.test(accept) === isTyped)
        assert.equal(whole[0]?.isWatch, watchList, resource)
        // With WatchList a reader that is refused goes back to lists for once.
        if (!watchList) assert.ok(!whole.some(({ isWatch }) => isWatch), resource)
      }
    })
  })
}

describe("client-go's typed verbs", { skip }, () => {
  let server: TestServer
  let writer: Program
  before(async () => {
    server = await startTestServer({ http2: true })
    writer = await startProgram('write', server.steady)
    await writer.next()
  })
  after(async () => {
    await writer?.stop()
    await server?.close()
  })
  test('each check passes', async (context) => {
    const names = await writer.ask<readonly string[]>(`check all ${NAMESPACE}`)
    assert.ok(names.length >= 7)
    for (const [at, name] of names.entries())
      await context.test(name, async () => {
        assert.deepEqual(await writer.ask(`check ${at} ${NAMESPACE}`), { passed: name })
      })
  })
})

describe("client-go's leader election", { skip }, () => {
  let server: TestServer
  const candidates: Program[] = []
  before(async () => {
    server = await startTestServer({ http2: true })
  })
  after(async () => {
    await Promise.all(candidates.map((one) => one.stop()))
    await server?.close()
  })
  interface ElectionEvent {
    readonly event: 'leads' | 'stopped' | 'sees' | 'resigns'
    readonly who: string
  }
  const join = async (identity: string, kubeconfig: string): Promise<Program> => {
    const one = await startProgram('elect', kubeconfig, [`${NAMESPACE}/election`, identity])
    candidates.push(one)
    return one
  }
  /** Reads events until this one. */
  const until = async (one: Program, event: ElectionEvent['event'], who: string): Promise<void> => {
    while (true) {
      const said = await one.next<ElectionEvent>(15_000)
      if (said.event === event && said.who === who) return
      assert.ok(
        said.event === 'sees' || said.event === 'leads',
        `${event} of ${who}: ${JSON.stringify(said)}`,
      )
    }
  }
  const lease = () => server.api.get('leases.coordination.k8s.io', 'election', NAMESPACE)?.['spec']
  const LEASE_MS = 3_000
  const RETRY_MS = 300

  test('one leads; it keeps the lease through cuts; it hands it over; of a killed one it runs out', async () => {
    const one = await join('one', server.shaky)
    await until(one, 'leads', 'one')
    const two = await join('two', server.steady)
    await until(two, 'sees', 'one')
    for (let cuts = 0; cuts < 8; cuts += 1) {
      server.cut()
      await wait(RETRY_MS)
    }
    assert.equal((lease() as { holderIdentity: string }).holderIdentity, 'one')
    const resignedMs = performance.now()
    one.send('resign')
    await until(one, 'resigns', 'one')
    await until(one, 'stopped', 'one')
    await until(two, 'leads', 'two')
    assert.ok(performance.now() - resignedMs < LEASE_MS, 'a lease that is given back is not waited for')
    const three = await join('three', server.steady)
    await until(three, 'sees', 'two')
    const killedMs = performance.now()
    await two.kill()
    await until(three, 'leads', 'three')
    const tookMs = performance.now() - killedMs
    assert.ok(tookMs > LEASE_MS - 4 * RETRY_MS, `a lease that is not given back is waited for: ${tookMs} ms`)
    assert.deepEqual(
      (({ holderIdentity, leaseTransitions, leaseDurationSeconds }) => ({
        holderIdentity,
        leaseTransitions,
        leaseDurationSeconds,
      }))(lease() as Record<'holderIdentity' | 'leaseTransitions' | 'leaseDurationSeconds', unknown>),
      { holderIdentity: 'three', leaseTransitions: 2, leaseDurationSeconds: LEASE_MS / 1_000 },
    )
  })
})
