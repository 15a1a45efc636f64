/** The columns kube-apiserver prints for built-in resources (pkg/printers/internalversion). */
import { type Fields, fieldsOf, isFields, listOf, own, textOf } from '../json.ts'
import type { Column } from '../resource.ts'
import { ageText } from '../table.ts'

const text = (name: string, cell: (object: Fields) => unknown, priority = 0): Column => ({
  name,
  type: 'string',
  cell,
  priority,
})
const count = (name: string, cell: (object: Fields) => unknown): Column => ({ name, type: 'integer', cell })

export const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  cell: (object) => textOf(fieldsOf(object, 'metadata'), 'name'),
}
export const AGE: Column = {
  name: 'Age',
  type: 'string',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  cell: (object, nowMs) => ageText(textOf(fieldsOf(object, 'metadata'), 'creationTimestamp'), nowMs),
}
const CREATED: Column = {
  name: 'Created At',
  type: 'date',
  cell: (object) => textOf(fieldsOf(object, 'metadata'), 'creationTimestamp'),
}

const spec = (object: Fields): Fields => fieldsOf(object, 'spec')
const status = (object: Fields): Fields => fieldsOf(object, 'status')
const or = (value: string, fallback = '<none>'): string => (value === '' ? fallback : value)
const labelsText = (labels: Fields): string =>
  or(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  )
