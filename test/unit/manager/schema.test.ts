/** What counts as an address, and what a client may send. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENTRY, GROUP, isAddress, RULE } from '../../../src/manager/policy/schema.ts'
import { cleanJson } from '../../../src/manager/rest/index.ts'

test('addresses: IPs, CIDRs and ranges of one family', () => {
  for (const good of [
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.1-10.0.0.9',
    '::1',
    '2001:db8::/32',
    '2001:db8::1-2001:db8::9',
    '0.0.0.0/0',
  ])
    assert.equal(isAddress(good), true, good)
  for (const bad of [
    '',
    '10',
    '10.1',
    '10.0.0.0/33',
    '10.0.0.1-::1',
    '10.0.0.1-10.0.0.2-10.0.0.3',
    'host',
    '10.0.0.1/',
    '1.2.3.4.5',
    '-',
  ])
    assert.equal(isAddress(bad), false, bad)
})

test('rules: ANY stands alone, groups are paths or addresses', () => {
  const takes = (rule: object) => RULE.safeParse(rule).success
  assert.equal(takes({ source_groups: ['any'], services: ['ANY'], scope: ['ANY'] }), true)
  assert.equal(takes({ source_groups: ['/infra/domains/default/groups/a', '10.0.0.0/8'] }), true)
  assert.equal(takes({ source_groups: ['ANY', '10.0.0.0/8'] }), false)
  assert.equal(takes({ scope: ['10.0.0.0/8'] }), false)
  assert.equal(takes({ source_groups: ['nonsense'] }), false)
  assert.equal(takes({ sequence_number: -1 }), false)
  assert.equal(takes({ sequence_number: '1' }), false)
})

test('service entries: ports are strings, and a range counts as two of fifteen', () => {
  const takes = (destination_ports: unknown) =>
    ENTRY.safeParse({ resource_type: 'L4PortSetServiceEntry', l4_protocol: 'TCP', destination_ports }).success
  assert.equal(takes(Array.from({ length: 15 }, (_, n) => `${n}`)), true)
  assert.equal(takes(Array.from({ length: 16 }, (_, n) => `${n}`)), false)
  assert.equal(takes(Array.from({ length: 7 }, (_, n) => `${n}-${n + 1}`)), true)
  assert.equal(takes(Array.from({ length: 8 }, (_, n) => `${n}-${n + 1}`)), false)
  for (const bad of [[80], ['65536'], ['9-8'], ['a'], ['-1'], ['1-2-3']])
    assert.equal(takes(bad), false, String(bad))
})

test('groups: criteria are joined, at most five', () => {
  const condition = {
    resource_type: 'Condition',
    member_type: 'Pod',
    key: 'Tag',
    operator: 'EQUALS',
    value: 'a|b',
  }
  const or = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }
  const joined = (count: number) => Array.from({ length: 2 * count - 1 }, (_, n) => (n % 2 ? or : condition))
  const takes = (expression: unknown) => GROUP.safeParse({ expression }).success
  assert.deepEqual(
    [takes([]), takes(joined(1)), takes(joined(5)), takes(joined(6))],
    [true, true, true, false],
  )
  const nested = (operator: string) => [
    {
      resource_type: 'NestedExpression',
      expressions: [condition, { ...or, conjunction_operator: operator }, condition],
    },
  ]
  assert.deepEqual([takes(nested('AND')), takes(nested('OR'))], [true, false])
})

test('null is absent, deep down too; other values are kept as they are', () => {
  assert.deepEqual(cleanJson({ a: null, b: { c: null, d: [{ e: null, f: 0 }] }, g: '', h: [], i: false }), {
    b: { d: [{ f: 0 }] },
    g: '',
    h: [],
    i: false,
  })
  for (const bad of ['\ud800', [null], { a: Number.POSITIVE_INFINITY }]) assert.throws(() => cleanJson(bad))
})
