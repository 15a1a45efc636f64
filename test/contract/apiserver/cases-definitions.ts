/** CustomResourceDefinitions: made, changed, removed, refused. */
import { type Case, definition, del, get, merge, post, put } from './steps.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const NAME = 'things.{id}.example.com'
const THINGS = '/apis/{id}.example.com/v1/namespaces/{ns}/things'
const SCHEMA = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
}
const version = (schema: unknown = SCHEMA, more: object = {}) => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
})
const STORED = 'new defaults are written into objects when they are changed, not when they are read'
const GO_VALUES = "it shows values as Go's internal types"

/** A definition in a group of the case's own. */
const crd = (spec: object = {}, versions: readonly unknown[] = [version()]) => {
  const base = definition('Thing', 'Namespaced', versions)
  return { ...base, metadata: { name: NAME }, spec: { ...base.spec, group: '{id}.example.com', ...spec } }
}
const thing = (name: string, spec: unknown = { n: 1 }, v = 'v1') => ({
  apiVersion: `{id}.example.com/${v}`,
  kind: 'Thing',
  metadata: { name },
  spec,
})
const served = get(THINGS, { until: 200, codeOnly: true })
/** Established for good: from then on the scope is fixed. */
const established = merge(
  `${CRDS}/${NAME}?dryRun=All`,
  { spec: { scope: 'Cluster' } },
  { until: 422, codeOnly: true },
)
const gone = del(`${CRDS}/${NAME}`, undefined, { codeOnly: true })
const bad = (name: string, schema: unknown): Case => ({
  name: `definition refused: ${name}`,
  steps: [post(CRDS, crd({}, [version(schema)]))],
})
const field = (schema: unknown) => ({
  type: 'object',
  properties: { spec: { type: 'object', properties: { f: schema } } },
})

