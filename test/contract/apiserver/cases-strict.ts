/** What the server checks before it stores: fields sent twice, strictness, dry runs, status and metadata rules. */
import {
  apply,
  type Case,
  configMap,
  del,
  GADGETS,
  gadget,
  get,
  jsonPatch,
  MAPS,
  merge,
  PODS,
  pod,
  post,
  put,
  SERVICES,
  strategic,
  WIDGETS,
  widget,
} from './steps.ts'

const MODES = ['Ignore', 'Warn', 'Strict'] as const
/** Built-in objects: a struct where a map is shown here. */
const PATCHED = [3, 5].flatMap((step) => [
  [`${step}.body.message`, 'it shows the patched object with its fields in another order'] as const,
  [`${step}.body.details.causes.0.message`, 'as the message'] as const,
])
const DEPLOYMENTS = '/apis/apps/v1/namespaces/{ns}/deployments'
const DEPLOYMENT = {
  metadata: { name: 'd', labels: { l: '1' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'm', image: 'a:1' }] } },
  },
}
const TWICE_MAP =
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME","name":"NAME"},"data":{"a":"1","b":"x","a":"2"},"data":{"a":"3"}}'
const TWICE_WIDGET =
  '{"apiVersion":"contract.example.com/v1","kind":"Widget","metadata":{"name":"NAME"},"spec":{"size":1,"parts":[{"name":"p","name":"q"}],"size":2},"more":1}'

