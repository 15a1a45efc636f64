/** The daemon beside a service manager: what it tells it, what it does at SIGHUP, and a certificate that is renewed. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startParts } from './parts.ts'
import { until } from './process.ts'
import { readyWithPolicies, warned } from './seen.ts'

const LIMIT = { timeout: 120_000 }

/** In place of systemd's program: writes each message down, a line each. */
function notifyProgram(path: string): { told(): string[]; environment: Record<string, string> } {
  const file = join(path, 'told')
  writeFileSync(join(path, 'systemd-notify'), `#!/bin/sh\n(IFS='|'; echo "$NOTIFY_SOCKET|$*") >> ${file}\n`, {
    mode: 0o755,
  })
  return {
    told: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []),
    environment: {
      PATH: `${path}:${process.env['PATH']}`,
      NOTIFY_SOCKET: '/run/none/notify',
      WATCHDOG_USEC: '3000000',
    },
  }
}

test('it says that it runs, how it is, that it is alive, and that it stops', LIMIT, async (context) => {
  const parts = await startParts(context)
  const { told, environment } = notifyProgram(parts.path)
  const daemon = parts.run({ environment })
  const tell = () => `${told().join('\n')}\n${daemon.stdout()}`
  await until('leading', () => told().some((line) => line.endsWith('STATUS=Ready, leading')), 30_000, tell)
  assert.match(told()[0] ?? '', /^\/run\/none\/notify\|READY=1\|STATUS=/)
  const fed = () => told().filter((line) => line.includes('WATCHDOG=1')).length
  const before = fed()
  await until('three meals', () => fed() >= before + 3, 20_000, tell)
  await daemon.stop()
  assert.match(told().at(-1) ?? '', /STOPPING=1\|STATUS=Stopping$/)
})

test(
  'SIGHUP: what can be swapped is, the rest is named, and what is wrong changes nothing',
  LIMIT,
  async (context) => {
    const parts = await startParts(context)
    const { told, environment } = notifyProgram(parts.path)
    const daemon = parts.run({ environment })
    const tell = () => daemon.stdout()
    await until('ready', async () => (await daemon.status())?.ready, 20_000, tell)
    const config = JSON.parse(readFileSync(daemon.config, 'utf8'))
    let before = 0
    const lastReload = () => daemon.stdout().slice(before)
    const reloadWith = async (changed: object, wanted: RegExp) => {
      before = daemon.stdout().length
      const reloads = () => told().filter((line) => line.includes('RELOADING=1')).length
      const reloadsBefore = reloads()
      writeFileSync(daemon.config, JSON.stringify({ ...config, ...changed }))
      daemon.child.kill('SIGHUP')
      await until(`${wanted}`, () => wanted.test(lastReload()), 10_000, tell)
      await until(
        'told',
        () => reloads() === reloadsBefore + 1 && told().at(-1)?.endsWith('|READY=1'),
        10_000,
        tell,
      )
    }
    const warn = { log: { level: 'warn' } }
    await reloadWith(
      { mode: 'observe' },
      /"changed":\["mode"\][\s\S]*CONFIG_NEEDS_RESTART.*mode: takes a restart/,
    )
    await reloadWith({ mode: 'observe', ...warn }, /CONFIG_NEEDS_RESTART.*mode: takes a restart/)
    assert.ok(!/"level":"info".*read again/.test(lastReload()), 'the level is in force at once')
    await reloadWith(
      { mode: 'watch' },
      /"code":"CONFIG_RELOAD".*nothing is changed: .*mode must be enforce or observe/,
    )
    // It may be on its way from standby to leading.
    await until('ready', async () => (await daemon.status())?.ready, 20_000, tell)
  },
)

test('a certificate that is renewed is shown to NSX without a restart', LIMIT, async (context) => {
  const parts = await startParts(context)
  const daemon = await readyWithPolicies(parts)
  const renewed = await parts.authority.client('e2e')
  parts.manager.register({ nodeId: parts.clusterId, name: 'e2e', certificatePem: renewed.cert })
  parts.manager.faults.dropStreams()
  await warned(daemon, 'NSX_REFUSED')
  writeFileSync(join(parts.path, 'nsx.crt'), renewed.cert)
  writeFileSync(join(parts.path, 'nsx.key'), renewed.key)
  await until(
    'well again',
    async () => {
      const status = await daemon.status()
      return status?.ready === true && status.warnings.every(({ severity }) => severity === 'info')
    },
    60_000,
    () => daemon.stdout(),
  )
  assert.match(daemon.stdout(), /the certificate for NSX was replaced/)
})
