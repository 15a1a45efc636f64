/** Server-side apply: who owns what, conflicts, force, lists by key, nested fields, what is refused. */
import {
  apply,
  type Case,
  configMap,
  del,
  get,
  jsonPatch,
  MAPS,
  merge,
  post,
  put,
  SERVICES,
  WIDGETS,
  widget,
} from './steps.ts'

const DEPLOYMENTS = '/apis/apps/v1/namespaces/{ns}/deployments'
const NETWORKING = '/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies'
const cm = (data: unknown, meta: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...meta },
  data,
})
const by = (manager: string, more = '') => `${MAPS}/a?fieldManager=${manager}${more}`
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec,
})
const SELECTOR = { selector: { matchLabels: { app: 'web' } } }
const template = (containers: readonly unknown[], labels: object = { app: 'web' }) => ({
  template: { metadata: { labels }, spec: { containers } },
})
const applyWidget = (manager: string, spec: unknown, more = '') =>
  apply(`${WIDGETS}/w?fieldManager=${manager}${more}`, widget('w', spec))

export const APPLY_CASES: readonly Case[] = [
  {
    name: 'apply: force takes a field, and its former owner meets the conflict',
    steps: [
      apply(by('alice'), cm({ a: '1' })),
      apply(by('bob', '&force=true'), cm({ a: '2' })),
      apply(by('alice'), cm({ a: '1' })),
      apply(by('alice'), cm({ a: '2' })),
      apply(by('alice', '&force=true'), cm({ a: '3' })),
    ],
  },
  {
    name: 'apply: a field of two owners stays until the last leaves it out',
    steps: [
      apply(by('alice'), cm({ a: '1', x: '1' })),
      apply(by('bob'), cm({ a: '1', y: '1' })),
      apply(by('alice'), cm({ x: '1' })),
      apply(by('bob'), cm({ y: '1' })),
      apply(by('bob'), cm({})),
      apply(by('alice'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }),
    ],
  },
  {
    name: 'apply: labels and annotations are owned one by one',
    steps: [
      apply(by('alice'), cm({}, { labels: { a: '1', b: '1' }, annotations: { n: 'x' } })),
      apply(by('bob'), cm({}, { labels: { b: '1', c: '1' } })),
      apply(by('alice'), cm({}, { labels: { a: '1' } })),
      apply(by('bob'), cm({}, { labels: { a: '2' } })),
    ],
  },
  {
    name: 'apply: finalizers and owners are sets',
    steps: [
      apply(by('alice'), cm({}, { finalizers: ['example.com/a'] })),
      apply(by('bob'), cm({}, { finalizers: ['example.com/b'] })),
      apply(by('alice'), cm({})),
      merge(`${MAPS}/a`, { metadata: { finalizers: null } }),
      apply(
        by('alice'),
        cm(
          {},
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Namespace', name: '{ns}', uid: '{{0.metadata.uid}}' },
            ],
          },
        ),
      ),
    ],
  },
  {
    name: 'apply: over an object that was created plainly',
    steps: [
      post(MAPS, configMap('a', { a: '1', b: '2' })),
      apply(by('alice'), cm({ a: '1' })),
      apply(by('alice'), cm({ a: '9' })),
      apply(by('alice', '&force=true'), cm({ a: '9' })),
      put(`${MAPS}/a`, configMap('a', { a: '9' })),
    ],
  },
  {
    name: 'apply: an update by the same manager is another entry',
    steps: [
      apply(by('alice'), cm({ a: '1' })),
      merge(by('alice'), { data: { a: '2', b: '2' } }),
      apply(by('alice'), cm({ a: '1' })),
      apply(by('alice'), cm({ a: '2' })),
    ],
  },
  {
    name: 'apply: two conflicts with two managers',
    steps: [
      apply(by('alice'), cm({ a: '1', b: '1' })),
      merge(by('bob'), { data: { c: '1', d: '1' } }),
      apply(by('carol'), cm({ a: '2', b: '2', c: '2', d: '2' })),
      apply(by('carol'), cm({ a: '2', c: '2' })),
    ],
  },
  {
    name: 'apply: versions and identities as preconditions',
    steps: [
      apply(by('alice'), cm({ a: '1' })),
      apply(by('alice'), cm({ a: '2' }, { resourceVersion: '{{0.metadata.resourceVersion}}' })),
      apply(by('alice'), cm({ a: '3' }, { resourceVersion: '{{0.metadata.resourceVersion}}' })),
      apply(by('alice'), cm({ a: '3' }, { uid: '00000000-0000-4000-8000-000000000000' })),
      apply(by('alice'), cm({ a: '3' }, { uid: '{{0.metadata.uid}}' })),
      apply(`${MAPS}/b?fieldManager=alice`, {
        ...cm({}),
        metadata: { name: 'b', uid: '00000000-0000-4000-8000-000000000000' },
      }),
      apply(`${MAPS}/b?fieldManager=alice`, { ...cm({}), metadata: { name: 'b', resourceVersion: '1' } }),
    ],
  },
  {
    name: 'apply: nulls and empty values',
    steps: [
      apply(by('alice'), cm({ a: '1', b: '' })),
      apply(by('bob'), cm({ a: null })),
      apply(by('alice'), cm(null)),
      applyWidget('alice', { size: 1, maybe: null }),
      applyWidget('alice', { size: 1, labels: {}, tags: [] }),
      applyWidget('alice', { size: 1, tags: [] }),
    ],
  },
  {
    name: 'apply: bodies in YAML and in JSON, and bad ones',
    steps: [
      apply(by('alice'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {on: "yes"}\n'),
      apply(by('alice'), '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"}}'),
      apply(by('alice'), ':\n\t-', { codeOnly: true }),
      apply(by('alice'), '[]', { codeOnly: true }),
      apply(by('alice'), 'text', { codeOnly: true }),
      apply(by('alice'), '', { codeOnly: true }),
    ],
  },
  {
    name: 'apply: type, name and namespace agree with the path',
    steps: [
      apply(by('alice'), { ...cm({}), apiVersion: 'v2' }, { codeOnly: true }),
      apply(by('alice'), { ...cm({}), kind: 'Secret' }, { codeOnly: true }),
      apply(by('alice'), { kind: 'ConfigMap', metadata: { name: 'a' } }, { codeOnly: true }),
      apply(by('alice'), { ...cm({}), metadata: { name: 'b' } }),
      apply(by('alice'), cm({}, { namespace: 'other' })),
      apply(by('alice'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { a: '1' } }),
      apply('/api/v1/namespaces/none-such/configmaps/a?fieldManager=alice', cm({})),
    ],
  },
  {
    name: 'apply: managers and force that are none',
    steps: [
      apply(`${MAPS}/a`, cm({})),
      apply(by(''), cm({})),
      apply(by('x'.repeat(129)), cm({})),
      apply(by('a%09b'), cm({})),
      apply(by('alice', '&force=maybe'), cm({}), { codeOnly: true }),
      post(MAPS, configMap('b')),
      merge(`${MAPS}/b?force=true`, { data: { a: '2' } }),
      post(`${MAPS}?fieldManager=${'x'.repeat(129)}`, configMap('c')),
    ],
  },
  {
    name: 'apply: a dry run stores nothing and meets conflicts',
    steps: [
      apply(by('alice', '&dryRun=All'), cm({ a: '1' })),
      get(`${MAPS}/a`),
      apply(by('alice'), cm({ a: '1' })),
      apply(by('bob', '&dryRun=All'), cm({ a: '2' })),
      apply(by('bob', '&dryRun=All&force=true'), cm({ a: '2' })),
      get(`${MAPS}/a`),
    ],
  },
  {
    name: 'apply: containers by name, environment and ports by their keys',
    steps: [
      apply(
        `${DEPLOYMENTS}/d?fieldManager=alice`,
        deployment({
          ...SELECTOR,
          ...template([
            { name: 'main', image: 'a:1', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] },
          ]),
        }),
      ),
      apply(
        `${DEPLOYMENTS}/d?fieldManager=bob`,
        deployment({
          ...SELECTOR,
          ...template([
            { name: 'main', env: [{ name: 'B', value: '2' }], ports: [{ containerPort: 81, name: 'more' }] },
            { name: 'side', image: 'b:1' },
          ]),
        }),
      ),
      apply(
        `${DEPLOYMENTS}/d?fieldManager=bob`,
        deployment({ ...SELECTOR, ...template([{ name: 'main', env: [{ name: 'A', value: '3' }] }]) }),
      ),
      apply(
        `${DEPLOYMENTS}/d?fieldManager=bob`,
        deployment({ ...SELECTOR, ...template([{ name: 'side', image: 'b:2' }]) }),
      ),
    ],
  },
  {
    name: 'apply: replicas given up stay',
    steps: [
      apply(
        `${DEPLOYMENTS}/d?fieldManager=alice`,
        deployment({ replicas: 3, ...SELECTOR, ...template([{ name: 'main', image: 'a:1' }]) }),
      ),
      merge(`${DEPLOYMENTS}/d?fieldManager=scaler`, { spec: { replicas: 5 } }),
      apply(
        `${DEPLOYMENTS}/d?fieldManager=alice`,
        deployment({ replicas: 3, ...SELECTOR, ...template([{ name: 'main', image: 'a:1' }]) }),
      ),
      apply(
        `${DEPLOYMENTS}/d?fieldManager=alice`,
        deployment({ ...SELECTOR, ...template([{ name: 'main', image: 'a:1' }]) }),
      ),
    ],
  },
  {
    name: 'apply: rules of a network policy are one value',
    steps: [
      apply(`${NETWORKING}/n?fieldManager=alice`, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'n' },
        spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] },
      }),
      apply(`${NETWORKING}/n?fieldManager=bob`, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'n' },
        spec: { podSelector: {}, ingress: [{ ports: [{ port: 81 }] }] },
      }),
    ],
  },
  {
    name: 'apply: ports of a service by number and protocol',
    steps: [
      apply(`${SERVICES}/s?fieldManager=alice`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: {
          ports: [
            { name: 'a', port: 53, protocol: 'UDP' },
            { name: 'b', port: 53, protocol: 'TCP' },
          ],
        },
      }),
      apply(`${SERVICES}/s?fieldManager=alice`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ name: 'a', port: 53, protocol: 'UDP', targetPort: 5353 }] },
      }),
    ],
  },
  {
    name: 'apply: nested fields of a custom object',
    steps: [
      applyWidget('alice', { size: 1, free: { a: { b: 1, c: [1, 2] } }, either: { a: 'x' } }),
      applyWidget('bob', { free: { a: { d: 2 } } }),
      applyWidget('bob', { free: { a: { c: [3] } } }),
      applyWidget('alice', { size: 1, free: { a: { b: 1 } }, either: { a: 'x' } }),
      applyWidget('bob', { size: 4, parts: [{ name: 'p', count: 3 }] }, '&force=true'),
    ],
  },
  {
    name: 'apply: the same key twice and no key',
    steps: [
      applyWidget('alice', { size: 1, parts: [{ name: 'x' }, { name: 'x' }] }),
      applyWidget('alice', { size: 1, tags: ['a', 'a'] }),
      applyWidget('alice', { size: 1, parts: [{ count: 1 }] }),
      applyWidget('alice', { size: 'three' }),
      applyWidget('alice', { size: 99 }),
    ],
  },
  {
    name: 'apply: status and main resource are owned apart',
    steps: [
      applyWidget('alice', { size: 1 }),
      apply(`${WIDGETS}/w/status?fieldManager=alice`, {
        ...widget('w', { size: 5 }),
        status: { phase: 'On' },
      }),
      apply(`${WIDGETS}/w/status?fieldManager=bob`, { ...widget('w', undefined), status: { phase: 'Off' } }),
      apply(`${WIDGETS}/w?fieldManager=bob`, {
        ...widget('w', { color: 'green' }),
        status: { phase: 'Off' },
      }),
      apply(`${WIDGETS}/none/status?fieldManager=bob`, { ...widget('none'), status: { phase: 'Off' } }),
    ],
  },
  {
    name: 'managedFields can be cleared, and not be written at will',
    steps: [
      apply(by('alice'), cm({ a: '1' })),
      merge(`${MAPS}/a`, { metadata: { managedFields: [{}] } }),
      apply(by('bob'), cm({ a: '2' })),
      jsonPatch(`${MAPS}/a`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]),
      put(`${MAPS}/a`, { ...configMap('a', { a: '3' }, { managedFields: [] }) }),
      del(`${MAPS}/a`),
    ],
  },
]