export const STRICT_CASES: readonly Case[] = [
  ...MODES.map(
    (mode): Case => ({
      name: `a field twice, ${mode}`,
      steps: [
        post(`${MAPS}?fieldValidation=${mode}`, TWICE_MAP.replaceAll('NAME', 'a')),
        post(`${WIDGETS}?fieldValidation=${mode}`, TWICE_WIDGET.replaceAll('NAME', 'a')),
        post(WIDGETS, widget('b')),
        merge(`${WIDGETS}/b?fieldValidation=${mode}`, '{"spec":{"size":3,"size":4}}'),
        post(
          `${MAPS}?fieldValidation=${mode}`,
          'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yam}\ndata:\n  a: "1"\n  a: "2"\n',
          { type: 'application/yaml' },
        ),
      ],
    }),
  ),
  ...MODES.map(
    (mode): Case => ({
      name: `unknown fields in every verb, ${mode}`,
      steps: [
        post(
          `${PODS}?fieldValidation=${mode}`,
          pod('p', { extra: 1 }, { color: 'red', containers: [{ name: 'm', image: 'a:1', tint: 2 }] }),
        ),
        post(MAPS, configMap('a')),
        put(`${MAPS}/a?fieldValidation=${mode}`, { ...configMap('a', { a: '2' }), extra: {} }),
        merge(`${MAPS}/a?fieldValidation=${mode}`, { extra: 1, metadata: { more: 1 } }),
        strategic(`${MAPS}/a?fieldValidation=${mode}`, { extra: 1 }),
        jsonPatch(`${MAPS}/a?fieldValidation=${mode}`, [{ op: 'add', path: '/extra', value: 1 }]),
        apply(`${MAPS}/a?fieldManager=m&force=true&fieldValidation=${mode}`, { ...configMap('a'), extra: 1 }),
        post(WIDGETS, widget('w')),
        put(
          `${WIDGETS}/w?fieldValidation=${mode}`,
          widget('w', { size: 2, no: 1 }, { resourceVersion: '{{7.metadata.resourceVersion}}' }),
        ),
        merge(`${WIDGETS}/w/status?fieldValidation=${mode}`, { status: { phase: 'On', no: 1 } }),
      ],
      exceptions: mode === 'Strict' ? PATCHED : [],
    }),
  ),
  {
    name: 'field names are told apart by case',
    steps: [
      post(MAPS, { metadata: { name: 'a' }, Data: { a: '1' } }),
      post(WIDGETS, widget('w', { size: 1, Color: 'green' })),
      post(`${MAPS}?fieldValidation=strict`, configMap('b')),
    ],
  },
  {
    name: 'wrong types in built-in objects',
    steps: [
      post(MAPS, { metadata: { name: 'a' }, data: { a: 1 } }, { codeOnly: true }),
      post(MAPS, { metadata: { name: 'a' }, data: [] }, { codeOnly: true }),
      post(MAPS, { metadata: 'a' }, { codeOnly: true }),
      post(PODS, { ...pod('p'), spec: { containers: {} } }, { codeOnly: true }),
      post(SERVICES, { metadata: { name: 's' }, spec: { ports: [{ port: '80' }] } }, { codeOnly: true }),
      post(MAPS, { metadata: { name: 'a' }, binaryData: { a: '%' } }, { codeOnly: true }),
    ],
  },
  {
    name: 'dry runs of updates and patches',
    steps: [
      post(MAPS, configMap('a')),
      put(`${MAPS}/a?dryRun=All`, configMap('a', { a: '2' })),
      merge(`${MAPS}/a?dryRun=All`, { data: { b: '2' } }),
      strategic(`${MAPS}/a?dryRun=All`, { data: { c: '2' } }),
      jsonPatch(`${MAPS}/a?dryRun=All`, [{ op: 'remove', path: '/data/a' }]),
      put(`${MAPS}/a?dryRun=All`, configMap('a', { a: '2' }, { resourceVersion: '1' })),
      merge(`${MAPS}/a?dryRun=some`, { data: {} }),
      put(`${MAPS}/a?dryRun=All&dryRun=Some`, configMap('a')),
      get(`${MAPS}/a`),
    ],
  },
  {
    name: 'dry runs of custom objects, their status and their deletion',
    steps: [
      post(`${WIDGETS}?dryRun=All`, widget('w', { size: 99 })),
      post(`${WIDGETS}?dryRun=All`, widget('w')),
      post(WIDGETS, widget('w', { size: 1 }, { finalizers: ['example.com/x'] })),
      merge(`${WIDGETS}/w/status?dryRun=All`, { status: { phase: 'On' } }),
      merge(`${WIDGETS}/w?dryRun=All`, { spec: { size: 2 } }),
      del(`${WIDGETS}/w?dryRun=All`),
      del(`${WIDGETS}/w`, { dryRun: ['All'] }),
      get(`${WIDGETS}/w`),
    ],
  },
  {
    name: 'dry runs of pods and namespaces',
    steps: [
      post(`${PODS}?dryRun=All`, pod('p')),
      post(PODS, pod('p', {}, { nodeName: 'n1' })),
      del(`${PODS}/p?dryRun=All`),
      get(`${PODS}/p`),
      post('/api/v1/namespaces?dryRun=All', { metadata: { name: '{id}' } }),
      get('/api/v1/namespaces/{id}'),
      post(`${MAPS}?dryRun=`, configMap('x')),
    ],
  },
  {
    name: 'status of a custom object: metadata is left alone',
    steps: [
      post(WIDGETS, widget('w', { size: 1 }, { labels: { a: '1' } })),
      merge(`${WIDGETS}/w/status`, {
        metadata: { labels: { a: '2' }, annotations: { n: '1' }, finalizers: ['example.com/x'] },
        spec: { size: 9 },
        status: { phase: 'On' },
      }),
      put(`${WIDGETS}/w/status`, { ...widget('w'), status: { phase: 'Off' } }),
      put(`${WIDGETS}/w/status`, {
        ...widget('w', { size: 1 }, { resourceVersion: '{{0.metadata.resourceVersion}}' }),
        status: {},
      }),
      put(`${WIDGETS}/w/status`, {
        ...widget('w', {}, { resourceVersion: '{{1.metadata.resourceVersion}}' }),
        status: { seen: 'many' },
      }),
      merge(`${WIDGETS}/w/status`, { status: null }),
      jsonPatch(`${WIDGETS}/w/status`, [{ op: 'add', path: '/status', value: { seen: 1 } }]),
      post(`${WIDGETS}/w/status`, { ...widget('w') }),
      del(`${WIDGETS}/w/status`),
    ],
  },
  {
    name: 'status of built-in objects: labels and spec',
    steps: [
      post(DEPLOYMENTS, DEPLOYMENT),
      merge(`${DEPLOYMENTS}/d/status`, {
        metadata: { labels: { l: '2' }, annotations: { n: '1' } },
        spec: { replicas: 7 },
        status: { observedGeneration: 1, replicas: 1 },
      }),
      post(PODS, pod('p', { labels: { l: '1' } })),
      merge(`${PODS}/p/status`, { metadata: { labels: { l: '2' } }, status: { phase: 'Running' } }),
      post(SERVICES, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }),
      merge(`${SERVICES}/s/status`, {
        spec: { ports: [{ port: 81 }] },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      }),
    ],
  },
  {
    name: 'generations: what a client says, and what counts',
    steps: [
      post(WIDGETS, widget('w', { size: 1 }, { generation: 7 })),
      put(
        `${WIDGETS}/w`,
        widget('w', { size: 1 }, { resourceVersion: '{{0.metadata.resourceVersion}}', generation: 9 }),
      ),
      merge(`${WIDGETS}/w`, { spec: { color: 'green' } }),
      merge(`${WIDGETS}/w`, { spec: { color: null } }),
      merge(`${WIDGETS}/w`, { metadata: { generation: 1, annotations: { n: '1' } } }),
      post(DEPLOYMENTS, DEPLOYMENT),
      merge(`${DEPLOYMENTS}/d`, { spec: { template: { metadata: { labels: { more: 'x' } } } } }),
      merge(`${DEPLOYMENTS}/d`, { metadata: { annotations: { n: '1' } } }),
    ],
  },
  {
    name: 'generations without a status endpoint count changes of status',
    steps: [
      post(GADGETS, gadget()),
      merge(`${GADGETS}/{id}`, { status: { a: 1 } }),
      merge(`${GADGETS}/{id}`, { metadata: { labels: { a: '1' } } }),
      merge(`${GADGETS}/{id}`, { spec: { weight: 3 } }),
      del(`${GADGETS}/{id}`),
    ],
  },
  {
    name: 'metadata a client may not choose',
    steps: [
      post(
        MAPS,
        configMap(
          'a',
          {},
          {
            uid: '00000000-0000-4000-8000-000000000000',
            creationTimestamp: '2020-01-01T00:00:00Z',
            deletionTimestamp: '2020-01-01T00:00:00Z',
            deletionGracePeriodSeconds: 5,
            generation: 4,
            selfLink: '/x',
          },
        ),
      ),
      put(`${MAPS}/a`, configMap('a', { a: '2' }, { creationTimestamp: '2020-01-01T00:00:00Z' })),
      put(`${MAPS}/a`, configMap('a', { a: '2' }, { deletionTimestamp: '2020-01-01T00:00:00Z' })),
      put(`${MAPS}/a`, configMap('b')),
      put(`${MAPS}/a`, configMap('a', {}, { namespace: 'other' })),
      put(`${MAPS}/a`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: {} }),
      put(`${MAPS}/a`, configMap('a', {}, { resourceVersion: 'x' })),
      put(`${MAPS}/a`, configMap('a', {}, { resourceVersion: '99999999' })),
    ],
  },
  {
    name: 'immutable and one-way fields of built-in objects',
    steps: [
      post(MAPS, { ...configMap('a'), immutable: true }),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      merge(`${MAPS}/a`, { immutable: false }),
      post('/api/v1/namespaces/{ns}/secrets', { metadata: { name: 's' }, stringData: { a: 'b' } }),
      merge('/api/v1/namespaces/{ns}/secrets/s', { type: 'example.com/t' }),
      post(DEPLOYMENTS, DEPLOYMENT),
      merge(`${DEPLOYMENTS}/d`, { spec: { selector: { matchLabels: { app: 'other' } } } }),
      post(SERVICES, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }),
      merge(`${SERVICES}/s`, { spec: { clusterIP: '10.96.200.200' } }, { codeOnly: true }),
    ],
  },
  {
    name: 'names, labels and annotations that are too long or bad',
    steps: [
      post(MAPS, configMap('a'.repeat(254))),
      post(SERVICES, { metadata: { name: '1st' }, spec: { ports: [{ port: 80 }] } }),
      post('/api/v1/namespaces', { metadata: { name: 'a.b' } }),
      post(MAPS, configMap('a', {}, { labels: { [`${'k'.repeat(64)}`]: 'v' } })),
      post(MAPS, configMap('a', {}, { labels: { k: 'v'.repeat(64) } })),
      post(MAPS, configMap('a', {}, { labels: { 'a/b/c': 'v', '': 'v' } })),
      post(MAPS, configMap('a', {}, { annotations: { 'Not Good': 'v' } })),
      post(MAPS, configMap('a', {}, { labels: { 'UPPER.example.com/x': 'v' } })),
      post(MAPS, configMap('a', { 'bad key': 'x' })),
      post(MAPS, configMap('a', { '..': 'x' })),
    ],
  },
  {
    name: 'an update may move nothing to another type',
    steps: [
      post(MAPS, configMap('a')),
      put(`${MAPS}/a`, { ...configMap('a'), apiVersion: 'v2' }, { codeOnly: true }),
      merge(`${MAPS}/a`, { kind: 'Secret' }, { codeOnly: true }),
      post(WIDGETS, widget('w')),
      merge(`${WIDGETS}/w`, { kind: 'Gadget' }),
      merge(`${WIDGETS}/w`, { apiVersion: 'contract.example.com/v2' }),
      merge(`${WIDGETS}/w`, { metadata: { namespace: 'other' } }),
    ],
    exceptions: [['5.warnings', 'kube-apiserver warns of `spec` although it refuses the version']],
  },
]
