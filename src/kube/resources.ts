/** The resources the adapter reads or writes, by the short names used in code. */
import type { ResourceType } from './types.ts'

const core = (kind: string, plural: string, namespaced: boolean): ResourceType => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
})
const crd = (kind: string, plural: string, namespaced = false): ResourceType => ({
  group: 'crd.antrea.io',
  version: 'v1beta1',
  kind,
  plural,
  namespaced,
})

const stats = (kind: string, plural: string, namespaced: boolean): ResourceType => ({
  group: 'stats.antrea.io',
  version: 'v1alpha1',
  kind,
  plural,
  namespaced,
})

export const RESOURCES = {
  nodes: core('Node', 'nodes', false),
  namespaces: core('Namespace', 'namespaces', false),
  pods: core('Pod', 'pods', true),
  services: core('Service', 'services', true),
  endpointSlices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    namespaced: true,
  },
  ingresses: {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'Ingress',
    plural: 'ingresses',
    namespaced: true,
  },
  networkPolicies: {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  },
  leases: { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true },
  customResourceDefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
  clusterNetworkPolicies: crd('ClusterNetworkPolicy', 'clusternetworkpolicies'),
  antreaNetworkPolicies: crd('NetworkPolicy', 'networkpolicies', true),
  /** What antrea-controller has computed of every policy, named by the uid of its source. Listed, never watched. */
  computedNetworkPolicies: {
    group: 'controlplane.antrea.io',
    version: 'v1beta2',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: false,
  },
  clusterGroups: crd('ClusterGroup', 'clustergroups'),
  tiers: crd('Tier', 'tiers'),
  traceflows: crd('Traceflow', 'traceflows'),
  clusterPolicyStats: stats('AntreaClusterNetworkPolicyStats', 'antreaclusternetworkpolicystats', false),
  antreaPolicyStats: stats('AntreaNetworkPolicyStats', 'antreanetworkpolicystats', true),
  networkPolicyStats: stats('NetworkPolicyStats', 'networkpolicystats', true),
  groups: crd('Group', 'groups', true),
  egresses: crd('Egress', 'egresses'),
  ipPools: crd('IPPool', 'ippools'),
  externalIPPools: crd('ExternalIPPool', 'externalippools'),
  gateways: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    kind: 'Gateway',
    plural: 'gateways',
    namespaced: true,
  },
  configMaps: core('ConfigMap', 'configmaps', true),
  serviceAccounts: core('ServiceAccount', 'serviceaccounts', true),
  secrets: core('Secret', 'secrets', true),
  /** antrea-controller's own, named `controller`; each agent serves the same kind, named `agent`, on its own port. */
  supportBundles: {
    group: 'system.antrea.io',
    version: 'v1beta1',
    kind: 'SupportBundle',
    plural: 'supportbundles',
    namespaced: false,
  },
  antreaAgentInfos: crd('AntreaAgentInfo', 'antreaagentinfos'),
  antreaControllerInfos: crd('AntreaControllerInfo', 'antreacontrollerinfos'),
} as const satisfies Record<string, ResourceType>

export type ResourceName = keyof typeof RESOURCES

/**
 * Those that a cluster may do without: Gateway API is an add-on, and Antrea's versions serve different kinds at v1beta1.
 * Where one is not served (as discovery says) it is reported, and looked for again; everything else goes on without it.
 */
export const OPTIONAL: ReadonlySet<ResourceName> = new Set<ResourceName>([
  'gateways',
  'antreaNetworkPolicies',
  'groups',
  'egresses',
  'ipPools',
  'externalIPPools',
])

/** `/api/v1/...` or `/apis/GROUP/VERSION/...` of a collection or of one object, segments encoded. */
export function resourcePath(
  type: ResourceType,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${type.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}
