/** From the unpacked archive alone to a registered, running, inspected adapter: README's steps, as a new user types them. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Parts } from '../e2e/parts.ts'
import { until } from '../e2e/process.ts'
import type { Machine } from './machine.ts'

const NAME = 'antrea-nsx-adapter'

/** `shipped`: the archive's folder in the machine; `install`: how install.sh is called there. */
export async function beNewcomer(
  { tree, must, run }: Machine,
  parts: Parts,
  shipped: string,
  install: readonly string[],
): Promise<void> {
  const home = join(tree, 'srv/newcomer')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'pw'), `${parts.user.password}\n`, { mode: 0o600 })
  copyFileSync(join(parts.path, 'ca.crt'), join(home, 'nsx-ca.pem'))
  const said = await must('sh', `${shipped}/install.sh`, 'install', ...install)
  assert.match(said, /is installed; write .*config\.yaml/)
  // What the cluster's administrator hands over: read by systemd alone, for the service alone.
  const credential = join(tree, 'etc', NAME, 'credentials/kubeconfig')
  copyFileSync(parts.kubeconfigFor(parts.apiUrl, parts.authority.ca), credential)
  const nsx = ['--nsx-url', parts.managerUrl, '--nsx-ca', '/srv/newcomer/nsx-ca.pem']
  const registered = await must(
    ...[NAME, 'register', ...nsx, '--nsx-password-file', '/srv/newcomer/pw', '--cluster-name', 'newcomer'],
  )
  assert.match(registered, /newcomer/)
  await must('systemctl', 'enable', '--now', NAME)
  await until(
    'leading',
    async () => /^Ready, leading/.test(await must('systemctl', 'show', '--value', '-p', 'StatusText', NAME)),
    90_000,
  )
  assert.match((await run(NAME, 'status')).text, /^READY {2}leading, .*cluster newcomer/)
  assert.match(await must(NAME, 'inspect'), /adapter/)
  assert.match(await must(NAME, 'history', 'starts'), /started/)
  // 0600, of the service's user: registered as root.
  assert.match(await must('stat', '-c', '%a %U', `/var/lib/${NAME}/tls.key`), /^600 antrea-nsx-adapter$/m)
}
