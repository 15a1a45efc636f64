/**
 * Validation of built-in resources: the rules that the sandbox's users run into, in the words of Kubernetes
 * (pkg/apis/core/validation and its neighbours). It is not all of them; docs/sandbox-apiserver.md says so.
 */
import { isIP } from 'node:net'
import { equal, type Fields, fieldsOf, isFields, listOf, own, quoted, textOf } from '../json.ts'
import { labelErrors, nameErrors } from '../names.ts'
import { schemaProblems } from '../schema/index.ts'
import { denied, type FieldError, required, unsupported, wrong } from '../status.ts'

export type Validate = (object: Fields, previous: Fields | undefined) => readonly FieldError[]

const each = (
  object: Fields,
  key: string,
  path: string,
  check: (item: Fields, path: string) => readonly FieldError[],
): readonly FieldError[] =>
  listOf(object, key).flatMap((item, at) => check(fieldsOf(item), `${path}.${key}[${at}]`))

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

const oneOf = (value: unknown, field: string, values: readonly string[]): readonly FieldError[] =>
  value === undefined || values.includes(String(value))
    ? []
    : [unsupported(field, quoted(value), values.map(quoted))]

const port = (value: unknown, field: string): readonly FieldError[] =>
  typeof value === 'number' && (value < 1 || value > 65_535)
    ? [wrong(field, String(value), 'must be between 1 and 65535, inclusive')]
    : []

function containerErrors(one: Fields, path: string): readonly FieldError[] {
  const name = textOf(one, 'name')
  return [
    ...(name === '' ? [required(`${path}.name`)] : nameErrors(name, 'label', `${path}.name`)),
    ...(textOf(one, 'image') === '' ? [required(`${path}.image`)] : []),
    ...each(one, 'ports', path, (item, at) => [
      ...(own(item, 'containerPort') === undefined ? [required(`${at}.containerPort`)] : []),
      ...port(item['containerPort'], `${at}.containerPort`),
      ...oneOf(item['protocol'], `${at}.protocol`, PROTOCOLS),
    ]),
  ]
}

function podSpecErrors(spec: Fields, path: string): readonly FieldError[] {
  const names = new Set<string>()
  const twice = listOf(spec, 'containers').flatMap((one, at) => {
    const name = textOf(one, 'name')
    if (name === '' || !names.has(name)) {
      names.add(name)
      return []
    }
    return [
      {
        reason: 'FieldValueDuplicate' as const,
        field: `${path}.containers[${at}].name`,
        message: `Duplicate value: ${quoted(name)}`,
      },
    ]
  })
  return [
    ...(listOf(spec, 'containers').length === 0 ? [required(`${path}.containers`)] : []),
    ...each(spec, 'containers', path, containerErrors),
    ...each(spec, 'initContainers', path, containerErrors),
    ...twice,
    ...oneOf(spec['restartPolicy'], `${path}.restartPolicy`, ['Always', 'OnFailure', 'Never']),
  ]
}

const POD_MUTABLE = ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds']

const withoutImages = (spec: Fields): Fields => ({
  ...Object.fromEntries(Object.entries(spec).filter(([key]) => !POD_MUTABLE.includes(key))),
  ...Object.fromEntries(
    ['containers', 'initContainers'].map((key) => [
      key,
      listOf(spec, key).map((one) => ({ ...fieldsOf(one), image: '' })),
    ]),
  ),
})

