/** Watches in depth: order, shapes of events, bookmarks, streamed lists, time-outs, both forms of 410. */
import {
  type Case,
  compact,
  configMap,
  DESCRIPTIONS,
  del,
  get,
  MAPS,
  merge,
  PARTIAL,
  PODS,
  pod,
  post,
  put,
  read,
  TABLE,
  WIDGETS,
  watch,
  widget,
} from './steps.ts'

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases'
const EVENTS = '/api/v1/namespaces/{ns}/events'
const STREAMED = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
const from = (step: number) => `watch=true&resourceVersion={{${step}.metadata.resourceVersion}}`

export const STREAM_CASES: readonly Case[] = [
  {
    name: 'changes of several objects come in the order of their versions',
    steps: [
      post(MAPS, configMap('z')),
      watch(`${MAPS}?${from(0)}`),
      post(MAPS, configMap('b')),
      post(MAPS, configMap('a')),
      merge(`${MAPS}/z`, { data: { a: '2' } }),
      del(`${MAPS}/b`),
      post(MAPS, configMap('b')),
      put(`${MAPS}/a`, configMap('a', { a: '9' })),
      read(6),
    ],
  },
  {
    name: 'a watch from an older version catches up and goes on',
    steps: [
      post(MAPS, configMap('a')),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      merge(`${MAPS}/a`, { data: { a: '3' } }),
      get(MAPS),
      watch(`${MAPS}?${from(0)}`),
      read(2),
      merge(`${MAPS}/a`, { data: { a: '4' } }),
      read(1),
    ],
  },
  {
    name: 'the initial events of a watch come by name',
    steps: [
      post(MAPS, configMap('c')),
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      get(MAPS),
      watch(`${MAPS}?watch=true`),
      read(3),
    ],
  },
  {
    name: 'a watch of all namespaces',
    steps: [
      post(MAPS, configMap('a', {}, { labels: { own: '{ns}' } })),
      watch(`/api/v1/configmaps?labelSelector=own%3D{ns}&${from(0)}`),
      post(MAPS, configMap('b', {}, { labels: { own: '{ns}' } })),
      read(1),
    ],
  },
  {
    name: 'a watch of custom objects: create, status, spec, delete',
    steps: [
      post(WIDGETS, widget('first')),
      watch(`${WIDGETS}?${from(0)}`),
      post(WIDGETS, widget('a')),
      merge(`${WIDGETS}/a/status`, { status: { phase: 'On' } }),
      merge(`${WIDGETS}/a`, { spec: { size: 2 } }),
      del(`${WIDGETS}/a`),
      read(4),
    ],
  },
  {
    name: 'a watch of leases and of events',
    steps: [
      post(LEASES, { metadata: { name: 'first' }, spec: {} }),
      watch(`${LEASES}?${from(0)}`, 'leases'),
      post(EVENTS, {
        metadata: { name: 'first' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: '{ns}' },
      }),
      watch(`${EVENTS}?fieldSelector=reason%3DNew&${from(2)}`, 'events'),
      post(LEASES, { metadata: { name: 'l' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 3 } }),
      merge(`${LEASES}/l`, { spec: { holderIdentity: 'b', leaseTransitions: 1 } }),
      post(EVENTS, {
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: '{ns}' },
        reason: 'New',
        count: 1,
      }),
      merge(`${EVENTS}/e`, { count: 2 }),
      read(2, 'leases'),
      read(2, 'events'),
    ],
  },
  {
    name: 'a streamed list with a label selector',
    steps: [
      post(MAPS, configMap('a', {}, { labels: { on: 'yes' } })),
      post(MAPS, configMap('b')),
      get(MAPS),
      watch(`${MAPS}?${STREAMED}&allowWatchBookmarks=true&labelSelector=on%3Dyes`),
      read(2),
      merge(`${MAPS}/b`, { metadata: { labels: { on: 'yes' } } }),
      merge(`${MAPS}/a`, { metadata: { labels: { on: 'no' } } }),
      read(2),
    ],
  },
  {
    name: 'a streamed list with a field selector',
    steps: [
      post(PODS, pod('a', {}, { nodeName: 'n1' })),
      post(PODS, pod('b', {}, { nodeName: 'n2' })),
      get(PODS),
      watch(`${PODS}?${STREAMED}&allowWatchBookmarks=true&fieldSelector=spec.nodeName%3Dn2`),
      read(2),
    ],
  },
  {
    name: 'a streamed list of nothing is its bookmark',
    steps: [get(MAPS), watch(`${MAPS}?${STREAMED}&allowWatchBookmarks=true`), read(1)],
    exceptions: [['2.events.*.object.metadata.resourceVersion', 'what else was written meanwhile']],
  },
  {
    name: 'a streamed list from a version and from 0',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      watch(
        `${MAPS}?${STREAMED}&allowWatchBookmarks=true&resourceVersion={{1.metadata.resourceVersion}}`,
        'from',
      ),
      read(3, 'from'),
      watch(`${MAPS}?${STREAMED}&allowWatchBookmarks=true&resourceVersion=0`, 'zero'),
      read(3, 'zero'),
    ],
  },
  {
    name: 'a streamed list without bookmarks has no end mark',
    steps: [
      post(MAPS, configMap('a')),
      get(MAPS),
      watch(`${MAPS}?${STREAMED}`),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      read(2),
    ],
  },
  {
    name: 'without initial events a watch is one from its version',
    steps: [
      post(MAPS, configMap('a')),
      watch(
        `${MAPS}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={{0.metadata.resourceVersion}}`,
      ),
      post(MAPS, configMap('b')),
      read(1),
    ],
  },
  {
    name: 'a streamed list of metadata and in tables',
    steps: [
      post(WIDGETS, widget('a')),
      get(WIDGETS),
      watch(`${WIDGETS}?${STREAMED}&allowWatchBookmarks=true`, 'metadata', PARTIAL),
      watch(`${WIDGETS}?${STREAMED}&allowWatchBookmarks=true`, 'table', TABLE),
      read(2, 'metadata'),
      read(2, 'table'),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'a bookmark of what others wrote comes before the time-out',
    steps: [
      post(MAPS, configMap('a')),
      watch(`${MAPS}?allowWatchBookmarks=true&timeoutSeconds=4&${from(0)}`),
      post('/api/v1/namespaces/default/configmaps', configMap('{id}')),
      read(1),
    ],
  },
  {
    name: 'no bookmark for who does not want one',
    steps: [post(MAPS, configMap('a')), watch(`${MAPS}?timeoutSeconds=1&${from(0)}`), read('end')],
  },
  {
    name: 'parameters of watches that are none',
    steps: [
      get(`${MAPS}?watch=true&timeoutSeconds=x`),
      get(`${MAPS}?watch=maybe&timeoutSeconds=1`),
      get(`${MAPS}?watch=true&labelSelector=a%20b&timeoutSeconds=1`),
      get(`${MAPS}?watch=true&fieldSelector=spec.x%3Da&timeoutSeconds=1`),
      get(`${MAPS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0`),
      get(`${MAPS}?watch=true&resourceVersion=-5&timeoutSeconds=1`),
    ],
  },
  {
    name: 'a watch from a compacted version is told in its stream',
    needs: ['compaction'],
    // Of custom objects only: whether the cache of a built-in type begins later depends on when the server was started.
    steps: [
      post(WIDGETS, widget('a')),
      compact,
      watch(`${WIDGETS}?watch=true&resourceVersion=1`),
      read('end'),
      watch(`${WIDGETS}?watch=true&resourceVersion=1`, 'table', TABLE),
      read('end', 'table'),
      watch(`${WIDGETS}?watch=true&resourceVersion=1`, 'metadata', PARTIAL),
      read('end', 'metadata'),
    ],
  },
  {
    name: 'a watch of what is not there',
    steps: [
      get('/api/v1/namespaces/{ns}/nosuchthings?watch=true'),
      get('/apis/contract.example.com/v1/namespaces/{ns}/nosuchthings?watch=true'),
      watch(`${MAPS}?fieldSelector=metadata.name%3Dlater&watch=true`),
      post(MAPS, configMap('later')),
      read(1),
    ],
  },
  {
    name: 'the deprecated path of watches',
    steps: [
      post(MAPS, configMap('a')),
      watch('/api/v1/watch/namespaces/{ns}/configmaps?resourceVersion={{0.metadata.resourceVersion}}'),
      post(MAPS, configMap('b')),
      read(1),
    ],
  },
  {
    name: 'a watch with a selector sees the deletion of what it selects',
    steps: [
      post(MAPS, configMap('a', {}, { labels: { on: 'yes' } })),
      post(MAPS, configMap('b', {}, { labels: { on: 'no' } })),
      watch(`${MAPS}?labelSelector=on%3Dyes&${from(1)}`),
      del(`${MAPS}/b`),
      del(`${MAPS}/a`),
      read(1),
    ],
  },
  {
    name: 'a watch with a field selector: an object leaves it by a change of status',
    steps: [
      post(PODS, pod('a', {}, { nodeName: 'n1' })),
      watch(`${PODS}?fieldSelector=status.phase%3DPending&${from(0)}`),
      merge(`${PODS}/a/status`, { status: { phase: 'Running' } }),
      merge(`${PODS}/a/status`, { status: { phase: 'Running', message: 'x' } }),
      merge(`${PODS}/a/status`, { status: { phase: 'Pending' } }),
      read(2),
    ],
  },
  {
    name: 'an update that only takes a finalizer away ends the object in one event',
    steps: [
      post(MAPS, configMap('a', {}, { finalizers: ['example.com/a', 'example.com/b'] })),
      del(`${MAPS}/a`),
      watch(`${MAPS}?${from(1)}`),
      merge(`${MAPS}/a`, { metadata: { finalizers: ['example.com/b'] } }),
      merge(`${MAPS}/a`, { metadata: { finalizers: null } }),
      read(2),
    ],
  },
]
