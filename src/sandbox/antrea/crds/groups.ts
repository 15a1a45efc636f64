/** The schemas of groups, tiers and of the two monitoring kinds. */
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

export const agentInfo = record({
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

export const controllerInfo = record({
  ...monitored,
  controllerConditions: heartbeats('ControllerHealthy'),
  serviceRef: reference,
  connectedAgentNum: int32,
})

export const clusterGroup: Schema = groupSpec(selector, { nodeSelector: selector })
export const group: Schema = groupSpec(looseSelector)
export const tier: Schema = record({
  spec: record({ priority: between(0, 255), description: text }, 'priority'),
})
