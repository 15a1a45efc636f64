/** A translator that has seen a large set of addresses before says the very same as one that has not, for less work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import {
  createTranslator,
  type DesiredObject,
  type DesiredObjects,
  objectKey,
  type Translation,
} from '../../../src/ccp/translate/index.ts'
import { GROUP_IP_BLOCKS_MAX } from '../../../src/limits.ts'
import { Dice } from '../../oracle/dice.ts'
import { factsOf, GROUPS, group, ips, policy, rule, setOf, tag } from './objects.ts'

/** Addresses of one family that a rule holds itself, where it has to. */
const INLINE_MAX = 1_000

const SET = `${GROUPS}/set`
const PODS = `${GROUPS}/pods`

const flat = ({ groups, ...rest }: Translation) =>
  JSON.stringify({
    ...rest,
    groups: [...groups].map(([name, { children, ...more }]) => [name, { ...more, children: [...children] }]),
  })

const v4 = (n: number) => `${10 + (n >> 16)}.0.${(n >> 8) & 255}.${n & 255}`
const v6 = (n: number) => `2001:db8::${(n * 2 + 1).toString(16)}`

/** Every way in which a rule can speak of a set. */
const POLICIES: readonly DesiredObject[] = [
  policy('named', 1, [rule(1, { source_groups: [SET], scope: [PODS] })]),
  policy('out', 2, [rule(1, { direction: 'OUT', destination_groups: [SET], scope: [PODS] })]),
  policy('v4', 3, [rule(1, { source_groups: [SET], ip_protocol: 'IPV4' })]),
  policy('v6', 4, [rule(1, { source_groups: [SET], ip_protocol: 'IPV6' })]),
  policy('excluded', 5, [rule(1, { source_groups: [SET], sources_excluded: true })]),
  policy('v4-excluded', 6, [rule(1, { source_groups: [SET], sources_excluded: true, ip_protocol: 'IPV4' })]),
  policy('v6-excluded', 7, [rule(1, { source_groups: [SET], sources_excluded: true, ip_protocol: 'IPV6' })]),
  policy('scope', 8, [rule(1, { source_groups: ['ANY'], scope: [SET] })]),
  policy('own', 9, [rule(1, { source_groups: [SET, '192.0.2.1', '192.0.2.2'], ip_protocol: 'IPV4' })]),
  policy('other', 10, [rule(1, { source_groups: [PODS] })]),
]

interface Numbers {
  readonly v4: readonly number[]
  readonly v6: readonly number[]
  readonly app?: string
  /** What its unique_id ends with. */
  readonly id?: number
  readonly isGone?: boolean
}

const setAt = (numbers: Numbers): DesiredObjects =>
  setOf(
    ...(numbers.isGone === true
      ? []
      : [
          group('set', numbers.id ?? 100, [
            ips(...numbers.v4.map(v4), ...numbers.v6.map(v6)),
            ...(numbers.app === undefined
              ? []
              : [{ resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }, tag(numbers.app)]),
          ]),
        ]),
    PODS_GROUP,
    ...POLICIES,
  )

const PODS_GROUP = group('pods', 101, [tag('app|web')])
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const without = (list: readonly number[], at: number) => list.filter((_, place) => place !== at)

