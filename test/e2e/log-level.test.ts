/** Log levels of running processes, on the command line without NSX. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LEASE_NAMESPACE } from '../../src/sandbox/rights.ts'
import { ALL_LEVELS, agentsTold, levelsOf } from './antrea-apis.ts'
import { type Parts, startParts } from './parts.ts'
import { runToEnd, start, until } from './process.ts'

const memories = async ({ kube }: Parts) =>
  (await kube.get<{ items: object[] }>(`/api/v1/namespaces/${LEASE_NAMESPACE}/configmaps`)).items.length

async function begin(context: TestContext) {
  const parts = await startParts(context, { antreaApis: true })
  const kubeconfig = parts.kubeconfigFor(parts.apiUrl, parts.authority.ca)
  const where = [
    '--kubeconfig',
    kubeconfig,
    '--socket',
    '/nowhere',
    '--token-file',
    parts.antrea?.tokenFile ?? '',
  ]
  await agentsTold(parts.kube)
  return { parts, where }
}

test('on the command line: shown, changed for its time, put back by Ctrl-C, refused where it is none', async (context) => {
  const { parts, where } = await begin(context)
  const shown = await runToEnd(context, ['log-level', ...where])
  assert.deepEqual(
    [shown.code, shown.stdout.split('\n').slice(0, 2)],
    [0, ['PROCESS       WAS  IS', 'controller         0']],
  )
  const brief = await runToEnd(context, [
    ...['log-level', '3', ...where, '--node', 'node-2', '--controller', '--for', '2s', '--json'],
  ])
  assert.deepEqual(
    [
      brief.code,
      brief.stderr,
      brief.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).t),
    ],
    [0, '', ['changed', 'returned']],
  )
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(0))

  const long = start(context, ['log-level', '5', ...where, '--for', '1h'])
  await until('it is changed', () => long.stdout().includes('Ctrl-C'), 20_000, long.stderr)
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(5))
  const second = await runToEnd(context, ['log-level', '6', ...where, '--controller', '--for', '5s'])
  assert.equal(second.code, 1)
  assert.match(second.stderr, /LOG_LEVEL_HELD/)
  long.child.kill('SIGINT')
  assert.equal(await long.ended, 0, long.stderr())
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(0))
  assert.equal(await memories(parts), 0)

  for (const [words, code, wanted] of [
    [['11'], 1, /CLI_USAGE: there is no level 11/],
    [['loud'], 1, /CLI_USAGE: there is no level loud/],
    [['debug', '--controller'], 1, /CLI_USAGE: .*0 to 10/],
    [['4', '--adapter'], 1, /CLI_USAGE: the adapter has the levels/],
    [['4', '--for', '2h'], 2, /CLI_USAGE/],
    [['4', '--node', 'node-9'], 1, /LOG_LEVEL_NONE/],
    [['4', '--namespace', 'nowhere'], 1, /^antrea-nsx-adapter: KUBE_FORBIDDEN: .*nowhere.*\n$/],
  ] as const) {
    const { code: got, stderr } = await runToEnd(context, ['log-level', ...words, ...where])
    assert.match(stderr, wanted)
    assert.equal(got, code)
  }
  assert.deepEqual(await levelsOf(parts.kube, parts.authority), ALL_LEVELS(0))
})

test("the adapter's own level is set through its socket and over by itself", async (context) => {
  const { parts } = await begin(context)
  const daemon = parts.run()
  await until('it runs', async () => (await daemon.status()) !== undefined)
  const set = await runToEnd(context, [
    ...['log-level', 'debug', '--room', 'kube', '--for', '2s', '--socket', daemon.socket],
  ])
  assert.deepEqual([set.code, set.stdout], [0, 'adapter: info, as configured\n  kube: debug, for 2 s more\n'])
  await until('it is over', async () => {
    const { stdout } = await runToEnd(context, ['log-level', '--adapter', '--socket', daemon.socket])
    return stdout === 'adapter: info, as configured\n'
  })
})
