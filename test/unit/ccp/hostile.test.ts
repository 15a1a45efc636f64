/** Whatever a body holds, the translation answers: each policy is translated, empty or held, and nothing throws. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  conjunction,
  GROUPS,
  group,
  ips,
  nested,
  POLICIES,
  policy,
  rule,
  tag,
  tcp,
  translate,
  uuid,
} from './objects.ts'

/** Without a true hash: a body that has no canonical form is refused on the wire already. */
const object = (kind: string, path: string, body: Record<string, unknown>) => ({
  kind,
  path,
  hash: 'h',
  body,
})

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    'ANY',
    '__proto__',
    'constructor',
    '\ud800',
    '10.0.0.0/8',
    '::/0',
    `${GROUPS}/g`,
    'a|b',
    '',
    -1,
    1e300,
  ),
)
/** A right body with a few of its fields made wrong. */
const spoiled = (body: Record<string, unknown>) =>
  fc
    .dictionary(
      fc.constantFrom(...Object.keys(body), 'extended_expression', 'profiles', 'rules', 'expression'),
      odd,
      { maxKeys: 3 },
    )
    .map((wrong) => ({ ...body, ...wrong }))

const RULE = rule(1, {
  source_groups: [`${GROUPS}/g`],
  service_entries: [tcp('80')],
  services: undefined,
  tag: 'x',
  logged: true,
})
const POLICY = policy('p', 10, []).body ?? {}
const GROUP = group('g', 1, []).body ?? {}
const operand = fc.oneof(
  ...[
    tag('a|b'),
    ips('10.0.0.1'),
    nested(`${GROUPS}/g`, `${GROUPS}/h`),
    conjunction('OR'),
    { resource_type: 'NestedExpression', expressions: [tag('a|b')] },
  ].map(spoiled),
)

test('hostile bodies', () => {
  fc.assert(
    fc.property(
      spoiled(POLICY),
      fc.array(spoiled(RULE), { maxLength: 3 }),
      spoiled(GROUP),
      fc.array(operand, { maxLength: 5 }),
      (policyBody, rules, groupBody, expression) => {
        const result = translate(
          object('SecurityPolicy', `${POLICIES}/p`, {
            rules,
            ...policyBody,
            ...(policyBody['rules'] === undefined ? {} : { rules }),
          }),
          policy('sound', 11, [rule(1)]),
          object('Group', `${GROUPS}/g`, { ...groupBody, expression }),
          group('h', 3, [tag('x|y')]),
        )
        const told = [...result.policies, ...result.held, ...result.empty].map(({ path }) => path)
        const isDeleted = policyBody['marked_for_delete'] === true
        assert.deepEqual(
          told.sort(),
          (isDeleted ? ['sound'] : ['p', 'sound']).map((id) => `${POLICIES}/${id}`),
        )
        for (const { spec } of result.policies)
          for (const one of [...spec.ingress, ...spec.egress]) {
            assert.ok(['Allow', 'Drop', 'Reject'].includes(one.action))
            assert.ok((one.appliedTo ?? []).length > 0)
            for (const list of [one.from, one.to, one.ports]) assert.ok(list === undefined || list.length > 0)
          }
        const sound = result.policies.some(({ name }) => name === uuid(11))
        const isTwin = String(policyBody['unique_id']).toLowerCase() === uuid(11)
        assert.ok(sound || isTwin, 'a sound policy is not touched by another one')
      },
    ),
    { numRuns: 2_000 },
  )
})
