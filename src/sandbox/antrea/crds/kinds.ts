/** Antrea's CustomResourceDefinitions, crd.antrea.io (build/charts/antrea/crds of v2.7). */
import { egress, externalIpPool, ipPool, olderIpPool } from './addresses.ts'
import { agentInfo, clusterGroup, controllerInfo, group, tier } from './groups.ts'
import {
  antreaNodeConfig,
  bgpPolicy,
  externalEntity,
  externalNode,
  flowExporterDestination,
  nodeLatencyMonitor,
  trafficControl,
} from './others.ts'
import { clusterNetworkPolicy, networkPolicy } from './policies.ts'
import type { Schema } from './schema.ts'
import { packetCapture, supportBundleCollection, traceflow } from './tracing.ts'

export interface Definition {
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly namespaced?: true
  /** The version that is stored; v1beta1 when absent. */
  readonly version?: string
  readonly schema: Schema
  readonly columns?: readonly PrinterColumn[]
  /** True: /status is a subresource. */
  readonly status?: true
  /** A deprecated version beside it, converted by the webhook. */
  readonly older?: { readonly name: string; readonly schema: Schema; readonly warning: string }
}

export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

const policyColumns: readonly PrinterColumn[] = [
  { name: 'Tier', type: 'string', description: 'The tier of the policy.', jsonPath: '.spec.tier' },
  {
    name: 'Priority',
    type: 'number',
    format: 'float',
    description: 'The order among the policies of its tier; the lower number goes first.',
    jsonPath: '.spec.priority',
  },
  {
    name: 'Desired Nodes',
    type: 'number',
    format: 'int32',
    description: 'Nodes that are to realize the policy.',
    jsonPath: '.status.desiredNodesRealized',
  },
  {
    name: 'Current Nodes',
    type: 'number',
    format: 'int32',
    description: 'Nodes that have realized the policy.',
    jsonPath: '.status.currentNodesRealized',
  },
  age,
]

const healthColumns = (who: 'Agent' | 'Controller', conditionsField: string): readonly PrinterColumn[] => {
  const condition = `.${conditionsField}[?(@.type=='${who}Healthy')]`
  return [
    {
      name: 'Healthy',
      type: 'string',
      description: `Health status of ${who === 'Agent' ? 'this' : 'the'} ${who}`,
      jsonPath: `${condition}.status`,
    },
    {
      name: 'Last Heartbeat',
      type: 'date',
      description: 'Last time the Healthy Condition was updated',
      jsonPath: `${condition}.lastHeartbeatTime`,
    },
    {
      name: 'Version',
      type: 'string',
      priority: 1,
      description: `Version of ${who === 'Agent' ? 'this' : 'the'} ${who}`,
      jsonPath: '.version',
    },
  ]
}

const more = (
  priority: number,
  name: string,
  type: string,
  description: string,
  jsonPath: string,
): PrinterColumn => ({ name, type, priority, description, jsonPath })

const column = (name: string, type: string, jsonPath: string, priority = 0): PrinterColumn => ({
  name,
  type,
  jsonPath,
  ...(priority === 0 ? {} : { priority }),
})
const usageColumns: readonly PrinterColumn[] = [
  column('Total', 'integer', '.status.usage.total'),
  column('Used', 'integer', '.status.usage.used'),
  age,
]
const captureCondition = (what: string) => `.status.conditions[?(@.type=="PacketCapture${what}")].status`

