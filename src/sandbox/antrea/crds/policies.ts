/**
 * The schemas of ClusterNetworkPolicy and NetworkPolicy. Both kinds share their Go types, but each schema lists only
 * what its kind may hold: the rest is pruned.
 */
import {
  between,
  conditions,
  flag,
  integer,
  ipBlock,
  list,
  namespacedName,
  oneOfWords,
  record,
  type Schema,
  selector,
  text,
} from './schema.ts'

type Fields = Readonly<Record<string, Schema>>

/** What one kind of policy may hold where, besides what both may. */
interface Flavor {
  readonly specAppliedTo: Fields
  readonly ingressAppliedTo: Fields
  readonly egressAppliedTo: Fields
  readonly from: Fields
  readonly to: Fields
  readonly toService: Schema
}

const scope = oneOfWords('Cluster', 'ClusterSet')
const group = text

const clusterWorkloads: Fields = {
  podSelector: selector,
  namespaceSelector: selector,
  group,
  serviceAccount: namespacedName,
}
const clusterPeer: Fields = {
  ...clusterWorkloads,
  ipBlock,
  nodeSelector: selector,
  namespaces: {
    ...record({ match: oneOfWords('Self'), sameLabels: list(text) }),
    minProperties: 1,
    maxProperties: 1,
  },
}
const namespacedPeer: Fields = {
  podSelector: selector,
  namespaceSelector: selector,
  externalEntitySelector: selector,
  ipBlock,
  nodeSelector: selector,
  group,
}

const CLUSTER: Flavor = {
  specAppliedTo: { ...clusterWorkloads, service: namespacedName, nodeSelector: selector },
  ingressAppliedTo: { ...clusterWorkloads, service: namespacedName },
  egressAppliedTo: clusterWorkloads,
  from: { ...clusterPeer, scope },
  to: { ...clusterPeer, fqdn: text },
  toService: record({ name: text, namespace: text, scope }, 'name', 'namespace'),
}
const NAMESPACED: Flavor = {
  specAppliedTo: { podSelector: selector, externalEntitySelector: selector, group },
  ingressAppliedTo: { podSelector: selector, group },
  egressAppliedTo: { podSelector: selector, group },
  from: { ...namespacedPeer, scope },
  to: { ...namespacedPeer, fqdn: text },
  toService: record({ name: text, namespace: text, scope: text }, 'name'),
}

const ports: Schema = list(
  record({
    protocol: oneOfWords('TCP', 'UDP', 'SCTP'),
    port: { 'x-kubernetes-int-or-string': true },
    endPort: integer,
    sourcePort: integer,
    sourceEndPort: integer,
  }),
)

/** IGMP queries come in, reports go out. */
const protocols = (...igmpTypes: readonly number[]): Schema =>
  list({
    ...record({
      icmp: record({ icmpType: between(0, 255), icmpCode: between(0, 255) }),
      igmp: record({
        igmpType: { type: 'integer', enum: igmpTypes },
        groupAddress: { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
      }),
    }),
    oneOf: [{ required: ['icmp'] }, { required: ['igmp'] }],
  })

const HTTP_METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'TRACE', 'OPTIONS', 'CONNECT', 'PATCH']

const l7Protocols: Schema = list({
  ...record({
    http: record({ host: text, method: oneOfWords(...HTTP_METHODS), path: text }),
    tls: record({ sni: text }),
  }),
  oneOf: [{ required: ['http'] }, { required: ['tls'] }],
})

const commonRule: Fields = {
  action: oneOfWords('Allow', 'Drop', 'Reject', 'Pass'),
  ports,
  l7Protocols,
  name: text,
  enableLogging: flag,
  logLabel: { type: 'string', pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$' },
}

const policy = (flavor: Flavor): Schema =>
  record({
    spec: record(
      {
        tier: text,
        priority: { type: 'number', format: 'float', minimum: 1, maximum: 10_000 },
        appliedTo: list(record(flavor.specAppliedTo)),
        ingress: list(
          record(
            {
              ...commonRule,
              appliedTo: list(record(flavor.ingressAppliedTo)),
              protocols: protocols(0x11),
              from: list(record(flavor.from)),
            },
            'action',
          ),
        ),
        egress: list(
          record(
            {
              ...commonRule,
              appliedTo: list(record(flavor.egressAppliedTo)),
              protocols: protocols(0x12, 0x16, 0x22),
              to: list(record(flavor.to)),
              toServices: list(flavor.toService),
            },
            'action',
          ),
        ),
      },
      'priority',
    ),
    status: record({
      phase: text,
      observedGeneration: integer,
      currentNodesRealized: integer,
      desiredNodesRealized: integer,
      conditions,
    }),
  })

export const clusterNetworkPolicy = policy(CLUSTER)
export const networkPolicy = policy(NAMESPACED)
