/** The HTTP side: media types, discovery, who asks, methods, sizes, and a Status of each class. */
import {
  apply,
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
  TABLE,
  WIDGETS,
  widget,
} from './steps.ts'

const as = (accept: string) => get(`${MAPS}/a`, { accept, showType: true })
const listAs = (accept: string) => get(MAPS, { accept, showType: true })
const EVE = { headers: { 'impersonate-user': 'eve' } }
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
/** Groups other than the case's own depend on what the server is built with. */
const GROUPS = 'what the server serves besides is another matter'

export const TALK_CASES: readonly Case[] = [
  {
    name: 'accept: what is taken for JSON',
    steps: [
      post(MAPS, configMap('a')),
      as('*/*'),
      as('application/*'),
      as('application/json; charset=utf-8'),
      as('text/html, application/json;q=0.5'),
      as('application/json;pretty=1'),
      as(''),
    ],
    exceptions: [['5.body', 'it is not indented']],
  },
  {
    name: 'accept: what is not acceptable',
    steps: [
      post(MAPS, configMap('a')),
      as('text/html'),
      as('application/xml, text/*'),
      as('application/json;as=Table;v=v1;g=other.k8s.io'),
      as('application/json;as=Picture;v=v1;g=meta.k8s.io'),
      as('application/json;as=Table;v=v2;g=meta.k8s.io'),
      listAs('text/html'),
      post(MAPS, configMap('b'), { accept: 'text/html' }),
      get(`${MAPS}/b`),
    ],
  },
  {
    name: 'accept: metadata alone, of one and of many',
    steps: [
      post(MAPS, configMap('a')),
      as(PARTIAL),
      listAs(PARTIAL.replace('PartialObjectMetadata', 'PartialObjectMetadataList')),
      listAs(PARTIAL),
      as(PARTIAL.replace('PartialObjectMetadata', 'PartialObjectMetadataList')),
      merge(`${MAPS}/a`, { data: { b: '1' } }, { accept: PARTIAL }),
      post(MAPS, configMap('c'), { accept: PARTIAL }),
    ],
  },
  {
    name: 'accept: tables with objects, without, and of writes',
    steps: [
      post(WIDGETS, widget('a')),
      get(`${WIDGETS}/a?includeObject=Object`, { accept: TABLE, showType: true }),
      get(`${WIDGETS}?includeObject=Metadata`, { accept: TABLE }),
      get(`${WIDGETS}?includeObject=Nothing`, { accept: TABLE }),
      get(`${WIDGETS}/none`, { accept: TABLE }),
      del(`${WIDGETS}/a`, undefined, { accept: TABLE }),
    ],
    exceptions: DESCRIPTIONS,
  },
  {
    name: 'content types of bodies',
    steps: [
      post(MAPS, configMap('a'), { type: 'application/json; charset=utf-8' }),
      post(MAPS, 'metadata: {name: b}', { type: 'application/yaml' }),
      post(MAPS, configMap('c'), { type: 'text/plain' }),
      post(MAPS, configMap('d'), { type: 'application/merge-patch+json' }),
      put(`${MAPS}/a`, configMap('a', { a: '2' }), { type: 'text/yaml' }),
      { method: 'PATCH', path: `${MAPS}/a`, body: {}, type: 'application/json' },
      { method: 'PATCH', path: `${WIDGETS}/a`, body: {}, type: 'application/strategic-merge-patch+json' },
      { method: 'PATCH', path: `${MAPS}/a`, body: {}, type: 'text/plain' },
    ],
  },
  {
    name: 'bodies that cannot be read',
    steps: [
      post(MAPS, '', { codeOnly: true }),
      post(MAPS, '{', { codeOnly: true }),
      post(MAPS, 'null', { codeOnly: true }),
      post(MAPS, '"x"', { codeOnly: true }),
      post(MAPS, '5', { codeOnly: true }),
      post(WIDGETS, '', { codeOnly: true }),
      post(WIDGETS, '{}', { codeOnly: true }),
      put(`${MAPS}/a`, '[]', { codeOnly: true }),
      post(MAPS, 'a: b: c', { type: 'application/yaml', codeOnly: true }),
    ],
  },
  {
    name: 'a body that is too large',
    steps: [
      post(MAPS, configMap('a', { a: 'x'.repeat(3_200_000) })),
      post(MAPS, configMap('b')),
      merge(`${MAPS}/b`, { data: { a: 'x'.repeat(3_200_000) } }, { codeOnly: true }),
      post(MAPS, configMap('c', { a: 'x'.repeat(1_100_000) })),
    ],
  },
  {
    name: 'who asks: nobody',
    steps: [
      get(PODS, { anonymous: true, showType: true }),
      get('/apis', { anonymous: true }),
      post(MAPS, configMap('a'), { anonymous: true }),
      get('/nosuch', { anonymous: true }),
      get(PODS, { anonymous: true, headers: { authorization: 'Bearer nonsense' } }),
      get(PODS, { anonymous: true, headers: { authorization: 'Basic YTpi' } }),
    ],
  },
  {
    name: 'who asks: somebody who may not',
    steps: [
      post(MAPS, configMap('a')),
      get(PODS, { ...EVE, showType: true }),
      get(`${MAPS}/a`, EVE),
      get('/api/v1/nodes', EVE),
      get('/api/v1/nodes/n', EVE),
      get(`${WIDGETS}?watch=true`, EVE),
      post(MAPS, configMap('b'), EVE),
      put(`${MAPS}/a`, configMap('a'), EVE),
      merge(`${WIDGETS}/w/status`, {}, EVE),
      del(`${MAPS}/a`, undefined, EVE),
      del(MAPS, undefined, EVE),
      apply(`${MAPS}/a?fieldManager=x`, configMap('a'), EVE),
      get('/api/v1/namespaces/{ns}', EVE),
      get(`${PODS}/p/log`, EVE),
      get('/api/v1/nosuchthings', EVE),
    ],
  },
  {
    name: 'who asks: somebody else who may',
    steps: [
      get(`${MAPS}/none`, { headers: { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' } }),
      post(
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'SelfSubjectReview',
        },
        { headers: { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' } },
      ),
    ],
    exceptions: [['1.body.metadata.creationTimestamp', 'a review has none here']],
  },
  {
    name: 'methods that are not allowed',
    steps: [
      put(PODS, pod('p')),
      merge(PODS, {}),
      post(`${PODS}/p`, pod('p')),
      post('/api/v1/configmaps', configMap('a')),
      del('/api/v1/configmaps'),
      del('/api/v1/namespaces'),
      put('/version', {}, { codeOnly: true }),
    ],
  },
  {
    name: 'paths of other scopes',
    steps: [
      get('/api/v1/namespaces/{ns}/nodes'),
      get('/apis/contract.example.com/v1/namespaces/{ns}/gadgets'),
      get('/api/v1/configmaps/a'),
      get('/apis/contract.example.com/v1/widgets/a'),
      get('/api/v2/pods'),
      get('/apis/apps/v1beta9/deployments'),
      get('/apis/apps/v1/pods'),
      get(`${MAPS}/a/nosuch`),
      get(`${WIDGETS}/a/nosuch`),
      get('/apis/contract.example.com/v1/gadgets/a/status'),
      get('/apis/contract.example.com/v1/namespaces/{ns}'),
    ],
  },
  {
    name: 'discovery: one group, its version, and what is not there',
    steps: [
      get('/apis/apps', { showType: true }),
      get('/apis/networking.k8s.io'),
      get('/apis/contract.example.com/v1', { showType: true }),
      get('/apis/contract.example.com/'),
      get('/apis/contract.example.com/v9'),
      get('/apis/nosuch.example.com'),
      get('/api/v9'),
      get('/apis/apps/v9'),
      get('/api'),
      get('/apis/contract.example.com', { accept: 'text/html', codeOnly: true }),
    ],
    exceptions: [
      ['*.body.resources.*.storageVersionHash', 'a hash of the storage version, which nothing reads'],
      ['1.body.versions', GROUPS],
      ['8.body.serverAddressByClientCIDRs.*.serverAddress', 'the server address is the machine own'],
    ],
  },
  {
    name: 'discovery: media types',
    steps: [
      get('/api', { accept: AGGREGATED, showType: true, codeOnly: true }),
      get('/apis', { accept: `${AGGREGATED},application/json`, showType: true, codeOnly: true }),
      get('/apis', {
        accept: 'application/json;as=APIGroupDiscoveryList;v=v9;g=apidiscovery.k8s.io',
        codeOnly: true,
      }),
      get('/apis', { accept: 'text/html', codeOnly: true }),
    ],
  },
  {
    name: 'health and version answer in their own types',
    steps: [
      get('/healthz', { showType: true }),
      get('/livez', { showType: true }),
      get('/readyz', { showType: true }),
      get('/readyz/ping', { showType: true }),
      get('/readyz/nosuch', { codeOnly: true }),
      get('/version', { showType: true }),
    ],
    exceptions: [['5.body', 'what the server is built from']],
  },
  {
    name: 'a Status of each class',
    steps: [
      post(MAPS, configMap('a')),
      get(`${MAPS}?limit=x`),
      get(PODS, { anonymous: true }),
      get(PODS, EVE),
      get(`${MAPS}/none`),
      put(PODS, pod('p')),
      get(`${MAPS}/a`, { accept: 'text/html' }),
      post(MAPS, configMap('a')),
      put(`${MAPS}/a`, configMap('a', {}, { resourceVersion: '1' })),
      post(MAPS, configMap('b'), { type: 'text/plain' }),
      post(MAPS, configMap('Bad_Name')),
      get(`${MAPS}?resourceVersion=9999999999`),
    ],
  },
  {
    name: 'leases: times, durations and fields that are none',
    steps: [
      post('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', {
        metadata: { name: 'l' },
        spec: { leaseDurationSeconds: 0, holderIdentity: 'a' },
      }),
      post('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', {
        metadata: { name: 'l' },
        spec: { leaseDurationSeconds: 5, leaseTransitions: -1, acquireTime: '2026-01-01T00:00:00.000000Z' },
      }),
      post(
        '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases',
        { metadata: { name: 'l' }, spec: { renewTime: 'soon' } },
        { codeOnly: true },
      ),
      post('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', { metadata: { name: 'l' } }),
      del('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l'),
    ],
  },
  {
    name: 'events: of both APIs, and ones that are none',
    steps: [
      post('/api/v1/namespaces/{ns}/events', {
        metadata: { generateName: 'e-' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: 'other' },
      }),
      post('/api/v1/namespaces/{ns}/events', {
        metadata: { name: 'e' },
        involvedObject: { kind: 'Node', name: 'n' },
        reason: 'R',
      }),
      post('/api/v1/namespaces/{ns}/events', {
        metadata: { name: 'f' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: '{ns}' },
        reason: 'R',
        type: 'Warning',
        source: { component: 'c', host: 'h' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:05Z',
        count: 3,
      }),
      merge('/api/v1/namespaces/{ns}/events/f', { count: 4, lastTimestamp: '2026-01-01T00:01:00Z' }),
    ],
    exceptions: [
      ['0.body.message', 'it shows the name the server made'],
      ['0.body.details.name', 'the name the server made'],
    ],
  },
]