export const DEFINITIONS: readonly Definition[] = [
  {
    kind: 'ClusterNetworkPolicy',
    plural: 'clusternetworkpolicies',
    shortNames: ['acnp'],
    schema: clusterNetworkPolicy,
    columns: policyColumns,
    status: true,
  },
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['annp', 'anp'],
    namespaced: true,
    schema: networkPolicy,
    columns: policyColumns,
    status: true,
  },
  {
    kind: 'ClusterGroup',
    plural: 'clustergroups',
    shortNames: ['cg'],
    schema: clusterGroup,
    status: true,
  },
  {
    kind: 'Group',
    plural: 'groups',
    shortNames: ['grp'],
    namespaced: true,
    schema: group,
    status: true,
  },
  {
    kind: 'Tier',
    plural: 'tiers',
    shortNames: ['tr'],
    schema: tier,
    columns: [
      {
        name: 'Priority',
        type: 'integer',
        description: 'The order among tiers; the lower number goes first.',
        jsonPath: '.spec.priority',
      },
      age,
    ],
  },
  {
    kind: 'AntreaAgentInfo',
    plural: 'antreaagentinfos',
    shortNames: ['aai'],
    schema: agentInfo,
    columns: [
      ...healthColumns('Agent', 'agentConditions'),
      more(1, 'Node', 'string', 'Node on which this Agent is running', '.nodeRef.name'),
      more(2, 'Num Pods', 'integer', 'Number of local Pods managed by this Agent', '.localPodNum'),
      more(2, 'Subnets', 'string', 'Subnets used by this Agent for Pod IPAM', '.nodeSubnets'),
    ],
  },
  {
    kind: 'AntreaControllerInfo',
    plural: 'antreacontrollerinfos',
    shortNames: ['aci'],
    schema: controllerInfo,
    columns: [
      ...healthColumns('Controller', 'controllerConditions'),
      more(
        1,
        'Connected Agents',
        'integer',
        'Number of agents which are connected to this controller',
        '.connectedAgentNum',
      ),
      more(1, 'Node', 'string', 'Node on which the Controller is running', '.nodeRef.name'),
      more(
        2,
        'Num Network Policies',
        'integer',
        'Number of Network Policies computed by Controller',
        '.networkPolicyControllerInfo.networkPolicyNum',
      ),
    ],
  },
  {
    kind: 'Traceflow',
    plural: 'traceflows',
    shortNames: ['tf'],
    schema: traceflow,
    columns: [
      column('Phase', 'string', '.status.phase'),
      column('Source-Pod', 'string', '.spec.source.pod', 10),
      column('Destination-Pod', 'string', '.spec.destination.pod', 10),
      column('Destination-IP', 'string', '.spec.destination.ip', 10),
      column('Live-Traffic', 'boolean', '.spec.liveTraffic', 10),
      column('Dropped-Only', 'boolean', '.spec.droppedOnly', 10),
      column('Timeout', 'integer', '.spec.timeout', 10),
      age,
    ],
    status: true,
  },
  {
    kind: 'Egress',
    plural: 'egresses',
    shortNames: ['eg'],
    schema: egress,
    columns: [
      column('EgressIP', 'string', '.status.egressIP'),
      age,
      column('Node', 'string', '.status.egressNode'),
    ],
    status: true,
  },
  {
    kind: 'ExternalIPPool',
    plural: 'externalippools',
    shortNames: ['eip'],
    schema: externalIpPool,
    columns: usageColumns,
    status: true,
  },
  {
    kind: 'IPPool',
    plural: 'ippools',
    shortNames: ['ipp'],
    schema: ipPool,
    columns: usageColumns,
    status: true,
    older: {
      name: 'v1alpha2',
      schema: olderIpPool,
      warning: 'crd.antrea.io/v1alpha2 IPPool is deprecated; use crd.antrea.io/v1beta1 IPPool',
    },
  },
  {
    kind: 'SupportBundleCollection',
    plural: 'supportbundlecollections',
    shortNames: ['sbc'],
    version: 'v1alpha1',
    schema: supportBundleCollection,
    status: true,
  },
  {
    kind: 'PacketCapture',
    plural: 'packetcaptures',
    shortNames: ['pcap'],
    version: 'v1alpha1',
    schema: packetCapture,
    columns: [
      column('Source-Pod', 'string', '.spec.source.pod', 10),
      column('Destination-Pod', 'string', '.spec.destination.pod', 10),
      column('Source-IP', 'string', '.spec.source.ip', 10),
      column('Destination-IP', 'string', '.spec.destination.ip', 10),
      column('Timeout', 'integer', '.spec.timeout', 10),
      age,
      column('Captured-Packets', 'integer', '.status.numberCaptured'),
      column('Started', 'string', captureCondition('Started')),
      column('Complete', 'string', captureCondition('Complete')),
      column('Uploaded', 'string', captureCondition('FileUploaded'), 10),
    ],
    status: true,
  },
  {
    kind: 'ExternalEntity',
    plural: 'externalentities',
    shortNames: ['ee'],
    version: 'v1alpha2',
    namespaced: true,
    schema: externalEntity,
  },
  {
    kind: 'ExternalNode',
    plural: 'externalnodes',
    shortNames: ['en'],
    version: 'v1alpha1',
    namespaced: true,
    schema: externalNode,
  },
  {
    kind: 'NodeLatencyMonitor',
    plural: 'nodelatencymonitors',
    shortNames: ['nlm'],
    version: 'v1alpha1',
    schema: nodeLatencyMonitor,
    columns: [column('PingIntervalSeconds', 'string', '.spec.pingIntervalSeconds'), age],
  },
  {
    kind: 'BGPPolicy',
    plural: 'bgppolicies',
    version: 'v1alpha1',
    schema: bgpPolicy,
    columns: [column('Local ASN', 'integer', '.spec.localASN'), age],
  },
  {
    kind: 'AntreaNodeConfig',
    plural: 'antreanodeconfigs',
    shortNames: ['anc'],
    version: 'v1alpha1',
    schema: antreaNodeConfig,
    columns: [age],
  },
  {
    kind: 'FlowExporterDestination',
    plural: 'flowexporterdestinations',
    shortNames: ['flowexporterdest'],
    version: 'v1alpha1',
    schema: flowExporterDestination,
    columns: [column('Address:Port', 'string', '.spec.address')],
  },
  {
    kind: 'TrafficControl',
    plural: 'trafficcontrols',
    shortNames: ['tc'],
    version: 'v1alpha2',
    schema: trafficControl,
    columns: [
      column('Direction', 'string', '.spec.direction'),
      column('Action', 'string', '.spec.action'),
      age,
    ],
    status: true,
  },
]
