/**
 * Whatever came in whichever order, and was worked off in however many goes: what is computed is what follows from the
 * objects that are there, as if they had just come.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEngine, type Engine } from '../../../src/sandbox/antrea/compute/index.ts'
import type { Stored } from '../../../src/sandbox/antrea/follow.ts'
import type {
  AntreaGroup,
  AntreaPolicy,
  KubePolicy,
  Pod,
  Rule,
  Service,
  Tier,
} from '../../../src/sandbox/antrea/model.ts'
import { createSeededRandom } from '../../fakes/clock.ts'

const newEngine = () =>
  createEngine(
    {
      dirty() {},
      policySettled() {},
      groupSettled() {},
      unreadable: (error) => {
        throw error
      },
    },
    createSeededRandom(1),
  )

const [APPS, SPACES, NODES, GROUPS, POLICIES] = [
  ['web', 'db'],
  ['shop', 'bank'],
  ['n1', 'n2', 'n3'],
  ['g0', 'g1', 'g2', 'c0', 'c1'],
  ['p0', 'p1', 'p2', 'p3'],
]

const app = fc.constantFrom(...APPS)
const space = fc.constantFrom(...SPACES)
const podSelector = app.map((value) => ({ matchLabels: { app: value } }))
const namespaceSelector = space.map((value) => ({ matchLabels: { team: value } }))
const selector = fc.oneof(
  podSelector.map((one) => ({ podSelector: one })),
  namespaceSelector.map((one) => ({ namespaceSelector: one })),
)
const cidrs = fc.uniqueArray(fc.constantFrom('10.0.0.1/32', '10.1.0.0/16', '10.2.0.0/24'), { minLength: 1 })
const groupSpec = fc.oneof(
  selector,
  cidrs.map((list) => ({ ipBlocks: [...list].sort().map((cidr) => ({ cidr })) })),
  fc.constant({ serviceReference: { namespace: 'shop', name: 's' } }),
  fc
    .uniqueArray(fc.constantFrom('c0', 'c1', 'missing'), { minLength: 1 })
    .map((childGroups) => ({ childGroups })),
)
const named = fc.constantFrom(...GROUPS).map((group) => ({ group }))
const peer = fc.oneof(named, selector, fc.constant({ ipBlock: { cidr: '10.9.0.0/16' } }))
const rule: fc.Arbitrary<Rule> = fc.record({
  action: fc.constant('Allow'),
  from: fc.array(peer, { maxLength: 2 }),
  appliedTo: fc.array(fc.oneof(named, selector), { minLength: 1, maxLength: 2 }),
})

type Event = (engine: Engine, world: Past) => void

/** What was told last of each object. */
class Past {
  private readonly objects = new Map<string, Stored>()
  private count = 0

  /** Tells of an object that is another one now, or gone; the same uid while it lives. */
  tell<T extends Stored>(
    key: string,
    make: ((meta: T['metadata']) => T) | undefined,
    to: (now: T | undefined, before: T | undefined) => void,
  ): void {
    const before = this.objects.get(key) as T | undefined
    if (before === undefined && make === undefined) return
    this.count += 1
    const [, name = ''] = key.split(' ')
    const [first = '', second] = name.split('/')
    const place = second === undefined ? { name: first } : { namespace: first, name: second }
    const uid = before?.metadata.uid ?? `uid of ${key}`
    const now = make?.({ ...place, uid, resourceVersion: String(this.count), generation: this.count })
    if (now === undefined) this.objects.delete(key)
    else this.objects.set(key, now)
    to(now, before)
  }

  entries(): IterableIterator<[string, Stored]> {
    return this.objects.entries()
  }
}

/** How an engine hears of an object, by the kind in its key. */
const HEAR: Readonly<Record<string, (engine: Engine, name: string, now: unknown, before: unknown) => void>> =
  {
    pod(engine, name, now, before) {
      if (now === undefined) engine.world.pods.delete(name)
      else engine.world.pods.set(name, now as Pod)
      engine.podChanged(now as Pod | undefined, before as Pod | undefined)
    },
    namespace(engine, name, now) {
      if (now === undefined) engine.world.namespaces.delete(name)
      else engine.world.namespaces.set(name, now as Stored)
      engine.namespaceChanged(name)
    },
    service(engine, name, now) {
      if (now === undefined) engine.world.services.delete(name)
      else engine.world.services.set(name, now as Service)
      engine.serviceChanged(name)
    },
    tier(engine, name, now) {
      if (now === undefined) engine.world.tiers.delete(name)
      else engine.world.tiers.set(name, now as Tier)
      engine.tierChanged(name)
    },
    group: (engine, name, now, before) =>
      engine.groupChanged(name, now as AntreaGroup | undefined, before as AntreaGroup | undefined),
    policy: (engine, _, now, before) =>
      engine.policyChanged(now as AntreaPolicy | undefined, before as AntreaPolicy | undefined),
    kube: (engine, _, now, before) =>
      engine.kubePolicyChanged(now as KubePolicy | undefined, before as KubePolicy | undefined),
  }

