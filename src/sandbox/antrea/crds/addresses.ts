/** The schemas of Egress, ExternalIPPool and IPPool. */
import {
  address,
  between,
  conditions,
  integer,
  list,
  oneOfFields,
  record,
  type Schema,
  selector,
  text,
} from './schema.ts'

export const egress: Schema = record(
  {
    spec: {
      ...record(
        {
          appliedTo: record({ podSelector: selector, namespaceSelector: selector }),
          egressIP: address,
          egressIPs: list({
            type: 'string',
            oneOf: [{ maxLength: 0 }, { format: 'ipv4' }, { format: 'ipv6' }],
          }),
          externalIPPool: text,
          externalIPPools: list(text),
          bandwidth: record({ rate: text, burst: text }, 'rate', 'burst'),
        },
        'appliedTo',
      ),
      oneOf: [
        { anyOf: [{ required: ['egressIP'] }, { required: ['externalIPPool'] }] },
        { anyOf: [{ required: ['egressIPs'] }, { required: ['externalIPPools'] }] },
      ],
    },
    status: record({ egressNode: text, egressIP: text, conditions }),
  },
  'spec',
)

const range: Schema = {
  ...record({ cidr: { type: 'string', format: 'cidr' }, start: address, end: address }),
  ...oneOfFields('cidr', ['start', 'end']),
}
const usage = record({ total: integer, used: integer })
const vlan = between(0, 4_094)

export const externalIpPool: Schema = record(
  {
    spec: record(
      {
        ipRanges: list(range),
        subnetInfo: record(
          { gateway: address, prefixLength: between(1, 127), vlan },
          'gateway',
          'prefixLength',
        ),
        nodeSelector: selector,
      },
      'ipRanges',
      'nodeSelector',
    ),
    status: record({ usage }),
  },
  'spec',
)

const ipPoolStatus: Schema = record({
  ipAddresses: list(
    record({
      ipAddress: text,
      owner: record({
        pod: record({ name: text, namespace: text, containerID: text, ifName: text }),
        statefulSet: record({ name: text, namespace: text, index: integer }),
      }),
      phase: text,
    }),
  ),
  usage,
})

const immutable = (schema: Schema, name: string): Schema => ({
  ...schema,
  'x-kubernetes-validations': [{ message: `${name} is immutable`, rule: 'self == oldSelf' }],
})

export const ipPool: Schema = record(
  {
    spec: record(
      {
        ipRanges: list(range),
        subnetInfo: record(
          {
            gateway: immutable(address, 'gateway'),
            prefixLength: immutable(between(1, 127), 'prefixLength'),
            vlan,
          },
          'gateway',
          'prefixLength',
        ),
      },
      'ipRanges',
      'subnetInfo',
    ),
    status: ipPoolStatus,
  },
  'spec',
)

/** v1alpha2: every range carries its subnet. */
export const olderIpPool: Schema = record(
  {
    spec: record(
      {
        ipVersion: { type: 'integer', enum: [4, 6] },
        ipRanges: list({
          ...record({
            cidr: { type: 'string', format: 'cidr' },
            start: address,
            end: address,
            gateway: address,
            prefixLength: between(1, 128),
            vlan,
          }),
          ...oneOfFields(['cidr', 'gateway', 'prefixLength'], ['start', 'end', 'gateway', 'prefixLength']),
        }),
      },
      'ipVersion',
      'ipRanges',
    ),
    status: ipPoolStatus,
  },
  'spec',
)
