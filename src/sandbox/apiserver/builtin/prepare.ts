/** What the server itself sets and keeps when a built-in resource is created or updated (the registries' strategies). */
import { type Fields, fieldsOf, isList, listOf, omit, own, textOf } from '../json.ts'

export type Prepare = (object: Fields, previous: Fields | undefined) => Fields

export const keep: Prepare = (object) => object

const specOf = (object: Fields): Fields => fieldsOf(object, 'spec')

export const preparePod: Prepare = (pod, previous) => {
  const spec = specOf(pod)
  if (previous !== undefined) return pod
  const full: Fields = {
    ...spec,
    tolerations: tolerationsOf(spec),
    priority: own(spec, 'priority') ?? 0,
    preemptionPolicy: own(spec, 'preemptionPolicy') ?? 'PreemptLowerPriority',
  }
  return { ...pod, spec: full, status: { phase: 'Pending', qosClass: qosClass(spec) } }
}

/** DefaultTolerationSeconds admission. */
function tolerationsOf(spec: Fields): readonly unknown[] {
  const given = listOf(spec, 'tolerations')
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) =>
      !given.some((one) => {
        const { key: has, effect } = fieldsOf(one) as { key?: string; effect?: string }
        return (has === key || has === undefined) && (effect === 'NoExecute' || effect === undefined)
      }),
  )
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }))
  return [...given, ...added]
}

function qosClass(spec: Fields): string {
  const containers = [...listOf(spec, 'containers'), ...listOf(spec, 'initContainers')]
  const resources = containers.map((one) => fieldsOf(one, 'resources'))
  const isBare = (of: Fields) =>
    Object.keys(fieldsOf(of, 'limits')).length + Object.keys(fieldsOf(of, 'requests')).length === 0
  if (resources.every(isBare)) return 'BestEffort'
  const isGuaranteed = resources.every((of) =>
    ['cpu', 'memory'].every((key) => {
      const limit = own(fieldsOf(of, 'limits'), key)
      return limit !== undefined && (own(fieldsOf(of, 'requests'), key) ?? limit) === limit
    }),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

export const prepareNamespace: Prepare = (namespace, previous) => {
  if (previous !== undefined) {
    const status = fieldsOf(previous, 'status')
    return { ...namespace, spec: specOf(previous), status }
  }
  const metadata = fieldsOf(namespace, 'metadata')
  const labels = { ...fieldsOf(metadata, 'labels'), 'kubernetes.io/metadata.name': textOf(metadata, 'name') }
  return {
    ...namespace,
    metadata: { ...metadata, labels },
    spec: { ...specOf(namespace), finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}

/** TaintNodesByCondition admission. A node's status may come with its creation. */
export const prepareNode: Prepare = (node, previous) => {
  if (previous !== undefined) return node
  const taints = listOf(specOf(node), 'taints')
  const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
  const isTainted = taints.some(
    (one) => textOf(one, 'key') === taint.key && textOf(one, 'effect') === taint.effect,
  )
  return { ...node, spec: { ...specOf(node), taints: isTainted ? taints : [...taints, taint] } }
}

/** Status is reset on create: it has an endpoint of its own. */
export const resetStatus =
  (status: Fields | undefined): Prepare =>
  (object, previous) => {
    if (previous !== undefined) return object
    return status === undefined ? omit(object, 'status') : { ...object, status }
  }

/** Cluster addresses and node ports are given in order: 10.96.0.0/16, and 30000 up. */
export function createServicePrepare(taken: () => Iterable<Fields>): Prepare {
  return (service, previous) => {
    const spec = specOf(service)
    const type = textOf(spec, 'type')
    const status = previous === undefined ? { loadBalancer: {} } : fieldsOf(service, 'status')
    if (type === 'ExternalName') return { ...service, status }
    const before = previous === undefined ? {} : specOf(previous)
    const given = textOf(spec, 'clusterIP') || textOf(before, 'clusterIP')
    const clusterIP = given === '' ? freeAddress(taken()) : given
    const isV6 = clusterIP.includes(':')
    // A headless Service whose endpoints are made by hand may have them in both families.
    const isBoth = clusterIP === 'None' && Object.keys(fieldsOf(spec, 'selector')).length === 0
    const families = isBoth ? ['IPv4', 'IPv6'] : [isV6 ? 'IPv6' : 'IPv4']
    const full: Fields = {
      ...spec,
      clusterIP,
      clusterIPs: isList(own(spec, 'clusterIPs')) ? own(spec, 'clusterIPs') : [clusterIP],
      ipFamilies: own(spec, 'ipFamilies') ?? own(before, 'ipFamilies') ?? families,
      ipFamilyPolicy:
        own(spec, 'ipFamilyPolicy') ??
        own(before, 'ipFamilyPolicy') ??
        (isBoth ? 'RequireDualStack' : 'SingleStack'),
      ...(type === 'NodePort' || type === 'LoadBalancer'
        ? { ports: withNodePorts(listOf(spec, 'ports'), taken()) }
        : {}),
    }
    return { ...service, spec: full, status }
  }
}

function freeAddress(services: Iterable<Fields>): string {
  const used = new Set([...services].map((one) => textOf(specOf(one), 'clusterIP')))
  for (let number = 256; number < 65_535; number += 1) {
    const address = `10.96.${number >> 8}.${number & 255}`
    if (!used.has(address)) return address
  }
  return 'None'
}

function withNodePorts(ports: readonly unknown[], services: Iterable<Fields>): readonly unknown[] {
  const used = new Set(
    [...services].flatMap((one) => listOf(specOf(one), 'ports').map((port) => fieldsOf(port)['nodePort'])),
  )
  let next = 30_000
  return ports.map((port) => {
    if (fieldsOf(port)['nodePort'] !== undefined) return port
    while (used.has(next)) next += 1
    used.add(next)
    return { ...fieldsOf(port), nodePort: next }
  })
}

export const prepareCrd: Prepare = (crd, previous) => {
  if (previous !== undefined) return crd
  const stored = listOf(specOf(crd), 'versions').filter((one) => fieldsOf(one)['storage'] === true)
  return {
    ...crd,
    status: {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: stored.map((one) => textOf(one, 'name')),
    },
  }
}
