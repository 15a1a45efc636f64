/** What must be refused: one thing wrong in an otherwise sound body. */
import type { Dice } from './dice.ts'
import { asList, type Body } from './nsx-members.ts'

/** A rule with one thing that Antrea cannot say. */
export function oddRule(dice: Dice, rule: Body, badGroup: string, badService: string): Body {
  const missing = '/infra/domains/default/groups/missing'
  const odd = dice.pick<Body>([
    { action: 'JUMP_TO_APPLICATION' },
    { action: 'ACCEPT' },
    { direction: 'INOUT' },
    { sources_excluded: true, source_groups: ['10.0.0.0/28'], direction: 'IN' },
    { destinations_excluded: true },
    { profiles: ['/infra/context-profiles/DNS'] },
    { ip_protocol: 'IPV5' },
    { sequence_number: -1 },
    { source_groups: [missing] },
    { destination_groups: [badGroup], direction: 'OUT' },
    { source_groups: [badGroup], direction: 'IN' },
    { scope: [badGroup] },
    { scope: ['10.0.0.1'] },
    { scope: ['/infra/domains/default/groups/i0'] },
    { source_groups: [] },
    { source_groups: ['ANY', '10.0.0.1'] },
    { source_groups: ['10.0.0.9-10.0.0.1'] },
    { source_groups: ['10.0.0.0/33'] },
    { source_groups: ['fd00::/129'] },
    { source_groups: ['::ffff:10.0.0.1'] },
    { destination_groups: ['224.0.0.1'], direction: 'OUT' },
    { source_groups: ['/orgs/default/projects/p/infra/domains/default/groups/g0'] },
    { services: [badService], service_entries: [] },
    { services: [], service_entries: [] },
    { services: ['ANY', badService] },
    { services: ['/infra/services/missing'] },
    { service_entries: [{ resource_type: 'ICMPTypeServiceEntry', protocol: 'ICMPv4' }] },
    { service_entries: [{ resource_type: 'IGMPTypeServiceEntry' }] },
    { service_entries: [{ resource_type: 'IPProtocolServiceEntry', protocol_number: 47 }] },
    { source_groups: ['/infra/domains/default/groups/g0'], ip_protocol: 'IPV6', direction: 'IN' },
  ])
  return { ...rule, ...odd, disabled: false }
}

export function spoilPolicy(dice: Dice, policy: Body): Body {
  const rules = asList(policy['rules']) as Body[]
  return {
    ...policy,
    ...dice.pick<Body>([
      { category: 'Ethernet' },
      { category: '' },
      { category: 'ThreatRules' },
      { sequence_number: -1 },
      { stateful: false },
      { scheduler_path: '/infra/firewall-schedulers/night' },
      { connectivity_preference: 'DENYLIST' },
      { scope: ['/infra/domains/default/groups/m0'] },
      { scope: ['/infra/domains/default/groups/x0'] },
      { scope: ['ANY', '/infra/domains/default/groups/g0'] },
      { unique_id: 'default-policy' },
      {
        rules: [...rules, { ...rules[0], id: 'twin', path: `${policy['path']}/rules/twin`, disabled: false }],
      },
    ]),
  }
}

export function spoilGroup(dice: Dice, group: Body): Body {
  const condition = (more: Body): Body => ({
    resource_type: 'Condition',
    member_type: 'Pod',
    key: 'Tag',
    operator: 'EQUALS',
    value: 'app|web',
    ...more,
  })
  const and = { resource_type: 'ConjunctionOperator', conjunction_operator: 'AND' }
  const ips = { resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] }
  const nested = (path: string) => ({
    resource_type: 'PathExpression',
    paths: [`/infra/domains/default/groups/${path}`],
  })
  const expression = dice.pick<Body[]>([
    [condition({ key: 'Name', value: 'pod-1' })],
    [condition({ operator: 'CONTAINS' })],
    [condition({ operator: 'STARTSWITH' })],
    [condition({ scope_operator: 'NOTEQUALS' })],
    [condition({ value: 'web' })],
    [condition({ value: '|web' })],
    [condition({ value: '' })],
    [condition({ value: 'app|not a label' })],
    [condition({ member_type: 'Service', key: 'Name', value: 'web' })],
    [condition({ member_type: 'VirtualMachine' })],
    [condition({ member_type: 'Namespace', key: 'Name', operator: 'NOTEQUALS', value: 'shop' })],
    [condition({}), and, ips],
    [condition({}), and, nested('g0')],
    [condition({}), and],
    [condition({}), condition({})],
    [nested('x0')],
    [nested('missing')],
    [{ resource_type: 'MACAddressExpression', mac_addresses: ['00:00:00:00:00:01'] }],
    [{ resource_type: 'ExternalIDExpression', member_type: 'VirtualMachine', external_ids: ['a'] }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.256'] }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['ff02::1'] }],
  ])
  if (dice.chance(0.1)) return { ...group, unique_id: 'x0' }
  if (dice.chance(0.1)) return { ...group, reference: true }
  return { ...group, expression }
}

export function spoilService(dice: Dice, service: Body): Body {
  const tcp = (more: Body): Body => ({ resource_type: 'L4PortSetServiceEntry', l4_protocol: 'TCP', ...more })
  const service_entries = dice.pick<Body[]>([
    [],
    [tcp({ destination_ports: ['0'] })],
    [tcp({ destination_ports: ['90-80'] })],
    [tcp({ destination_ports: ['65536'] })],
    [tcp({ destination_ports: ['http'] })],
    [tcp({ source_ports: ['80'] })],
    [tcp({ l4_protocol: 'QUIC' })],
    [tcp({ destination_ports: ['80'] }), { resource_type: 'ICMPTypeServiceEntry', protocol: 'ICMPv4' }],
    [{ resource_type: 'ALGTypeServiceEntry', alg: 'FTP', destination_ports: ['21'] }],
    [{ resource_type: 'EtherTypeServiceEntry', ether_type: 2_048 }],
    [{ resource_type: 'NestedServiceServiceEntry', nested_service_path: '/infra/services/sx' }],
  ])
  return { ...service, service_entries }
}