/** kubectl's form of a label selector. */
function selectorText(selector: Fields): string {
  const labels = Object.entries(fieldsOf(selector, 'matchLabels')).map(
    ([key, value]) => `${key}=${String(value)}`,
  )
  const terms = listOf(selector, 'matchExpressions').map((one) => {
    const { key, operator } = fieldsOf(one) as { key?: string; operator?: string }
    const values = listOf(one, 'values').join(',')
    if (operator === 'Exists') return `${key}`
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values})`
  })
  return or([...labels, ...terms].join(','))
}

function podStatus(pod: Fields): string {
  const phase = textOf(status(pod), 'reason') || textOf(status(pod), 'phase')
  const waiting = listOf(status(pod), 'containerStatuses')
    .map((one) => fieldsOf(one, 'state'))
    .map(
      (state) =>
        textOf(fieldsOf(state, 'waiting'), 'reason') || textOf(fieldsOf(state, 'terminated'), 'reason'),
    )
    .filter((reason) => reason !== '')
  const shown = waiting.at(0) ?? phase
  return textOf(fieldsOf(pod, 'metadata'), 'deletionTimestamp') === '' ? shown : 'Terminating'
}

const containersReady = (pod: Fields): number =>
  listOf(status(pod), 'containerStatuses').filter((one) => fieldsOf(one)['ready'] === true).length

const restarts = (pod: Fields): string =>
  String(
    listOf(status(pod), 'containerStatuses').reduce<number>(
      (sum, one) => sum + Number(fieldsOf(one)['restartCount'] ?? 0),
      0,
    ),
  )

const POD: readonly Column[] = [
  NAME,
  text('Ready', (pod) => `${containersReady(pod)}/${listOf(spec(pod), 'containers').length}`),
  text('Status', podStatus),
  text('Restarts', restarts),
  AGE,
  text('IP', (pod) => or(textOf(status(pod), 'podIP')), 1),
  text('Node', (pod) => or(textOf(spec(pod), 'nodeName')), 1),
  text('Nominated Node', (pod) => or(textOf(status(pod), 'nominatedNodeName')), 1),
  text('Readiness Gates', () => '<none>', 1),
]

function nodeStatus(node: Fields): string {
  const ready = listOf(status(node), 'conditions').find((one) => textOf(one, 'type') === 'Ready')
  const isReady = ready === undefined ? 'Unknown' : textOf(ready, 'status') === 'True' ? 'Ready' : 'NotReady'
  return spec(node)['unschedulable'] === true ? `${isReady},SchedulingDisabled` : isReady
}

const ROLE = 'node-role.kubernetes.io/'
const roles = (node: Fields): string =>
  or(
    Object.keys(fieldsOf(fieldsOf(node, 'metadata'), 'labels'))
      .filter((key) => key.startsWith(ROLE))
      .map((key) => key.slice(ROLE.length))
      .sort()
      .join(','),
  )
const address = (type: string) => (node: Fields) =>
  or(
    textOf(
      listOf(status(node), 'addresses').find((one) => textOf(one, 'type') === type),
      'address',
    ),
  )
const nodeInfo = (key: string, fallback: string) => (node: Fields) =>
  or(textOf(fieldsOf(status(node), 'nodeInfo'), key), fallback)

const NODE: readonly Column[] = [
  NAME,
  text('Status', nodeStatus),
  text('Roles', roles),
  AGE,
  text('Version', (node) => textOf(fieldsOf(status(node), 'nodeInfo'), 'kubeletVersion')),
  text('Internal-IP', address('InternalIP'), 1),
  text('External-IP', address('ExternalIP'), 1),
  text('OS-Image', nodeInfo('osImage', '<unknown>'), 1),
  text('Kernel-Version', nodeInfo('kernelVersion', '<unknown>'), 1),
  text('Container-Runtime', nodeInfo('containerRuntimeVersion', '<unknown>'), 1),
]

function servicePorts(service: Fields): string {
  const ports = listOf(spec(service), 'ports').map((one) => {
    const { port, nodePort, protocol } = fieldsOf(one)
    return `${String(port)}${nodePort === undefined ? '' : `:${String(nodePort)}`}/${String(protocol)}`
  })
  return or(ports.join(','))
}

function externalIp(service: Fields): string {
  const type = textOf(spec(service), 'type')
  if (type === 'ExternalName') return textOf(spec(service), 'externalName')
  const given = listOf(spec(service), 'externalIPs').join(',')
  if (type !== 'LoadBalancer') return or(given)
  const ingress = listOf(fieldsOf(status(service), 'loadBalancer'), 'ingress')
    .map((one) => textOf(one, 'ip') || textOf(one, 'hostname'))
    .join(',')
  return or([ingress, given].filter((part) => part !== '').join(','), '<pending>')
}

const SERVICE: readonly Column[] = [
  NAME,
  text('Type', (service) => textOf(spec(service), 'type')),
  text('Cluster-IP', (service) => or(textOf(spec(service), 'clusterIP'))),
  text('External-IP', externalIp),
  text('Port(s)', servicePorts),
  AGE,
  text('Selector', (service) => labelsText(fieldsOf(spec(service), 'selector')), 1),
]

const number = (of: Fields, key: string): number => Number(own(of, key) ?? 0)
const images = (object: Fields): string =>
  listOf(fieldsOf(fieldsOf(spec(object), 'template'), 'spec'), 'containers')
    .map((one) => textOf(one, 'image'))
    .join(',')
const containerNames = (object: Fields): string =>
  listOf(fieldsOf(fieldsOf(spec(object), 'template'), 'spec'), 'containers')
    .map((one) => textOf(one, 'name'))
    .join(',')
const WORKLOAD_WIDE: readonly Column[] = [
  text('Containers', containerNames, 1),
  text('Images', images, 1),
  text('Selector', (object) => selectorText(fieldsOf(spec(object), 'selector')), 1),
]

const DEPLOYMENT: readonly Column[] = [
  NAME,
  text('Ready', (one) => `${number(status(one), 'readyReplicas')}/${number(spec(one), 'replicas')}`),
  text('Up-to-date', (one) => String(number(status(one), 'updatedReplicas'))),
  text('Available', (one) => String(number(status(one), 'availableReplicas'))),
  AGE,
  ...WORKLOAD_WIDE,
]
const REPLICA_SET: readonly Column[] = [
  NAME,
  count('Desired', (one) => number(spec(one), 'replicas')),
  count('Current', (one) => number(status(one), 'replicas')),
  count('Ready', (one) => number(status(one), 'readyReplicas')),
  AGE,
  ...WORKLOAD_WIDE,
]
const DAEMON_SET: readonly Column[] = [
  NAME,
  count('Desired', (one) => number(status(one), 'desiredNumberScheduled')),
  count('Current', (one) => number(status(one), 'currentNumberScheduled')),
  count('Ready', (one) => number(status(one), 'numberReady')),
  count('Up-to-date', (one) => number(status(one), 'updatedNumberScheduled')),
  count('Available', (one) => number(status(one), 'numberAvailable')),
  text('Node Selector', (one) =>
    labelsText(fieldsOf(fieldsOf(fieldsOf(spec(one), 'template'), 'spec'), 'nodeSelector')),
  ),
  AGE,
  ...WORKLOAD_WIDE,
]
const STATEFUL_SET: readonly Column[] = [
  NAME,
  text('Ready', (one) => `${number(status(one), 'readyReplicas')}/${number(spec(one), 'replicas')}`),
  AGE,
  ...WORKLOAD_WIDE.slice(0, 2),
]

/** Three are named, the rest is counted. */
const some = (items: readonly string[]): string =>
  items.length > 3 ? `${items.slice(0, 3).join(',')} + ${items.length - 3} more...` : items.join(',')

function ingressPorts(ingress: Fields): string {
  return listOf(spec(ingress), 'tls').length > 0 ? '80, 443' : '80'
}

const INGRESS: readonly Column[] = [
  NAME,
  text('Class', (one) => or(textOf(spec(one), 'ingressClassName'))),
  text('Hosts', (one) => {
    const hosts = listOf(spec(one), 'rules')
      .map((rule) => textOf(rule, 'host'))
      .filter((host) => host !== '')
    return hosts.length === 0 ? '*' : some(hosts)
  }),
  text('Address', (one) =>
    listOf(fieldsOf(status(one), 'loadBalancer'), 'ingress')
      .map((at) => textOf(at, 'ip') || textOf(at, 'hostname'))
      .join(','),
  ),
  text('Ports', ingressPorts),
  AGE,
]

const EVENT: readonly Column[] = [
  {
    ...AGE,
    name: 'Last Seen',
    cell: (event, nowMs) => {
      const last =
        textOf(event, 'lastTimestamp') || textOf(event, 'eventTime') || textOf(event, 'firstTimestamp')
      return last === '' ? '<unknown>' : ageText(last, nowMs)
    },
  },
  text('Type', (event) => textOf(event, 'type')),
  text('Reason', (event) => textOf(event, 'reason')),
  text('Object', (event) => {
    const involved = fieldsOf(event, 'involvedObject')
    return `${textOf(involved, 'kind').toLowerCase()}/${textOf(involved, 'name')}`
  }),
  text('Subobject', (event) => textOf(fieldsOf(event, 'involvedObject'), 'fieldPath'), 1),
  text('Source', (event) => textOf(fieldsOf(event, 'source'), 'component'), 1),
  text('Message', (event) => textOf(event, 'message').trim()),
  text('First Seen', () => '<unknown>', 1),
  text('Count', (event) => String(own(event, 'count') ?? 1), 1),
  { ...NAME, priority: 1 },
]

function apiServiceAvailable(one: Fields): string {
  const condition = listOf(status(one), 'conditions').find((at) => textOf(at, 'type') === 'Available')
  return textOf(condition, 'status') || 'Unknown'
}

/** By kind; other kinds have name and age. */
export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: POD,
  Node: NODE,
  Namespace: [NAME, text('Status', (one) => textOf(status(one), 'phase')), AGE],
  Service: SERVICE,
  ConfigMap: [NAME, text('Data', (one) => String(dataCount(one))), AGE],
  Secret: [NAME, text('Type', (one) => textOf(one, 'type')), text('Data', dataCount), AGE],
  ServiceAccount: [NAME, AGE],
  Event: EVENT,
  Deployment: DEPLOYMENT,
  ReplicaSet: REPLICA_SET,
  DaemonSet: DAEMON_SET,
  StatefulSet: STATEFUL_SET,
  Ingress: INGRESS,
  NetworkPolicy: [NAME, text('Pod-Selector', (one) => selectorText(fieldsOf(spec(one), 'podSelector'))), AGE],
  Lease: [NAME, text('Holder', (one) => textOf(spec(one), 'holderIdentity')), AGE],
  EndpointSlice: [
    NAME,
    text('AddressType', (one) => textOf(one, 'addressType')),
    text('Ports', (one) =>
      or(some(listOf(one, 'ports').map((port) => String(fieldsOf(port)['port'] ?? '*'))), '<unset>'),
    ),
    text('Endpoints', (one) =>
      or(some(listOf(one, 'endpoints').flatMap((at) => listOf(at, 'addresses').map(String))), '<unset>'),
    ),
    AGE,
  ],
  Endpoints: [
    NAME,
    text('Endpoints', (one) =>
      or(some(listOf(one, 'subsets').flatMap((at) => listOf(at, 'addresses').map((to) => textOf(to, 'ip'))))),
    ),
    AGE,
  ],
  CustomResourceDefinition: [NAME, CREATED],
  APIService: [
    NAME,
    text('Service', (one) => {
      const service = own(spec(one), 'service')
      return isFields(service) ? `${textOf(service, 'namespace')}/${textOf(service, 'name')}` : 'Local'
    }),
    text('Available', apiServiceAvailable),
    AGE,
  ],
}

function dataCount(object: Fields): number {
  return Object.keys(fieldsOf(object, 'data')).length + Object.keys(fieldsOf(object, 'binaryData')).length
}
