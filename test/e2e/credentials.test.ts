/** The first identity as the service manager hands it over, and a renewed one in the state folder. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { createRealClock } from '../../src/world/real.ts'
import { startParts } from './parts.ts'
import { pause, runToEnd, start, until } from './process.ts'

const HOUR_MS = 3_600_000

test('from credentials alone it joins; renewed material counts while it is newer and valid, without a restart', {
  timeout: 120_000,
}, async (context) => {
  const parts = await startParts(context)
  const folder = (name: string) => {
    const path = join(parts.path, name)
    mkdirSync(path, { mode: 0o700 })
    return path
  }
  const [credentials, state] = [folder('credentials'), folder('state')]
  for (const [from, to] of [
    ['nsx.crt', 'nsx.crt'],
    ['nsx.key', 'nsx.key'],
    ['ca.crt', 'nsx-ca.crt'],
  ] as const)
    copyFileSync(join(parts.path, from), join(credentials, to))
  copyFileSync(parts.kubeconfigFor(parts.apiUrl, parts.authority.ca), join(credentials, 'kubeconfig'))
  const socket = join(parts.path, 's.sock')
  const config = join(parts.path, 'small.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      cluster: { id: parts.clusterId, name: 'e2e' },
      nsx: { url: parts.managerUrl },
      serve: { socket },
    }),
  )
  const environment = { CREDENTIALS_DIRECTORY: credentials, STATE_DIRECTORY: state }
  const shown = await runToEnd(context, ['config', 'show', '--origin', '--config', config], environment)
  assert.match(shown.stdout, /nsx\.cert.*credential of the service/, shown.stderr)
  const daemon = start(context, ['run', '--config', config], environment)
  const status = async () => {
    const { stdout } = await runToEnd(context, ['status', '--json', '--socket', socket])
    return stdout === '' ? undefined : (JSON.parse(stdout) as { ready: boolean })
  }
  await until(
    'ready',
    async () => (await status())?.ready,
    40_000,
    () => daemon.stdout() + daemon.stderr(),
  )

  const replaced = () =>
    daemon.lines().filter((line) => line.includes('certificate for NSX was replaced')).length
  const renewedAt = async (atMs: number, validMs: number) => {
    const clock = { ...createRealClock(), now: () => atMs }
    const client = await (await createAuthority('e2e-ca', clock, validMs)).client('e2e')
    for (const [name, text] of [
      ['tls.key', client.key],
      ['tls.crt', client.cert],
    ] as const)
      writeFileSync(join(state, name), text, { mode: 0o600 })
    return client
  }
  const now = Date.now()
  const old = await renewedAt(now - 48 * HOUR_MS, 10 * 24 * HOUR_MS)
  assert.ok(old.cert.includes('BEGIN CERTIFICATE'))
  // It is looked at each 10 s.
  await pause(12_000)
  assert.equal(replaced(), 0, 'an older one does not count')
  writeFileSync(join(state, 'tls.crt'), 'half of a certificate')

  const { cert, key } = await parts.authority.client('e2e')
  writeFileSync(join(state, 'tls.key'), key, { mode: 0o600 })
  writeFileSync(join(state, 'tls.crt'), cert, { mode: 0o600 })
  await until('the renewed one', () => replaced() === 1, 20_000, daemon.stdout)
  assert.notEqual(readFileSync(join(credentials, 'nsx.crt'), 'utf8'), cert)
  assert.ok((await daemon.stop()) < 3_500)
})
