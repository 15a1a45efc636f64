/** Services of the translation table: source ports, ICMP of both families, protocols by number; and domain names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import type { PolicyRule } from '../../../src/kube/antrea.ts'
import {
  factsOf,
  GROUPS,
  group,
  ips,
  object,
  policy,
  rule,
  service,
  tag,
  tcp,
  translateWith,
} from './objects.ts'

const WEB = group('web', 1, [tag('dis:k8s:app|web')])
const NET4 = group('net4', 2, [ips('10.0.0.0/24')])
const path = (id: string) => `${GROUPS}/${id}`
const icmp = (more: Record<string, unknown>) => ({ resource_type: 'ICMPTypeServiceEntry', ...more })
const byNumber = (protocol_number: number) => ({ resource_type: 'IPProtocolServiceEntry', protocol_number })

function rulesOf(
  more: Record<string, unknown>,
  entries: Record<string, unknown>[],
  families: (4 | 6)[] = [4, 6],
  ...others: DesiredObject[]
) {
  const body = rule(1, { services: undefined, service_entries: entries, ...more })
  const facts = factsOf('v2.7', families)
  const result = translateWith(
    { facts, settings: { domains: true } },
    policy('p', 10, [body]),
    WEB,
    NET4,
    ...others,
  )
  assert.deepEqual(result.held, [])
  const spec = result.policies[0]?.spec
  const notices = [...(result.policies[0]?.notices ?? []), ...(result.empty[0]?.notices ?? [])]
  return { ingress: spec?.ingress ?? [], egress: spec?.egress ?? [], codes: notices.map(({ code }) => code) }
}

const brief = (rules: readonly PolicyRule[]) =>
  rules.map(({ name, from, to, ports, protocols }) => ({ name, peers: from ?? to, ports, protocols }))
const EVERY4 = [{ ipBlock: { cidr: '0.0.0.0/0' } }]
const EVERY6 = [{ ipBlock: { cidr: '::/0' } }]

test('source ports: aligned blocks, each destination with each source', () => {
  const ports = (entry: Record<string, unknown>) => rulesOf({}, [entry]).ingress[0]?.ports
  assert.deepEqual(ports({ ...tcp('80'), source_ports: ['1024-65535'] })?.length, 6)
  assert.deepEqual(ports({ ...tcp(), source_ports: ['53'] }), [{ protocol: 'TCP', sourcePort: 53 }])
  assert.deepEqual(ports({ ...tcp('80', '90-99'), source_ports: ['10-13'] }), [
    { protocol: 'TCP', port: 80, sourcePort: 10, sourceEndPort: 11 },
    { protocol: 'TCP', port: 80, sourcePort: 12, sourceEndPort: 13 },
    { protocol: 'TCP', port: 90, endPort: 99, sourcePort: 10, sourceEndPort: 11 },
    { protocol: 'TCP', port: 90, endPort: 99, sourcePort: 12, sourceEndPort: 13 },
  ])
  for (const [first, last] of [
    [1, 65_535],
    [7, 7],
    [1000, 2000],
    [65_535, 65_535],
  ] as const) {
    const blocks = ports({ ...tcp(), source_ports: [`${first}-${last}`] }) ?? []
    const ends = blocks.map(
      ({ sourcePort = 0, sourceEndPort = sourcePort }) => [sourcePort, sourceEndPort] as const,
    )
    ends.sort(([a], [b]) => a - b)
    assert.equal(ends[0]?.[0], first)
    assert.equal(ends.at(-1)?.[1], last)
    ends.forEach(([from, to], at) => {
      const size = to - from + 1
      assert.equal(size & (size - 1), 0, 'a power of two')
      assert.equal(from % size, 0, 'aligned')
      if (at > 0) assert.equal(ends[at - 1]![1] + 1, from, 'without a gap')
    })
  }
})

test('ICMP stands in a rule of its family', () => {
  const echo = icmp({ protocol: 'ICMPv4', icmp_type: 8, icmp_code: 0 })
  const all = rulesOf({ direction: 'IN_OUT' }, [echo, icmp({ protocol: 'ICMPv6' }), tcp('80')])
  assert.deepEqual(brief(all.ingress), [
    { name: '1-in', peers: undefined, ports: [{ protocol: 'TCP', port: 80 }], protocols: undefined },
    { name: '1-in-v4', peers: EVERY4, ports: undefined, protocols: [{ icmp: { icmpType: 8, icmpCode: 0 } }] },
    { name: '1-in-v6', peers: EVERY6, ports: undefined, protocols: [{ icmp: {} }] },
  ])
  assert.deepEqual(
    all.egress.map(({ name }) => name),
    ['1-out', '1-out-v4', '1-out-v6'],
  )
  // Code 0 is not no code.
  assert.deepEqual(rulesOf({}, [icmp({ protocol: 'ICMPv4', icmp_type: 3 })]).ingress[0]?.protocols, [
    { icmp: { icmpType: 3 } },
  ])
  // By number.
  assert.deepEqual(
    brief(rulesOf({}, [byNumber(1), byNumber(58)]).ingress).map(({ name, peers }) => [name, peers]),
    [
      ['1-v4', EVERY4],
      ['1-v6', EVERY6],
    ],
  )
  // Addresses of the one family: as they are for it, nothing for the other.
  const limited = rulesOf({ source_groups: [path('net4')] }, [echo, icmp({ protocol: 'ICMPv6' })])
  assert.deepEqual(
    limited.ingress.map(({ name }) => name),
    ['1-v4'],
  )
  assert.deepEqual(limited.codes, ['VACUOUS_FAMILY'])
  // The rule's own family.
  assert.deepEqual(
    rulesOf({ ip_protocol: 'IPV6' }, [echo, tcp('80')]).ingress.map(({ name }) => name),
    ['1'],
  )
})

test('in a cluster of one family Pods can be peers of ICMP and of one family', () => {
  const both = [icmp({ protocol: 'ICMPv4' }), icmp({ protocol: 'ICMPv6' })]
  const v4 = rulesOf({ source_groups: [path('web')] }, both, [4])
  assert.deepEqual(
    brief(v4.ingress).map(({ name, peers }) => [name, peers]),
    [['1-v4', [{ group: WEB.body?.['unique_id'] }]]],
  )
  assert.deepEqual(v4.codes, ['VACUOUS_FAMILY'])
  assert.equal(
    rulesOf({ source_groups: [path('web')], ip_protocol: 'IPV4' }, [tcp('80')], [4]).ingress.length,
    1,
  )
  assert.deepEqual(rulesOf({ ip_protocol: 'IPV4' }, [tcp('80')], [4]).ingress[0]?.from, undefined)
  const other = rulesOf({ ip_protocol: 'IPV6' }, [tcp('80')], [4])
  assert.deepEqual([other.ingress, other.codes], [[], ['VACUOUS_FAMILY', 'EMPTY_POLICY']])
})

test('nested services, protocols by number', () => {
  const inner = service('inner', tcp('443'), byNumber(132))
  const outer = service(
    'outer',
    { resource_type: 'NestedServiceServiceEntry', nested_service_path: '/infra/services/inner' },
    byNumber(17),
  )
  const { ingress } = rulesOf({ services: ['/infra/services/outer'] }, [byNumber(6)], [4, 6], inner, outer)
  assert.deepEqual(ingress[0]?.ports, [
    { protocol: 'SCTP' },
    { protocol: 'TCP', port: 443 },
    { protocol: 'TCP' },
    { protocol: 'UDP' },
  ])
})

test('a profile of domain names becomes names that egress may go to', () => {
  const profile = object('ContextProfile', '/infra/context-profiles/names', {
    id: 'names',
    attributes: [
      {
        key: 'DOMAIN_NAME',
        datatype: 'STRING',
        value: ['WWW.example.com', '*.example.org', 'www.example.com'],
      },
    ],
  })
  const { egress, ingress } = rulesOf(
    { direction: 'OUT', source_groups: [path('web')], profiles: ['/infra/context-profiles/names'] },
    [tcp('443')],
    [4, 6],
    profile,
  )
  assert.deepEqual(ingress, [])
  assert.deepEqual(egress[0]?.to, [{ fqdn: '*.example.org' }, { fqdn: 'www.example.com' }])
  assert.deepEqual(egress[0]?.ports, [{ protocol: 'TCP', port: 443 }])
})
