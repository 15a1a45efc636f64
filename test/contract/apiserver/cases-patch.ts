/** Patches of all four kinds, and who owns what after them. */
import {
  apply,
  type Case,
  configMap,
  get,
  jsonPatch,
  MAPS,
  merge,
  PODS,
  pod,
  post,
  SERVICES,
  strategic,
  WIDGETS,
  widget,
} from './steps.ts'

const one = (name = 'a') => post(MAPS, configMap(name, { a: '1', b: '2' }))
const cm = (data: unknown, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...more },
  data,
})

export const PATCH_CASES: readonly Case[] = [
  {
    name: 'merge patch adds, changes and removes',
    steps: [
      one(),
      merge(`${MAPS}/a`, {
        metadata: { labels: { x: 'y' }, annotations: { n: '1' } },
        data: { a: null, c: '3' },
      }),
      merge(`${MAPS}/a`, { metadata: { labels: null } }),
      merge(`${MAPS}/none`, { data: {} }),
    ],
  },
  {
    name: 'a merge patch with a version is a precondition',
    steps: [
      one(),
      merge(`${MAPS}/a`, { data: { c: '3' } }),
      merge(`${MAPS}/a`, {
        metadata: { resourceVersion: '{{0.metadata.resourceVersion}}' },
        data: { d: '4' },
      }),
      merge(`${MAPS}/a`, {
        metadata: { resourceVersion: '{{1.metadata.resourceVersion}}' },
        data: { d: '4' },
      }),
      merge(`${MAPS}/a`, { metadata: { uid: '00000000-0000-4000-8000-000000000000' } }),
      merge(`${MAPS}/a`, { metadata: { name: 'b' } }),
    ],
  },
  {
    name: 'json patch',
    steps: [
      one(),
      jsonPatch(`${MAPS}/a`, [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '9' },
        { op: 'add', path: '/data/x~1y', value: 'z' },
        { op: 'remove', path: '/data/b' },
        { op: 'copy', from: '/data/a', path: '/data/copy' },
      ]),
      jsonPatch(`${MAPS}/a`, [{ op: 'test', path: '/data/a', value: 'no' }]),
      jsonPatch(`${MAPS}/a`, [{ op: 'remove', path: '/data/none' }]),
      jsonPatch(`${MAPS}/a`, [{ op: 'replace', path: '/none/deep', value: 1 }]),
      jsonPatch(`${MAPS}/a`, { op: 'test' }, { codeOnly: true }),
      jsonPatch(`${MAPS}/a`, []),
    ],
  },
  {
    name: 'strategic merge patch of labels and containers',
    steps: [
      post(PODS, pod('p', { labels: { a: '1' } })),
      strategic(`${PODS}/p`, { metadata: { labels: { b: '2', a: null } } }),
      strategic(`${PODS}/p`, {
        spec: { containers: [{ name: 'main', image: 'registry.example.com/app:3' }] },
      }),
      strategic(`${PODS}/p`, { metadata: { finalizers: ['example.com/a'] } }),
      strategic(`${PODS}/p`, { metadata: { finalizers: ['example.com/b'] } }),
      strategic(`${PODS}/p`, {
        metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a', 'example.com/b'] },
      }),
    ],
  },
  {
    name: 'strategic merge patch of service ports',
    steps: [
      post(SERVICES, {
        metadata: { name: 's' },
        spec: {
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
      }),
      strategic(`${SERVICES}/s`, {
        spec: {
          ports: [
            { port: 81, $patch: 'delete' },
            { name: 'c', port: 82 },
          ],
        },
      }),
      strategic(
        `${SERVICES}/s`,
        {
          spec: {
            '$setElementOrder/ports': [{ port: 82 }, { port: 80 }],
            ports: [{ port: 80, targetPort: 8080 }],
          },
        },
        { codeOnly: true },
      ),
    ],
  },
  {
    name: 'strategic merge patch of a custom resource is not taken',
    steps: [post(WIDGETS, widget('w')), strategic(`${WIDGETS}/w`, { spec: { size: 2 } })],
  },
  {
    name: 'media types of bodies',
    steps: [
      post(MAPS, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n', {
        type: 'application/yaml',
      }),
      post(MAPS, 'x', { type: 'text/plain', codeOnly: true }),
      merge(`${MAPS}/plain`, 'nonsense', { codeOnly: true }),
      { method: 'PATCH', path: `${MAPS}/plain`, body: {}, type: 'application/json', codeOnly: true },
      post(MAPS, '{"kind":"ConfigMap",', { codeOnly: true }),
      post(MAPS, '[]', { codeOnly: true }),
    ],
  },
  {
    name: 'apply creates, owns, and does nothing the second time',
    steps: [
      apply(`${MAPS}/a?fieldManager=alice`, cm({ a: '1' }, { labels: { l: '1' } })),
      apply(`${MAPS}/a?fieldManager=alice`, cm({ a: '1' }, { labels: { l: '1' } })),
      apply(`${MAPS}/a?fieldManager=alice`, cm({ b: '2' })),
    ],
  },
  {
    name: 'apply meets the fields of others',
    steps: [
      apply(`${MAPS}/a?fieldManager=alice`, cm({ a: '1', s: '0' })),
      apply(`${MAPS}/a?fieldManager=bob`, cm({ b: '2', s: '0' })),
      apply(`${MAPS}/a?fieldManager=bob`, cm({ a: '2', b: '2' })),
      apply(`${MAPS}/a?fieldManager=bob&force=true`, cm({ a: '2', b: '2' })),
      apply(`${MAPS}/a?fieldManager=alice`, cm({ s: '0' })),
      merge(`${MAPS}/a?fieldManager=carol`, { data: { s: '1', b: '3' } }),
      apply(`${MAPS}/a?fieldManager=alice`, cm({ s: '0', b: '4' })),
    ],
  },
  {
    name: 'apply of lists with keys',
    steps: [
      apply(`${SERVICES}/s?fieldManager=alice`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ name: 'a', port: 80 }] },
      }),
      apply(`${SERVICES}/s?fieldManager=bob`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ name: 'b', port: 81 }] },
      }),
      apply(`${SERVICES}/s?fieldManager=alice`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { selector: { x: 'y' } },
      }),
    ],
  },
  {
    name: 'apply of a custom resource: keyed lists, sets, defaults',
    steps: [
      apply(`${WIDGETS}/w?fieldManager=alice`, widget('w', { size: 1, parts: [{ name: 'x' }], tags: ['t'] })),
      apply(`${WIDGETS}/w?fieldManager=bob`, widget('w', { parts: [{ name: 'y', count: 2 }], tags: ['u'] })),
      apply(`${WIDGETS}/w?fieldManager=alice`, widget('w', { size: 2, parts: [] })),
      apply(`${WIDGETS}/w?fieldManager=bob`, widget('w', { size: 3 })),
    ],
  },
  {
    name: 'apply of status',
    steps: [
      post(WIDGETS, widget('w')),
      apply(`${WIDGETS}/w/status?fieldManager=alice`, {
        apiVersion: 'contract.example.com/v1',
        kind: 'Widget',
        metadata: { name: 'w' },
        status: { phase: 'On' },
      }),
      merge(`${WIDGETS}/w/status?fieldManager=bob`, { status: { seen: 3 } }),
      get(`${WIDGETS}/w`),
    ],
  },
  {
    name: 'apply that is refused',
    steps: [
      apply(`${MAPS}/a`, cm({ a: '1' })),
      apply(`${MAPS}/b?fieldManager=x`, cm({ a: '1' })),
      apply(`${WIDGETS}/w?fieldManager=x`, widget('w', { size: 1, colour: 'red' })),
      apply(
        `${MAPS}/a?fieldManager=x`,
        { ...cm({}), metadata: { name: 'a', managedFields: [{ manager: 'x' }] } },
        { codeOnly: true },
      ),
    ],
  },
]
