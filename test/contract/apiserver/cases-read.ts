/** Reading: lists, pages, selectors, versions, tables, discovery. */
import {
  type Case,
  configMap,
  DESCRIPTIONS,
  get,
  MAPS,
  PARTIAL,
  PODS,
  pod,
  post,
  TABLE,
  WIDGETS,
  widget,
} from './steps.ts'

const three = [post(MAPS, configMap('a')), post(MAPS, configMap('b')), post(MAPS, configMap('c'))]
const labelled = [
  post(PODS, pod('a', { labels: { app: 'web', tier: 'front' } }, { nodeName: 'n1' })),
  post(PODS, pod('b', { labels: { app: 'api' } }, { nodeName: 'n2' })),
  post(PODS, pod('c', {}, {})),
]
const names = { accept: PARTIAL.replace('PartialObjectMetadata', 'PartialObjectMetadataList') }
const select = (selector: string, kind = 'labelSelector') =>
  get(`${PODS}?${kind}=${encodeURIComponent(selector)}`, names)

export const READ_CASES: readonly Case[] = [
  { name: 'an empty list', steps: [get(PODS)] },
  { name: 'a list of built-in objects has no types in its items', steps: [...three.slice(0, 2), get(MAPS)] },
  {
    name: 'a list of custom objects has types in its items',
    steps: [post(WIDGETS, widget('a')), get(WIDGETS)],
  },
  {
    name: 'pages of two, with what remains',
    steps: [...three, get(`${MAPS}?limit=2`), get(`${MAPS}?limit=2&continue={{3.metadata.continue}}`)],
  },
  {
    name: 'a page goes on from the moment of the first',
    steps: [
      ...three,
      get(`${MAPS}?limit=1`),
      post(MAPS, configMap('aa')),
      post(MAPS, configMap('bb')),
      get(`${MAPS}?limit=5&continue={{3.metadata.continue}}`),
    ],
  },
  {
    name: 'a continue token that is none',
    steps: [get(`${MAPS}?limit=1&continue=nonsense`, { codeOnly: true })],
  },
  {
    name: 'a selector leaves out the remaining count',
    steps: [...labelled, get(`${PODS}?limit=1&labelSelector=app`, names)],
  },
  {
    name: 'label selectors',
    steps: [
      ...labelled,
      select('app=web'),
      select('app==api'),
      select('app!=web'),
      select('app in (web, api)'),
      select('app notin (web)'),
      select('app'),
      select('!app'),
      select('app=web,tier=front'),
      select('tier=back'),
    ],
  },
  {
    name: 'a label selector that is none',
    steps: [get(`${PODS}?labelSelector=${encodeURIComponent('a b')}`, { codeOnly: true })],
  },
  {
    name: 'field selectors of pods',
    steps: [
      ...labelled,
      select('metadata.name=a', 'fieldSelector'),
      select('spec.nodeName=n1', 'fieldSelector'),
      select('spec.nodeName!=n1', 'fieldSelector'),
      select('spec.nodeName=', 'fieldSelector'),
      select('status.phase=Pending,metadata.namespace={ns}', 'fieldSelector'),
      select('status.phase=Running', 'fieldSelector'),
    ],
  },
  {
    name: 'a field that cannot be selected',
    steps: [get(`${PODS}?fieldSelector=spec.color%3Dred`), get(`${WIDGETS}?fieldSelector=spec.size%3D1`)],
  },
  {
    name: 'versions of lists',
    steps: [
      ...three,
      get(`${MAPS}?resourceVersion=0`, names),
      get(`${MAPS}?resourceVersion={{2.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan`, names),
      get(`${MAPS}?resourceVersion={{1.metadata.resourceVersion}}&resourceVersionMatch=Exact`, names),
      get(`${MAPS}?resourceVersionMatch=Exact`),
      get(`${MAPS}?resourceVersion=0&resourceVersionMatch=Exact`),
      get(`${MAPS}?resourceVersion=5&resourceVersionMatch=Newest`),
      get(`${MAPS}?resourceVersion=abc`),
    ],
  },
  {
    name: 'a version of the future',
    steps: [get(`${MAPS}?resourceVersion=999999999999`, { codeOnly: true })],
  },
  {
    name: 'tables of pods',
    steps: [
      ...labelled.slice(0, 1),
      get(`${PODS}?includeObject=None`, { accept: TABLE }),
      get(`${PODS}/a`, { accept: TABLE }),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'tables of services, config maps and namespaces',
    steps: [
      post('/api/v1/namespaces/{ns}/services', {
        metadata: { name: 's' },
        spec: {
          selector: { a: 'b' },
          ports: [{ port: 80 }, { port: 53, name: 'x', protocol: 'UDP' }].slice(0, 1),
        },
      }),
      get('/api/v1/namespaces/{ns}/services?includeObject=None', { accept: TABLE }),
      get(`${MAPS}?includeObject=None`, { accept: TABLE }),
      get('/api/v1/namespaces/{ns}?includeObject=None', { accept: TABLE }),
      get('/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies', { accept: TABLE }),
      get('/apis/apps/v1/namespaces/{ns}/deployments', { accept: TABLE }),
      get('/apis/apps/v1/namespaces/{ns}/replicasets', { accept: TABLE }),
      get('/apis/apps/v1/namespaces/{ns}/daemonsets', { accept: TABLE }),
      get('/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses', { accept: TABLE }),
      get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', { accept: TABLE }),
      get('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', { accept: TABLE }),
      get('/api/v1/namespaces/{ns}/events', { accept: TABLE }),
      get('/api/v1/namespaces/{ns}/secrets', { accept: TABLE }),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'tables of custom objects have their declared columns',
    steps: [
      post(WIDGETS, widget('a', { size: 3, parts: [{ name: 'x' }, { name: 'y' }] })),
      get(`${WIDGETS}?includeObject=None`, { accept: TABLE }),
      get('/apis/contract.example.com/v1/gadgets?fieldSelector=metadata.name%3Dnone', { accept: TABLE }),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'metadata alone',
    steps: [post(MAPS, configMap('m')), get(`${MAPS}/m`, { accept: PARTIAL }), get(MAPS, names)],
  },
  { name: 'a media type the server does not write', steps: [get(PODS, { accept: 'text/html' })] },
  {
    name: 'what is not there',
    steps: [
      get(`${MAPS}/none`),
      get(`${WIDGETS}/none`),
      get('/api/v1/namespaces/none'),
      get('/api/v1/namespaces/none-such/pods'),
      get('/api/v1/nosuchthings'),
      get('/apis/contract.example.com/v1/nosuchthings'),
      get('/apis/contract.example.com/v9/widgets'),
      get('/apis/nosuch.example.com/v1/things'),
      get('/nosuch'),
      get(`${MAPS}/none/status`),
    ],
  },
  {
    name: 'what is not allowed',
    steps: [
      post('/api/v1/configmaps', configMap('x')),
      { method: 'PUT', path: MAPS, body: configMap('x') },
      { method: 'PATCH', path: MAPS, body: {}, type: 'application/merge-patch+json' },
      { method: 'POST', path: `${MAPS}/x`, body: configMap('x') },
      { method: 'DELETE', path: '/api/v1/namespaces' },
    ],
  },
  {
    name: 'discovery of custom groups',
    steps: [get('/apis/contract.example.com'), get('/apis/contract.example.com/v1')],
    exceptions: [
      ['1.body.resources.*.storageVersionHash', 'a hash of the storage version, which nothing reads'],
    ],
  },
]
