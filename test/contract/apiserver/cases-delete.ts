/** Deleting: preconditions, options, finalizers, owners, collections, namespaces; and names the server makes. */
import {
  type Case,
  configMap,
  del,
  get,
  MAPS,
  merge,
  PARTIAL,
  PODS,
  pod,
  post,
  put,
  WIDGETS,
  widget,
} from './steps.ts'

const NO_UID = '00000000-0000-4000-8000-000000000000'
const names = { accept: PARTIAL.replace('PartialObjectMetadata', 'PartialObjectMetadataList') }
const owner = (name: string, step: number, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: `{{${step}.metadata.uid}}`,
  ...more,
})

export const DELETE_CASES: readonly Case[] = [
  {
    name: 'delete: each precondition wrong, both wrong, both right',
    steps: [
      post(WIDGETS, widget('a')),
      del(`${WIDGETS}/a`, {
        preconditions: { uid: NO_UID, resourceVersion: '{{0.metadata.resourceVersion}}' },
      }),
      del(`${WIDGETS}/a`, { preconditions: { uid: '{{0.metadata.uid}}', resourceVersion: '1' } }),
      del(`${WIDGETS}/a`, { preconditions: { uid: NO_UID, resourceVersion: '1' } }),
      del(`${WIDGETS}/none`, { preconditions: { uid: NO_UID } }),
      del(`${WIDGETS}/a`, {
        preconditions: { uid: '{{0.metadata.uid}}', resourceVersion: '{{0.metadata.resourceVersion}}' },
      }),
    ],
  },
  {
    name: 'delete: preconditions of pods and of what is being deleted',
    steps: [
      post(PODS, pod('p', {}, { nodeName: 'n1' })),
      del(`${PODS}/p`, { preconditions: { uid: NO_UID } }),
      del(`${PODS}/p`),
      del(`${PODS}/p`, { preconditions: { uid: NO_UID }, gracePeriodSeconds: 0 }),
      del(`${PODS}/p`, { preconditions: { uid: '{{0.metadata.uid}}' }, gracePeriodSeconds: 0 }),
    ],
  },
  {
    name: 'delete: options that are none',
    steps: [
      post(MAPS, configMap('a')),
      del(`${MAPS}/a`, { propagationPolicy: 'Sideways' }),
      del(`${MAPS}/a`, { propagationPolicy: 'Orphan', orphanDependents: true }),
      del(`${MAPS}/a`, { dryRun: ['Some'] }),
      del(`${MAPS}/a?dryRun=Some`),
      del(`${MAPS}/a?propagationPolicy=Sideways`),
      del(`${MAPS}/a`, { apiVersion: 'v2', kind: 'DeleteOptions' }, { codeOnly: true }),
      del(`${MAPS}/a`, { apiVersion: 'v1', kind: 'ConfigMap' }, { codeOnly: true }),
      del(`${MAPS}/a`, '{"kind":', { codeOnly: true }),
      del(`${MAPS}/a`, { gracePeriodSeconds: 'soon' }, { codeOnly: true }),
      get(`${MAPS}/a`),
    ],
  },
  {
    name: 'delete: options in the query, and unknown ones',
    steps: [
      post(PODS, pod('p', {}, { nodeName: 'n1' })),
      del(`${PODS}/p?gracePeriodSeconds=7`),
      post(MAPS, configMap('a')),
      del(`${MAPS}/a`, { apiVersion: 'v1', kind: 'DeleteOptions', unknown: 1 }),
      post(MAPS, configMap('b')),
      del(`${MAPS}/b?propagationPolicy=Background`),
      post(WIDGETS, widget('c')),
      del(`${WIDGETS}/c`, { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions' }),
    ],
  },
  {
    name: 'delete: grace periods of what has none',
    steps: [
      post(MAPS, configMap('a')),
      del(`${MAPS}/a`, { gracePeriodSeconds: 30 }),
      post(MAPS, configMap('b')),
      del(`${MAPS}/b`, { gracePeriodSeconds: -1 }),
      post(WIDGETS, widget('c', { size: 1 }, { finalizers: ['example.com/x'] })),
      del(`${WIDGETS}/c`, { gracePeriodSeconds: 30 }),
    ],
  },
  {
    name: 'delete: a pod that has ended, and a negative grace period',
    steps: [
      post(PODS, pod('p', {}, { nodeName: 'n1' })),
      merge(`${PODS}/p/status`, { status: { phase: 'Succeeded' } }),
      del(`${PODS}/p`),
      get(`${PODS}/p`),
      post(PODS, pod('q', {}, { nodeName: 'n1', terminationGracePeriodSeconds: 5 })),
      del(`${PODS}/q`),
      post(PODS, pod('r', {}, { nodeName: 'n1' })),
      del(`${PODS}/r`, { gracePeriodSeconds: -5 }),
    ],
  },
  {
    name: 'finalizers: several, taken away by an update, and a change meanwhile',
    steps: [
      post(WIDGETS, widget('a', { size: 1 }, { finalizers: ['example.com/x', 'example.com/y'] })),
      del(`${WIDGETS}/a`),
      merge(`${WIDGETS}/a`, { spec: { size: 3 } }),
      merge(`${WIDGETS}/a/status`, { status: { phase: 'Leaving' } }),
      put(
        `${WIDGETS}/a`,
        widget(
          'a',
          { size: 3 },
          {
            resourceVersion: '{{3.metadata.resourceVersion}}',
            finalizers: ['example.com/y', 'example.com/z'],
          },
        ),
      ),
      put(
        `${WIDGETS}/a`,
        widget(
          'a',
          { size: 3 },
          { resourceVersion: '{{3.metadata.resourceVersion}}', finalizers: ['example.com/y'] },
        ),
      ),
      put(`${WIDGETS}/a`, widget('a', { size: 3 }, { resourceVersion: '{{5.metadata.resourceVersion}}' })),
      get(`${WIDGETS}/a`),
    ],
  },
  {
    name: 'finalizers: names that are none or not qualified',
    steps: [
      post(MAPS, configMap('a', {}, { finalizers: ['bad name'] })),
      post(MAPS, configMap('b', {}, { finalizers: ['hold'] })),
      post(WIDGETS, widget('c', { size: 1 }, { finalizers: ['hold'] })),
      post(WIDGETS, widget('d', { size: 1 }, { finalizers: ['orphan', 'foregroundDeletion'] })),
      merge(`${MAPS}/b`, { metadata: { finalizers: ['hold', 'more'] } }),
      post(WIDGETS, widget('e', { size: 1 }, { finalizers: ['example.com/'] })),
    ],
  },
  {
    name: 'owners: what a reference must have',
    steps: [
      post(MAPS, configMap('o')),
      post(MAPS, configMap('a', {}, { ownerReferences: [owner('o', 0)] })),
      post(MAPS, configMap('b', {}, { ownerReferences: [{ ...owner('o', 0), apiVersion: '' }] })),
      post(MAPS, configMap('c', {}, { ownerReferences: [{ ...owner('o', 0), kind: '', name: '' }] })),
      post(
        MAPS,
        configMap(
          'd',
          {},
          {
            ownerReferences: [owner('o', 0, { controller: true }), owner('p', 0, { controller: true })],
          },
        ),
      ),
      post(MAPS, configMap('e', {}, { ownerReferences: [owner('o', 0), owner('o', 0)] })),
      post(
        MAPS,
        configMap(
          'f',
          {},
          { ownerReferences: [owner('o', 0, { controller: true, blockOwnerDeletion: true })] },
        ),
      ),
      post(MAPS, configMap('g', {}, { ownerReferences: [{ ...owner('o', 0), apiVersion: 'a/b/c' }] })),
    ],
  },
  {
    name: 'owners: dependents go in the background',
    needs: ['controllers'],
    steps: [
      post(MAPS, configMap('o')),
      post(MAPS, configMap('a', {}, { ownerReferences: [owner('o', 0)] })),
      post(MAPS, configMap('b', {}, { ownerReferences: [owner('a', 1)] })),
      del(`${MAPS}/o`),
      get(`${MAPS}/a`, { until: 404 }),
      get(`${MAPS}/b`, { until: 404 }),
    ],
  },
  {
    name: 'owners: in the foreground the owner waits',
    needs: ['controllers'],
    steps: [
      post(MAPS, configMap('o')),
      post(
        MAPS,
        configMap(
          'a',
          {},
          {
            finalizers: ['example.com/hold'],
            ownerReferences: [owner('o', 0, { blockOwnerDeletion: true })],
          },
        ),
      ),
      del(`${MAPS}/o`, { propagationPolicy: 'Foreground' }),
      get(`${MAPS}/o`, { codeOnly: true }),
      merge(`${MAPS}/a`, { metadata: { finalizers: null } }, { codeOnly: true }),
      get(`${MAPS}/a`, { until: 404 }),
      get(`${MAPS}/o`, { until: 404 }),
    ],
  },
  {
    name: 'owners: orphans lose their reference and stay',
    needs: ['controllers'],
    steps: [
      post(MAPS, configMap('o')),
      post(MAPS, configMap('a', {}, { ownerReferences: [owner('o', 0)] })),
      del(`${MAPS}/o`, { propagationPolicy: 'Orphan' }),
      get(`${MAPS}/o`, { until: 404 }),
      get(`${MAPS}/a`),
    ],
  },
  {
    name: 'owners: with two, the last one counts',
    needs: ['controllers'],
    steps: [
      post(MAPS, configMap('o')),
      post(MAPS, configMap('p')),
      post(MAPS, configMap('a', {}, { ownerReferences: [owner('o', 0), owner('p', 1)] })),
      del(`${MAPS}/o`),
      get(`${MAPS}/a`, { codeOnly: true }),
      del(`${MAPS}/p`),
      get(`${MAPS}/a`, { until: 404 }),
    ],
  },
  {
    name: 'deletecollection: by field, dry, and with finalizers',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b', {}, { finalizers: ['example.com/x'] })),
      del(`${MAPS}?dryRun=All`),
      get(MAPS, names),
      del(`${MAPS}?fieldSelector=metadata.name%3Da`),
      del(MAPS),
      get(MAPS, names),
      del(`${MAPS}?labelSelector=a%20b`, undefined, { codeOnly: true }),
    ],
  },
  {
    name: 'deletecollection of custom objects and of pods',
    steps: [
      post(WIDGETS, widget('a')),
      post(WIDGETS, widget('b')),
      del(WIDGETS),
      get(WIDGETS),
      post(PODS, pod('p')),
      del(PODS, { gracePeriodSeconds: 0 }),
      get(PODS, names),
      del(WIDGETS),
    ],
  },
  {
    name: 'a namespace that waits for a finalizer takes nothing new',
    needs: ['controllers'],
    steps: [
      post('/api/v1/namespaces', { metadata: { name: '{id}' } }),
      post('/api/v1/namespaces/{id}/configmaps', configMap('a', {}, { finalizers: ['example.com/hold'] })),
      post('/api/v1/namespaces/{id}/configmaps', configMap('b')),
      del('/api/v1/namespaces/{id}'),
      post('/api/v1/namespaces/{id}/configmaps', configMap('c')),
      post('/apis/contract.example.com/v1/namespaces/{id}/widgets', widget('w')),
      get('/api/v1/namespaces/{id}/configmaps/b', { until: 404 }),
      merge('/api/v1/namespaces/{id}/configmaps/a', { data: { still: 'there' } }, { codeOnly: true }),
      merge('/api/v1/namespaces/{id}', { metadata: { labels: { a: 'b' } } }, { codeOnly: true }),
      merge('/api/v1/namespaces/{id}/configmaps/a', { metadata: { finalizers: null } }, { codeOnly: true }),
      get('/api/v1/namespaces/{id}', { until: 404 }),
      get('/api/v1/namespaces/{id}/configmaps'),
      post('/api/v1/namespaces/{id}/configmaps', configMap('d')),
    ],
  },
  {
    name: 'namespaces: deleted dry, with preconditions, twice',
    needs: ['controllers'],
    steps: [
      post('/api/v1/namespaces', { metadata: { name: '{id}' } }),
      post('/api/v1/namespaces/{id}/configmaps', configMap('a', {}, { finalizers: ['example.com/hold'] })),
      del('/api/v1/namespaces/{id}?dryRun=All'),
      get('/api/v1/namespaces/{id}'),
      del('/api/v1/namespaces/{id}', { preconditions: { uid: NO_UID } }),
      del('/api/v1/namespaces/kube-system'),
      del('/api/v1/namespaces/none-such'),
      del('/api/v1/namespaces/{id}', undefined, { codeOnly: true }),
      get('/api/v1/namespaces/{id}/configmaps/a', { codeOnly: true }),
      del('/api/v1/namespaces/{id}', undefined, { codeOnly: true }),
      merge('/api/v1/namespaces/{id}/configmaps/a', { metadata: { finalizers: null } }, { codeOnly: true }),
      get('/api/v1/namespaces/{id}', { until: 404 }),
    ],
  },
  {
    name: 'generateName: with a name, too long, bad, and of custom objects',
    steps: [
      post(MAPS, { metadata: { generateName: 'gen-', name: 'named' } }),
      post(MAPS, { metadata: { generateName: `${'g'.repeat(100)}-` } }),
      post(MAPS, { metadata: { generateName: 'Gen_' } }, { codeOnly: true }),
      post(WIDGETS, widget('', { size: 1 }, { name: undefined, generateName: 'w-' })),
      post(`${MAPS}?dryRun=All`, { metadata: { generateName: 'dry-' } }),
      post(MAPS, { metadata: {} }),
      post(MAPS, { data: {} }),
    ],
  },
]
