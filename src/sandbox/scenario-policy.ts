/** What the scenario pushes to NSX: a small shop behind three policies, and a quarantine. */
import type { Group, Rule, SecurityPolicy, Service } from '../nsx/model.ts'
import { groupPath, servicePath } from './nsx-user.ts'

/** A Pod or Namespace label is a tag in NSX whose scope is `dis:k8s:` and the label's key. */
const byPodLabel = (key: string, value: string): Group => ({
  resource_type: 'Group',
  group_type: ['ANTREA'],
  expression: [
    {
      resource_type: 'Condition',
      member_type: 'Pod',
      key: 'Tag',
      operator: 'EQUALS',
      value: `dis:k8s:${key}|${value}`,
    },
  ],
})

export const GROUPS: Readonly<Record<string, Group>> = {
  frontend: byPodLabel('app', 'frontend'),
  cart: byPodLabel('app', 'cart'),
  catalog: byPodLabel('app', 'catalog'),
  quarantine: byPodLabel('quarantine', 'true'),
  payments: {
    resource_type: 'Group',
    group_type: ['ANTREA'],
    expression: [
      {
        resource_type: 'Condition',
        member_type: 'Namespace',
        key: 'Name',
        operator: 'EQUALS',
        value: 'payments',
      },
    ],
  },
  office: {
    resource_type: 'Group',
    group_type: ['IPAddress'],
    expression: [{ resource_type: 'IPAddressExpression', ip_addresses: ['192.0.2.0/24', '198.51.100.7'] }],
  },
  backend: {
    resource_type: 'Group',
    group_type: ['ANTREA'],
    expression: [{ resource_type: 'PathExpression', paths: [groupPath('cart'), groupPath('catalog')] }],
  },
}

const tcp = (...ports: readonly string[]): Service => ({
  resource_type: 'Service',
  service_entries: [
    {
      resource_type: 'L4PortSetServiceEntry',
      id: 'tcp',
      display_name: 'tcp',
      l4_protocol: 'TCP',
      destination_ports: ports,
    },
  ],
})

export const SERVICES: Readonly<Record<string, Service>> = {
  'shop-http': tcp('8080'),
  'shop-backend': tcp('3550', '7070-7079'),
}

const rule = (id: string, sequenceNumber: number, fields: Rule): Rule => ({
  resource_type: 'Rule',
  id,
  display_name: id,
  sequence_number: sequenceNumber,
  source_groups: ['ANY'],
  destination_groups: ['ANY'],
  services: ['ANY'],
  action: 'ALLOW',
  direction: 'IN_OUT',
  ip_protocol: 'IPV4_IPV6',
  ...fields,
})

export type PolicyId = 'quarantine' | 'backend' | 'web'
export const POLICY_IDS: readonly PolicyId[] = ['quarantine', 'backend', 'web']

export const POLICIES: Readonly<Record<PolicyId, SecurityPolicy>> = {
  quarantine: {
    resource_type: 'SecurityPolicy',
    display_name: 'quarantine',
    category: 'Emergency',
    sequence_number: 10,
    scope: [groupPath('quarantine')],
    rules: [rule('drop-all', 10, { action: 'DROP', logged: true })],
  },
  backend: {
    resource_type: 'SecurityPolicy',
    display_name: 'backend',
    category: 'Environment',
    sequence_number: 10,
    scope: [groupPath('backend')],
    rules: [
      rule('from-frontend', 10, {
        source_groups: [groupPath('frontend')],
        services: [servicePath('shop-backend')],
        direction: 'IN',
      }),
      rule('reject-payments', 20, {
        source_groups: [groupPath('payments')],
        action: 'REJECT',
        direction: 'IN',
      }),
    ],
  },
  web: {
    resource_type: 'SecurityPolicy',
    display_name: 'web',
    category: 'Application',
    sequence_number: 20,
    scope: [groupPath('frontend')],
    rules: [
      rule('from-office', 10, {
        source_groups: [groupPath('office')],
        services: [servicePath('shop-http')],
        direction: 'IN',
      }),
    ],
  },
}

/** The same with everything else dropped: one rule more. */
export const tightened: SecurityPolicy = {
  ...POLICIES.web,
  rules: [...(POLICIES.web.rules ?? []), rule('drop-others', 20, { action: 'DROP', direction: 'IN' })],
}
