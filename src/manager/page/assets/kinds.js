/** What of a cluster is listed, and how: one entry a kind of inventory object. */
import { clusterLink } from './clusters.js'
import { h } from './dom.js'
import { objects, text, texts } from './json.js'
import { tagList } from './parts.js'
import { link } from './route.js'
import { nameOf } from './search.js'
import { badge, since } from './status.js'

/** @import { Child } from './dom.js' */
/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */

/**
 * @typedef {object} Kind
 * @property {string} key in the address
 * @property {string} type NSX's resource_type
 * @property {string} words
 * @property {string} one
 * @property {readonly string[]} searched fields
 * @property {readonly Column[]} columns beside name and last sync
 * @property {string} [states] the field that a state is chosen by
 * @property {readonly string[]} [choices] its values
 */

/** A property that has no field of its own. @param {Json} row @param {string} key */
export const property = (row, key) =>
  text(objects(row['origin_properties']).find((one) => one['key'] === key)?.['value'])

const faint = (/** @type {string} */ words) => h('span', { class: 'faint' }, words)
const mono = (/** @type {string} */ words) =>
  words === '' ? faint('–') : h('span', { class: 'mono' }, words)

/** @type {Column} */
const CLUSTER = { title: 'Cluster', cell: (row) => clusterLink(row['container_cluster_id']) }
/** @type {Column} */
const NAMESPACE = { title: 'Namespace', cell: (row) => nameOf(row['container_project_id']) || faint('–') }
/** @type {Column} */
const TAGS = { title: 'Tags', class: 'wide', cell: (row) => tagList(row['tags'], 4) }
/** @type {Column} */
const NETWORK = {
  title: 'Network',
  sort: 'network_status',
  cell: (row) => (text(row['network_status']) === '' ? faint('–') : badge(text(row['network_status']))),
}
/** @type {Column} */
const STATUS = { title: 'Status', sort: 'status', cell: (row) => badge(text(row['status']) || 'UNKNOWN') }

/** @param {string} title @param {(row: Json) => string} of @returns {Column} */
const addresses = (title, of) => ({ title, cell: (row) => mono(of(row)) })

/** @param {Json} row */
export const portsOf = (row) =>
  objects(row['service_ports'])
    .map((port) => {
      const [from, to] = [text(port['port']), text(port['target_port'])]
      return `${from}${to === '' || to === from ? '' : `→${to}`}/${text(port['protocol']) || 'TCP'}`
    })
    .join(', ')

/** @param {Json} row */
function realization(row) {
  const state = /** @type {Json | undefined} */ (row['realization'])
  if (state === undefined) return faint('–')
  const nodes = /** @type {Json | undefined} */ (state['nodes'])
  const words = nodes === undefined ? '' : ` ${text(nodes['current'])} of ${text(nodes['desired'])} nodes`
  return [badge(text(state['state'])), faint(words)]
}

const COMMON = ['display_name', 'external_id', 'tags.tag', 'tags.scope']
const HEALTH = ['HEALTHY', 'UNHEALTHY']

