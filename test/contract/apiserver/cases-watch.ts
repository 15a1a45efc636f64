/** Watches: where they begin, what they say, how they end. */
import {
  type Case,
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

export const WATCH_CASES: readonly Case[] = [
  {
    name: 'a watch from a version tells what came after it',
    steps: [
      post(MAPS, configMap('a')),
      watch(`${MAPS}?watch=true&resourceVersion={{0.metadata.resourceVersion}}`),
      post(MAPS, configMap('b')),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      del(`${MAPS}/b`),
      read(3),
    ],
  },
  {
    name: 'a watch without a version begins with what is there',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      watch(`${MAPS}?watch=1`),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      read(3),
    ],
  },
  {
    name: 'a watch from 0 begins with what is there',
    steps: [
      post(MAPS, configMap('a')),
      get(MAPS),
      watch(`${MAPS}?watch=1&resourceVersion={{1.metadata.resourceVersion}}`, 'first'),
      watch(`${MAPS}?watch=1&resourceVersion=0`),
      put(`${MAPS}/a`, configMap('a', { a: '3' })),
      read(1, 'first'),
      read(2),
    ],
  },
  {
    name: 'no event where nothing changed',
    steps: [
      post(MAPS, configMap('a')),
      watch(`${MAPS}?watch=true&resourceVersion={{0.metadata.resourceVersion}}`),
      merge(`${MAPS}/a`, { data: { a: '1' } }),
      post(MAPS, configMap('b')),
      read(1),
    ],
  },
  {
    name: 'a streamed list ends with its bookmark',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      watch(
        `${MAPS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
      ),
      read(3),
      del(`${MAPS}/a`),
      read(1),
    ],
  },
  {
    name: 'a streamed list of pods and of custom objects',
    steps: [
      post(PODS, pod('a')),
      post(WIDGETS, widget('a')),
      watch(
        `${PODS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
        'pods',
      ),
      watch(
        `${WIDGETS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
        'widgets',
      ),
      read(2, 'pods'),
      read(2, 'widgets'),
    ],
  },
  {
    name: 'parameters of a streamed list',
    steps: [
      get(`${MAPS}?watch=true&sendInitialEvents=true`),
      get(`${MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&allowWatchBookmarks=true`),
      get(`${MAPS}?watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=1`),
      get(`${MAPS}?watch=true&resourceVersion=abc`),
    ],
  },
  {
    name: 'a selector turns changes into additions and deletions',
    steps: [
      post(MAPS, configMap('a', { a: '1' }, { labels: { on: 'no' } })),
      watch(`${MAPS}?watch=true&labelSelector=on%3Dyes&resourceVersion={{0.metadata.resourceVersion}}`),
      merge(`${MAPS}/a`, { metadata: { labels: { on: 'yes' } } }),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      merge(`${MAPS}/a`, { metadata: { labels: { on: 'no' } } }),
      post(MAPS, configMap('b', { a: '1' }, { labels: { on: 'yes' } })),
      del(`${MAPS}/b`),
      read(5),
    ],
  },
  {
    name: 'a watch of one object by name',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      watch(
        `${MAPS}?watch=true&fieldSelector=metadata.name%3Da&resourceVersion={{0.metadata.resourceVersion}}`,
      ),
      merge(`${MAPS}/b`, { data: { a: '2' } }),
      merge(`${MAPS}/a`, { data: { a: '3' } }),
      read(1),
    ],
  },
  {
    name: 'a watch of pods on a node',
    steps: [
      post(PODS, pod('a', {}, { nodeName: 'n1' })),
      watch(
        `${PODS}?watch=true&fieldSelector=spec.nodeName%3Dn1&resourceVersion={{0.metadata.resourceVersion}}`,
      ),
      post(PODS, pod('b', {}, { nodeName: 'n2' })),
      del(`${PODS}/a`),
      read(1),
    ],
  },
  {
    name: 'events of pods that are deleted',
    steps: [
      post(PODS, pod('free')),
      post(PODS, pod('bound', {}, { nodeName: 'n1' })),
      watch(`${PODS}?watch=true&timeoutSeconds=2&resourceVersion={{1.metadata.resourceVersion}}`),
      del(`${PODS}/free`),
      del(`${PODS}/bound`),
      del(`${PODS}/bound`, { gracePeriodSeconds: 0 }),
      post(PODS, pod('last')),
      read('end'),
    ],
  },
  {
    name: 'a finalized object changes first and goes then',
    steps: [
      post(WIDGETS, widget('a', { size: 1 }, { finalizers: ['example.com/hold'] })),
      watch(`${WIDGETS}?watch=true&resourceVersion={{0.metadata.resourceVersion}}`),
      del(`${WIDGETS}/a`),
      merge(`${WIDGETS}/a`, { metadata: { finalizers: null } }),
      read(2),
    ],
  },
  {
    name: 'a watch ends at its time-out',
    steps: [
      post(MAPS, configMap('a')),
      watch(`${MAPS}?watch=true&timeoutSeconds=1&resourceVersion={{0.metadata.resourceVersion}}`),
      read('end'),
    ],
  },
  {
    name: 'a watch in tables',
    steps: [
      post(WIDGETS, widget('a')),
      watch(`${WIDGETS}?watch=true&resourceVersion={{0.metadata.resourceVersion}}`, 'w', TABLE),
      merge(`${WIDGETS}/a`, { spec: { size: 2 } }),
      merge(`${WIDGETS}/a`, { spec: { size: 3 } }),
      read(2),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'a watch of metadata',
    steps: [
      post(MAPS, configMap('a')),
      watch(`${MAPS}?watch=true&resourceVersion={{0.metadata.resourceVersion}}`, 'w', PARTIAL),
      merge(`${MAPS}/a`, { data: { a: '2' } }),
      read(1),
    ],
  },
  {
    name: 'a short watch that looks for what another missed: all of it at once, a bookmark, the end',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      del(`${MAPS}/a`),
      watch(
        `${MAPS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion={{0.metadata.resourceVersion}}`,
      ),
      read(2),
    ],
  },
  {
    name: 'a list in pages that is not older than a version goes on without one',
    steps: [
      post(MAPS, configMap('a')),
      post(MAPS, configMap('b')),
      post(MAPS, configMap('c')),
      get(`${MAPS}?limit=2&resourceVersion={{0.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan`),
      get(`${MAPS}?limit=2&continue={{3.metadata.continue}}`),
    ],
  },
]
