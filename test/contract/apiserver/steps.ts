/** What a contract case is made of: requests in order, and watches read in between. Pure data. */
import { PROBE_SCHEMA } from './probe-schema.ts'

export interface RequestStep {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `{ns}` is the case's own namespace, `{id}` a name nobody else has, `{{N.a.b}}` a field of the Nth answer. */
  readonly path: string
  /** Templates as in `path`. A text is sent as it stands. */
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Only the code is compared: the body says something about the server's insides. */
  readonly codeOnly?: true
  /** The body's media type is compared as well. */
  readonly showType?: true
  /** Asked without any credentials. */
  readonly anonymous?: true
  /** Asked again until it has this code: what a controller does takes its time. */
  readonly until?: number
}

export type WatchStep =
  | { readonly watch: string; readonly path: string; readonly accept?: string }
  /** Takes so many events, or all until the stream ends. */
  | { readonly read: string; readonly count: number | 'end' }

/** Forgets the history of everything until now: etcd's compaction. */
export interface CompactStep {
  readonly compact: true
}

export type Step = RequestStep | WatchStep | CompactStep

/** What not every server offers: a way to compact its history; the controllers of namespaces and of garbage. */
export type Need = 'compaction' | 'controllers'

export interface Case {
  readonly name: string
  readonly steps: readonly Step[]
  readonly needs?: readonly Need[]
  /** Fields (`N.body.a.b`, `*` for any one part) where the embedded server differs from kube-apiserver, and why. */
  readonly exceptions?: readonly (readonly [path: string, reason: string])[]
}

/** kube-apiserver shows each field's whole documentation there; kubectl shows none of it. */
export const DESCRIPTIONS = [
  ['*.body.columnDefinitions.*.description', 'documentation that nothing reads'],
  ['*.events.*.object.columnDefinitions.*.description', 'documentation that nothing reads'],
] as const

export const get = (path: string, more: Partial<RequestStep> = {}): RequestStep => ({
  method: 'GET',
  path,
  ...more,
})
export const post = (path: string, body: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
  method: 'POST',
  path,
  body,
  ...more,
})
export const put = (path: string, body: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
  method: 'PUT',
  path,
  body,
  ...more,
})
export const del = (path: string, body?: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
  ...more,
})

const patchOf =
  (type: string) =>
  (path: string, body: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
    method: 'PATCH',
    path,
    body,
    type,
    ...more,
  })
export const merge = patchOf('application/merge-patch+json')
export const jsonPatch = patchOf('application/json-patch+json')
export const strategic = patchOf('application/strategic-merge-patch+json')
export const apply = patchOf('application/apply-patch+yaml')

export const compact: CompactStep = { compact: true }
export const watch = (path: string, name = 'w', accept?: string): WatchStep => ({
  watch: name,
  path,
  ...(accept === undefined ? {} : { accept }),
})
export const read = (count: number | 'end', name = 'w'): WatchStep => ({ read: name, count })

export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
export const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'

export const PODS = '/api/v1/namespaces/{ns}/pods'
export const MAPS = '/api/v1/namespaces/{ns}/configmaps'
export const SERVICES = '/api/v1/namespaces/{ns}/services'
export const WIDGETS = '/apis/contract.example.com/v1/namespaces/{ns}/widgets'
export const GADGETS = '/apis/contract.example.com/v1/gadgets'

export const RULEDS = '/apis/contract.example.com/v1/namespaces/{ns}/ruleds'
export const ruled = (spec: unknown) => ({
  apiVersion: 'contract.example.com/v1',
  kind: 'Ruled',
  metadata: { name: 'r' },
  spec,
})

export const configMap = (name: string, data: Readonly<Record<string, string>> = { a: '1' }, meta = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...meta },
  data,
})
export const pod = (name: string, meta = {}, spec = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...meta },
  spec: { containers: [{ name: 'main', image: 'registry.example.com/app:1' }], ...spec },
})
export const widget = (name: string, spec: unknown = { size: 1 }, meta = {}) => ({
  apiVersion: 'contract.example.com/v1',
  kind: 'Widget',
  metadata: { name, ...meta },
  spec,
})
export const gadget = (spec: unknown = { weight: 2.5 }) => ({
  apiVersion: 'contract.example.com/v1',
  kind: 'Gadget',
  metadata: { name: '{id}' },
  spec,
})