/** @type {readonly Kind[]} */
export const KINDS = [
  {
    key: 'pods',
    type: 'ContainerApplicationInstance',
    words: 'Pods',
    one: 'Pod',
    searched: [...COMMON, 'origin_properties.value'],
    states: 'network_status',
    choices: HEALTH,
    columns: [
      NAMESPACE,
      CLUSTER,
      { title: 'Node', cell: (row) => nameOf(row['cluster_node_id']) || faint('not scheduled') },
      addresses('Address', (row) => property(row, 'ip')),
      STATUS,
      NETWORK,
    ],
  },
  {
    key: 'services',
    type: 'ContainerApplication',
    words: 'Services',
    one: 'Service',
    searched: [...COMMON, 'cluster_ips', 'service_ports.port'],
    states: 'network_status',
    choices: HEALTH,
    columns: [
      NAMESPACE,
      CLUSTER,
      { title: 'Type', sort: 'type', cell: (row) => text(row['type']) },
      addresses('Cluster addresses', (row) => texts(row['cluster_ips']).join(', ')),
      addresses('Ports', portsOf),
      STATUS,
    ],
  },
  {
    key: 'namespaces',
    type: 'ContainerProject',
    words: 'Namespaces',
    one: 'Namespace',
    searched: COMMON,
    columns: [CLUSTER, TAGS, NETWORK],
  },
  {
    key: 'nodes',
    type: 'ContainerClusterNode',
    words: 'Nodes',
    one: 'Node',
    searched: [...COMMON, 'ip_addresses', 'pod_cidrs'],
    states: 'cni_agent_status',
    choices: HEALTH,
    columns: [
      CLUSTER,
      addresses('Addresses', (row) => texts(row['ip_addresses']).join(', ')),
      addresses('Pod CIDRs', (row) => texts(row['pod_cidrs']).join(', ')),
      { title: 'Kubelet', cell: (row) => property(row, 'kubelet_version') || faint('–') },
      {
        title: 'Agent',
        sort: 'cni_agent_status',
        cell: (row) => badge(text(row['cni_agent_status']) || 'UNKNOWN'),
      },
    ],
  },
  {
    key: 'network-policies',
    type: 'ContainerNetworkPolicy',
    words: 'Network policies',
    one: 'Network policy',
    searched: [...COMMON, 'policy_type'],
    states: 'network_status',
    choices: HEALTH,
    columns: [
      NAMESPACE,
      CLUSTER,
      { title: 'Type', sort: 'policy_type', cell: (row) => text(row['policy_type']) },
      { title: 'Realization', cell: realization },
      NETWORK,
    ],
  },
  {
    key: 'ingresses',
    type: 'ContainerIngressPolicy',
    words: 'Ingresses',
    one: 'Ingress',
    searched: COMMON,
    columns: [NAMESPACE, CLUSTER, TAGS, NETWORK],
  },
  {
    key: 'gateways',
    type: 'ContainerGateway',
    words: 'Gateways',
    one: 'Gateway',
    searched: [...COMMON, 'addresses.address'],
    columns: [
      NAMESPACE,
      CLUSTER,
      addresses('Addresses', (row) =>
        objects(row['addresses'])
          .map((one) => text(one['address']))
          .join(', '),
      ),
      NETWORK,
    ],
  },
  {
    key: 'egresses',
    type: 'ContainerEgress',
    words: 'Egresses',
    one: 'Egress',
    searched: [...COMMON, 'egress_ip'],
    columns: [CLUSTER, addresses('Egress address', (row) => text(row['egress_ip'])), NETWORK],
  },
  {
    key: 'ip-pools',
    type: 'ContainerIpPool',
    words: 'IP pools',
    one: 'IP pool',
    searched: COMMON,
    columns: [
      CLUSTER,
      addresses('Ranges', (row) =>
        objects(row['ip_ranges'])
          .map((one) => text(one['cidr']) || `${text(one['start'])}–${text(one['end'])}`)
          .join(', '),
      ),
      NETWORK,
    ],
  },
]

/** @type {Kind} */
export const MACHINES = {
  key: 'machines',
  type: 'VirtualMachine',
  words: 'Virtual machines',
  one: 'Virtual machine',
  searched: [...COMMON, 'ip_addresses', 'guest_info.os_name', 'guest_info.computer_name'],
  states: 'power_state',
  choices: ['VM_RUNNING', 'VM_STOPPED', 'VM_SUSPENDED', 'UNKNOWN'],
  columns: [
    { title: 'Power', sort: 'power_state', cell: (row) => badge(text(row['power_state']) || 'UNKNOWN') },
    addresses('Addresses', (row) => texts(row['ip_addresses']).join(', ')),
    TAGS,
    {
      title: 'Guest',
      cell: (row) => text(/** @type {Json | undefined} */ (row['guest_info'])?.['os_name']) || faint('–'),
    },
  ],
}

/** The last column of each list. @type {Column} */
export const SYNCED = {
  title: 'Last sync',
  sort: '_last_sync_time',
  cell: (row) => since(row['_last_sync_time']),
}

/** The address of one object. @param {Kind} kind @param {unknown} id */
export const objectLink = (kind, id) =>
  kind === MACHINES ? link(['machines', text(id)]) : link(['inventory', kind.key, text(id)])

/** @param {readonly string[]} parts of the address */
export const kindOf = ([section, key = 'pods']) =>
  section === 'machines' ? MACHINES : KINDS.find((kind) => kind.key === key)