const hear = (engine: Engine, key: string, now: unknown, before: unknown): void => {
  const [kind = '', name = ''] = key.split(' ')
  HEAR[kind]?.(engine, name, now, before)
}

const event =
  (key: string, fields: object | undefined): Event =>
  (engine, past) =>
    past.tell(key, fields && ((metadata) => merged(metadata, fields)), (now, before) =>
      hear(engine, key, now, before),
    )

const merged = (metadata: Stored['metadata'], fields: object): Stored => {
  const { labels, ...rest } = fields as { labels?: Record<string, string> }
  return { ...rest, metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) } }
}

const perhaps = <T extends object>(fields: fc.Arbitrary<T>) => fc.option(fields, { nil: undefined, freq: 4 })
const at = <T extends object>(keys: fc.Arbitrary<string>, fields: fc.Arbitrary<T>) =>
  fc.tuple(keys, perhaps(fields)).map(([key, found]) => event(key, found))

const pods = at(
  fc.tuple(space, fc.nat(3)).map(([namespace, n]) => `pod ${namespace}/pod${n}`),
  fc.tuple(app, fc.constantFrom(...NODES), fc.nat(200)).map(([label, nodeName, ip]) => ({
    labels: { app: label },
    spec: { nodeName },
    status: { podIP: `10.0.0.${ip}` },
  })),
)
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: pods },
  {
    weight: 1,
    arbitrary: at(
      space.map((name) => `namespace ${name}`),
      space.map((team) => ({ labels: { team } })),
    ),
  },
  {
    weight: 1,
    arbitrary: at(
      fc.constant('service shop/s'),
      app.map((label) => ({ spec: { selector: { app: label } } })),
    ),
  },
  {
    weight: 1,
    arbitrary: at(
      fc.constant('tier t'),
      fc.nat(200).map((priority) => ({ spec: { priority } })),
    ),
  },
  {
    weight: 4,
    arbitrary: at(
      fc.constantFrom(...GROUPS).map((name) => `group ${name}`),
      groupSpec.map((spec) => ({ spec })),
    ),
  },
  {
    weight: 4,
    arbitrary: at(
      fc.constantFrom(...POLICIES).map((name) => `policy ${name}`),
      fc
        .array(rule, { minLength: 1, maxLength: 3 })
        .map((ingress) => ({ spec: { tier: 't', priority: 5, ingress } })),
    ),
  },
  {
    weight: 1,
    arbitrary: at(
      space.map((namespace) => `kube ${namespace}/k`),
      podSelector.map((one) => ({ spec: { podSelector: one, ingress: [{ from: [{ podSelector: one }] }] } })),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Event>((engine) => engine.settle()) },
)

/** Everything that agents would get, in an order of its own; generations tell how often something was told. */
function picture({ policies, appliedToGroups, addressGroups }: Engine) {
  const sorted = (values: Iterable<string>) => [...values].sort()
  const groups = (store: Engine['addressGroups']) =>
    [...store.entries()]
      .map(([name, { object, span }]) => [name, object.uid, sorted(object.members.keys()), sorted(span)])
      .sort()
  return {
    policies: [...policies.entries()]
      .map(([uid, { object, span }]) => [uid, object, sorted(span)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    appliedTo: groups(appliedToGroups),
    addresses: groups(addressGroups),
  }
}

test('a history of events gives what its last objects give', () => {
  const seen = { policies: 0, members: 0, blocks: 0 }
  fc.assert(
    fc.property(fc.array(events, { minLength: 10, maxLength: 60, size: 'max' }), (history) => {
      const engine = newEngine()
      const past = new Past()
      for (const one of history) one(engine, past)
      engine.settle()
      const fresh = newEngine()
      for (const [key, object] of past.entries()) hear(fresh, key, object, undefined)
      fresh.settle()
      const found = picture(engine)
      assert.deepEqual(found, picture(fresh))
      seen.policies += found.policies.length
      seen.members += found.addresses.filter(([, , members]) => (members?.length ?? 0) > 0).length
      seen.blocks += JSON.stringify(found.policies).includes('ipBlocks') ? 1 : 0
      engine.settle()
      assert.deepEqual(picture(engine), found, 'and it stays')
    }),
    { numRuns: 400 },
  )
  assert.ok(seen.policies > 300 && seen.members > 100 && seen.blocks > 100, JSON.stringify(seen))
})
