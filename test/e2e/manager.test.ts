/** The `manager` command as a site runs it: its files, its first password, what it refuses, and a clean end. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { folder, type Program, root, runToEnd, start, until } from './process.ts'

interface Running {
  readonly program: Program
  readonly places: ManagerPlaces
  as(password: string): Rest
  readonly nobody: Rest
}

const placesIn = (file: string): ManagerPlaces | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ManagerPlaces) : undefined

async function startManager(context: TestContext, words: readonly string[]): Promise<Running> {
  const ready = join(folder(context), 'ready.json')
  const program = start(context, ['manager', '--listen', '0', '--ready-file', ready, ...words])
  const places = await until(
    'the ready file',
    () => placesIn(ready),
    15_000,
    () => program.stderr(),
  )
  assert.equal(statSync(ready).mode & 0o777, 0o600)
  const http = createHttpClient({ origin: places.url, tls: { ca: readFileSync(places.ca, 'utf8') } })
  context.after(() => http.close())
  const basic = (password: string) => `Basic ${Buffer.from(`${places.user}:${password}`).toString('base64')}`
  return {
    program,
    places,
    as: (password) => createRest(http, { authorization: basic(password) }),
    nobody: createRest(http),
  }
}

const VERSION = '/api/v1/node/version'
const GROUPS = '/policy/api/v1/infra/domains/default/groups'
const firstPassword = (text: string) => /password +(\S+)/.exec(text)?.[1]

test('the first password is printed once and kept as a hash; everything is private; a stop is clean', async (context) => {
  const data = join(folder(context), 'data')
  const first = await startManager(context, ['--data', data])
  const password = firstPassword(first.program.stdout())
  assert.ok(password !== undefined && password.length > 20)
  const nsx = first.as(password)
  await nsx.call('PATCH', `${GROUPS}/g`, { description: 'kept' })
  assert.equal((await first.as('wrong').call('GET', VERSION, undefined, { accept: [403] })).status, 403)
  assert.equal((await first.nobody.call('GET', VERSION, undefined, { accept: [401] })).status, 401)
  assert.ok((await first.program.stop()) < 5_000)
  assert.equal(await first.program.ended, 0)
  assert.match(first.program.stderr(), /"message":"stopped"/)
  assert.ok(!first.program.stderr().includes(password), 'never in the log')
  const files = ['.', 'pki'].flatMap((name) =>
    readdirSync(join(data, name), { withFileTypes: true }).map((entry) => join(data, name, entry.name)),
  )
  assert.ok(files.length >= 7, files.join(' '))
  for (const file of [data, ...files]) {
    const { mode } = statSync(file)
    assert.equal(mode & 0o077, 0, file)
    if (statSync(file).isFile()) assert.ok(!readFileSync(file).includes(password), `${file} has the password`)
  }
  const ca = readFileSync(join(data, 'pki/ca.crt'), 'utf8')

  const second = await startManager(context, ['--data', data])
  assert.equal(firstPassword(second.program.stdout()), undefined, 'not again')
  assert.equal((await second.as(password).get<{ description: string }>(`${GROUPS}/g`)).description, 'kept')
  assert.equal(readFileSync(second.places.ca, 'utf8'), ca)
  const busy = await runToEnd(context, ['manager', '--listen', '0', '--data', data])
  assert.equal(busy.code, 1)
  assert.match(busy.stderr, /^antrea-nsx-adapter: MANAGER_DATA_IN_USE: [^\n]+\n$/)
  await second.program.stop()

  const given = join(folder(context), 'password')
  writeFileSync(given, 'Another-1 with ü\nnot this\n', { mode: 0o600 })
  const third = await startManager(context, [
    '--data',
    data,
    '--password-file',
    given,
    '--name',
    'nsx.example.com',
  ])
  assert.equal((await third.as(password).call('GET', VERSION, undefined, { accept: [403] })).status, 403)
  assert.equal((await third.as('Another-1 with ü').call('GET', VERSION)).status, 200)
  assert.equal(
    readFileSync(third.places.ca, 'utf8'),
    ca,
    'another name is another certificate of the same authority',
  )
})

test('in memory: a password each time, and nothing is left behind', async (context) => {
  const { program, places, as } = await startManager(context, [])
  const password = firstPassword(program.stdout()) ?? ''
  assert.equal((await as(password).call('GET', VERSION)).status, 200)
  assert.match(program.stdout(), /in memory/)
  await program.stop()
  assert.ok(!existsSync(places.ca))
})

test('the public API alone: no channels, and the rest is there', async (context) => {
  const { program, as, nobody } = await startManager(context, ['--public-api-only'])
  const nsx = as(firstPassword(program.stdout()) ?? '')
  for (const path of ['/ccp/v1', '/mp/v1', '/mp/v1/clusters/x/operations']) {
    assert.equal((await nsx.call('GET', path, undefined, { accept: [404] })).status, 404, path)
    assert.equal((await nobody.call('GET', path, undefined, { accept: [404] })).status, 404, path)
  }
  assert.equal((await nsx.call('GET', VERSION)).status, 200)
  await nsx.call('PATCH', `${GROUPS}/g`, {})
})

test('a given certificate is shown; wrong ones and wrong words are told in one line', async (context) => {
  const path = folder(context)
  const authority = await createAuthority('site-ca', createRealClock())
  const [one, other] = await Promise.all(
    ['a', 'b'].map((name) => authority.server(name, { dns: ['localhost'], ips: ['127.0.0.1'] })),
  )
  const write = (name: string, content: string) => {
    writeFileSync(join(path, name), content, { mode: 0o600 })
    return join(path, name)
  }
  const cert = write('cert', one?.cert ?? '')
  const key = write('key', one?.key ?? '')
  const ready = join(path, 'ready.json')
  const program = start(context, [
    'manager',
    '--listen',
    '0',
    '--cert',
    cert,
    '--key',
    key,
    '--ready-file',
    ready,
  ])
  const { url } = await until('the ready file', () => placesIn(ready), 15_000, program.stderr)
  const http = createHttpClient({ origin: url, tls: { ca: authority.ca } })
  context.after(() => http.close())
  const health = await createRest(http).get<object>('/api/v1/reverse-proxy/node/health')
  assert.deepEqual(health, { healthy: true, components_health: '' })
  const port = new URL(url).port

  const refused: [readonly string[], number, RegExp][] = [
    [['--cert', cert, '--key', write('wrong', other?.key ?? '')], 1, /MANAGER_TLS: /],
    [['--cert', cert], 2, /CLI_USAGE: --cert and --key go together/],
    [['--cert', join(path, 'none'), '--key', key], 1, /CONFIG_UNREADABLE: /],
    [['--listen', port], 1, /MANAGER_CANNOT_LISTEN: /],
    [['--listen', '1.2.3.4:99999'], 2, /CLI_USAGE: /],
    [['--restored'], 2, /CLI_USAGE: --restored needs --data/],
    [['--password-file', write('empty', '\n')], 1, /MANAGER_PASSWORD_FILE: /],
    [['--user', 'a:b'], 2, /CLI_USAGE: /],
    [['--data', join(path, 'a/b')], 1, /MANAGER_DATA_FOLDER: /],
    [['--data', path], 1, /MANAGER_DATA_FOLDER: /],
    [['--ready-file', join(path, 'a/b')], 1, /MANAGER_READY_FILE: /],
  ]
  await Promise.all(
    refused.map(async ([words, code, wanted]) => {
      const ended = await runToEnd(context, [
        'manager',
        ...(words[0] === '--listen' ? [] : ['--listen', '0']),
        ...words,
      ])
      assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`)
      const lines = ended.stderr.split('\n').filter((line) => line.startsWith('antrea-nsx-adapter: '))
      assert.equal(lines.length, 1, ended.stderr)
      assert.match(lines[0] ?? '', wanted)
    }),
  )
})

/** Runs the program as somebody who may not write everywhere, with these limits of the shell. */
function startLimited(context: TestContext, limits: string, words: readonly string[], uid?: number): Program {
  const command = `${limits} exec "$0" "$@"`
  const node = process.env['ANTREA_NSX_ADAPTER'] ?? join(root, 'node_modules/.bin/node')
  const main = process.env['ANTREA_NSX_ADAPTER'] === undefined ? [join(root, 'src/main.ts')] : []
  const child = spawn('bash', ['-c', command, node, ...main, ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
  })
  const text = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  context.after(() => child.kill('SIGKILL'))
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    lines: () => text.stdout.split('\n'),
    ended,
    stop: () => Promise.reject(new Error('not used')),
  }
}

