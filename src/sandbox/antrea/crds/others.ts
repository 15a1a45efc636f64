/** The schemas of the kinds that only agents read: nothing of them is played, they can be stored. */
import {
  address,
  between,
  flag,
  int32,
  integer,
  intOrString,
  list,
  oneOfFields,
  oneOfWords,
  openSelector,
  optional,
  portNumber,
  record,
  type Schema,
  text,
} from './schema.ts'

const filled: Schema = { type: 'string', minLength: 1 }

export const externalEntity: Schema = record({
  spec: record({
    endpoints: list(record({ ip: address, name: text })),
    ports: list(record({ protocol: oneOfWords('TCP', 'UDP', 'SCTP'), port: intOrString, name: text })),
    externalNode: text,
  }),
})

export const externalNode: Schema = record(
  {
    spec: record(
      {
        interfaces: {
          ...list(record({ ips: { ...list(address), minItems: 1 }, name: text })),
          minItems: 1,
          maxItems: 1,
          // Antrea's definition has it on the list, where it asks for nothing.
          required: ['ips'],
        },
      },
      'interfaces',
    ),
  },
  'spec',
)

export const nodeLatencyMonitor: Schema = record(
  {
    spec: record({ pingIntervalSeconds: optional({ ...int32, minimum: 1 }, 60) }, 'pingIntervalSeconds'),
    metadata: record({ name: { type: 'string', pattern: '^default$' } }),
  },
  'spec',
)

const upTo = (maximum: number): Schema => ({ ...int32, minimum: 1, maximum })
const asn = upTo(65_535)

export const bgpPolicy: Schema = record(
  {
    spec: record(
      {
        nodeSelector: openSelector,
        localASN: asn,
        listenPort: optional(asn, 179),
        confederation: record({ identifier: asn, memberASNs: list(asn) }),
        advertisements: record({
          service: record({ ipTypes: list(oneOfWords('ClusterIP', 'LoadBalancerIP', 'ExternalIP')) }),
          pod: record({}),
          egress: record({}),
        }),
        bgpPeers: list(
          record(
            {
              address,
              port: optional(asn, 179),
              asn,
              multihopTTL: optional(upTo(255), 1),
              gracefulRestartTimeSeconds: optional(upTo(3_600), 120),
            },
            'address',
            'asn',
          ),
        ),
      },
      'nodeSelector',
      'localASN',
    ),
  },
  'spec',
)

const interfaceName: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 15,
  pattern: '^[a-zA-Z0-9._-]+$',
}
const vlanId = '(?:[0-9]{1,3}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])'

export const antreaNodeConfig: Schema = record(
  {
    spec: record(
      {
        nodeSelector: openSelector,
        secondaryNetwork: record({
          ovsBridges: {
            ...list(
              record(
                {
                  bridgeName: interfaceName,
                  physicalInterfaces: {
                    ...list(
                      record(
                        {
                          name: interfaceName,
                          allowedVLANs: {
                            ...list({ type: 'string', pattern: `^(${vlanId}|${vlanId}-${vlanId})$` }),
                            'x-kubernetes-list-type': 'set',
                          },
                        },
                        'name',
                      ),
                    ),
                    maxItems: 8,
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                  },
                  enableMulticastSnooping: optional(flag, false),
                },
                'bridgeName',
              ),
            ),
            maxItems: 1,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['bridgeName'],
            'x-kubernetes-validations': [
              {
                rule: 'oldSelf.all(o, self.exists(s, s.bridgeName == o.bridgeName))',
                message: 'bridgeName is immutable — existing bridge names cannot be removed or renamed',
              },
            ],
          },
        }),
      },
      'nodeSelector',
    ),
  },
  'spec',
)

const placed = record({ namespace: filled, name: filled }, 'namespace', 'name')
const seconds = (value: number) => optional({ ...int32, minimum: 1 }, value)

export const flowExporterDestination: Schema = record(
  {
    spec: record(
      {
        address: { type: 'string', pattern: '^.+:[0-9]+$' },
        protocol: {
          ...record({
            ipfix: record({ transport: oneOfWords('tcp', 'udp', 'tls') }, 'transport'),
            grpc: { type: 'object' },
          }),
          ...oneOfFields('ipfix', 'grpc'),
        },
        filter: record({ protocols: list(oneOfWords('tcp', 'udp', 'sctp')) }),
        activeFlowExportTimeoutSeconds: seconds(5),
        idleFlowExportTimeoutSeconds: seconds(15),
        tlsConfig: record(
          {
            minTLSVersion: optional(oneOfWords('VersionTLS12', 'VersionTLS13'), 'VersionTLS12'),
            serverName: filled,
            caConfigMap: placed,
            clientSecret: placed,
          },
          'caConfigMap',
        ),
      },
      'address',
      'protocol',
    ),
  },
  'spec',
)

const named = record({ name: text }, 'name')
const tunnel = record(
  { remoteIP: address, vni: between(0, 16_777_215), destinationPort: portNumber },
  'remoteIP',
)
const portKinds = {
  ovsInternal: named,
  device: named,
  geneve: tunnel,
  vxlan: tunnel,
  gre: record({ remoteIP: address, key: between(0, 4_294_967_295) }, 'remoteIP'),
}
const erspan = record(
  {
    remoteIP: address,
    sessionID: between(0, 1_023),
    version: { type: 'integer', enum: [1, 2] },
    index: integer,
    dir: { type: 'integer', enum: [0, 1] },
    hardwareID: integer,
  },
  'remoteIP',
  'version',
)
const oneKindOf = (kinds: Readonly<Record<string, Schema>>): Schema => ({
  ...record(kinds),
  ...oneOfFields(...Object.keys(kinds)),
})

export const trafficControl: Schema = record(
  {
    spec: record(
      {
        appliedTo: record({ podSelector: openSelector, namespaceSelector: openSelector }),
        direction: oneOfWords('Ingress', 'Egress', 'Both'),
        action: oneOfWords('Mirror', 'Redirect'),
        targetPort: oneKindOf({ ...portKinds, erspan }),
        returnPort: oneKindOf(portKinds),
      },
      'appliedTo',
      'direction',
      'action',
      'targetPort',
    ),
  },
  'spec',
)
