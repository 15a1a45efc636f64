/** Plans carried out on a model cluster, write by write: never wider, to rest, and then nothing more to write. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTemporaryName } from '../../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { createTranslator, type DesiredObject, type Translation } from '../../../src/ccp/translate/index.ts'
import { ModelCluster, type Pod } from './model.ts'
import { conjunction, GROUPS, group, ips, policy, rule, setOf, tag, translate, uuid } from './objects.ts'

const PODS: readonly Pod[] = ['a', 'b', 'c', 'd'].map((name, n) => ({
  name,
  namespace: n < 2 ? 'shop' : 'bank',
  labels: { app: name },
  ip: `10.0.0.${n + 1}`,
}))

const GROUP_IDS = ['g0', 'g1', 'g2'] as const
const members = fc.record({
  tags: fc.subarray(['a', 'b', 'c', 'd']),
  ips: fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.subarray(['10.0.0.1', '10.0.0.3']) },
  ),
})
const ref = fc.oneof(fc.constant('ANY'), {
  weight: 3,
  arbitrary: fc.constantFrom(...GROUP_IDS).map((id) => `${GROUPS}/${id}`),
})
/** One that only has Pods: what a rule can be applied to. */
const scopeRef = fc.oneof(
  fc.constant('ANY'),
  fc.constantFrom('g0', 'g1').map((id) => `${GROUPS}/${id}`),
)

const rules = fc.array(
  fc
    .record({
      action: fc.constantFrom('ALLOW', 'DROP', 'REJECT'),
      direction: fc.constantFrom('IN', 'OUT'),
      peer: ref,
      scope: scopeRef,
      id: fc.integer({ min: 1, max: 6 }),
    })
    .map(({ action, direction, peer, scope, id }) => ({
      ...rule(id, { action, direction, scope: [scope] }),
      [direction === 'IN' ? 'source_groups' : 'destination_groups']: [peer],
    })),
  { minLength: 1, maxLength: 3 },
)

const policies = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 4 }),
    rules: rules.map((list) => [...new Map(list.map((one) => [one['rule_id'], one])).values()]),
    category: fc.constantFrom('Emergency', 'Application'),
    sequence: fc.integer({ min: 0, max: 2 }),
  }),
  { selector: ({ id }) => id, maxLength: 4 },
)

type Members = { tags: string[]; ips: string[] }
interface State {
  readonly groups: readonly [Members, Members, Members]
  readonly policies: readonly {
    id: number
    rules: Record<string, unknown>[]
    category: string
    sequence: number
  }[]
}

const objectsOf = (state: State): DesiredObject[] => [
  ...GROUP_IDS.map((id, n) => {
    const { tags, ips: addresses } = state.groups[n]!
    const operands = [
      ...tags.map((name) => tag(`app|${name}`)),
      ...(n === 2 && addresses.length > 0 ? [ips(...addresses)] : []),
    ]
    const expression = operands.flatMap((one, at) => (at === 0 ? [one] : [conjunction('OR'), one]))
    return group(id, 100 + n, expression)
  }),
  ...state.policies.map(({ id, rules: list, category, sequence }) =>
    policy(`p${id}`, id, list, { category, sequence_number: sequence }),
  ),
]

const groups = fc.tuple(members, members, members)
const nsxState: fc.Arbitrary<State> = fc.record({ groups, policies })

/** Any two states, and those that differ in one way only: what each way needs is otherwise seldom met. */
const pairs: fc.Arbitrary<[DesiredObject[], DesiredObject[]]> = fc
  .oneof(
    fc.tuple(nsxState, nsxState),
    fc.tuple(nsxState, groups).map(([one, others]): [State, State] => [one, { ...one, groups: others }]),
    nsxState.chain((one) =>
      fc.subarray([...one.policies]).map((some): [State, State] => [one, { ...one, policies: some }]),
    ),
    nsxState.chain((one) =>
      fc.subarray([...one.policies]).map((some): [State, State] => [{ ...one, policies: some }, one]),
    ),
  )
  .map(([before, after]) => [objectsOf(before), objectsOf(after)])

/** Deletes of a few of a few are what the guard is for; here they are agreed on. */
const CONFIRMED = { confirmed: new Set(Array.from({ length: 10 }, (_, n) => uuid(n))) }

const toRest = (
  cluster: ModelCluster,
  translation: Translation,
  onWrite?: Parameters<ModelCluster['converge']>[1],
) => cluster.converge(translation, onWrite, CONFIRMED)

test('from one state to another no moment allows what both deny, and it comes to rest', () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const [from, to] = [translate(...before), translate(...after)]
      const cluster = new ModelCluster()
      toRest(cluster, from)
      const old = cluster.allowed(PODS)
      const moments: { allowed: Set<string>; step: string }[] = []
      toRest(cluster, to, (step) => {
        const { name } = ('object' in step ? step.object : step.base).metadata
        moments.push({ allowed: cluster.allowed(PODS), step: `${step.stage} ${step.kind} ${name}` })
      })
      const now = cluster.allowed(PODS)
      for (const { allowed, step } of moments)
        for (const flow of allowed)
          assert.ok(
            old.has(flow) || now.has(flow),
            `${flow} is allowed after ${step}: ${moments.map((m) => m.step).join(', ')}`,
          )
      assert.deepEqual([...cluster.policies.keys()].sort(), to.policies.map(({ name }) => name).sort())
      assert.ok(![...cluster.policies.keys()].some(isTemporaryName))
      for (const { name, spec } of to.policies) assert.deepEqual(cluster.policies.get(name)?.spec, spec)
      const used = new Set(to.policies.flatMap(({ groups }) => groups))
      const children = [...used].flatMap((name) => [...(to.groups.get(name)?.children.keys() ?? [])])
      assert.deepEqual([...cluster.groups.keys()].sort(), [...used, ...children].sort())
      assert.equal(toRest(cluster, to), 0)
    }),
    { numRuns: 800 },
  )
})

test('a plan that is given up after any write, and made anew by somebody who remembers nothing, ends the same', () => {
  fc.assert(
    fc.property(
      pairs,
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }),
      ([before, after], cuts) => {
        const [from, to] = [translate(...before), translate(...after)]
        const cluster = new ModelCluster()
        toRest(cluster, from)
        const old = cluster.allowed(PODS)
        const moments: Set<string>[] = []
        for (const cut of cuts)
          for (const step of cluster.plan(to, CONFIRMED).steps.slice(0, cut)) {
            cluster.write(step)
            moments.push(cluster.allowed(PODS))
          }
        toRest(cluster, to, () => moments.push(cluster.allowed(PODS)))
        const now = cluster.allowed(PODS)
        for (const allowed of moments)
          for (const flow of allowed) assert.ok(old.has(flow) || now.has(flow), flow)
        for (const { name, spec } of to.policies) assert.deepEqual(cluster.policies.get(name)?.spec, spec)
      },
    ),
    { numRuns: 200 },
  )
})

test('the order in which objects come makes no difference, nor does what was translated before', () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const translator = createTranslator(DEFAULT_TIERS)
      translator(setOf(...before))
      const incremental = translator(setOf(...[...after].reverse()))
      assert.deepEqual(incremental, translate(...after))
    }),
    { numRuns: 200 },
  )
})
