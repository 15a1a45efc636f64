/** Lists by version, page and selector: every combination the API's concepts page has a row for, and bad ones. */
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
  TABLE,
  WIDGETS,
  widget,
} from './steps.ts'

const names = { accept: PARTIAL.replace('PartialObjectMetadata', 'PartialObjectMetadataList') }
/** The first list makes sure that the cache of a real server has seen the writes. */
const three = [
  post(MAPS, configMap('a')),
  post(MAPS, configMap('b')),
  post(MAPS, configMap('c')),
  get(MAPS, names),
]

const VERSIONS = [
  ['no version', ''],
  ['version 0', 'resourceVersion=0'],
  ['the newest version', 'resourceVersion={{2.metadata.resourceVersion}}'],
  ['an older version', 'resourceVersion={{0.metadata.resourceVersion}}'],
  ['a text for a version', 'resourceVersion=newest'],
  ['a negative version', 'resourceVersion=-1'],
] as const
const MATCHES = [
  ['no match', ''],
  ['Exact', '&resourceVersionMatch=Exact'],
  ['NotOlderThan', '&resourceVersionMatch=NotOlderThan'],
  ['another match', '&resourceVersionMatch=newest'],
] as const

/** Each version with each match, whole and by pages of one. */
const MATRIX: readonly Case[] = VERSIONS.flatMap(([versionName, version]) =>
  MATCHES.map(([matchName, match]) => ({
    name: `list: ${versionName}, ${matchName}`,
    steps: [
      ...three,
      get(`${MAPS}?${version}${match}`, names),
      get(`${MAPS}?limit=1&${version}${match}`, names),
    ],
  })),
)

/** The version of a list from the cache of one resource lags behind etcd's; here there is one version. */
const CACHE = 'a cache of one resource knows of no newer version'

const label = (selector: string) => get(`${MAPS}?labelSelector=${encodeURIComponent(selector)}`, names)
const field = (path: string, selector: string) =>
  get(`${path}?fieldSelector=${encodeURIComponent(selector)}`, names)
const token = (rv: number, start: string, v = 'meta.k8s.io/v1') =>
  Buffer.from(JSON.stringify({ v, rv, start })).toString('base64url')

const LABELLED = [
  post(MAPS, configMap('a', {}, { labels: { app: 'web', n: '5' } })),
  post(MAPS, configMap('b', {}, { labels: { app: 'api', n: '10', 'example.com/x': '' } })),
  post(MAPS, configMap('c')),
]

const GOOD_SELECTORS = [
  'app=web',
  ' app = web ',
  'app==web,n!=10',
  'app in (web,api),n',
  'app notin (web)',
  'app notin (web,api)',
  'app in (web, ,api)',
  'app in ()',
  'example.com/x=',
  'example.com/x',
  '!example.com/x',
  '! app',
  'n>5',
  'n<10',
  'n > 4 , n < 11',
  'app=',
  'app!=',
  'in=x',
  'app=in',
  'notin',
] as const

const BAD_SELECTORS = [
  'a b',
  '=',
  '=web',
  ',',
  'app=web,',
  ',app',
  'app in web',
  'app in (web',
  'app in web)',
  'app in',
  'app=(web)',
  '!app=web',
  'app!',
  'app=a=b',
  'app=web web',
  '/x=a',
  'a/b/c',
  'app=-x',
  '-app=x',
  'Example.com/X=a',
  'n>x',
  'app==,',
  'app=a;b',
  'app=web)',
  `${'k'.repeat(64)}=a`,
  `app=${'v'.repeat(64)}`,
] as const

