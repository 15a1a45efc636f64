/** Where the translation takes a shorter way, it comes to the same place as the long one. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import {
  isPlainV4,
  NOT_PLAIN,
  parseBlocks,
  plainBlock,
  plainV4,
  sortedCidrs,
} from '../../../src/ccp/translate/addresses.ts'
import { Askers } from '../../../src/ccp/translate/askers.ts'
import {
  ContextProfileBody,
  GroupBody,
  GroupMembersBody,
  PolicyBody,
  RuleBody,
  readBody,
  ServiceBody,
} from '../../../src/ccp/translate/body.ts'
import { fitsOf } from '../../../src/ccp/translate/fits.ts'
import { createTranslator, groupSpecHash, policySpecHash } from '../../../src/ccp/translate/index.ts'
import { onePort, parsePorts, plainPort } from '../../../src/ccp/translate/ports.ts'
import { canonicalJson } from '../../../src/protocol/hash.ts'
import { randomWorld, translate } from '../../oracle/exact.ts'
import { GROUPS, group, ips, nested, object, policy, rule, setOf, tag, uuid } from './objects.ts'

/** Canonical JSON as RFC 8785 says it, without any short cut. */
function reference(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => reference(item ?? null)).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const sorted = members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, member]) => `${JSON.stringify(key)}:${reference(member)}`).join()}}`
}

/** Keys that objects keep in an order of their own, or that mean something to JavaScript. */
const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'B', '10', '9', '__proto__', 'toJSON', 'constructor', 'é', '\u{1f600}', '\uffff'),
  fc.string({ unit: 'grapheme' }),
)
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    fc.oneof(fc.boolean(), fc.constant(null), fc.string({ unit: 'grapheme' })),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('any')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
  ),
})).any

test('canonical JSON is the same whether the keys came in order or not', () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = reference(value)
      assert.equal(canonicalJson(value), text)
      assert.equal(canonicalJson(JSON.parse(text)), text)
    }),
    { numRuns: 2_000 },
  )
  for (const bad of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    { '\ud800': 1 },
    [1n],
    { a: () => 1 },
    undefined,
  ])
    assert.throws(() => canonicalJson({ a: [bad] }) + canonicalJson(bad), TypeError)
})

const SCHEMAS = { ContextProfileBody, GroupBody, GroupMembersBody, PolicyBody, RuleBody, ServiceBody }
const leaves = fc.constantFrom<unknown[]>(
  null,
  undefined,
  '',
  'x',
  0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  {},
  [],
)
const fields = fc.constantFrom(
  ...['id', 'path', 'unique_id', 'marked_for_delete', 'rules', 'scope', 'sequence_number', 'expression'],
  ...['paths', 'ip_addresses', 'expressions', 'service_entries', 'attributes', 'key', 'value', 'exclude'],
  ...['destination_ports', 'icmp_type', 'services', 'logged', 'resource_type', 'sub_attributes', 'other'],
)
const bodies = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fields, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any

test('what fits at a quick look is what the schema takes, unchanged; all else is told in its words', () => {
  const fitted = new Set<string>()
  fc.assert(
    fc.property(bodies, (body) => {
      for (const [name, schema] of Object.entries(SCHEMAS)) {
        const slow = schema.safeParse(body)
        const isQuick = fitsOf(schema)(body)
        if (isQuick) fitted.add(name)
        assert.equal(isQuick, slow.success, `${name} ${JSON.stringify(body)}`)
        const read = readBody(schema as typeof RuleBody, body)
        if (slow.success) assert.deepEqual(read, { body: slow.data })
        else
          assert.deepEqual(read, {
            field: slow.error.issues[0]?.path.map(String).join('.'),
            message: slow.error.issues[0]?.message,
          })
      }
    }),
    { numRuns: 3_000 },
  )
  assert.deepEqual([...fitted].sort(), Object.keys(SCHEMAS).sort())
})

test('an IPv4 address in its usual form is found as one', () => {
  const plain = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
  const parts = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 270 }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('', '00', '01', ' 1', 'a', '1/') },
  )
  let seen = 0
  fc.assert(
    fc.property(fc.array(parts, { minLength: 3, maxLength: 5 }), (list) => {
      const text = list.join('.')
      if (plain.test(text)) seen += 1
      assert.equal(isPlainV4(text), plain.test(text), text)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(seen > 500)
})

test('the hash that comes with a translation is that of its specs', () => {
  const many = Array.from({ length: 2_500 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
  const { policies, groups } = createTranslator(DEFAULT_TIERS)(
    setOf(
      group('set', 1, [ips(...many, '2001:db8::1', '10.9.0.0/16')]),
      group('pods', 2, [tag('app|web')]),
      policy('p', 3, [rule(1, { source_groups: [`${GROUPS}/set`], scope: [`${GROUPS}/pods`] })]),
    ),
  )
  const hashOf = (value: unknown) => createHash('sha256').update(reference(value)).digest('hex')
  for (const { spec, specHash } of policies) {
    assert.equal(specHash, hashOf(spec))
    assert.equal(policySpecHash(spec), policySpecHash(structuredClone(spec)))
  }
  const children = [...groups.values()].flatMap((one) => [...one.children])
  assert.ok(policies.length === 1 && children.length > 3)
  for (const [name, spec] of children) {
    assert.equal(groupSpecHash(spec), hashOf(spec))
    assert.equal(name.slice(37), hashOf(spec).slice(0, 10))
  }
})

test('over random worlds, too, the hash of what is made is that of its canonical form', () => {
  const hashOf = (value: unknown) => createHash('sha256').update(reference(value)).digest('hex')
  let hashes = 0
  for (let seed = 1; seed <= 60; seed += 1) {
    const world = randomWorld(seed, 0)
    const { policies, groups } = translate(world.intent, world.cluster)
    for (const { spec, specHash } of policies) {
      assert.equal(specHash, hashOf(spec))
      assert.equal(specHash, policySpecHash(structuredClone(spec)), 'it is in its normal form')
    }
    for (const { children } of groups.values())
      for (const [name, spec] of children) assert.equal(name.slice(37), hashOf(spec).slice(0, 10))
    hashes += policies.length + groups.size
  }
  assert.ok(hashes > 400, `${hashes} hashes`)
})

const octets = fc.oneof(fc.constantFrom(0, 1, 2, 9, 10, 11, 19, 99, 100, 101, 199, 255), fc.nat(255))
const few = fc.constantFrom(1, 10, 11, 100, 2, 255)
const addresses = fc
  .oneof(
    fc.tuple(octets, octets, octets, octets),
    fc.tuple(fc.constant(10), fc.constantFrom(0, 1), few, octets),
  )
  .map((parts) => parts.join('.'))

test('CIDRs sorted by number stand as they do sorted by text, and so do those that have no number', () => {
  const others = fc.constantFrom('10.0.0.0/8', '2001:db8::1', '10.0.0.1/32', '::/0')
  const lists = [addresses, fc.oneof({ weight: 9, arbitrary: addresses }, { weight: 1, arbitrary: others })]
  for (const list of lists)
    fc.assert(
      fc.property(fc.uniqueArray(list, { maxLength: 60 }), (texts) => {
        const blocks = texts.flatMap((text) => {
          const address = plainV4(text)
          return address === NOT_PLAIN ? (parseBlocks(text) ?? []) : [plainBlock(text, address)]
        })
        assert.deepEqual(sortedCidrs(blocks), blocks.map(({ cidr }) => cidr).sort())
      }),
      { numRuns: 500 },
    )
})

test('an address in its usual form is told apart by its number, and its block is the one that parsing gives', () => {
  fc.assert(
    fc.property(addresses, (text) => {
      const address = plainV4(text)
      const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255)
      assert.equal(bytes.join('.'), text)
      const { family, cidr } = plainBlock(text, address)
      assert.deepEqual([{ family, cidr }], parseBlocks(text))
    }),
  )
})

test('a port in digits alone is the one that parsing gives', () => {
  const texts = fc.oneof(
    fc.constantFrom('0', '1', '00', '65535', '65536', '080', '99999'),
    fc.nat(70_000).map(String),
    fc.stringMatching(/^[0-9 x-]{0,7}$/),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const port = plainPort(text)
      const parsed = parsePorts(text)
      if (port !== undefined) assert.deepEqual(parsed, { first: port, last: port })
      else assert.ok(parsed === undefined || !/^\d+$/.test(text), text)
    }),
    { numRuns: 1_000 },
  )
  assert.deepEqual(onePort('UDP', 53), [{ port: 53, protocol: 'UDP' }])
})

test('who asked for what is known both ways, for few askers and for many', () => {
  const keys = fc.uniqueArray(fc.nat(6), { maxLength: 7 })
  const steps = fc.array(fc.tuple(fc.nat(40), keys), { minLength: 60, maxLength: 200, size: 'max' })
  let most = 0
  fc.assert(
    fc.property(steps, (all) => {
      const askers = new Askers()
      const model = new Map<string, readonly number[]>()
      for (const [who, asked] of all) {
        const path = `/p${who}`
        askers.set(path, object('Group', path, {}), new Map(asked.map((key) => [`k${key}`, 0])))
        model.set(path, asked)
      }
      for (let key = 0; key <= 6; key += 1) {
        const wanted = [...model].filter(([, asked]) => asked.includes(key)).map(([path]) => path)
        assert.deepEqual([...askers.of(`k${key}`)].map(({ path }) => path).sort(), wanted.sort())
        most = Math.max(most, wanted.length)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(most > 15, 'some keys have many askers')
})

test('a policy at the path of a group keeps it from nothing: what the group stands on is still followed', () => {
  const path = `${GROUPS}/outer`
  const set = (app: string) =>
    setOf(
      group('inner', 1, [tag(`app|${app}`)]),
      group('outer', 2, [nested(`${GROUPS}/inner`)]),
      object('SecurityPolicy', path, { ...policy('twin', 4, [rule(1)]).body }),
      policy('user', 3, [rule(1, { scope: [path] })]),
    )
  const translator = createTranslator(DEFAULT_TIERS)
  const before = set('one')
  translator(before)
  const inner = group('inner', 1, [tag('app|two')])
  const after = new Map(before).set(`Group ${inner.path}`, inner)
  const children = (made: ReturnType<typeof translator>) => [...(made.groups.get(uuid(2))?.children ?? [])]
  assert.deepEqual(children(translator(after)), children(createTranslator(DEFAULT_TIERS)(set('two'))))
})

test('a group whose path is no text in UTF-8 stops no translation, time after time', () => {
  const strange = `${GROUPS}/\ud800`
  const translator = createTranslator(DEFAULT_TIERS)
  for (const app of ['one', 'two', 'three']) {
    const odd = object('Group', strange, {
      unique_id: uuid(9),
      expression: [{ resource_type: 'Odd', id: app }],
    })
    assert.equal(translator(setOf(odd, policy('p', 1, [rule(1)]))).policies.length, 1)
  }
})