const EDITS: readonly ((now: Numbers, dice: Dice) => Numbers)[] = [
  (now, dice) => ({ ...now, v4: without(now.v4, dice.int(0, now.v4.length)) }),
  (now, dice) => ({ ...now, v6: without(now.v6, dice.int(0, now.v6.length)) }),
  (now, dice) => ({ ...now, v4: [...new Set([...now.v4, dice.int(0, 5_000)])] }),
  (now, dice) => ({ ...now, v6: [...new Set([...now.v6, dice.int(0, 5_000)])] }),
  (now, dice) => ({ ...now, v4: upTo(dice.pick([0, 3, INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1, 1_500])) }),
  // As many as some shards hold: with one more there are twice as many.
  (now, dice) => ({ ...now, v4: upTo(GROUP_IP_BLOCKS_MAX * dice.pick([1, 2]) - dice.int(0, 2)), v6: [] }),
  (now, dice) => ({ ...now, v6: upTo(dice.pick([0, 3, INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1, 1_500])) }),
  (now) => ({ ...now, v4: now.v4.toReversed() }),
  // Put in, put in place of another, and twice there.
  (now, dice) => ({ ...now, v4: now.v4.toSpliced(dice.int(0, now.v4.length), 0, dice.int(0, 60_000)) }),
  (now, dice) => ({ ...now, v4: now.v4.toSpliced(dice.int(0, now.v4.length), 2, dice.int(0, 60_000), 7) }),
  (now, dice) => ({ ...now, v4: [...now.v4, ...now.v4.slice(dice.int(0, 3), 4)] }),
  // 224.0.0.0 and after: multicast.
  (now, dice) => ({ ...now, v4: now.v4.toSpliced(dice.int(0, now.v4.length), 1, 214 * 65_536) }),
  (now) => ({ ...now, v4: now.v4.filter((n) => n < 214 * 65_536) }),
  (now, dice) => ({ ...now, v4: [...now.v4, ...upTo(dice.int(0, 700)).map((n) => 100_000 + n)] }),
  ({ app, ...now }) => (app === undefined ? { ...now, app: 'app|one' } : now),
  ({ id = 100, ...now }) => ({ ...now, id: id === 100 ? 102 : 100 }),
  ({ isGone = false, ...now }) => ({ ...now, isGone: !isGone }),
]

for (const families of [[4, 6], [4], [6]] as const)
  test(`sets around the limit of a rule, edited at random, in a cluster of ${families.join(' and ')}`, () => {
    const facts = factsOf('v2.7', families)
    const dice = new Dice(families.length * 10 + families[0])
    const translator = createTranslator(DEFAULT_TIERS)
    let numbers: Numbers = { v4: upTo(INLINE_MAX + 1), v6: upTo(2) }
    const results = new Set<string>()
    for (let round = 0; round < 80; round += 1) {
      const objects = setAt(numbers)
      const result = flat(translator(objects, facts))
      assert.equal(result, flat(createTranslator(DEFAULT_TIERS)(objects, facts)), `round ${round}`)
      results.add(result)
      numbers = dice.pick(EDITS)(numbers, dice)
    }
    assert.ok(results.size > 20, `${results.size} different results`)
  })

test('one address of a large set is one new shard, and no policy is made anew', () => {
  const translator = createTranslator(DEFAULT_TIERS)
  const before = translator(setAt({ v4: upTo(20_000), v6: [] }))
  const kept = new Map(
    [...setAt({ v4: upTo(20_000), v6: [] }).values()].map((one) => [objectKey(one.kind, one.path), one]),
  )
  const large = translator(kept)
  const one = group('set', 100, [ips(...upTo(19_999).map(v4))])
  const after = translator(new Map(kept).set(objectKey(one.kind, one.path), one))
  assert.deepEqual(flat(large), flat(before))
  const name = '00000000-0000-4000-8000-000000000100'
  const specs = new Set(large.groups.get(name)?.children.values())
  const fresh = [...(after.groups.get(name)?.children.values() ?? [])].filter((spec) => !specs.has(spec))
  assert.equal(fresh.length, 1)
  assert.ok(specs.size > 20, `${specs.size} shards`)
  assert.ok(after.policies.length > 0)
  for (const [at, made] of after.policies.entries()) assert.equal(made, large.policies[at])
  assert.equal(flat(after), flat(createTranslator(DEFAULT_TIERS)(setAt({ v4: upTo(19_999), v6: [] }))))
})

test('where no group changes, the groups are the same ones', () => {
  const translator = createTranslator(DEFAULT_TIERS)
  const objects = setAt({ v4: upTo(3), v6: upTo(3) })
  const before = translator(objects)
  const changed = policy('other', 10, [rule(1, { source_groups: [PODS], action: 'DROP' })])
  const next = new Map(objects).set(objectKey(changed.kind, changed.path), changed)
  const after = translator(next)
  assert.equal(after.groups, before.groups)
  assert.notEqual(flat(after), flat(before))
  assert.equal(flat(after), flat(createTranslator(DEFAULT_TIERS)(next)))
})
