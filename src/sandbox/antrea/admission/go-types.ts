/** Antrea's types as Go reads them: names for its error messages, field order for its JSON. */
import type { GoField, GoType } from './go-json.ts'

const string: GoType = { kind: 'string' }
const int32: GoType = { kind: 'int32' }
const strings: GoType = { kind: 'list', of: string }
const list = (of: GoType): GoType => ({ kind: 'list', of })
const struct = (name: string, fields: readonly GoField[]): GoType => ({ kind: 'struct', name, fields })
const field = (json: string, type: GoType): GoField => ({ json, type })
const pointer = (json: string, type: GoType): GoField => ({ json, type, pointer: true })
const always = (json: string, type: GoType): GoField => ({ json, type, always: true })

const labelSelector = struct('LabelSelector', [
  field('matchLabels', { kind: 'strings' }),
  field(
    'matchExpressions',
    list(
      struct('LabelSelectorRequirement', [
        always('key', string),
        always('operator', { kind: 'string', name: 'LabelSelectorOperator' }),
        field('values', strings),
      ]),
    ),
  ),
])
const ipBlock = struct('IPBlock', [always('cidr', string), field('except', strings)])
const namespacedName = struct('NamespacedName', [field('name', string), field('namespace', string)])
const scope: GoType = { kind: 'string', name: 'PeerScope' }

const peer = struct('NetworkPolicyPeer', [
  pointer('ipBlock', ipBlock),
  pointer('podSelector', labelSelector),
  pointer('namespaceSelector', labelSelector),
  pointer(
    'namespaces',
    struct('PeerNamespaces', [
      field('match', { kind: 'string', name: 'NamespaceMatchType' }),
      field('sameLabels', strings),
    ]),
  ),
  pointer('externalEntitySelector', labelSelector),
  field('group', string),
  field('fqdn', string),
  pointer('serviceAccount', namespacedName),
  pointer('nodeSelector', labelSelector),
  field('scope', scope),
])

const appliedTo = struct('AppliedTo', [
  pointer('podSelector', labelSelector),
  pointer('namespaceSelector', labelSelector),
  pointer('externalEntitySelector', labelSelector),
  field('group', string),
  pointer('serviceAccount', namespacedName),
  pointer('service', namespacedName),
  pointer('nodeSelector', labelSelector),
])

const port = struct('NetworkPolicyPort', [
  pointer('protocol', string),
  pointer('port', { kind: 'intOrString' }),
  pointer('endPort', int32),
  pointer('sourcePort', int32),
  pointer('sourceEndPort', int32),
])

const protocol = struct('NetworkPolicyProtocol', [
  pointer('icmp', struct('ICMPProtocol', [pointer('icmpType', int32), pointer('icmpCode', int32)])),
  pointer('igmp', struct('IGMPProtocol', [pointer('igmpType', int32), field('groupAddress', string)])),
])

const l7Protocol = struct('L7Protocol', [
  pointer(
    'http',
    struct('HTTPProtocol', [field('host', string), field('method', string), field('path', string)]),
  ),
  pointer('tls', struct('TLSProtocol', [field('sni', string)])),
])

/** One rule; its JSON is what a generated name is made of. */
export const RULE = struct('Rule', [
  always('action', { kind: 'string', name: 'RuleAction' }),
  field('ports', list(port)),
  field('protocols', list(protocol)),
  field('l7Protocols', list(l7Protocol)),
  field('from', list(peer)),
  field('to', list(peer)),
  field(
    'toServices',
    list(struct('PeerService', [field('name', string), field('namespace', string), field('scope', scope)])),
  ),
  field('name', string),
  always('enableLogging', { kind: 'bool' }),
  field('logLabel', string),
  field('appliedTo', list(appliedTo)),
])

const policySpec = (name: string) =>
  struct(name, [
    field('tier', string),
    always('priority', { kind: 'float64' }),
    field('appliedTo', list(appliedTo)),
    field('ingress', list(RULE)),
    field('egress', list(RULE)),
  ])

const groupSpec = struct('GroupSpec', [
  pointer('podSelector', labelSelector),
  pointer('namespaceSelector', labelSelector),
  field('ipBlocks', list(ipBlock)),
  pointer('serviceReference', namespacedName),
  pointer('externalEntitySelector', labelSelector),
  field('childGroups', list({ kind: 'string', name: 'ClusterGroupReference' })),
  pointer('nodeSelector', labelSelector),
])

const tierSpec = struct('TierSpec', [always('priority', int32), field('description', string)])

const ipRange = struct('IPRange', [field('cidr', string), field('start', string), field('end', string)])
const subnetInfo = struct('SubnetInfo', [
  always('gateway', string),
  always('prefixLength', int32),
  field('vlan', int32),
])
const poolSpec = (name: string) =>
  struct(name, [field('ipRanges', list(ipRange)), pointer('subnetInfo', subnetInfo)])

const egressSpec = struct('EgressSpec', [
  field('appliedTo', appliedTo),
  field('egressIP', string),
  field('egressIPs', strings),
  field('externalIPPool', string),
  field('externalIPPools', strings),
  pointer('bandwidth', struct('Bandwidth', [always('rate', string), always('burst', string)])),
])

const end = (name: string) =>
  struct(name, [
    field('namespace', string),
    field('pod', string),
    field('service', string),
    field('ip', string),
  ])
const traceflowSpec = struct('TraceflowSpec', [
  field('source', end('Source')),
  field('destination', end('Destination')),
  field('liveTraffic', { kind: 'bool' }),
  field('droppedOnly', { kind: 'bool' }),
  field('timeout', int32),
])

const bundleNodes = [field('nodeNames', strings), pointer('nodeSelector', labelSelector)]
const collectionSpec = struct('SupportBundleCollectionSpec', [
  pointer('nodes', struct('BundleNodes', bundleNodes)),
  pointer('externalNodes', struct('BundleExternalNodes', [field('namespace', string), ...bundleNodes])),
  field('expirationMinutes', int32),
  field('sinceTime', string),
  field('fileServer', struct('BundleFileServer', [field('url', string), field('hostPublicKey', string)])),
  field(
    'authentication',
    struct('BundleServerAuthConfiguration', [
      field('authType', string),
      pointer('authSecret', struct('SecretReference', [field('name', string), field('namespace', string)])),
    ]),
  ),
])

const object = (name: string, spec: GoType): GoType => struct(name, [always('spec', spec)])

/** By kind. Only `spec` is read; metadata has been looked at by the API server. */
export const GO_KINDS: Readonly<Record<string, GoType>> = {
  ClusterNetworkPolicy: object('ClusterNetworkPolicy', policySpec('ClusterNetworkPolicySpec')),
  NetworkPolicy: object('NetworkPolicy', policySpec('NetworkPolicySpec')),
  ClusterGroup: object('ClusterGroup', groupSpec),
  Group: object('Group', groupSpec),
  Tier: object('Tier', tierSpec),
  Egress: object('Egress', egressSpec),
  ExternalIPPool: object('ExternalIPPool', poolSpec('ExternalIPPoolSpec')),
  IPPool: object('IPPool', poolSpec('IPPoolSpec')),
  Traceflow: object('Traceflow', traceflowSpec),
  SupportBundleCollection: object('SupportBundleCollection', collectionSpec),
}