export const PROBES = '/apis/contract.example.com/v1/namespaces/{ns}/probes'
export const probe = (name: string, spec: unknown = { mode: 'Allow' }, meta = {}) => ({
  apiVersion: 'contract.example.com/v1',
  kind: 'Probe',
  metadata: { name, ...meta },
  spec,
})

const WIDGET_SCHEMA = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10, format: 'int32' },
        color: { type: 'string', enum: ['red', 'green'], default: 'red' },
        title: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
        address: { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
        cidr: { type: 'string', format: 'cidr' },
        port: { 'x-kubernetes-int-or-string': true },
        ratio: { type: 'number', exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
        on: { type: 'boolean' },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        labels: {
          type: 'object',
          additionalProperties: { type: 'string' },
          maxProperties: 2,
          minProperties: 1,
        },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
          },
        },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        steps: { type: 'array', maxItems: 3, minItems: 1, items: { type: 'string' } },
        either: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
        any: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          anyOf: [{ required: ['a'] }, { required: ['b'] }],
        },
        maybe: { type: 'string', nullable: true },
      },
    },
    status: {
      type: 'object',
      properties: { phase: { type: 'string' }, seen: { type: 'integer' } },
    },
  },
}

const version = (schema: unknown, more: object = {}) => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
})

export const definition = (kind: string, scope: string, versions: readonly unknown[], more: object = {}) => {
  const plural = `${kind.toLowerCase()}s`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.contract.example.com` },
    spec: {
      group: 'contract.example.com',
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...more },
      versions,
    },
  }
}

const RULED_SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        { rule: 'has(self.source.pod) || has(self.destination.pod)', message: 'One pod must be named.' },
        { rule: "!(has(self.point) && self.point == 'Source') || has(self.source.pod)" },
      ],
      properties: {
        source: {
          type: 'object',
          'x-kubernetes-validations': [{ rule: '!(has(self.pod) && has(self.ip))', message: 'Not both.' }],
          properties: { pod: { type: 'string' }, ip: { type: 'string' } },
        },
        destination: { type: 'object', properties: { pod: { type: 'string' }, ip: { type: 'string' } } },
        point: { type: 'string' },
        fixed: {
          type: 'integer',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'it is immutable' }],
        },
        header: {
          type: 'object',
          'x-kubernetes-validations': [
            {
              rule: '(has(self.tcp) ? 1 : 0) + (has(self.udp) ? 1 : 0) <= 1',
              message: 'One of them.',
              reason: 'FieldValueForbidden',
              fieldPath: '.udp',
            },
          ],
          properties: { tcp: { type: 'string' }, udp: { type: 'string' } },
        },
        bridges: {
          type: 'array',
          maxItems: 3,
          'x-kubernetes-validations': [
            { rule: 'oldSelf.all(o, self.exists(s, s.name == o.name))', message: 'bridges stay' },
          ],
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string', maxLength: 9 } },
          },
        },
      },
    },
  },
}

/** Installed once before the cases. */
export const DEFINITIONS = [
  definition(
    'Widget',
    'Namespaced',
    [
      version(WIDGET_SCHEMA, {
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', description: 'How large it is.', jsonPath: '.spec.size' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 },
          { name: 'Parts', type: 'string', jsonPath: '.spec.parts[*].name' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      }),
    ],
    { shortNames: ['wd'], categories: ['contract'] },
  ),
  definition('Gadget', 'Cluster', [
    version({
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { weight: { type: 'number' } } },
        status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    }),
  ]),
  definition('Ruled', 'Namespaced', [version(RULED_SCHEMA)]),
  definition('Probe', 'Namespaced', [version(PROBE_SCHEMA, { subresources: { status: {} } })]),
]