test('a folder that cannot be written is refused in a line', async (context) => {
  const path = folder(context)
  const data = join(path, 'data')
  mkdirSync(data)
  const nobody = process.getuid?.() === 0 ? 65_534 : undefined
  chmodSync(path, 0o755)
  if (nobody === undefined) chmodSync(data, 0o500)
  else chownSync(data, 0, 0)
  const program = startLimited(context, '', ['manager', '--listen', '0', '--data', data], nobody)
  assert.equal(await program.ended, 1)
  assert.match(program.stderr(), /^antrea-nsx-adapter: MANAGER_DATA_(FOLDER|UNWRITABLE): [^\n]+\n$/)
})

test('a disk that takes no more bytes: writes are refused, reads go on, what was answered is there', async (context) => {
  const data = join(folder(context), 'data')
  const ready = join(folder(context), 'ready.json')
  const words = ['manager', '--listen', '0', '--data', data, '--ready-file', ready]
  // In KiB; Node ignores the signal of it (SIGXFSZ), and the write fails as one on a full disk does.
  const program = startLimited(context, 'ulimit -f 1200;', words)
  const places = await until('the ready file', () => placesIn(ready), 15_000, program.stderr)
  const http = createHttpClient({ origin: places.url, tls: { ca: readFileSync(places.ca, 'utf8') } })
  context.after(() => http.close())
  const password = firstPassword(program.stdout()) ?? ''
  const nsx = createRest(http, {
    authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
  })
  const kept: string[] = []
  let refused: { status: number; body: unknown } | undefined
  for (let at = 0; at < 400 && refused === undefined; at += 1) {
    const expression = [{ resource_type: 'MACAddressExpression', mac_addresses: macs(at) }]
    const answer = await nsx.call('PUT', `${GROUPS}/g${at}`, { expression }, { accept: [503, 507] })
    if (answer.status === 200) kept.push(`g${at}`)
    else refused = answer
  }
  assert.ok(kept.length > 3, `${kept.length}`)
  const body = refused?.body as { error_message: string; code: string; httpStatus: string }
  assert.match(body.code, /^MANAGER_DATA_(FULL|REFUSED)$/)
  assert.match(body.error_message, /nothing was changed/)
  const list = async (rest: Rest) =>
    (await rest.get<{ results: { id: string }[] }>(`${GROUPS}?sort_by=_create_time`)).results
      .map(({ id }) => id)
      .sort()
  assert.deepEqual(await list(nsx), [...kept].sort())
  program.child.kill('SIGKILL')
  await program.ended

  const again = await startManager(context, ['--data', data])
  const rest = again.as(password)
  assert.deepEqual(await list(rest), [...kept].sort())
  await rest.call('PUT', `${GROUPS}/more`, {})
})

const macs = (seed: number): string[] =>
  Array.from({ length: 500 }, (_, at) => {
    const hex = (seed * 500 + at).toString(16).padStart(8, '0')
    return `02:00:${hex.match(/../g)?.join(':')}`
  })
