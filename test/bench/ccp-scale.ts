/** A policy of the size that has to be carried: 2,000 policies, 20,000 rules, 10,000 ClusterGroups, a set of 100,000 addresses. */
import { type DesiredObject, objectKey } from '../../src/ccp/translate/index.ts'
import { bodyHash } from '../../src/protocol/index.ts'

export const POLICIES = 2_000
export const RULES_EACH = 10
/** Each is a ClusterGroup with one child. */
export const GROUPS = 5_000
export const ADDRESSES = 100_000

const DOMAIN = '/infra/domains/default'
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const groupPath = (n: number) => `${DOMAIN}/groups/g${n % GROUPS}`

const object = (kind: string, path: string, body: Record<string, unknown>): DesiredObject => ({
  kind,
  path,
  hash: bodyHash(body),
  body,
})

/** Policy `n`; `port` tells its revisions apart. */
export const policyAt = (n: number, port: number): DesiredObject =>
  object('SecurityPolicy', `${DOMAIN}/security-policies/p${n}`, {
    id: `p${n}`,
    unique_id: uuid(n),
    display_name: `p${n}`,
    category: 'Application',
    sequence_number: n,
    scope: ['ANY'],
    rules: Array.from({ length: RULES_EACH }, (_, at) => ({
      id: `r${at}`,
      path: `${DOMAIN}/security-policies/p${n}/rules/r${at}`,
      rule_id: n * RULES_EACH + at,
      sequence_number: at,
      action: at % 3 === 0 ? 'DROP' : 'ALLOW',
      direction: 'IN',
      source_groups: [at === RULES_EACH - 1 ? `${DOMAIN}/groups/addresses` : groupPath(n * RULES_EACH + at)],
      destination_groups: ['ANY'],
      services: ['ANY'],
      service_entries: [
        {
          resource_type: 'L4PortSetServiceEntry',
          l4_protocol: 'TCP',
          destination_ports: [String(port + at)],
        },
      ],
      scope: [groupPath(n * RULES_EACH + at + 1)],
    })),
  })

export const groupAt = (n: number): DesiredObject =>
  object('Group', groupPath(n), {
    id: `g${n}`,
    unique_id: uuid(100_000 + n),
    display_name: `g${n}`,
    expression: [
      {
        resource_type: 'Condition',
        member_type: 'Pod',
        key: 'Tag',
        operator: 'EQUALS',
        value: `dis:k8s:app|a${n}`,
      },
    ],
  })

/** The large set, without the last `fewer` of its addresses. */
export const addressesBut = (fewer: number): DesiredObject =>
  object('Group', `${DOMAIN}/groups/addresses`, {
    id: 'addresses',
    unique_id: uuid(900_000),
    display_name: 'addresses',
    expression: [
      {
        resource_type: 'IPAddressExpression',
        ip_addresses: Array.from(
          { length: ADDRESSES - fewer },
          (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
        ),
      },
    ],
  })

export const scaleObjects = (): DesiredObject[] => [
  ...Array.from({ length: GROUPS }, (_, n) => groupAt(n)),
  addressesBut(0),
  ...Array.from({ length: POLICIES }, (_, n) => policyAt(n, 1_000)),
]

export const byKey = (objects: readonly DesiredObject[]): Map<string, DesiredObject> =>
  new Map(objects.map((one) => [objectKey(one.kind, one.path), one]))
