/** What an ANTREA group may hold, and how much any group may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN, harness } from './harness.ts'

const condition = (member_type: string, key: string, operator: string, more = {}) => ({
  resource_type: 'Condition',
  member_type,
  key,
  operator,
  value: 'v',
  ...more,
})
const join = (conjunction_operator: string) => ({
  resource_type: 'ConjunctionOperator',
  conjunction_operator,
})
const all = (...conditions: readonly unknown[]) => ({
  resource_type: 'NestedExpression',
  expressions: conditions.flatMap((one, index) => (index === 0 ? [one] : [join('AND'), one])),
})
const any = (...criteria: readonly unknown[]) =>
  criteria.flatMap((one, index) => (index === 0 ? [one] : [join('OR'), one]))
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

const POD = condition('Pod', 'Tag', 'EQUALS')
const NAMESPACE = condition('Namespace', 'Name', 'EQUALS')
const SERVICE = condition('Service', 'Name', 'EQUALS')

const ALLOWED: Readonly<Record<string, readonly unknown[]>> = {
  nothing: [],
  'Pods by tag': [POD],
  'Pods without a tag': [condition('Pod', 'Tag', 'NOTEQUALS')],
  'Namespaces by name or tag': any(NAMESPACE, condition('Namespace', 'Tag', 'NOTEQUALS')),
  'Pods of a Namespace': [all(NAMESPACE, POD)],
  'a Service of a Namespace': [all(NAMESPACE, SERVICE)],
  'a Service or Pods': any(all(NAMESPACE, SERVICE), POD),
  'two conditions of one type': [POD, join('AND'), condition('Pod', 'Tag', 'NOTEQUALS')],
  addresses: any({ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] }, POD),
  '15 mixed conditions': [all(...times(7, NAMESPACE), ...times(8, POD))],
}

const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  'a member that is not of Antrea': [condition('AntreaEgress', 'Name', 'EQUALS')],
  'a name of a Pod': [condition('Pod', 'Name', 'EQUALS')],
  'a part of a tag': [condition('Pod', 'Tag', 'CONTAINS')],
  'a part of a name': [condition('Namespace', 'Name', 'STARTSWITH')],
  'another name': [condition('Namespace', 'Name', 'NOTEQUALS')],
  'another scope': [condition('Pod', 'Tag', 'EQUALS', { scope_operator: 'NOTEQUALS' })],
  'no value': [condition('Pod', 'Tag', 'EQUALS', { value: undefined })],
  'a Service alone': [SERVICE],
  'a Service by a tag': [all(NAMESPACE, condition('Service', 'Tag', 'EQUALS'))],
  'a Service and the tag of its Namespace': [all(condition('Namespace', 'Tag', 'EQUALS'), SERVICE)],
  'a Service and a Pod': [all(NAMESPACE, SERVICE, POD)],
  'AND of two types': [NAMESPACE, join('AND'), POD],
  'AND of criteria': [POD, join('AND'), all(NAMESPACE, POD)],
  'AND of addresses': [
    POD,
    join('AND'),
    { resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] },
  ],
  MACs: [{ resource_type: 'MACAddressExpression', mac_addresses: ['00:50:56:aa:bb:cc'] }],
  'six of one type': [all(...times(6, POD))],
  '16 mixed conditions': [all(...times(8, NAMESPACE), ...times(8, POD))],
  '36 conditions': any(
    ...times(4, all(...times(4, NAMESPACE), ...times(4, POD))),
    all(...times(2, NAMESPACE), ...times(2, POD)),
  ),
}

test('an ANTREA group holds what NSX admits and nothing else', async () => {
  const { user } = await harness()
  const put = (expression: readonly unknown[], more = {}) =>
    user.send('PATCH', `${DOMAIN}/groups/g`, { group_type: ['ANTREA'], expression, ...more })
  for (const [name, expression] of Object.entries(ALLOWED)) {
    const answer = await put(expression)
    assert.equal(answer.status, 200, `${name}: ${answer.text}`)
  }
  const before = (await user.send('GET', `${DOMAIN}/groups/g`)).text
  for (const [name, expression] of Object.entries(REFUSED)) {
    const answer = await put(expression)
    assert.deepEqual([answer.status, answer.body?.error_code], [400, 255], name)
  }
  assert.equal((await user.send('GET', `${DOMAIN}/groups/g`)).text, before)
  assert.match(
    (await put([condition('AntreaEgress', 'Name', 'EQUALS')])).body.error_message,
    /AntreaEgress must be one of \[Pod, Namespace, Service\]/,
  )
})

test('a generic group is judged by counts and families alone', async () => {
  const { user } = await harness()
  const send = (expression: readonly unknown[]) =>
    user.send('PATCH', `${DOMAIN}/groups/g`, { expression }).then(({ status }) => status)
  assert.equal(await send([condition('VirtualMachine', 'Name', 'CONTAINS')]), 200)
  assert.equal(await send([SERVICE]), 200)
  assert.equal(
    await send(any(...times(5, all(...times(4, NAMESPACE), ...times(3, POD))))),
    200,
    '35 conditions',
  )
  assert.equal(
    await send(any(...times(5, all(...times(4, NAMESPACE), ...times(4, POD))))),
    400,
    '40 conditions',
  )
  const macs = (count: number) => ({
    resource_type: 'MACAddressExpression',
    mac_addresses: times(count, '00:50:56:aa:bb:cc'),
  })
  assert.equal(await send(any(macs(2_000), macs(2_000))), 200)
  assert.equal(await send(any(macs(2_000), macs(2_001))), 400)
})

test('a write that puts back what was read changes nothing, with or without a name of its own', async () => {
  const { user } = await harness()
  for (const body of [{}, { display_name: 'Named' }]) {
    await user.send('PATCH', `${DOMAIN}/groups/g`, body)
    const { body: read } = await user.send('GET', `${DOMAIN}/groups/g`)
    const { body: again } = await user.send('PUT', `${DOMAIN}/groups/g`, read)
    assert.deepEqual(again, read)
  }
})

test('expressions have calls of their own: made, added to, taken from, deleted', async () => {
  const { user, cluster } = await harness()
  const path = `${DOMAIN}/groups/g`
  const expression = async () => (await user.send('GET', path)).body.expression
  await user.send('PATCH', path, {})
  const ips = `${path}/ip-address-expressions/ips`
  assert.equal((await user.send('PATCH', ips, { ip_addresses: ['10.0.0.1'] })).status, 200)
  assert.deepEqual(await expression(), [
    { id: 'ips', resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] },
  ])
  await user.send('PATCH', `${path}/mac-address-expressions/macs`, { mac_addresses: ['00:50:56:aa:bb:cc'] })
  await user.send('PATCH', `${DOMAIN}/groups/inner`, {})
  await user.send('PATCH', `${path}/path-expressions/paths`, {
    paths: ['/infra/domains/default/groups/inner'],
  })
  const types = async () => (await expression()).map((part: { resource_type: string }) => part.resource_type)
  const C = 'ConjunctionOperator'
  assert.deepEqual(await types(), ['IPAddressExpression', C, 'MACAddressExpression', C, 'PathExpression'])
  assert.equal(
    (await user.send('POST', `${ips}?action=add`, { ip_addresses: ['10.0.0.2', '10.0.0.1'] })).status,
    200,
  )
  assert.deepEqual((await expression())[0].ip_addresses, ['10.0.0.1', '10.0.0.2'])
  await user.send('POST', `${ips}?action=remove`, { ip_addresses: ['10.0.0.1'] })
  assert.deepEqual((await expression())[0].ip_addresses, ['10.0.0.2'])
  const refused = async (...call: Parameters<typeof user.send>) => (await user.send(...call)).status
  assert.equal(await refused('POST', `${ips}?action=add`, { ip_addresses: ['nonsense'] }), 400)
  assert.equal(await refused('POST', `${ips}?action=add`, { ip_addresses: ['2001:db8::1'] }), 400)
  assert.equal(await refused('POST', `${ips}?action=else`, { ip_addresses: [] }), 400)
  assert.equal(await refused('POST', `${path}/path-expressions/ips?action=add`, { members: [] }), 404)
  assert.equal(await refused('DELETE', `${path}/ip-address-expressions/none`), 404)
  assert.equal(await refused('PATCH', `${DOMAIN}/groups/none/path-expressions/p`, { paths: ['/a'] }), 404)
  assert.equal((await cluster.send('DELETE', ips)).status, 403)
  assert.equal(await refused('DELETE', `${path}/mac-address-expressions/macs`), 200)
  assert.deepEqual(await types(), ['IPAddressExpression', C, 'PathExpression'])
  assert.equal(await refused('DELETE', ips), 200)
  assert.deepEqual(await types(), ['PathExpression'])
  await user.send('DELETE', `${path}/path-expressions/paths`)
  assert.deepEqual(await expression(), [])
})
