/** Virtual machines and groups of them, for the tests of members. */
import assert from 'node:assert/strict'
import { DOMAIN, type Harness, harness } from './harness.ts'

export const VMS = '/api/v1/fabric/virtual-machines'

export const condition = (member_type: string, key: string, operator: string, value: string) => ({
  resource_type: 'Condition',
  member_type,
  key,
  operator,
  value,
})
export const join = (conjunction_operator: string) => ({
  resource_type: 'ConjunctionOperator',
  conjunction_operator,
})
export const all = (...conditions: readonly unknown[]) => ({
  resource_type: 'NestedExpression',
  expressions: conditions.flatMap((one, index) => (index === 0 ? [one] : [join('AND'), one])),
})
export const DB = condition('VirtualMachine', 'Tag', 'EQUALS', 'role|db')
export const path = (id: string) => `/infra/domains/default/groups/${id}`

export const MACHINES: Readonly<Record<string, unknown>> = {
  'vm-1': {
    display_name: 'Db-North-1',
    tags: [{ scope: 'role', tag: 'DB' }],
    guest_info: { os_name: 'Ubuntu Linux', computer_name: 'north1' },
    ip_addresses: ['192.0.2.11', '2001:db8::11'],
  },
  'vm-2': {
    display_name: 'db-south-2',
    tags: [
      { scope: 'role', tag: 'db' },
      { scope: 'zone', tag: 'south' },
    ],
    vifs: [
      { external_id: 'vif-2', mac_address: '00:50:56:AA:00:02', ip_addresses: ['192.0.2.12'] },
      { ip_addresses: ['192.0.2.112'] },
    ],
  },
  'vm-3': { display_name: 'web-3', tags: [{ scope: 'zone', tag: 'db' }], ip_addresses: ['192.0.2.13'] },
}

export async function withMachines(): Promise<Harness> {
  const h = await harness()
  for (const [id, body] of Object.entries(MACHINES)) {
    const answer = await h.user.send('PUT', `${VMS}/${id}`, body)
    assert.equal(answer.status, 200, answer.text)
  }
  return h
}

export async function group({ user }: Harness, id: string, expression: readonly unknown[], more = {}) {
  const answer = await user.send('PATCH', `${DOMAIN}/groups/${id}`, { expression, ...more })
  assert.equal(answer.status, 200, answer.text)
}
