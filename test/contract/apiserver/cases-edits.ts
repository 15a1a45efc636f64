/** Patches at their edges: JSON patch operations, merge patches, strategic directives; what is refused. */
import {
  type Case,
  configMap,
  del,
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

const map = post(MAPS, configMap('a', { a: '1', b: '2' }, { finalizers: ['example.com/x', 'example.com/y'] }))
const ops = (...list: readonly unknown[]) => jsonPatch(`${MAPS}/a`, list)
const DEPLOYMENTS = '/apis/apps/v1/namespaces/{ns}/deployments'
const containers = [
  {
    name: 'main',
    image: 'a:1',
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ],
    ports: [{ containerPort: 80 }, { containerPort: 81 }],
    args: ['x', 'y'],
  },
  { name: 'side', image: 'b:1' },
]
const deployment = {
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers,
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'w', configMap: { name: 'c' } },
        ],
        tolerations: [{ key: 'a', operator: 'Exists' }],
      },
    },
  },
}
const template = (spec: unknown) => strategic(`${DEPLOYMENTS}/d`, { spec: { template: { spec } } })

export const EDIT_CASES: readonly Case[] = [
  {
    name: 'json patch: test',
    steps: [
      map,
      ops({ op: 'test', path: '/data/a', value: '1' }),
      ops({ op: 'test', path: '/data', value: { b: '2', a: '1' } }),
      ops({ op: 'test', path: '/data/none', value: null }),
      ops({ op: 'test', path: '/data/none', value: 'x' }),
      ops({ op: 'test', path: '/none/deep', value: 'x' }),
      ops({ op: 'test', path: '/metadata/finalizers/0', value: 'example.com/x' }),
      ops({ op: 'test', path: '/metadata/finalizers/9', value: 'x' }),
      ops({ op: 'test', path: '/data/a', value: '2' }, { op: 'replace', path: '/data/a', value: '9' }),
    ],
  },
  {
    name: 'json patch: move and copy',
    steps: [
      map,
      ops({ op: 'move', from: '/data/a', path: '/data/c' }),
      ops({ op: 'copy', from: '/data/b', path: '/data/d' }),
      ops({ op: 'move', from: '/data/none', path: '/data/e' }),
      ops({ op: 'copy', from: '/data/none', path: '/data/e' }),
      ops({ op: 'move', from: '/metadata/finalizers/0', path: '/metadata/finalizers/1' }),
      ops({ op: 'copy', path: '/data/e' }),
    ],
  },
  {
    name: 'json patch: add and remove in lists',
    steps: [
      map,
      ops({ op: 'add', path: '/metadata/finalizers/0', value: 'example.com/first' }),
      ops({ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/last' }),
      ops({ op: 'add', path: '/metadata/finalizers/9', value: 'example.com/no' }),
      ops({ op: 'remove', path: '/metadata/finalizers/0' }),
      ops({ op: 'remove', path: '/metadata/finalizers/9' }),
      ops({ op: 'remove', path: '/metadata/finalizers/-' }),
      ops({ op: 'replace', path: '/metadata/finalizers/0', value: 'example.com/new' }),
      ops({ op: 'add', path: '/metadata/finalizers/x', value: 'example.com/no' }),
      ops({ op: 'replace', path: '/metadata/finalizers/-1', value: 'example.com/neg' }),
    ],
  },
  {
    name: 'json patch: what is no operation',
    steps: [
      map,
      ops({ op: 'eat', path: '/data/a' }),
      ops({ op: 'add', path: 'data/a', value: 'x' }),
      ops({ op: 'add', value: 'x' }, { op: 'x' }),
      ops({ path: '/data/a', value: 'x' }),
      ops({ op: 'add', path: '/data/n' }),
      ops({ op: 'replace', path: '', value: { kind: 'ConfigMap' } }),
      ops({ op: 'remove', path: '' }),
      ops('text'),
      jsonPatch(`${MAPS}/a`, 'null'),
      jsonPatch(`${MAPS}/a`, '"text"', { codeOnly: true }),
      jsonPatch(`${MAPS}/a`, '', { codeOnly: true }),
    ],
  },
  {
    name: 'json patch: escapes, and values of other types',
    steps: [
      map,
      ops({ op: 'add', path: '/metadata/annotations', value: { 'example.com/a~b': '1' } }),
      ops({ op: 'replace', path: '/metadata/annotations/example.com~1a~0b', value: '2' }),
      ops({ op: 'remove', path: '/metadata/annotations/example.com~1a~0b' }),
      ops({ op: 'add', path: '/data/n', value: 5 }, { op: 'replace', path: '/data/n', value: '5' }),
      ops({ op: 'add', path: '/metadata/resourceVersion', value: '1' }),
      ops({ op: 'test', path: '/metadata/resourceVersion', value: '1' }),
    ],
  },
  {
    name: 'json patch of a custom object',
    steps: [
      post(WIDGETS, widget('w', { size: 1, steps: ['a', 'b'], parts: [{ name: 'p' }] })),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'add', path: '/spec/steps/1', value: 'c' }]),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'remove', path: '/spec/parts/0' }]),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'remove', path: '/spec' }]),
      jsonPatch(`${WIDGETS}/w`, [{ op: 'add', path: '/status', value: { phase: 'x' } }]),
      jsonPatch(`${WIDGETS}/none`, [{ op: 'remove', path: '/spec' }]),
    ],
  },
  {
    name: 'merge patch: lists are replaced, nulls remove, objects merge',
    steps: [
      post(
        WIDGETS,
        widget('w', { size: 1, steps: ['a', 'b'], free: { a: { b: 1, c: 2 } }, labels: { x: '1' } }),
      ),
      merge(`${WIDGETS}/w`, { spec: { steps: ['z'], free: { a: { b: null, d: [null, 1] } } } }),
      merge(`${WIDGETS}/w`, { spec: { free: 'text' } }),
      merge(`${WIDGETS}/w`, { spec: { free: null, none: null, labels: { x: null } } }),
      merge(`${WIDGETS}/w`, { spec: null }),
      merge(`${WIDGETS}/w`, {}),
    ],
  },
  {
    name: 'merge patch: bodies that are none',
    steps: [
      map,
      merge(`${MAPS}/a`, '[]', { codeOnly: true }),
      merge(`${MAPS}/a`, '"x"', { codeOnly: true }),
      merge(`${MAPS}/a`, '5', { codeOnly: true }),
      merge(`${MAPS}/a`, '{', { codeOnly: true }),
      merge(`${MAPS}/a`, '', { codeOnly: true }),
      merge(`${MAPS}/a`, { data: 'x' }, { codeOnly: true }),
      merge(`${MAPS}/a`, { metadata: null }, { codeOnly: true }),
      get(`${MAPS}/a`),
    ],
  },
  {
    name: 'merge patch: identity cannot be changed',
    steps: [
      map,
      merge(`${MAPS}/a`, { metadata: { namespace: 'other' } }),
      merge(`${MAPS}/a`, { metadata: { name: null } }),
      merge(`${MAPS}/a`, { metadata: { uid: null, creationTimestamp: null, generation: 5 } }),
      merge(`${MAPS}/a`, { metadata: { resourceVersion: '99999' } }),
      merge(`${MAPS}/a`, { metadata: { resourceVersion: 'x' } }),
      merge(`${MAPS}/a`, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      merge(`${MAPS}/a`, { apiVersion: 'v1', kind: 'ConfigMap' }),
    ],
  },
  {
    name: 'strategic patch: items by name, deleted and added',
    steps: [
      post(DEPLOYMENTS, deployment),
      template({
        containers: [
          {
            name: 'main',
            env: [
              { name: 'B', $patch: 'delete' },
              { name: 'C', value: '3' },
            ],
          },
        ],
      }),
      template({ containers: [{ name: 'side', $patch: 'delete' }] }),
      template({ containers: [{ name: 'main', args: ['z'], ports: [{ containerPort: 82 }] }] }),
      template({ containers: [{ image: 'x' }] }),
    ],
  },
  {
    name: 'strategic patch: replace and delete whole parts',
    steps: [
      post(DEPLOYMENTS, deployment),
      template({ volumes: [{ $patch: 'replace' }, { name: 'new', emptyDir: {} }] }),
      template({ containers: [{ $patch: 'replace' }, { name: 'only', image: 'c:1' }] }),
      strategic(`${DEPLOYMENTS}/d`, { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }),
      strategic(`${DEPLOYMENTS}/d`, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      strategic(`${DEPLOYMENTS}/d`, {
        spec: { template: { metadata: { annotations: { $patch: 'delete' } } } },
      }),
    ],
  },
  {
    name: 'strategic patch: retained keys and the order of items',
    steps: [
      post(DEPLOYMENTS, deployment),
      template({ volumes: [{ name: 'w', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] }),
      strategic(`${DEPLOYMENTS}/d`, {
        spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      }),
      template({
        '$setElementOrder/containers': [{ name: 'side' }, { name: 'main' }],
        containers: [{ name: 'side', image: 'b:2' }],
      }),
      template({ volumes: [{ name: 'w', $retainKeys: ['name'], configMap: { name: 'x' } }] }),
    ],
  },
  {
    name: 'strategic patch: lists without a key are replaced',
    steps: [
      post(PODS, pod('p', {}, { tolerations: [{ key: 'a', operator: 'Exists' }] })),
      strategic(`${PODS}/p`, { metadata: { finalizers: ['example.com/a'] } }),
      strategic(`${PODS}/p`, {
        metadata: {
          '$setElementOrder/finalizers': ['example.com/b', 'example.com/a'],
          finalizers: ['example.com/b'],
        },
      }),
      strategic(`${PODS}/p`, { metadata: { finalizers: null } }),
      strategic(`${PODS}/p`, {
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      }),
      strategic(`${PODS}/p/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
      strategic(`${PODS}/p/status`, { status: { conditions: [{ type: 'Other', status: 'False' }] } }),
      del(`${PODS}/p`),
    ],
  },
  {
    name: 'strategic patch: bodies that are none, and types that take none',
    steps: [
      map,
      strategic(`${MAPS}/a`, '[]', { codeOnly: true }),
      strategic(`${MAPS}/a`, '{', { codeOnly: true }),
      strategic(`${MAPS}/a`, { data: { $patch: 'replace', c: '3' } }),
      strategic(`${MAPS}/a`, { $patch: 'delete' }, { codeOnly: true }),
      strategic(`${MAPS}/none`, {}),
      strategic(`${SERVICES}/none`, { spec: {} }),
    ],
  },
]
