/**
 * install.sh below a folder of its own, with a program in place of the executable: what it refuses, what lies where, and
 * what a run leaves that is killed before any of its steps. systemd itself is another tier's.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

const packaging = join(import.meta.dirname, '../../packaging')
const NAME = 'antrea-nsx-adapter'

function temporary(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-install-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An unpacked archive of this version. */
function unpacked(folder: string, version: string, key?: KeyObject): string {
  const at = join(folder, `${NAME}-${version}-linux-x64`)
  mkdirSync(at)
  const files: Record<string, string | Buffer> = {
    [NAME]: `#!/bin/sh\ncase $1 in --version) echo ${version} ;; completion) echo "# of ${version}" ;; esac\n`,
    [`${NAME}.service`]: readFileSync(join(packaging, `${NAME}.service`)),
    'install.sh': readFileSync(join(packaging, 'install.sh')),
  }
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(at, name), bytes)
  chmodSync(join(at, NAME), 0o755)
  const sums = Object.entries(files)
    .map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`)
    .join('')
  writeFileSync(join(at, 'SHA256SUMS'), sums)
  if (key !== undefined) writeFileSync(join(at, 'SHA256SUMS.sig'), sign(null, Buffer.from(sums), key))
  return at
}

interface Ran {
  readonly code: number | null
  readonly text: string
}

function run(archive: string, words: readonly string[], environment: Record<string, string> = {}): Ran {
  const { status, stdout, stderr } = spawnSync('sh', [join(archive, 'install.sh'), ...words], {
    env: { ...process.env, ...environment },
  })
  return { code: status, text: `${stdout}${stderr}` }
}

/** What every finished run must leave: one whole current version, and everything around it of the same. */
function holds(root: string, version: string): void {
  const opt = join(root, 'opt', NAME)
  assert.equal(readlinkSync(join(opt, 'current')), `versions/${version}`)
  const current = join(opt, 'current')
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: current })
  assert.equal(execFileSync(join(current, NAME), ['--version']).toString().trim(), version)
  const unit = readFileSync(join(root, 'etc/systemd/system', `${NAME}.service`))
  assert.deepEqual(unit, readFileSync(join(current, `${NAME}.service`)))
  assert.equal(readlinkSync(join(root, 'usr/local/bin', NAME)), `/opt/${NAME}/current/${NAME}`)
  const completion = readFileSync(join(root, 'usr/share/bash-completion/completions', NAME), 'utf8')
  assert.equal(completion, `# of ${version}\n`)
  assert.equal(statSync(join(root, 'var/lib', NAME)).mode & 0o777, 0o700)
  assert.equal(statSync(join(root, 'etc', NAME)).mode & 0o777, 0o750)
  const left = readdirSync(opt).concat(readdirSync(join(opt, 'versions')))
  assert.deepEqual(
    left.filter((name) => name.endsWith('.new')),
    [],
  )
}

test('install, upgrade, rollback, uninstall; a second run of each changes nothing', (context) => {
  const folder = temporary(context)
  const root = join(folder, 'root')
  const [one, two] = [unpacked(folder, '1.0.0'), unpacked(folder, '2.0.0')]
  const words = ['--root', root, '--allow-unsigned']
  for (let round = 0; round < 2; round += 1) {
    assert.equal(run(one, ['install', ...words]).code, 0)
    holds(root, '1.0.0')
  }
  assert.equal(run(two, ['upgrade', ...words]).code, 0)
  holds(root, '2.0.0')
  assert.equal(readlinkSync(join(root, 'opt', NAME, 'previous')), 'versions/1.0.0')
  assert.equal(run(two, ['rollback', ...words]).code, 0)
  holds(root, '1.0.0')
  writeFileSync(join(root, 'etc', NAME, 'config.yaml'), 'kept')
  assert.equal(run(one, ['uninstall', ...words]).code, 0)
  assert.equal(existsSync(join(root, 'opt', NAME)), false)
  assert.ok(existsSync(join(root, 'etc', NAME, 'config.yaml')))
  assert.equal(run(one, ['uninstall', '--purge', ...words]).code, 0)
  assert.equal(existsSync(join(root, 'etc', NAME)), false)
})