export const validatePod: Validate = (pod, previous) => {
  const spec = fieldsOf(pod, 'spec')
  const found = podSpecErrors(spec, 'spec')
  if (previous === undefined || equal(withoutImages(spec), withoutImages(fieldsOf(previous, 'spec'))))
    return found
  return [
    ...found,
    denied(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ]
}

export const validateTemplate: Validate = (object, previous) => {
  const spec = fieldsOf(object, 'spec')
  const template = fieldsOf(spec, 'template')
  const selector = fieldsOf(spec, 'selector')
  const labels = fieldsOf(fieldsOf(template, 'metadata'), 'labels')
  const isMatched = Object.entries(fieldsOf(selector, 'matchLabels')).every(
    ([key, value]) => labels[key] === value,
  )
  const before = previous === undefined ? undefined : fieldsOf(fieldsOf(previous, 'spec'), 'selector')
  return [
    ...(isFields(own(spec, 'selector')) ? [] : [required('spec.selector')]),
    ...(isMatched
      ? []
      : [
          wrong(
            'spec.template.metadata.labels',
            quoted(labels),
            '`selector` does not match template `labels`',
          ),
        ]),
    ...podSpecErrors(fieldsOf(template, 'spec'), 'spec.template.spec'),
    ...(before === undefined || equal(before, selector)
      ? []
      : [wrong('spec.selector', quoted(selector), 'field is immutable')]),
  ]
}

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

export const validateService: Validate = (service, previous) => {
  const spec = fieldsOf(service, 'spec')
  const type = textOf(spec, 'type')
  const ports = listOf(spec, 'ports')
  const isHeadless = textOf(spec, 'clusterIP') === 'None'
  const before = previous === undefined ? '' : textOf(fieldsOf(previous, 'spec'), 'clusterIP')
  const address = textOf(spec, 'clusterIP')
  return [
    ...(ports.length === 0 && !isHeadless && type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...each(spec, 'ports', 'spec', (one, path) => [
      ...(textOf(one, 'name') === '' && ports.length > 1 ? [required(`${path}.name`)] : []),
      ...(own(one, 'port') === undefined
        ? [wrong(`${path}.port`, '0', 'must be between 1 and 65535, inclusive')]
        : port(one['port'], `${path}.port`)),
      ...oneOf(one['protocol'], `${path}.protocol`, PROTOCOLS),
    ]),
    ...oneOf(spec['type'], 'spec.type', SERVICE_TYPES),
    ...(type !== 'LoadBalancer' &&
    listOf(fieldsOf(fieldsOf(service, 'status'), 'loadBalancer'), 'ingress').length > 0
      ? [denied('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")]
      : []),
    ...(type === 'ExternalName' && textOf(spec, 'externalName') === ''
      ? [required('spec.externalName')]
      : []),
    ...(address !== '' && address !== 'None' && isIP(address) === 0
      ? [
          wrong(
            'spec.clusterIPs[0]',
            quoted(address),
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          ),
        ]
      : []),
    ...(before !== '' && address !== before && type !== 'ExternalName'
      ? [wrong('spec.clusterIPs[0]', quoted([address]), 'may not change once set')]
      : []),
  ]
}

const selectorErrors = (selector: unknown, path: string): readonly FieldError[] => [
  ...labelErrors(fieldsOf(selector, 'matchLabels'), `${path}.matchLabels`),
  ...each(fieldsOf(selector), 'matchExpressions', path, (one, at) => {
    const operator = textOf(one, 'operator')
    const count = listOf(one, 'values').length
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
      return [wrong(`${at}.operator`, quoted(operator), 'not a valid selector operator')]
    const needsValues = operator === 'In' || operator === 'NotIn'
    if (needsValues && count === 0)
      return [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
    return !needsValues && count > 0
      ? [denied(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
      : []
  }),
]

function peerErrors(peer: Fields, path: string): readonly FieldError[] {
  const block = own(peer, 'ipBlock')
  const hasSelector = isFields(own(peer, 'podSelector')) || isFields(own(peer, 'namespaceSelector'))
  if (block === undefined && !hasSelector) return [required(path, 'must specify a peer')]
  if (block !== undefined && hasSelector)
    return [denied(path, 'may not specify both ipBlock and another peer')]
  const cidr = textOf(block, 'cidr')
  return [
    ...selectorErrors(own(peer, 'podSelector'), `${path}.podSelector`),
    ...selectorErrors(own(peer, 'namespaceSelector'), `${path}.namespaceSelector`),
    ...(block !== undefined && cidr === '' ? [required(`${path}.ipBlock.cidr`)] : []),
    ...(block !== undefined && cidr !== '' && !isCidr(cidr)
      ? [
          wrong(
            `${path}.ipBlock.cidr`,
            quoted(cidr),
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        ]
      : []),
  ]
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', more] = text.split('/')
  const family = isIP(address)
  return (
    more === undefined && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  )
}

export const validateNetworkPolicy: Validate = (policy) => {
  const spec = fieldsOf(policy, 'spec')
  const rule = (peers: string) => (one: Fields, path: string) => [
    ...each(one, 'ports', path, (item, at) => [
      ...oneOf(item['protocol'], `${at}.protocol`, PROTOCOLS),
      ...port(item['port'], `${at}.port`),
    ]),
    ...each(one, peers, path, peerErrors),
  ]
  return [
    ...selectorErrors(own(spec, 'podSelector'), 'spec.podSelector'),
    ...each(spec, 'ingress', 'spec', rule('from')),
    ...each(spec, 'egress', 'spec', rule('to')),
    ...listOf(spec, 'policyTypes').flatMap((one, at) =>
      oneOf(one, `spec.policyTypes[${at}]`, ['Egress', 'Ingress']),
    ),
  ]
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']

export const validateIngress: Validate = (ingress) => {
  const spec = fieldsOf(ingress, 'spec')
  const isBare = listOf(spec, 'rules').length === 0 && own(spec, 'defaultBackend') === undefined
  return [
    ...(isBare ? [wrong('spec', 'null', 'either `defaultBackend` or `rules` must be specified')] : []),
    ...each(spec, 'rules', 'spec', (rule, path) =>
      each(fieldsOf(rule, 'http'), 'paths', `${path}.http`, (one, at) => [
        ...(textOf(one, 'pathType') === '' ? [required(`${at}.pathType`, 'pathType must be specified')] : []),
        ...(textOf(one, 'pathType') === '' ? [] : oneOf(one['pathType'], `${at}.pathType`, PATH_TYPES)),
      ]),
    ),
  ]
}

export const validateLease: Validate = (lease) => {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = fieldsOf(lease, 'spec')
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [wrong('spec.leaseDurationSeconds', String(duration), 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [wrong('spec.leaseTransitions', String(transitions), 'must be greater than or equal to 0')]
      : []),
  ]
}

export const validateEndpointSlice: Validate = (slice, previous) => {
  const type = textOf(slice, 'addressType')
  return [
    ...(type === '' ? [required('addressType')] : oneOf(type, 'addressType', ['IPv4', 'IPv6', 'FQDN'])),
    ...(previous !== undefined && textOf(previous, 'addressType') !== type
      ? [wrong('addressType', quoted(type), 'field is immutable')]
      : []),
  ]
}

export const validateEvent: Validate = (event) => {
  const namespace = textOf(fieldsOf(event, 'metadata'), 'namespace')
  const involved = textOf(fieldsOf(event, 'involvedObject'), 'namespace')
  const matches = involved === namespace || (involved === '' && namespace === 'default')
  return matches
    ? []
    : [wrong('involvedObject.namespace', quoted(involved), 'does not match event.namespace')]
}

/** Of config maps and secrets. */
function frozenErrors(object: Fields, previous: Fields | undefined): readonly FieldError[] {
  if (previous === undefined) return []
  const words = 'field is immutable when `immutable` is set'
  const kept = ['data', 'binaryData'].filter(
    (key) => !equal(own(object, key) ?? {}, own(previous, key) ?? {}),
  )
  const frozen =
    previous['immutable'] !== true
      ? []
      : [
          ...(object['immutable'] === true ? [] : [denied('immutable', words)]),
          ...kept.map((key) => denied(key, words)),
        ]
  const [type, before] = [textOf(object, 'type'), textOf(previous, 'type')]
  return type === before ? frozen : [wrong('type', quoted(type), 'field is immutable'), ...frozen]
}

export const validateData: Validate = (object, previous) => [
  ...['data', 'binaryData'].flatMap((key) =>
    Object.keys(fieldsOf(object, key)).flatMap((name) => keyErrors(key, name)),
  ),
  ...sizeErrors(object),
  ...frozenErrors(object, previous),
]

/** MaxSecretSize, of all values together. */
const DATA_BYTES_MAX = 1_048_576

function sizeErrors(object: Fields): readonly FieldError[] {
  const isSecret = textOf(object, 'kind') === 'Secret'
  const plain = Object.values(fieldsOf(object, 'data'))
  const coded = Object.values(fieldsOf(object, 'binaryData'))
  const inBase64 = (value: unknown) => Buffer.byteLength(String(value), 'base64')
  const size = [
    ...plain.map(isSecret ? inBase64 : (value) => Buffer.byteLength(String(value))),
    ...coded.map(inBase64),
  ].reduce((sum, bytes) => sum + bytes, 0)
  if (size <= DATA_BYTES_MAX) return []
  const message = `Too long: may not be more than ${DATA_BYTES_MAX} bytes`
  return [{ reason: 'FieldValueTooLong', field: isSecret ? 'data' : '[]', message }]
}

function keyErrors(key: string, name: string): readonly FieldError[] {
  const field = `${key}[${name}]`
  if (name === '.' || name === '..') return [wrong(field, quoted(name), `must not be '${name}'`)]
  return /^[-._a-zA-Z0-9]+$/.test(name)
    ? []
    : [
        wrong(
          field,
          quoted(name),
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      ]
}

/** Schemas that are all the same are told of as one. */
function schemaPath(versions: readonly unknown[], at: number): string {
  const schemas = versions.map((one) => fieldsOf(one)['schema'])
  const isOne = schemas.every((schema) => equal(schema, schemas[0]))
  return isOne ? 'spec.validation.openAPIV3Schema' : `spec.versions[${at}].schema.openAPIV3Schema`
}

/** Of an established definition. */
function fixedErrors(spec: Fields, previous: Fields | undefined): readonly FieldError[] {
  if (previous === undefined) return []
  const before = fieldsOf(previous, 'spec')
  const isStorage = (one: unknown) => fieldsOf(one)['storage'] === true
  const stored = textOf(listOf(before, 'versions').find(isStorage), 'name')
  const isKept = listOf(spec, 'versions').some((one) => textOf(one, 'name') === stored)
  if (!isKept) return [wrong('status.storedVersions[0]', quoted(stored), 'missing from spec.versions')]
  return ['group', 'scope']
    .filter((key) => textOf(spec, key) !== textOf(before, key))
    .map((key) => wrong(`spec.${key}`, quoted(spec[key]), 'field is immutable'))
}

export const validateCrd: Validate = (crd, previous) => {
  const fixed = fixedErrors(fieldsOf(crd, 'spec'), previous)
  return fixed.length > 0 ? fixed : crdErrors(crd)
}

function crdErrors(crd: Fields): readonly FieldError[] {
  const spec = fieldsOf(crd, 'spec')
  const names = fieldsOf(spec, 'names')
  const versions = listOf(spec, 'versions')
  const expected = `${textOf(names, 'plural')}.${textOf(spec, 'group')}`
  const name = textOf(fieldsOf(crd, 'metadata'), 'name')
  const stored = versions.filter((one) => fieldsOf(one)['storage'] === true).length
  return [
    ...(name === expected
      ? []
      : [wrong('metadata.name', quoted(name), 'must be spec.names.plural+"."+spec.group')]),
    ...['group', 'scope'].flatMap((key) => (textOf(spec, key) === '' ? [required(`spec.${key}`)] : [])),
    ...(textOf(spec, 'scope') === '' ? [] : oneOf(spec['scope'], 'spec.scope', ['Cluster', 'Namespaced'])),
    ...['plural', 'kind'].flatMap((key) =>
      textOf(names, key) === '' ? [required(`spec.names.${key}`)] : [],
    ),
    ...(versions.length === 0 || stored !== 1
      ? [wrong('spec.versions', quoted(versions), 'must have exactly one version marked as storage version')]
      : []),
    ...versions.flatMap((one, at) => {
      const label = textOf(one, 'name')
      if (nameErrors(label, 'label').length > 0)
        return [wrong(`spec.versions[${at}].name`, quoted(label), 'it is no DNS-1035 label')]
      const path = schemaPath(versions, at)
      const schema = own(fieldsOf(one, 'schema'), 'openAPIV3Schema')
      return isFields(schema) ? schemaProblems(schema, path) : [required(path, 'schemas are required')]
    }),
  ]
}

export const anything: Validate = () => []
