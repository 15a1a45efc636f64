/** Schemas as Antrea's definitions use them: defaults, pruning, nullable, formats, combinations, CEL. */
import { type Case, get, jsonPatch, merge, PROBES, post, probe, put } from './steps.ts'

const takes = (name: string, ...specs: readonly object[]): Case => ({
  name: `probe: ${name}`,
  steps: specs.map((spec, at) => post(PROBES, probe(`p${at}`, { mode: 'Allow', ...spec }))),
})

const FORMATS: readonly (readonly [field: string, good: readonly string[], bad: readonly string[]])[] = [
  ['address', ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1'], ['192.0.2', '192.0.2.256', '', '192.0.2.01']],
  ['cidr', ['10.0.0.0/8', '10.0.0.1/8', '2001:db8::/32'], ['10.0.0.0/33', '10.0.0.0', 'x/8', '10.0.0.0/-1']],
  ['any', ['192.0.2.1', '10.0.0.0/8'], ['x']],
  ['mac', ['00:11:22:33:44:55', '00-11-22-33-44-55', '0011.2233.4455'], ['00:11:22', 'zz:11:22:33:44:55']],
  ['host', ['a.example.com', 'a', 'A-b.c'], ['-a', 'a..b', 'a_b', '']],
  [
    'at',
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5+02:00'],
    ['2026-01-01', '2026-13-01T00:00:00Z', 'now'],
  ],
  ['day', ['2026-01-01'], ['2026-1-1', '2026-13-01', 'x']],
  ['lasts', ['1s', '1h30m', '5 minutes', '1.5h', '0'], ['x', '1', '1 year', '']],
  ['bytes', ['YQ==', '', 'YWI='], ['YQ', '%%']],
  ['id', ['12345678-1234-1234-1234-123456789abc', '12345678123412341234123456789abc'], ['x', '1234']],
  ['link', ['https://example.com/a?b#c', '/path'], ['x y', '', '::']],
  ['mail', ['a@example.com', 'Me <a@example.com>'], ['a', '@']],
  ['secret', ['anything'], []],
  ['name', ['a', 'a-b'], ['A', 'a-', '', 'a'.repeat(10)]],
]

export const SCHEMA_CASES: readonly Case[] = [
  ...FORMATS.map(
    ([field, good, bad]): Case =>
      takes(`format of ${field}`, ...[...good, ...bad].map((text) => ({ [field]: text }))),
  ),
  takes(
    'defaults are made in depth, but not where nothing is',
    {},
    { filled: { inner: {} } },
    { filled: { depth: 5, tags: [] } },
    { filled: null },
  ),
  takes(
    'defaults in lists and maps',
    { listed: [{}, { v: 1 }, { kind: 'y' }], mapped: { a: {}, b: { on: true } } },
    { pairs: [{ port: 1 }, { port: 1, protocol: 'UDP' }] },
    { pairs: [{ port: 1 }, { port: 1, protocol: 'TCP' }] },
  ),
  takes(
    'nulls: allowed, defaulted, pruned and refused',
    { nothing: null },
    { nothing: { a: null } },
    { name: null },
    { listed: null },
    { listed: [null] },
    { filled: { depth: null } },
    { mapped: { a: null } },
  ),
  takes(
    'unknown fields are pruned below open ones',
    { open: { x: { y: 1 }, closed: { a: '1', b: 2 }, n: 1 }, raw: { any: [1, { z: null }] } },
    { raw: 'text' },
    { raw: 5 },
    { open: { n: 'x' } },
    { nothing: { b: 1 }, unknown: {} },
  ),
  takes(
    'embedded objects',
    { embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', odd: 1 }, spec: { any: 1 } } },
    { embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Bad Name' } } },
  ),
  takes('embedded objects need a type', { embedded: {} }, { embedded: { kind: 'Pod' } }),
  takes(
    'integers or texts',
    { port: 80 },
    { port: 'http' },
    { port: 1.5 },
    { port: true },
    { port: null },
    { port: {} },
  ),
  takes(
    'bounds',
    { endPort: 0 },
    { endPort: 65536 },
    { endPort: 65535 },
    { endPort: 3000000000 },
    { priority: 0.5 },
    { priority: 10000 },
    { priority: 10000.5 },
    { priority: '5' },
    { level: 10 },
    { level: 9 },
    { level: 8 },
  ),
  takes('whole numbers', { big: 9007199254740991 }, { big: 1.0 }, { big: 1e3 }, { endPort: 1.5 }),
  takes('enumerations', { mode: 'Reject' }, { mode: '' }, { mode: 1 }, { mode: null }),
  takes(
    'lists: types, lengths, sets',
    { cidrs: ['10.0.0.0/8', 'x', 5] },
    { cidrs: 'x' },
    { cidrs: {} },
    { unique: ['a', 'b', 'a', 'b'] },
    { rules: [{ tcp: 1 }, { udp: 1 }, { tcp: 2 }] },
  ),
  takes(
    'one of several',
    { rules: [{ tcp: 1, udp: 2 }] },
    { rules: [{}] },
    { rules: [{ tcp: 'x' }] },
    { rules: [{ udp: 1 }] },
  ),
  takes(
    'not, and all of several',
    { peer: { name: 'ab' } },
    { peer: { name: 'a' } },
    { peer: {} },
    { peer: { name: 'ab', ip: 'x', group: 'y' } },
    { peer: { name: 'a', ip: 'x', group: 'y' } },
  ),
  takes(
    'several findings at once',
    { mode: 'x', endPort: 0, cidr: 'y', name: 'B', unknown: 1 },
    { endPort: 'x', rules: [{}, { tcp: 1, udp: 1 }] },
  ),
  takes(
    'CEL: of items',
    { ranges: [{ cidr: 'x' }] },
    { ranges: [{ start: 'x' }] },
    {
      ranges: [
        { start: 'x', end: 'y' },
        { cidr: 'x', start: 'y', end: 'z' },
      ],
    },
  ),
  takes(
    'CEL: of lists',
    { list: ['a', 'ab', 'abc'] },
    { list: ['b'] },
    { list: ['a', 'b'] },
    { list: ['a', 'b', 'c', 'd', 'e', 'f'] },
  ),
  takes('the root and the spec', { mode: undefined }, { mode: undefined, cidr: 'x' }),
  {
    name: 'probe: bodies without a spec, and of other types',
    steps: [
      post(PROBES, { ...probe('a'), spec: undefined }),
      post(PROBES, { ...probe('a'), spec: null }),
      post(PROBES, { ...probe('a'), spec: 'x' }),
      post(PROBES, { ...probe('a'), status: 'x' }),
      post(PROBES, { ...probe('a'), metadata: { name: 'a', labels: [] } }, { codeOnly: true }),
      post(PROBES, { ...probe('a'), more: 1 }),
    ],
    exceptions: [
      ['3.body.metadata.managedFields', 'with a status of another type nothing can be owned there'],
    ],
  },
  {
    name: 'probe: a rule about the former value',
    steps: [
      post(PROBES, probe('a', { mode: 'Drop', size: 5 })),
      merge(`${PROBES}/a`, { spec: { size: 4 } }),
      merge(`${PROBES}/a`, { spec: { size: 6 } }),
      merge(`${PROBES}/a`, { spec: { size: null } }),
      merge(`${PROBES}/a`, { spec: { size: 1 } }),
    ],
  },
  {
    name: 'probe: updates are validated and defaulted anew',
    steps: [
      post(PROBES, probe('a', { mode: 'Drop' })),
      put(
        `${PROBES}/a`,
        probe(
          'a',
          { mode: 'Drop', filled: { depth: 9 } },
          { resourceVersion: '{{0.metadata.resourceVersion}}' },
        ),
      ),
      merge(`${PROBES}/a`, { spec: { filled: null } }),
      jsonPatch(`${PROBES}/a`, [{ op: 'add', path: '/spec/unique', value: ['a', 'a'] }]),
      merge(`${PROBES}/a`, { spec: { mode: null } }),
      merge(`${PROBES}/a`, { spec: { unknown: 1 } }),
      merge(`${PROBES}/a`, { status: { phase: 'x', more: 1 } }),
      get(`${PROBES}/a`),
    ],
  },
]