test('what is not signed by the right key, or not whole, is refused before anything is touched', (context) => {
  const folder = temporary(context)
  const root = join(folder, 'root')
  const [right, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const pem = (name: string, key: KeyObject) => {
    const file = join(folder, name)
    writeFileSync(file, key.export({ type: 'spki', format: 'pem' }))
    return file
  }
  const [rightPem, otherPem] = [pem('right.pub', right.publicKey), pem('other.pub', other.publicKey)]
  const signed = unpacked(folder, '1.0.0', right.privateKey)
  const refused = (archive: string, words: readonly string[], wanted: RegExp) => {
    const { code, text } = run(archive, ['install', '--root', root, ...words])
    assert.equal(code, 1, text)
    assert.match(text, wanted)
    assert.equal(existsSync(root), false, 'nothing is touched')
  }
  refused(unpacked(folder, '0.9.0'), [], /nobody signed this archive/)
  refused(signed, [], /with which key\?/)
  refused(signed, ['--public-key', otherPem], /the signature is not by .*other\.pub/)
  const program = readFileSync(join(signed, NAME))
  writeFileSync(join(signed, NAME), '#!/bin/sh\necho 1.0.0\n')
  refused(signed, ['--public-key', rightPem], /is not what SHA256SUMS says/)
  writeFileSync(join(signed, NAME), program)
  assert.equal(run(signed, ['verify', '--root', root, '--public-key', rightPem]).code, 0)
  assert.equal(existsSync(root), false)
  assert.equal(run(signed, ['install', '--root', root, '--public-key', rightPem]).code, 0)
  holds(root, '1.0.0')
  // From now on the key is known, and another one's archive is refused.
  assert.equal(run(unpacked(folder, '1.1.0', right.privateKey), ['install', '--root', root]).code, 0)
  const foreign = run(unpacked(folder, '1.2.0', other.privateKey), ['install', '--root', root])
  assert.match(foreign.text, /the signature is not by .*release\.pub/)
  holds(root, '1.1.0')
})

test('the archive of another processor is verified anywhere, and installed nowhere but there', (context) => {
  const folder = temporary(context)
  const root = join(folder, 'root')
  const archive = unpacked(folder, '1.0.0')
  const other = process.arch === 'x64' ? { machine: 183, name: 'aarch64' } : { machine: 62, name: 'x86_64' }
  // The head of an ELF file (System V ABI): the processor is in its bytes 18 and 19.
  const elf = Buffer.alloc(64)
  elf.write('\x7fELF\x02\x01\x01', 'latin1')
  elf.writeUInt16LE(other.machine, 18)
  writeFileSync(join(archive, NAME), elf)
  const sums = readFileSync(join(archive, 'SHA256SUMS'), 'utf8')
  const sha256 = createHash('sha256').update(elf).digest('hex')
  writeFileSync(
    join(archive, 'SHA256SUMS'),
    sums.replace(new RegExp(`^\\w+ {2}${NAME}$`, 'm'), `${sha256}  ${NAME}`),
  )
  assert.equal(run(archive, ['verify', '--allow-unsigned', '--root', root]).code, 0)
  const { code, text } = run(archive, ['install', '--allow-unsigned', '--root', root])
  assert.equal(code, 1, text)
  assert.match(text, new RegExp(`this archive is for ${other.name} and this machine is `))
  assert.equal(existsSync(root), false, 'nothing is touched')
})

test('--dry-run says the steps and does none', (context) => {
  const folder = temporary(context)
  const root = join(folder, 'root')
  const { code, text } = run(unpacked(folder, '1.0.0'), [
    'install',
    '--dry-run',
    '--allow-unsigned',
    '--root',
    root,
  ])
  assert.equal(code, 0, text)
  assert.match(text, /^would: mkdir .*versions/m)
  assert.match(text, /^would: point .*current at versions\/1\.0\.0$/m)
  assert.equal(existsSync(root), false)
})

/** Programs a step is made of: each in front of its namesake, ending the whole script before the `at`th of them. */
const STEPS = ['mkdir', 'chmod', 'cp', 'mv', 'ln', 'rm']

function killer(folder: string): (at: number) => Record<string, string> {
  const path = join(folder, 'killer')
  const count = join(folder, 'count')
  mkdirSync(path)
  for (const name of STEPS) {
    const real = execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim()
    const text = `#!/bin/sh\necho x >> ${count}\nif [ "$(wc -l < ${count})" -eq "$KILL_AT" ]; then kill -KILL "$PPID"; exit 1; fi\nexec ${real} "$@"\n`
    writeFileSync(join(path, name), text, { mode: 0o755 })
  }
  return (at) => {
    rmSync(count, { force: true })
    return { PATH: `${path}:${process.env['PATH']}`, KILL_AT: String(at) }
  }
}

test('killed before any step of an install or an upgrade: the old or the new is whole, and the next run ends well', (context) => {
  const folder = temporary(context)
  const [one, two] = [unpacked(folder, '1.0.0'), unpacked(folder, '2.0.0')]
  const killedAt = killer(folder)
  for (const [archive, before] of [
    [one, undefined],
    [two, one],
  ] as const) {
    let killed = 0
    for (let at = archive === one ? 1 : 2; ; at += 2) {
      const root = join(folder, `root-${archive === one ? 1 : 2}-${at}`)
      const words = ['install', '--root', root, '--allow-unsigned']
      if (before !== undefined) run(before, words)
      const { code } = run(archive, words, killedAt(at))
      if (code === 0) break
      killed += 1
      if (before !== undefined) {
        const link = readlinkSync(join(root, 'opt', NAME, 'current'))
        assert.match(link, /^versions\/[12]\.0\.0$/)
        execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], {
          cwd: join(root, 'opt', NAME, link),
        })
      }
      assert.equal(run(archive, words).code, 0)
      holds(root, archive === one ? '1.0.0' : '2.0.0')
      rmSync(root, { recursive: true })
    }
    assert.ok(killed >= 10, `${killed} steps`)
  }
})
