/**
 * The archive as it is shipped, on a machine with a real systemd: installed, upgraded, taken back, reloaded, killed,
 * frozen, without disk, removed. NSX and the cluster are outside, in the test's own process.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Copies, makeCopies } from '../build/copies.ts'
import { type Parts, startParts } from '../e2e/parts.ts'
import { until } from '../e2e/process.ts'
import { ACNP, policyUids, putThreePolicies } from '../e2e/seen.ts'
import { bootMachine, type Machine, whyNot } from './machine.ts'
import { beNewcomer } from './newcomer.ts'

const NAME = 'antrea-nsx-adapter'
const UNIT = `${NAME}.service`
const PUBLIC_KEY = '/srv/release.pub'
const skip = whyNot() ?? false
const LIMIT = { timeout: 600_000, skip }

let made: Copies
let machine: Machine
let signKey: string
let version: string
/** Folders in the machine. */
let shipped: string

before(
  async () => {
    if (skip) return
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    made = makeCopies()
    signKey = made.copies[0].output('../release.key')
    writeFileSync(signKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    made.copies[0].build('--sign-key', signKey)
    machine = await bootMachine((text) => process.stdout.write(`# ${text}\n`))
    version = JSON.parse(readFileSync(join(made.copies[0].path, 'package.json'), 'utf8')).version
    shipped = `/srv/${NAME}-${version}-linux-${process.arch}`
    const archive = made.copies[0].output(`${NAME}-${version}-linux-${process.arch}.tar.xz`)
    execFileSync('tar', ['-xf', archive, '-C', join(machine.tree, 'srv')])
    writeFileSync(join(machine.tree, PUBLIC_KEY), publicKey.export({ type: 'spki', format: 'pem' }))
  },
  { timeout: 600_000 },
)
after(async () => {
  await machine?.stop()
  made?.remove()
})

/** Another version: the same program under another number, or one that does something else when it is run as the daemon. */
function anotherVersion(number: string, daemon?: string): string {
  const folder = `/srv/${NAME}-${number}`
  const inside = join(machine.tree, folder)
  cpSync(join(machine.tree, shipped), inside, { recursive: true })
  const program = `/opt/program-${number}`
  copyFileSync(join(inside, NAME), join(machine.tree, program))
  writeFileSync(
    join(inside, NAME),
    `#!/bin/sh\ncase $1 in\n  --version) echo ${number} ;;\n  run) ${daemon ?? `exec ${program} "$@"`} ;;\n  *) exec ${program} "$@" ;;\nesac\n`,
  )
  const sums = readFileSync(join(inside, 'SHA256SUMS'), 'utf8').replace(
    /^[0-9a-f]+ {2}(.*)$/gm,
    (_, name) => {
      const bytes = readFileSync(join(inside, name))
      return `${createHash('sha256').update(bytes).digest('hex')}  ${name}`
    },
  )
  writeFileSync(join(inside, 'SHA256SUMS'), sums)
  writeFileSync(
    join(inside, 'SHA256SUMS.sig'),
    sign(null, Buffer.from(sums), createPrivateKey(readFileSync(signKey))),
  )
  return folder
}

/** A manager and a cluster outside, and the machine's configuration for them. */
async function outside(context: TestContext): Promise<Parts> {
  const parts = await startParts(context)
  const etc = join(machine.tree, 'etc', NAME)
  mkdirSync(etc, { recursive: true })
  for (const file of ['ca.crt', 'nsx.crt', 'nsx.key']) copyFileSync(join(parts.path, file), join(etc, file))
  copyFileSync(parts.kubeconfigFor(parts.apiUrl, parts.authority.ca), join(etc, 'kubeconfig'))
  writeFileSync(join(etc, 'config.yaml'), JSON.stringify(configOf(parts)))
  return parts
}

const configOf = (parts: Parts) => ({
  cluster: { id: parts.clusterId, name: 'e2e' },
  nsx: {
    url: parts.managerUrl,
    ca: `/etc/${NAME}/ca.crt`,
    cert: `/etc/${NAME}/nsx.crt`,
    key: `/etc/${NAME}/nsx.key`,
  },
  kube: { kubeconfig: `/etc/${NAME}/kubeconfig` },
  diagnostics: { file: `/var/lib/${NAME}/diagnostics.sqlite` },
})

const install = (folder: string, ...words: string[]) =>
  machine.run('sh', `${folder}/install.sh`, ...(words.length === 0 ? ['install'] : words))
const property = async (name: string) =>
  (await machine.must('systemctl', 'show', '--value', '-p', name, UNIT)).trim()
const journal = async () => (await machine.run('journalctl', '-u', UNIT, '-n', '40', '--no-pager')).text
const leads = () =>
  until(
    'leading',
    async () => (await property('StatusText')).startsWith('Ready, leading'),
    60_000,
    () => 'see journal',
  )

test('a machine with systemd, from the archive to its removal', LIMIT, async (context) => {
  const parts = await outside(context)
  const step = (name: string, body: () => Promise<void>) =>
    context.test(name, async () => {
      try {
        await body()
      } catch (error) {
        process.stdout.write(`${(await journal()).replace(/^/gm, '# ')}\n`)
        throw error
      }
    })

  await step('the unit is one systemd has nothing to say about, and exposes little', async () => {
    assert.equal((await install(shipped, 'install', '--public-key', PUBLIC_KEY, '--no-start')).code, 0)
    // The key is of the service's group: who makes it is the person, here the test.
    await machine.must('chgrp', '-R', NAME, `/etc/${NAME}`)
    await machine.must('chmod', '-R', 'g+rX', `/etc/${NAME}`)
    assert.equal((await machine.must('systemd-analyze', 'verify', `/etc/systemd/system/${UNIT}`)).trim(), '')
    const score = await machine.must('systemd-analyze', 'security', '--no-pager', UNIT)
    const [, exposure = '10'] = /Overall exposure level for \S+: ([\d.]+)/.exec(score) ?? []
    assert.ok(Number(exposure) <= 1.5, `${exposure} of exposure`)
  })

  await step('it runs, leads, and says so; a second install changes nothing', async () => {
    const first = await install(shipped)
    assert.equal(first.code, 0, first.text)
    await leads()
    assert.equal(await property('ActiveState'), 'active')
    assert.match(await machine.must(NAME, 'status'), /^READY {2}leading/)
    await putThreePolicies(parts)
    await until(
      'three policies',
      () => parts.cluster.api.list(ACNP).length === 3,
      20_000,
      () => '',
    )
    const again = await install(shipped)
    assert.equal(again.code, 0, again.text)
    await leads()
  })

  await step('reload takes what it can, with a word of what it cannot', async () => {
    const pid = await property('MainPID')
    const file = join(machine.tree, 'etc', NAME, 'config.yaml')
    writeFileSync(file, JSON.stringify({ ...configOf(parts), log: { level: 'debug' } }))
    await machine.must('systemctl', 'reload', UNIT)
    await until(
      'read again',
      async () => /the configuration was read again/.test(await journal()),
      10_000,
      () => '',
    )
    assert.equal(await property('MainPID'), pid)
    writeFileSync(file, JSON.stringify(configOf(parts)))
  })

  await step('killed, it comes back, and writes nothing that was right', async () => {
    const held = policyUids(parts)
    const pid = await property('MainPID')
    await machine.must('systemctl', 'kill', '--signal=SIGKILL', UNIT)
    await until(
      'another process',
      async () => !['0', pid].includes(await property('MainPID')),
      20_000,
      () => '',
    )
    await leads()
    assert.deepEqual(policyUids(parts), held)
  })

  await step('frozen, it is ended by the watchdog and comes back', async () => {
    const drop = join(machine.tree, 'etc/systemd/system', `${UNIT}.d`)
    mkdirSync(drop, { recursive: true })
    writeFileSync(join(drop, 'test.conf'), '[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\n')
    await machine.must('systemctl', 'daemon-reload')
    await machine.must('systemctl', 'restart', UNIT)
    await leads()
    const pid = await property('MainPID')
    await new Promise((resolve) => setTimeout(resolve, 9_000))
    assert.equal(await property('MainPID'), pid, 'fed, it stays')
    await machine.must('systemctl', 'kill', '--kill-whom=main', '--signal=SIGSTOP', UNIT)
    await until(
      'another process',
      async () => !['0', pid].includes(await property('MainPID')),
      30_000,
      () => '',
    )
    assert.match(await journal(), /[Ww]atchdog timeout/)
    await leads()
    await machine.must('rm', '-r', `/etc/systemd/system/${UNIT}.d`)
    await machine.must('systemctl', 'daemon-reload')
  })

  await step(
    'an upgrade is ready and keeps the version before; one that is never ready is taken back',
    async () => {
      const upgrade = await install(anotherVersion('9.0.0'))
      assert.equal(upgrade.code, 0, upgrade.text)
      assert.match(upgrade.text, /9\.0\.0 is installed and ready/)
      assert.equal(await machine.must('readlink', `/opt/${NAME}/previous`), `versions/${version}\n`)
      const crashes = await install(anotherVersion('9.1.0', 'exit 3'))
      assert.equal(crashes.code, 1)
      assert.match(crashes.text, /went back to 9\.0\.0, which runs again/)
      assert.equal(await machine.must('readlink', `/opt/${NAME}/current`), 'versions/9.0.0\n')
      await leads()
      const refused = await install(anotherVersion('9.2.0'), 'install', '--public-key', '/etc/hostname')
      assert.match(refused.text, /the signature is not by/)
      const back = await install(shipped, 'rollback')
      assert.equal(back.code, 0, back.text)
      await leads()
    },
  )

  await step('a full disk: a note, and everything else goes on', async () => {
    await machine.must('systemctl', 'stop', UNIT)
    await machine.must(
      'mount',
      '-t',
      'tmpfs',
      '-o',
      `size=64k,uid=${NAME},mode=0700`,
      'tmpfs',
      `/var/lib/${NAME}`,
    )
    await machine.run('sh', '-c', `dd if=/dev/zero of=/var/lib/${NAME}/full bs=1k 2>/dev/null`)
    await machine.must('systemctl', 'start', UNIT)
    await leads()
    await until(
      'the note',
      async () => /DIAGNOSTICS_LOST/.test((await machine.run(NAME, 'status')).text),
      20_000,
      () => '',
    )
    await machine.must('systemctl', 'stop', UNIT)
    await machine.must('umount', `/var/lib/${NAME}`)
    await machine.must('systemctl', 'start', UNIT)
    await leads()
  })

  await step(
    'stopped, it has released the lease within three seconds; removed, nothing of it runs',
    async () => {
      const startMs = performance.now()
      await machine.must('systemctl', 'stop', UNIT)
      assert.ok(performance.now() - startMs < 3_500, `${performance.now() - startMs} ms`)
      const lease = parts.cluster.api
        .list('leases.coordination.k8s.io')
        .find(({ metadata }) => metadata.name === NAME) as { spec?: { holderIdentity?: string } } | undefined
      assert.equal(lease?.spec?.holderIdentity ?? '', '')
      const gone = await install(shipped, 'uninstall', '--purge')
      assert.equal(gone.code, 0, gone.text)
      for (const path of [`/opt/${NAME}`, `/etc/${NAME}`, `/var/lib/${NAME}`, `/etc/systemd/system/${UNIT}`])
        assert.notEqual((await machine.run('test', '-e', path)).code, 0, path)
      assert.notEqual((await machine.run('id', NAME)).code, 0)
    },
  )
})

test(
  'a new user, from the archive alone: installed, registered, running, inspected',
  LIMIT,
  async (context) => {
    const parts = await startParts(context)
    try {
      await beNewcomer(machine, parts, shipped, ['--public-key', PUBLIC_KEY])
      assert.equal((await install(shipped, 'uninstall', '--purge')).code, 0)
    } catch (error) {
      process.stdout.write(`${(await journal()).replace(/^/gm, '# ')}\n`)
      throw error
    }
  },
)