export const LIST_CASES: readonly Case[] = [
  ...MATRIX,
  {
    name: 'a list of a version that is to come',
    steps: [
      ...three,
      get(`${MAPS}?resourceVersion=9999999999`, names),
      get(`${MAPS}?resourceVersion=9999999999&resourceVersionMatch=NotOlderThan`, names),
      get(`${MAPS}?resourceVersion=9999999999&resourceVersionMatch=Exact`, { codeOnly: true }),
    ],
  },
  {
    name: 'one object of a version',
    steps: [
      post(MAPS, configMap('a')),
      get(`${MAPS}/a`),
      get(`${MAPS}/a?resourceVersion=0`),
      get(`${MAPS}/a?resourceVersion={{0.metadata.resourceVersion}}`),
      get(`${MAPS}/a?resourceVersion=newest`),
      get(`${MAPS}/a?resourceVersion=9999999999`),
    ],
  },
  {
    name: 'limits that are none',
    steps: [...three, get(`${MAPS}?limit=0`, names), get(`${MAPS}?limit=-1`, names), get(`${MAPS}?limit=x`)],
  },
  {
    name: 'pages while objects come, change and go',
    steps: [
      ...three,
      get(`${MAPS}?limit=1`, names),
      del(`${MAPS}/b`),
      merge(`${MAPS}/c`, { data: { a: 'changed' } }),
      post(MAPS, configMap('d')),
      get(`${MAPS}?limit=1&continue={{4.metadata.continue}}`),
      get(`${MAPS}?limit=1&continue={{8.metadata.continue}}`),
      get(`${MAPS}?continue={{4.metadata.continue}}`, names),
    ],
  },
  {
    name: 'pages with selectors',
    steps: [
      ...LABELLED,
      get(`${MAPS}?limit=1&labelSelector=app`, names),
      get(`${MAPS}?limit=1&labelSelector=app&continue={{3.metadata.continue}}`, names),
      get(`${MAPS}?limit=1&labelSelector=app%3Dapi`, names),
      get(`${MAPS}?limit=1&fieldSelector=metadata.name%3Dc`, names),
    ],
  },
  {
    name: 'pages of custom objects, and in tables',
    steps: [
      post(WIDGETS, widget('a')),
      post(WIDGETS, widget('b')),
      get(`${WIDGETS}?limit=1`),
      get(`${WIDGETS}?limit=1&continue={{2.metadata.continue}}`),
      get(`${WIDGETS}?limit=1&includeObject=None`, { accept: TABLE }),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'what goes with a continue token, and what does not',
    steps: [
      ...three,
      get(`${MAPS}?limit=1`, names),
      get(`${MAPS}?continue={{4.metadata.continue}}&resourceVersion={{0.metadata.resourceVersion}}`),
      get(`${MAPS}?continue={{4.metadata.continue}}&resourceVersion=0`, names),
      get(`${MAPS}?continue={{4.metadata.continue}}&resourceVersionMatch=Exact`),
      get(
        `${MAPS}?continue={{4.metadata.continue}}&resourceVersion={{0.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan`,
      ),
    ],
  },
  {
    name: 'continue tokens that are none',
    steps: [
      get(`${MAPS}?continue=%25%25`),
      get(`${MAPS}?continue=${Buffer.from('x').toString('base64url')}`),
      get(`${MAPS}?continue=${token(5, 'a', 'v9')}`),
      get(`${MAPS}?continue=${token(0, 'a')}`),
      get(`${MAPS}?continue=${token(5, '')}`),
      get(`${MAPS}?continue=${token(5, '../../secrets/a')}`),
    ],
  },
  {
    name: 'a page after a compaction: 410, and a token to go on with',
    needs: ['compaction'],
    steps: [
      ...three,
      compact,
      get(`${MAPS}?limit=1&continue=${token(1, 'b\u0000')}`),
      get(`${MAPS}?limit=1&continue={{5.metadata.continue}}`, names),
    ],
  },
  {
    name: 'a list of a compacted version: 410',
    needs: ['compaction'],
    steps: [
      ...three,
      post(WIDGETS, widget('a')),
      compact,
      get(`${MAPS}?resourceVersion=1&resourceVersionMatch=Exact`),
      get(`${WIDGETS}?resourceVersion=1&resourceVersionMatch=Exact`),
      get(`${MAPS}?resourceVersion=1&resourceVersionMatch=NotOlderThan`, names),
      get(`${MAPS}?resourceVersion=1`, names),
    ],
    exceptions: [
      ['8.body.metadata.resourceVersion', CACHE],
      ['9.body.metadata.resourceVersion', CACHE],
    ],
  },
  ...GOOD_SELECTORS.map(
    (selector): Case => ({
      name: `label selector: ${selector}`,
      steps: [...LABELLED, label(selector)],
    }),
  ),
  { name: 'label selectors that are none', steps: BAD_SELECTORS.map(label) },
  {
    name: 'field selectors: every operator',
    steps: [
      ...LABELLED,
      field(MAPS, 'metadata.name=a'),
      field(MAPS, 'metadata.name==a'),
      field(MAPS, 'metadata.name!=a'),
      field(MAPS, 'metadata.name!=a,metadata.name!=b'),
      field(MAPS, 'metadata.name='),
      field(MAPS, 'metadata.namespace={ns}'),
      field(MAPS, 'metadata.namespace=other'),
      field(MAPS, ','),
      field(MAPS, 'metadata.name=a,'),
      field(MAPS, 'metadata.name=a\\,b'),
    ],
  },
  {
    name: 'field selectors that are none',
    steps: [
      field(MAPS, 'metadata.name'),
      field(MAPS, 'metadata.name>a'),
      field(MAPS, 'metadata.name in (a)'),
      field(MAPS, 'metadata.uid=a'),
      field(MAPS, 'data.a=1'),
      field(MAPS, '=a'),
      field(MAPS, 'metadata.name=a\\b'),
      field('/api/v1/namespaces', 'metadata.namespace=a'),
      field('/api/v1/nodes', 'spec.podCIDR=a'),
      field(WIDGETS, 'status.phase=On'),
    ],
  },
  {
    name: 'label and field selectors together, over all namespaces',
    steps: [
      post(PODS, pod('a', { labels: { own: '{ns}' } }, { nodeName: 'n1' })),
      post(PODS, pod('b', { labels: { own: '{ns}' } }, { nodeName: 'n2' })),
      get('/api/v1/pods?labelSelector=own%3D{ns}&fieldSelector=spec.nodeName%3Dn2', names),
      get('/api/v1/pods?labelSelector=own%3D{ns}&limit=1', names),
      field(PODS, 'spec.restartPolicy=Always,spec.schedulerName=default-scheduler'),
      field(PODS, 'spec.serviceAccountName=,spec.hostNetwork=false'),
      field(PODS, 'status.podIP=,status.nominatedNodeName='),
      field('/api/v1/namespaces', 'metadata.name={ns},status.phase=Active'),
    ],
  },
  {
    name: 'field selectors of events, secrets and services',
    steps: [
      post('/api/v1/namespaces/{ns}/events', {
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: '{ns}', uid: 'u' },
        reason: 'Testing',
        type: 'Normal',
        source: { component: 'me' },
      }),
      field('/api/v1/namespaces/{ns}/events', 'involvedObject.kind=Pod,involvedObject.name=p'),
      field('/api/v1/namespaces/{ns}/events', 'involvedObject.uid=u,reason=Testing,type=Normal'),
      field('/api/v1/namespaces/{ns}/events', 'source=me'),
      field('/api/v1/namespaces/{ns}/events', 'reason=Other'),
      post('/api/v1/namespaces/{ns}/secrets', { metadata: { name: 's' }, type: 'example.com/t' }),
      field('/api/v1/namespaces/{ns}/secrets', 'type=example.com/t'),
      post('/api/v1/namespaces/{ns}/services', { metadata: { name: 's' }, spec: { ports: [{ port: 1 }] } }),
      field('/api/v1/namespaces/{ns}/services', 'spec.type=ClusterIP'),
      field('/api/v1/namespaces/{ns}/services', 'spec.clusterIP=None'),
    ],
    exceptions: [
      ['8.body.metadata.resourceVersion', 'a service address is an object of its own there'],
      ['9.body.metadata.resourceVersion', 'a service address is an object of its own there'],
    ],
  },
]
