/** The configuration: what wins, and that every mistake is told with its place and a way out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CONFIG_LEAVES,
  ConfigError,
  type ConfigSources,
  environmentName,
  flagName,
  loadConfig,
} from '../../../src/config/index.ts'

const GOOD = `cluster:
  id: 8d9c2b52-6a5c-4d8f-9a3e-0d0b7d1c9f10
  name: shop
nsx:
  url: https://nsx.example:443
  cert: /etc/c.pem
  key: /etc/k.pem
`

const file = (text: string): ConfigSources => ({ file: { name: 'config.yaml', text } })

function problems(sources: ConfigSources): string[] {
  try {
    loadConfig(sources)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.map(({ code, where, message }) => `${code} ${where}: ${message}`)
  }
  return []
}

test('a small file is enough; the rest has defaults', () => {
  const { config, origin } = loadConfig(file(GOOD))
  assert.equal(config.nsx.url.join(), 'https://nsx.example:443')
  assert.deepEqual(config.lease, { namespace: 'antrea-nsx-adapter', name: 'antrea-nsx-adapter' })
  assert.equal(config.log.level, 'info')
  assert.equal(config.tiers, undefined)
  assert.equal(origin('nsx.url'), 'config.yaml:5:8')
  assert.equal(origin('log.level'), 'default')
})

test('the environment wins over the file and a flag over both', () => {
  const environment = { ANTREA_NSX_ADAPTER_NSX_URL: 'https://env', ANTREA_NSX_ADAPTER_CLUSTER_NAME: 'env' }
  const { config, origin } = loadConfig({
    ...file(GOOD),
    environment,
    flags: { 'cluster.name': 'flag' },
  })
  assert.equal(config.nsx.url.join(), 'https://env')
  assert.equal(config.cluster.name, 'flag')
  assert.equal(origin('nsx.url'), 'environment variable ANTREA_NSX_ADAPTER_NSX_URL')
  assert.equal(origin('cluster.name'), 'flag --cluster-name')
})

test('every setting can be given by each of the three', () => {
  const names = CONFIG_LEAVES.map(({ path }) => path.join('.'))
  assert.equal(new Set(CONFIG_LEAVES.map(({ path }) => environmentName(path))).size, names.length)
  assert.equal(new Set(CONFIG_LEAVES.map(({ path }) => flagName(path))).size, names.length)
  for (const wanted of ['nsx.ca', 'kube.context', 'tiers.Emergency.priority', 'serve.listen', 'instance'])
    assert.ok(names.includes(wanted), wanted)
})

test('a whole configuration may come from the environment alone', () => {
  const values: Readonly<Record<string, string>> = {
    'nsx.url': 'https://nsx, https://[2001:db8::1]:8443',
    'nsx.driver': 'rest',
    'nsx.auth': 'session',
    'nsx.thumbprint': `${'AB:'.repeat(31)}ab,${'0'.repeat(64)}`,
    'nsx.proxy': 'http://proxy:3128',
    'nsx.requestsPerSecond': '50',
  }
  const environment = Object.fromEntries(
    CONFIG_LEAVES.filter(({ path }) => /^(cluster|nsx)/.test(path[0] ?? ''))
      .filter(({ path }) => path[1] !== 'ca')
      .map(({ path }) => [environmentName(path), values[path.join('.')] ?? 'x']),
  )
  const { nsx } = loadConfig({ environment }).config
  assert.deepEqual(nsx.url, ['https://nsx', 'https://[2001:db8::1]:8443'])
  assert.deepEqual(nsx.thumbprint, ['ab'.repeat(32), '0'.repeat(64)])
  assert.equal(nsx.requestsPerSecond, 50)
  assert.equal(nsx.key, 'x')
})

test('settings of the managers are asked of each other', () => {
  const told = (...lines: string[]) =>
    problems(file(`cluster: {id: c, name: n}\nnsx:\n${lines.map((line) => `  ${line}\n`).join('')}`))
  const rest = ['driver: rest', 'url: https://a']
  assert.deepEqual(told(...rest, 'cert: c', 'key: k'), [])
  assert.deepEqual(told(...rest, 'auth: basic', 'username: u', 'passwordFile: p'), [])
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[...rest, 'cert: c'], /CONFIG_MISSING .*nsx\.key is needed/],
    [[...rest, 'auth: session', 'username: u'], /CONFIG_MISSING .*nsx\.passwordFile is needed/],
    [
      ['url: https://a, https://b', 'cert: c', 'key: k'],
      /nsx\.url must be one manager with nsx\.driver channel/,
    ],
    [['url: https://a', 'auth: basic', 'username: u', 'passwordFile: p'], /nsx\.auth must be certificate/],
    [
      [...rest, 'cert: c', 'key: k', 'ca: f', `thumbprint: ${'0a'.repeat(32)}`],
      /nsx\.thumbprint and nsx\.ca/,
    ],
    [[...rest, 'cert: c', 'key: k', `thumbprint: ${'0a'.repeat(20)}`], /nsx\.thumbprint must be the SHA-256/],
    [[...rest, 'cert: c', 'key: k', 'proxyAuthFile: f'], /nsx\.proxyAuthFile needs nsx\.proxy/],
    [[...rest, 'cert: c', 'key: k', 'proxy: http://u:p@proxy:1'], /nsx\.proxy must be http:\/\/host:port/],
    [['driver: rest', 'url: [https://a, https://a]', 'cert: c', 'key: k'], /nsx\.url names a manager twice/],
    [['driver: rest', 'url: {a: b}', 'cert: c', 'key: k'], /nsx\.url must be a text, or a list of texts/],
    [[...rest, 'cert: c', 'key: k', 'requestsPerSecond: 0'], /nsx\.requestsPerSecond must be at least 1/],
  ]
  for (const [lines, wanted] of cases) {
    const [first = '', ...others] = told(...lines)
    assert.match(first, wanted)
    assert.deepEqual(others, [], lines.join('; '))
  }
})

const CASES: readonly (readonly [string, ConfigSources, RegExp])[] = [
  [
    'a misspelt key',
    file(`${GOOD}lease:\n  namespcae: x\n`),
    /^CONFIG_UNKNOWN_KEY config\.yaml:9:3: lease\.namespcae .*did you mean namespace\?$/,
  ],
  [
    'a misspelt group',
    file(`${GOOD}sevre: {}\n`),
    /^CONFIG_UNKNOWN_KEY config\.yaml:8:1: sevre .*did you mean serve\?$/,
  ],
  [
    'a key nobody could mean',
    file(`${GOOD}zzzzzzzz: 1\n`),
    /^CONFIG_UNKNOWN_KEY config\.yaml:8:1: zzzzzzzz is not a setting; known here: cluster, nsx/,
  ],
  [
    'a missing setting',
    file(GOOD.replace(/ {2}key.*\n/, '')),
    /^CONFIG_MISSING config\.yaml:4:1: nsx\.key is needed/,
  ],
  [
    'a wrong type',
    file(`${GOOD}log: loud\n`),
    /^CONFIG_INVALID config\.yaml:8:6: log must be a group of settings$/,
  ],
  [
    'a wrong word',
    file(`${GOOD}log:\n  level: loud\n`),
    /^CONFIG_INVALID config\.yaml:9:10: log\.level must be debug, info, warn or error$/,
  ],
  [
    'an address that is no origin',
    { ...file(GOOD), flags: { 'nsx.url': 'http://nsx/api' } },
    /^CONFIG_INVALID flag --nsx-url: nsx\.url must be https:\/\/host/,
  ],
  [
    'an endpoint for everybody',
    file(`${GOOD}serve:\n  listen: 0.0.0.0:80\n`),
    /^CONFIG_INVALID config\.yaml:9:11: serve\.listen is not on loopback: that takes serve\.tls\.cert/,
  ],
  [
    'a misspelt variable',
    { ...file(GOOD), environment: { ANTREA_NSX_ADAPTER_NSX_ULR: 'x' } },
    /^CONFIG_UNKNOWN_KEY environment variable ANTREA_NSX_ADAPTER_NSX_ULR: .*did you mean ANTREA_NSX_ADAPTER_NSX_URL\?$/,
  ],
  ['broken YAML', file('nsx:\n  url: [1\n'), /^CONFIG_SYNTAX config\.yaml:\d+:\d+: is not valid YAML/],
  ['a key twice', file(`${GOOD}nsx: {}\n`), /^CONFIG_SYNTAX config\.yaml:8:1: is not valid YAML: .*unique/],
  ['a list', file('- a\n'), /^CONFIG_SYNTAX config\.yaml:1:1: the file must be a mapping/],
]

for (const [name, sources, wanted] of CASES)
  test(`${name} is told with its place`, () => {
    const [first = '', ...others] = problems(sources)
    assert.match(first, wanted)
    assert.deepEqual(others, [])
  })

test('an empty file names everything that is needed', () => {
  const told = problems(file(''))
  for (const setting of ['cluster.id', 'cluster.name', 'nsx.url', 'nsx.cert', 'nsx.key'])
    assert.equal(told.filter((line) => line.includes(`: ${setting} is needed`)).length, 1, setting)
  assert.equal(told.length, 5)
})

test('all four tiers are configured together, in the order NSX evaluates them', () => {
  const tier = (name: string, priority: number) =>
    `  ${name}: {name: ${name.toLowerCase()}, priority: ${priority}}\n`
  const tiers = (...priorities: number[]) =>
    `${GOOD}tiers:\n${['Emergency', 'Infrastructure', 'Environment', 'Application']
      .slice(0, priorities.length)
      .map((name, index) => tier(name, priorities[index]!))
      .join('')}`
  assert.deepEqual(problems(file(tiers(10, 20, 30, 40))), [])
  assert.match(problems(file(tiers(10, 20, 30)))[0] ?? '', /CONFIG_MISSING .*tiers\.Application/)
  assert.match(
    problems(file(tiers(10, 20, 20, 40)))[0] ?? '',
    /CONFIG_INVALID config\.yaml:11:.*Environment\.priority/,
  )
  assert.match(problems(file(tiers(10, 20, 30, 250)))[0] ?? '', /must be at most 249/)
})

test('an alias bomb is refused and any text is either taken or told, never thrown otherwise', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]\n`)
    .join('')}`
  assert.match(problems(file(bomb))[0] ?? '', /CONFIG_SYNTAX/)
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'abn:{}[]- \n&*!|>#"') })),
      (text) => {
        problems(file(text))
      },
    ),
    { numRuns: 300 },
  )
})
