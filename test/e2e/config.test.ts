/** `config`: what counts, where it came from, and what is wrong, without a daemon. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, runToEnd } from './process.ts'

const TEXT = `cluster: {id: 8d9c2b52-6a5c-4d8f-9a3e-0d0b7d1c9f10, name: shop}
nsx:
  url: https://nsx.example.com
  cert: /none/cluster.crt
  key: /none/cluster.key
`

test('show names the value that counts and its origin: file, variable, flag, default', async (context) => {
  const file = join(folder(context), 'config.yaml')
  writeFileSync(file, TEXT)
  const words = ['config', 'show', '--config', file, '--log-level', 'debug']
  const { stdout, code } = await runToEnd(context, [...words, '--json'], {
    ANTREA_NSX_ADAPTER_MODE: 'observe',
  })
  assert.equal(code, 0)
  const shown = new Map(
    (JSON.parse(stdout) as { setting: string; value: unknown; origin: string }[]).map((one) => [
      one.setting,
      [one.value, one.origin],
    ]),
  )
  assert.deepEqual(shown.get('nsx.url'), [['https://nsx.example.com'], `${file}:3:8`])
  assert.deepEqual(shown.get('log.level'), ['debug', 'flag --log-level'])
  assert.deepEqual(shown.get('mode'), ['observe', 'environment variable ANTREA_NSX_ADAPTER_MODE'])
  assert.deepEqual(shown.get('lease.name'), ['antrea-nsx-adapter', 'default'])
  const forEyes = await runToEnd(context, [...words, '--origin'])
  assert.match(forEyes.stdout, /^nsx\.url +https:\/\/nsx\.example\.com +\S+config\.yaml:3:8$/m)
})

test('check reads the files that are named, and tells every mistake in a line', async (context) => {
  const file = join(folder(context), 'config.yaml')
  writeFileSync(file, TEXT)
  const missing = await runToEnd(context, ['config', 'check', '--config', file])
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /CONFIG_UNREADABLE: \/none\/cluster\.crt: nsx\.cert cannot be read/)
  writeFileSync(file, `${TEXT}log: {levl: info}\nmode: enforc\n`)
  const wrong = await runToEnd(context, ['config', 'check', '--config', file])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /CONFIG_UNKNOWN_KEY: \S+config\.yaml:6:7: log\.levl .*did you mean level\?/)
  assert.match(wrong.stderr, /CONFIG_INVALID: \S+config\.yaml:7:\d+: mode must be enforce or observe/)
})

test('schema is a JSON Schema with every group of settings', async (context) => {
  const { stdout, code } = await runToEnd(context, ['config', 'schema'])
  assert.equal(code, 0)
  const schema = JSON.parse(stdout)
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(schema.required, ['cluster', 'nsx'])
  assert.deepEqual(schema.properties.mode.enum, ['enforce', 'observe'])
  assert.equal(schema.additionalProperties, false)
})
