/** Custom resources: validation, pruning, defaults, status, strictness; and their definitions. */
import {
  type Case,
  definition,
  del,
  GADGETS,
  gadget,
  get,
  jsonPatch,
  merge,
  post,
  put,
  RULEDS,
  ruled,
  WIDGETS,
  widget,
} from './steps.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const refuse = (name: string, spec: unknown): Case => ({
  name: `schema: ${name}`,
  steps: [post(WIDGETS, widget('w', spec))],
})

export const CUSTOM_CASES: readonly Case[] = [
  {
    name: 'a custom object is created with its defaults and a generation',
    steps: [post(WIDGETS, widget('w', { size: 1, parts: [{ name: 'x' }, { name: 'y', count: 5 }] }))],
  },
  {
    name: 'the generation counts changes of the spec',
    steps: [
      post(WIDGETS, widget('w')),
      merge(`${WIDGETS}/w`, { spec: { size: 2 } }),
      merge(`${WIDGETS}/w`, { metadata: { labels: { a: 'b' } } }),
      merge(`${WIDGETS}/w/status`, { status: { phase: 'On' } }),
      merge(`${WIDGETS}/w`, { spec: { size: 2 } }),
    ],
  },
  {
    name: 'status and spec are written by their own endpoints',
    steps: [
      post(WIDGETS, { ...widget('w'), status: { phase: 'Ignored' } }),
      put(`${WIDGETS}/w/status`, {
        ...widget(
          'w',
          { size: 9 },
          { resourceVersion: '{{0.metadata.resourceVersion}}', labels: { a: 'b' } },
        ),
        status: { phase: 'On', more: 1 },
      }),
      put(`${WIDGETS}/w`, {
        ...widget('w', { size: 4 }, { resourceVersion: '{{1.metadata.resourceVersion}}' }),
        status: { phase: 'Ignored' },
      }),
      get(`${WIDGETS}/w/status`),
    ],
  },
  {
    name: 'without a status endpoint the status is a field like others',
    steps: [
      post(GADGETS, { ...gadget(), status: { anything: [1, { a: 'b' }] } }),
      merge(`${GADGETS}/{id}`, { status: { anything: null, more: true } }),
      get(`${GADGETS}/{id}/status`),
      del(`${GADGETS}/{id}`),
    ],
  },
  {
    name: 'an update needs the version',
    steps: [
      post(WIDGETS, widget('w')),
      put(`${WIDGETS}/w`, widget('w', { size: 2 })),
      put(`${WIDGETS}/w`, widget('w', { size: 2 }, { resourceVersion: '{{0.metadata.resourceVersion}}' })),
      put(`${WIDGETS}/w`, widget('w', { size: 3 }, { resourceVersion: '{{0.metadata.resourceVersion}}' })),
      put(`${WIDGETS}/none`, widget('none', { size: 3 }, { resourceVersion: '1' })),
    ],
  },
  {
    name: 'unknown fields: ignored, warned about, refused',
    steps: [
      post(`${WIDGETS}?fieldValidation=Ignore`, widget('a', { size: 1, colour: 'x' })),
      post(WIDGETS, widget('b', { size: 1, colour: 'x', parts: [{ name: 'p', no: 1 }] })),
      post(`${WIDGETS}?fieldValidation=Strict`, widget('c', { size: 1, colour: 'x' })),
      post(`${WIDGETS}?fieldValidation=Strict`, {
        ...widget('c'),
        more: 1,
        metadata: { name: 'c', what: 1 },
      }),
      post(`${WIDGETS}?fieldValidation=Maybe`, widget('d')),
      merge(`${WIDGETS}/a?fieldValidation=Strict`, { spec: { colour: 'y' } }),
      post(`${WIDGETS}?fieldValidation=Strict`, widget('f', { size: 1, free: { any: { thing: [1] } } })),
    ],
  },
  {
    name: 'unknown fields of built-in objects',
    steps: [
      post('/api/v1/namespaces/{ns}/configmaps?fieldValidation=Strict', {
        metadata: { name: 'a', extra: 1 },
        datas: {},
      }),
      post('/api/v1/namespaces/{ns}/configmaps', { metadata: { name: 'a' }, datas: {} }),
    ],
  },
  refuse('nothing required is missing', {}),
  refuse('a wrong type', { size: 'three' }),
  refuse('a number for an integer', { size: 1.5 }),
  refuse('below the minimum', { size: 0 }),
  refuse('above the maximum', { size: 11 }),
  refuse('at the maximum', { size: 10, title: 'abcde', steps: ['a', 'b', 'c'], ratio: 0.5 }),
  refuse('not in the enumeration', { size: 1, color: 'blue' }),
  refuse('a text too short', { size: 1, title: 'a' }),
  refuse('a text too long', { size: 1, title: 'abcdefg' }),
  refuse('a text that does not match', { size: 1, title: 'AB' }),
  refuse('an address that is none', { size: 1, address: 'x' }),
  refuse('a CIDR that is none', { size: 1, cidr: '10.0.0.0' }),
  refuse('a boolean for an integer or text', { size: 1, port: true }),
  refuse('not above an exclusive minimum', { size: 1, ratio: -1 }),
  refuse('not a multiple', { size: 1, ratio: 0.3 }),
  refuse('too many properties', { size: 1, labels: { a: '1', b: '2', c: '3' } }),
  refuse('too few properties', { size: 1, labels: {} }),
  refuse('a wrong type in a map', { size: 1, labels: { a: 1 } }),
  refuse('the same key twice', { size: 1, parts: [{ name: 'x' }, { name: 'x' }] }),
  refuse('no key', { size: 1, parts: [{ count: 1 }] }),
  refuse('the same value twice', { size: 1, tags: ['a', 'a'] }),
  refuse('too many items', { size: 1, steps: ['a', 'b', 'c', 'd'] }),
  refuse('too few items', { size: 1, steps: [] }),
  refuse('none of one-of', { size: 1, either: {} }),
  refuse('two of one-of', { size: 1, either: { a: 'x', b: 'y' } }),
  refuse('none of any-of', { size: 1, any: {} }),
  refuse('null where it is not allowed', { size: 1, title: null }),
  refuse('null where it is allowed', { size: 1, maybe: null }),
  refuse('null for a default', { size: 1, color: null }),
  refuse('a list for an object', []),
  {
    name: 'rules: kept and broken',
    steps: [
      post(RULEDS, ruled({ source: { pod: 'a' } })),
      post(RULEDS, ruled({ source: { pod: 'a', ip: 'b' } })),
      post(RULEDS, ruled({ source: {}, destination: {} })),
      post(RULEDS, ruled({})),
      post(RULEDS, ruled({ source: { ip: 'x' }, destination: { pod: 'b' }, point: 'Source' })),
      post(RULEDS, ruled({ source: { pod: 'a' }, header: { tcp: 'x', udp: 'y' } })),
      post(RULEDS, ruled({ source: { pod: 'a' }, fixed: 'no' })),
      post(RULEDS, ruled('nothing')),
    ],
  },
  {
    name: 'rules: what may not change',
    steps: [
      post(RULEDS, ruled({ source: { pod: 'a' }, fixed: 1, bridges: [{ name: 'x' }] })),
      merge(`${RULEDS}/r`, { spec: { fixed: 2 } }),
      merge(`${RULEDS}/r`, { spec: { bridges: [{ name: 'y' }] } }),
      merge(`${RULEDS}/r`, { spec: { bridges: [{ name: 'x' }, { name: 'y' }] } }),
      merge(`${RULEDS}/r`, { spec: { fixed: null } }),
      merge(`${RULEDS}/r`, { spec: { fixed: 3 } }),
    ],
  },
  {
    name: 'names and labels that are none',
    steps: [
      post(WIDGETS, widget('Bad_Name')),
      post(WIDGETS, widget('w', { size: 1 }, { labels: { 'a b': 'c' } })),
      post(WIDGETS, widget('w', { size: 1 }, { labels: { a: 'b c' } })),
      post(WIDGETS, widget('w', { size: 1 }, { labels: { a: 1 } }), { codeOnly: true }),
      post(WIDGETS, widget('w', { size: 1 }, { annotations: { '/x': 'y' } })),
      post(WIDGETS, widget('')),
      post(WIDGETS, widget('w', { size: 1 }, { namespace: 'other' })),
      post(
        WIDGETS,
        widget(
          'w',
          { size: 1 },
          { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '' }] },
        ),
      ),
      post(WIDGETS, widget('w', { size: 1 }, { resourceVersion: '5' }), { codeOnly: true }),
    ],
  },
  {
    name: 'bodies of another type',
    exceptions: [['0.warnings', 'kube-apiserver warns of `spec` although it refuses the version']],
    steps: [
      post(WIDGETS, { ...widget('w'), apiVersion: 'contract.example.com/v2' }),
      post(WIDGETS, { ...widget('w'), kind: 'Gadget' }),
      post(WIDGETS, { metadata: { name: 'w' }, spec: { size: 1 } }, { codeOnly: true }),
      post('/api/v1/namespaces/{ns}/configmaps', {
        apiVersion: 'v2',
        kind: 'ConfigMap',
        metadata: { name: 'x' },
      }),
      post(
        '/api/v1/namespaces/{ns}/configmaps',
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } },
        { codeOnly: true },
      ),
    ],
  },
  {
    name: 'what exists is not created again, and not without its namespace',
    steps: [
      post(WIDGETS, widget('w')),
      post(WIDGETS, widget('w')),
      post('/apis/contract.example.com/v1/namespaces/none-such/widgets', widget('w')),
      post('/api/v1/namespaces/none-such/configmaps', { metadata: { name: 'x' } }),
    ],
  },
  {
    name: 'json patch of a custom object is validated',
    steps: [
      post(WIDGETS, widget('w')),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'replace', path: '/spec/size', value: 7 }]),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'replace', path: '/spec/size', value: 70 }]),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'add', path: '/spec/colour', value: 'x' }]),
    ],
  },
  {
    name: 'a custom object is deleted, with a Status or with itself',
    steps: [
      post(WIDGETS, widget('a')),
      del(`${WIDGETS}/a`),
      post(WIDGETS, widget('b', { size: 1 }, { finalizers: ['example.com/hold'] })),
      del(`${WIDGETS}/b`),
      merge(`${WIDGETS}/b`, { metadata: { finalizers: [] } }),
      get(`${WIDGETS}/b`),
    ],
  },
  {
    name: 'a custom object is deleted with preconditions',
    steps: [
      post(WIDGETS, widget('a')),
      del(`${WIDGETS}/a`, { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } }),
      del(`${WIDGETS}/a`, { preconditions: { resourceVersion: '1' } }),
      put(
        `${WIDGETS}/a`,
        widget(
          'a',
          { size: 1 },
          { uid: '00000000-0000-4000-8000-000000000000', resourceVersion: '{{0.metadata.resourceVersion}}' },
        ),
      ),
    ],
  },
  {
    name: 'definitions that are refused',
    steps: [
      post(
        CRDS,
        { ...definition('Thing', 'Cluster', [{ name: 'v1', served: true, storage: true }]) },
        { codeOnly: true },
      ),
      post(
        CRDS,
        {
          ...definition('Thing', 'Sideways', [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          ]),
        },
        { codeOnly: true },
      ),
      post(CRDS, { ...definition('Thing', 'Cluster', []) }, { codeOnly: true }),
      post(
        CRDS,
        {
          ...definition('Thing', 'Cluster', [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } },
            },
          ]),
        },
        { codeOnly: true },
      ),
    ],
  },
]
