/** Mistranslations of what is rarer: ICMP, source ports, exclusions, Services, machines, names, families. */
import type { Intent } from './intent.ts'
import {
  eachPort,
  groups,
  lists,
  type Mutant,
  misreadPolicy,
  misreadRule,
  peers,
  policies,
  type Rule,
  rules,
  without,
} from './mutants.ts'

const misread = (name: string, change: (intent: Intent) => Intent): Mutant => ({ name, misread: change })
const icmp = (
  name: string,
  change: (found: NonNullable<Rule['protocols']>[number]['icmp']) => void,
): Mutant =>
  rules(name, (rule) => {
    for (const one of rule.protocols ?? []) change(one.icmp)
  })
const exceptions = (name: string, change: (list: string[]) => string[]): Mutant =>
  peers(name, (list) =>
    list.map((peer) =>
      peer.ipBlock?.except === undefined
        ? peer
        : { ipBlock: { ...peer.ipBlock, except: change(peer.ipBlock.except) } },
    ),
  )
const names = (name: string, change: (fqdn: string) => string): Mutant =>
  peers(name, (list) => list.map((peer) => (peer.fqdn === undefined ? peer : { fqdn: change(peer.fqdn) })))

export const RARE_MUTANTS: readonly Mutant[] = [
  // ICMP
  rules('ICMP is every service', (rule) => void delete rule.protocols),
  lists('ICMP is lost', (list) => list.filter(({ protocols }) => protocols === undefined)),
  lists('ICMPv6 is lost', (list) => list.filter(({ name }) => !name.endsWith('-v6'))),
  icmp('the type is lost', (found) => {
    delete found.icmpType
    delete found.icmpCode
  }),
  icmp('the code is lost', (found) => void delete found.icmpCode),
  icmp('no code is code 0', (found) => {
    if (found.icmpType !== undefined) found.icmpCode ??= 0
  }),
  icmp('all of ICMP is echo', (found) => {
    found.icmpType ??= 8
  }),
  rules('only the first ICMP type', (rule) => {
    if (rule.protocols !== undefined) rule.protocols = rule.protocols.slice(0, 1)
  }),
  rules('ICMP of one family counts for both', (rule) => {
    for (const side of ['from', 'to'] as const)
      if (
        /-v[46]$/.test(rule.name) &&
        rule[side]?.every(({ ipBlock }) => /^(0[.]0[.]0[.]0|::)[/]0$/.test(ipBlock?.cidr ?? ''))
      )
        delete rule[side]
  }),
  misreadRule('ICMPv6 is read as ICMPv4', (rule) =>
    JSON.parse(JSON.stringify(rule).replaceAll('ICMPv6', 'ICMPv4')),
  ),
  misreadRule('ICMP by number is of the other family', (rule) =>
    JSON.parse(JSON.stringify(rule).replaceAll('"protocol_number":1}', '"protocol_number":58}')),
  ),
  // Source ports
  eachPort('source ports are lost', (port) => {
    delete port.sourcePort
    delete port.sourceEndPort
  }),
  eachPort('a block of source ports is its first', (port) => void delete port.sourceEndPort),
  eachPort('a block of source ports ends one late', (port) => {
    if (port.sourcePort !== undefined) port.sourceEndPort = (port.sourceEndPort ?? port.sourcePort) + 1
  }),
  eachPort('source ports are written as destinations', (port) => {
    if (port.sourcePort === undefined) return
    port.port = port.sourcePort
    if (port.sourceEndPort === undefined) delete port.endPort
    else port.endPort = port.sourceEndPort
    delete port.sourcePort
    delete port.sourceEndPort
  }),
  rules('only the last block of source ports', (rule) => {
    const sourced = (rule.ports ?? []).filter(({ sourcePort }) => sourcePort !== undefined)
    const last = sourced.at(-1)
    if (last !== undefined)
      rule.ports = [...(rule.ports ?? []).filter((port) => !sourced.includes(port)), last]
  }),
  // All but some
  exceptions('exceptions are lost', () => []),
  exceptions('the last exception is lost', (list) => (list.length > 1 ? list.slice(0, -1) : list)),
  exceptions('only the last exception', (list) => list.slice(-1)),
  peers('exceptions are what is meant', (list) =>
    list.flatMap((peer) => peer.ipBlock?.except?.map((cidr) => ({ ipBlock: { cidr } })) ?? [peer]),
  ),
  peers('a family without exceptions is left out', (list) => {
    const isWhole = ({ ipBlock }: { ipBlock?: { cidr: string; except?: string[] } }) =>
      ipBlock !== undefined && ipBlock.except === undefined && /^(0[.]0[.]0[.]0|::)[/]0$/.test(ipBlock.cidr)
    return list.some(({ ipBlock }) => ipBlock?.except !== undefined)
      ? list.filter((peer) => !isWhole(peer))
      : list
  }),
  misreadRule('excluded sources are not excluded', (rule) => without(rule, 'sources_excluded')),
  misreadRule('excluded destinations are not excluded', (rule) => without(rule, 'destinations_excluded')),
  misreadRule('exclusions change places', (rule) => ({
    ...rule,
    sources_excluded: rule['destinations_excluded'],
    destinations_excluded: rule['sources_excluded'],
  })),
  rules('all but some Pods needs the label', (rule) => {
    for (const { podSelector } of rule.appliedTo ?? [])
      for (const one of [...(podSelector?.matchExpressions ?? [])])
        if (one.operator === 'NotIn')
          podSelector?.matchExpressions?.push({ key: one.key, operator: 'Exists' })
  }),
  rules('all but some Pods is every Pod', (rule) => {
    if (
      rule.appliedTo?.some(({ podSelector }) =>
        podSelector?.matchExpressions?.some(({ operator }) => operator === 'NotIn'),
      )
    )
      rule.appliedTo = [{ podSelector: {} }]
  }),
  // Services
  groups('a Service is looked for in another Namespace', ({ spec }) => {
    if (spec.serviceReference !== undefined) spec.serviceReference.namespace = 'dev'
  }),
  groups('a Service is every Pod of its Namespace', ({ spec }) => {
    if (spec.serviceReference === undefined) return
    const { namespace } = spec.serviceReference
    delete spec.serviceReference
    spec.namespaceSelector = {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }],
    }
  }),
  groups('Services are nobody', ({ spec }) => void delete spec.serviceReference),
  // Members outside the cluster
  misread('machines are nobody', (intent) => ({
    ...intent,
    machines: intent.machines.map((machine) => ({ ...machine, addresses: [] })),
  })),
  misread('machines have their first address only', (intent) => ({
    ...intent,
    machines: intent.machines.map((machine) => ({ ...machine, addresses: machine.addresses.slice(0, 1) })),
  })),
  misread('machines are where others were', (intent) => ({
    ...intent,
    machines: intent.machines.map((machine, at) => ({
      ...machine,
      addresses: intent.machines[(at + 1) % intent.machines.length]!.addresses,
    })),
  })),
  misread('Pods beside machines are lost', (intent) => ({
    ...intent,
    groups: new Map(
      [...intent.groups].map(([path, body]) => [
        path,
        path.endsWith('/w0') ? { ...body, expression: (body['expression'] as unknown[]).slice(-1) } : body,
      ]),
    ),
  })),
  // Names
  peers('names are lost', (list) => list.filter(({ fqdn }) => fqdn === undefined)),
  names('a star is for the domain itself too', (fqdn) => fqdn.replace('*.', '*')),
  names('a star is not looked at', (fqdn) => fqdn.replace('*.', '')),
  names('a name is for all below it', (fqdn) => (fqdn.startsWith('*') ? fqdn : `*.${fqdn}`)),
  peers('only the first name', (list) =>
    list.some(({ fqdn }) => fqdn !== undefined) ? list.slice(0, 1) : list,
  ),
  // Policies without a category
  misreadPolicy('no category is Application', (policy) =>
    (policy['category'] ?? '') === '' ? { ...policy, category: 'Application' } : policy,
  ),
  policies('no category comes first', (spec) => {
    if (spec.priority > 5_000) spec.priority = 1
  }),
]
