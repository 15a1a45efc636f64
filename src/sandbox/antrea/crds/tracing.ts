/** The schemas of Traceflow, PacketCapture and SupportBundleCollection. */
import {
  address,
  between,
  conditions,
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

const byte = between(0, 255)
const word = between(0, 65_535)
const ports = { srcPort: portNumber, dstPort: portNumber }

const packetHeaders = {
  ipHeader: record({ protocol: byte, ttl: byte, flags: between(0, 7) }),
  ipv6Header: record({ nextHeader: word, hopLimit: word }),
  transportHeader: record({
    icmp: record({ id: word, sequence: word }),
    udp: record(ports),
    tcp: record({ ...ports, flags: byte }),
  }),
}

const observation: Schema = record({
  component: text,
  componentInfo: text,
  action: text,
  pod: text,
  dstMAC: text,
  networkPolicy: text,
  networkPolicyRule: text,
  ttl: byte,
  translatedSrcIP: text,
  translatedDstIP: text,
  tunnelDstIP: text,
  egressIP: text,
  egress: text,
  egressNode: text,
  srcPodIP: text,
})

export const traceflow: Schema = record(
  {
    spec: record({
      source: record({ pod: text, namespace: text, ip: address }),
      destination: record({ pod: text, service: text, namespace: text, ip: address }),
      packet: record(packetHeaders),
      liveTraffic: flag,
      droppedOnly: flag,
      timeout: between(1, 300),
    }),
    status: record({
      reason: text,
      dataplaneTag: integer,
      phase: text,
      startTime: text,
      results: list(record({ node: text, role: text, timestamp: integer, observations: list(observation) })),
      capturedPacket: record({ srcIP: text, dstIP: text, length: word, ...packetHeaders }),
    }),
  },
  'spec',
)

const end: Schema = {
  ...record({
    pod: record({ namespace: optional(text, 'default'), name: text }, 'name'),
    ip: address,
  }),
  'x-kubernetes-validations': [
    { rule: '!(has(self.pod) && has(self.ip))', message: "At most one of 'pod' or 'ip' may be set" },
  ],
}
const icmpMessages = record({ messages: list(record({ type: intOrString, code: byte }, 'type')) })
const needsPod = (point: string, field: string) => ({
  rule: `!(has(self.capturePoint) && self.capturePoint == '${point}') || has(self.${field}.pod)`,
  message: `${field}.pod must be set when capturePoint is '${point}'`,
})

export const packetCapture: Schema = record(
  {
    spec: {
      ...record(
        {
          source: end,
          destination: end,
          packet: record({
            ipFamily: optional(oneOfWords('IPv4', 'IPv6'), 'IPv4'),
            protocol: intOrString,
            transportHeader: {
              ...record({
                udp: record(ports),
                tcp: record({ ...ports, flags: list(record({ value: byte, mask: byte }, 'value')) }),
                icmp: icmpMessages,
                icmpv6: icmpMessages,
              }),
              'x-kubernetes-validations': [
                {
                  rule: '(has(self.icmp) ? 1 : 0) + (has(self.icmpv6) ? 1 : 0) + (has(self.udp) ? 1 : 0) + (has(self.tcp) ? 1: 0) <= 1',
                  message: "At most one of 'ICMP', 'ICMPv6', 'UDP', or 'TCP' may be set",
                },
              ],
            },
          }),
          direction: optional(
            oneOfWords('SourceToDestination', 'DestinationToSource', 'Both'),
            'SourceToDestination',
          ),
          capturePoint: oneOfWords('Source', 'Destination'),
          timeout: optional(between(1, 300), 60),
          captureConfig: {
            ...record({ firstN: record({ number: int32 }, 'number') }),
            ...oneOfFields('firstN'),
          },
          fileServer: record({
            url: { type: 'string', pattern: 'sftp:\\/\\/([\\w-_./]+|\\[[\\w-_.:/]+\\]):\\d+' },
            hostPublicKey: { type: 'string', format: 'byte' },
          }),
        },
        'captureConfig',
      ),
      'x-kubernetes-validations': [
        {
          rule: 'has(self.source.pod) || has(self.destination.pod)',
          message: 'At least one of source.pod or destination.pod must be specified.',
        },
        needsPod('Source', 'source'),
        needsPod('Destination', 'destination'),
      ],
    },
    status: record({ numberCaptured: integer, filePath: text, conditions }),
  },
  'spec',
)

const chosen = { nodeNames: list(text), nodeSelector: openSelector }

export const supportBundleCollection: Schema = record({
  spec: {
    ...record(
      {
        nodes: record(chosen),
        externalNodes: record({ namespace: text, ...chosen }, 'namespace'),
        expirationMinutes: optional(integer, 60),
        sinceTime: { type: 'string', format: 'duration' },
        fileServer: record({ url: text, hostPublicKey: { type: 'string', format: 'byte' } }),
        authentication: record({
          authType: oneOfWords('BearerToken', 'APIKey', 'BasicAuthentication'),
          authSecret: record({ name: text, namespace: text }),
        }),
      },
      'fileServer',
      'authentication',
    ),
    anyOf: [{ required: ['nodes'] }, { required: ['externalNodes'] }],
  },
  status: record({ collectedNodes: integer, desiredNodes: integer, conditions }),
})