export const DEFINITION_CASES: readonly Case[] = [
  {
    name: 'definition: made, established, and its defaults',
    steps: [post(CRDS, crd()), served, established, get(`${CRDS}/${NAME}`), gone],
  },
  {
    name: 'definition: its objects live and go with it',
    steps: [
      post(CRDS, crd()),
      served,
      post(THINGS, thing('a')),
      get(THINGS),
      gone,
      get(THINGS, { until: 404 }),
      post(CRDS, crd()),
      served,
      get(THINGS),
      gone,
    ],
  },
  {
    name: 'definition: a new schema counts for new writes',
    steps: [
      post(CRDS, crd()),
      served,
      post(THINGS, thing('a', { n: 50 })),
      merge(
        `${CRDS}/${NAME}`,
        {
          spec: {
            versions: [
              version({
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    properties: { n: { type: 'integer', maximum: 9 }, d: { type: 'string', default: 'x' } },
                  },
                },
              }),
            ],
          },
        },
        { codeOnly: true },
      ),
      post(`${THINGS}?dryRun=All`, thing('b', { n: 50 }), { until: 422 }),
      get(`${THINGS}/a`),
      merge(`${THINGS}/a`, { metadata: { labels: { a: 'b' } } }),
      merge(`${THINGS}/a`, { spec: { n: 51 } }),
      merge(`${THINGS}/a`, { spec: { n: 5 } }),
      gone,
    ],
    exceptions: [
      ['5.body.spec.d', STORED],
      ['5.body.metadata.resourceVersion', STORED],
      ['6.body.spec.d', STORED],
    ],
  },
  {
    name: 'definition: two versions without conversion, one deprecated',
    steps: [
      post(
        CRDS,
        crd({}, [
          version(),
          version(SCHEMA, { name: 'v1beta1', storage: false, deprecated: true }),
          version(SCHEMA, {
            name: 'v1alpha1',
            storage: false,
            deprecated: true,
            deprecationWarning: 'use v1',
          }),
          version(SCHEMA, { name: 'v0', served: false, storage: false }),
        ]),
      ),
      served,
      post(THINGS, thing('a')),
      get('/apis/{id}.example.com/v1beta1/namespaces/{ns}/things/a'),
      get('/apis/{id}.example.com/v1alpha1/namespaces/{ns}/things'),
      get('/apis/{id}.example.com/v0/namespaces/{ns}/things'),
      merge('/apis/{id}.example.com/v1beta1/namespaces/{ns}/things/a', { spec: { n: 7 } }),
      get(`${THINGS}/a`),
      get('/apis/{id}.example.com'),
      post(THINGS, thing('b', {}, 'v1beta1')),
      gone,
    ],
  },
  {
    name: 'definition: selectable fields',
    steps: [
      post(CRDS, crd({}, [version(SCHEMA, { selectableFields: [{ jsonPath: '.spec.n' }] })])),
      served,
      post(THINGS, thing('a', { n: 1 })),
      post(THINGS, thing('b', { n: 2 })),
      get(`${THINGS}?fieldSelector=spec.n%3D2`),
      get(`${THINGS}?fieldSelector=spec.n%21%3D2`),
      get(`${THINGS}?fieldSelector=spec.m%3D2`),
      gone,
    ],
  },
  {
    name: 'definition: updates that are refused',
    steps: [
      post(CRDS, crd()),
      served,
      established,
      get(`${CRDS}/${NAME}`),
      merge(`${CRDS}/${NAME}`, { spec: { scope: 'Cluster' } }),
      merge(`${CRDS}/${NAME}`, { spec: { group: 'other.example.com' } }),
      merge(`${CRDS}/${NAME}`, { spec: { names: { plural: 'others' } } }, { codeOnly: true }),
      merge(`${CRDS}/${NAME}`, { spec: { versions: [version(SCHEMA, { name: 'v2' })] } }, { codeOnly: true }),
      put(`${CRDS}/${NAME}`, crd()),
      gone,
    ],
  },
  {
    name: 'definition: the same again, and none',
    steps: [
      post(CRDS, crd()),
      post(CRDS, crd()),
      get(`${CRDS}/none.example.com`),
      del(`${CRDS}/none.example.com`),
      post(`${CRDS}?fieldValidation=Strict`, { ...crd({ more: 1 }), metadata: { name: NAME } }),
      gone,
    ],
  },
  {
    name: 'definition: a dry run serves nothing',
    steps: [post(`${CRDS}?dryRun=All`, crd()), get(`${CRDS}/${NAME}`), get(THINGS)],
  },
  {
    name: 'definition refused: names, group, scope and versions',
    steps: [
      post(CRDS, { ...crd(), metadata: { name: 'other.example.com' } }),
      post(CRDS, crd({ scope: 'Sideways' })),
      post(CRDS, crd({ scope: undefined })),
      post(CRDS, crd({ group: '' }), { codeOnly: true }),
      post(CRDS, crd({}, []), { codeOnly: true }),
      post(CRDS, crd({}, [version(SCHEMA, { storage: false })])),
      post(CRDS, crd({}, [version(), version(SCHEMA, { name: 'v2' })])),
      post(CRDS, crd({}, [version(), version()]), { codeOnly: true }),
      post(CRDS, crd({}, [version(SCHEMA, { name: 'V 1' })])),
      post(CRDS, crd({ names: { plural: 'things', kind: '' } }), { codeOnly: true }),
      post(CRDS, crd({ names: { plural: 'Things', kind: 'Thing' } }), { codeOnly: true }),
      post(CRDS, crd({ names: undefined }), { codeOnly: true }),
    ],
    exceptions: [5, 6, 8].flatMap((step) => [
      [`${step}.body.message`, GO_VALUES] as const,
      [`${step}.body.details.causes`, GO_VALUES] as const,
    ]),
  },
  bad('no schema', undefined),
  bad('no type at the root', {}),
  bad('a root that is a list', { type: 'array', items: { type: 'string' } }),
  bad('a field without a type', field({})),
  bad('a list without items', field({ type: 'array' })),
  bad('a type that is none', field({ type: 'text' })),
  bad('a default of the wrong type', field({ type: 'integer', default: 'x' })),
  bad('a default that is not allowed', field({ type: 'string', enum: ['a'], default: 'b' })),
  {
    ...bad('a pattern that is none', field({ type: 'string', pattern: '(' })),
    exceptions: [
      ['0.body.message', "RE2's own words"],
      ['0.body.details.causes.*.message', "RE2's own words"],
    ],
  },
  bad(
    'properties and additional properties',
    field({
      type: 'object',
      properties: { a: { type: 'string' } },
      additionalProperties: { type: 'string' },
    }),
  ),
  bad(
    'a keyed list without keys',
    field({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      items: { type: 'object', properties: { a: { type: 'string' } } },
    }),
  ),
  bad(
    'a keyed list whose key is not required',
    field({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', properties: { a: { type: 'string' } } },
    }),
  ),
  bad(
    'a list type that is none',
    field({ type: 'array', 'x-kubernetes-list-type': 'pile', items: { type: 'string' } }),
  ),
  bad('unique items', field({ type: 'array', uniqueItems: true, items: { type: 'string' } })),
  bad('a type inside a combination', field({ type: 'string', anyOf: [{ type: 'string' }] })),
  bad(
    'a field only a combination names',
    field({ type: 'object', anyOf: [{ properties: { a: { minLength: 1 } } }] }),
  ),
]
