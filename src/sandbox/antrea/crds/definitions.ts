/** Antrea's CustomResourceDefinitions, crd.antrea.io/v1beta1 (build/charts/antrea/crds of v2.7). */
import { clusterNetworkPolicy, networkPolicy } from './policies.ts'
import {
  between,
  conditions,
  int32,
  ipBlock,
  list,
  looseSelector,
  oneOfWords,
  record,
  reference,
  type Schema,
  selector,
  text,
} from './schema.ts'

export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

interface Definition {
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly namespaced?: true
  readonly schema: Schema
  readonly columns?: readonly PrinterColumn[]
  /** True: /status is a subresource. */
  readonly status?: true
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

const groupSpec = (labelSelector: Schema, more: Readonly<Record<string, Schema>> = {}): Schema =>
  record({
    spec: record({
      childGroups: list(text),
      podSelector: labelSelector,
      namespaceSelector: labelSelector,
      externalEntitySelector: labelSelector,
      ipBlocks: list(ipBlock),
      serviceReference: record({ name: text, namespace: text }),
      ...more,
    }),
    status: record({ conditions }),
  })

/** Conditions of the monitoring kinds: a heartbeat in place of a transition. */
const heartbeats = (...types: readonly string[]): Schema =>
  list(
    record(
      {
        type: oneOfWords(...types),
        status: oneOfWords('True', 'False', 'Unknown'),
        lastHeartbeatTime: { type: 'string', format: 'date-time' },
        reason: text,
        message: text,
      },
      'type',
      'status',
      'lastHeartbeatTime',
    ),
  )

const monitored = {
  version: text,
  podRef: reference,
  nodeRef: reference,
  apiPort: between(1, 65_535),
  networkPolicyControllerInfo: record({
    networkPolicyNum: int32,
    addressGroupNum: int32,
    appliedToGroupNum: int32,
  }),
}
const positive: Schema = { ...int32, minimum: 0 }

const agentInfo = record({
  ...monitored,
  agentConditions: heartbeats(
    'AgentHealthy',
    'ControllerConnectionUp',
    'OVSDBConnectionUp',
    'OpenflowConnectionUp',
  ),
  localPodNum: int32,
  nodePortLocalPortRange: text,
  nodeSubnets: list(text),
  apiCABundle: { type: 'string', format: 'byte' },
  ovsInfo: record({
    version: text,
    bridgeName: text,
    flowTable: { type: 'object', additionalProperties: int32 },
  }),
  networkInfo: record({
    transportInterface: text,
    transportInterfaceMTU: positive,
    podMTU: positive,
    transportInterfaceIPs: { ...list(text), maxItems: 2 },
  }),
})

const controllerInfo = record({
  ...monitored,
  controllerConditions: heartbeats('ControllerHealthy'),
  serviceRef: reference,
  connectedAgentNum: int32,
})

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
    schema: groupSpec(selector, { nodeSelector: selector }),
    status: true,
  },
  {
    kind: 'Group',
    plural: 'groups',
    shortNames: ['grp'],
    namespaced: true,
    schema: groupSpec(looseSelector),
    status: true,
  },
  {
    kind: 'Tier',
    plural: 'tiers',
    shortNames: ['tr'],
    schema: record({ spec: record({ priority: between(0, 255), description: text }, 'priority') }),
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
]

/** The objects to create: apiextensions.k8s.io/v1 CustomResourceDefinitions. */
export const customResourceDefinitions = () =>
  DEFINITIONS.map(({ kind, plural, shortNames, namespaced, schema, columns, status }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.crd.antrea.io`, labels: { app: 'antrea' } },
    spec: {
      group: 'crd.antrea.io',
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, shortNames },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(columns === undefined ? {} : { additionalPrinterColumns: columns }),
          ...(status ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  }))
