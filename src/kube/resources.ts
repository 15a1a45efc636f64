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
  antreaAgentInfos: crd('AntreaAgentInfo', 'antreaagentinfos'),
  antreaControllerInfos: crd('AntreaControllerInfo', 'antreacontrollerinfos'),
} as const satisfies Record<string, ResourceType>

export type ResourceName = keyof typeof RESOURCES

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
