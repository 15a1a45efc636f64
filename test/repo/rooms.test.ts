/** Who may import whom (ARCHITECTURE.md, "Rooms"), and what every file must keep to. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { roomOf, root, sourceFiles, trackedFiles } from './source.ts'

const BASE = ['errors.ts', 'limits.ts', 'limits', 'world', 'log', 'protocol', 'health']

/** A room and the rooms it may import besides itself and BASE. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'limits.ts': [],
  limits: [],
  world: [],
  log: [],
  protocol: [],
  health: [],
  diagnostics: [],
  config: [],
  nsx: [],
  kube: ['machines'],
  ccp: ['kube', 'nsx', 'machines'],
  operations: ['kube'],
  mp: ['kube', 'nsx', 'operations', 'machines'],
  doctor: ['config', 'kube', 'nsx', 'ccp'],
  metrics: ['kube', 'diagnostics'],
  page: [],
  serve: ['page', 'metrics', 'diagnostics', 'ccp', 'mp', 'kube', 'operations'],
  manager: ['nsx', 'page'],
  adapter: ['status', 'ccp', 'mp', 'operations', 'kube', 'nsx', 'config', 'diagnostics', 'machines'],
  status: ['ccp', 'kube', 'diagnostics'],
  'daemon.ts': ['adapter', 'status', 'diagnostics', 'metrics', 'serve'],
  sandbox: ['adapter', 'status', 'daemon.ts', 'manager', 'kube', 'nsx', 'config', 'diagnostics', 'serve'],
  cli: [
    'metrics',
    'adapter',
    'status',
    'daemon.ts',
    'config',
    'diagnostics',
    'doctor',
    'serve',
    'sandbox',
    'manager',
    'kube',
    'nsx',
    'ccp',
    'mp',
    'operations',
    'machines',
  ],
  'main.ts': ['cli'],
  machines: ['kube', 'nsx'],
}

const files = sourceFiles('src', 'machines')

test('rooms import only the rooms they may', () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file.path)
    const allowed = new Set([room, ...BASE, ...(MAY_IMPORT[room] ?? [])])
    return file.imports
      .filter(({ target }) => target.startsWith('src/') || target.startsWith('machines/'))
      .filter(({ target }) => !allowed.has(roomOf(target)))
      .map(({ target }) => `${file.path} imports ${target}`)
  })
  assert.deepEqual(wrong, [])
})

test('every room is named in the rules', () => {
  const rooms = new Set(files.map((file) => roomOf(file.path)))
  assert.deepEqual(
    [...rooms].filter((room) => !(room in MAY_IMPORT)),
    [],
  )
})

test('the charts import xstate, each other and types', () => {
  const wrong = files
    .filter((file) => file.path.startsWith('machines/'))
    .flatMap((file) =>
      file.imports
        .filter(({ target, typeOnly }) => !typeOnly && target !== 'xstate' && !target.startsWith('machines/'))
        .map(({ target }) => `${file.path}: ${target}`),
    )
  assert.deepEqual(wrong, [])
})

/** Pure: values in, values out. */
const PURE = [
  /^src\/ccp\/translate\//,
  /^src\/ccp\/plan/,
  /^src\/ccp\/realization/,
  /^src\/mp\/inventory\/(map|plan)/,
  /^src\/protocol\//,
]
const PURE_MODULES = ['ipaddr.js', 'node:crypto', 'yaml', 'zod']

test('pure files import types, pure files and a few pure libraries', () => {
  const isPure = (path: string) => PURE.some((pattern) => pattern.test(path))
  const wrong = files
    .filter((file) => isPure(file.path))
    .flatMap((file) =>
      file.imports
        .filter(({ typeOnly }) => !typeOnly)
        .filter(
          ({ target }) =>
            !isPure(target) &&
            !PURE_MODULES.includes(target) &&
            !/^src\/(errors|limits(\/.*)?|protocol\/.*|world\/steps|kube\/resources|nsx\/model)\.ts$/.test(
              target,
            ),
        )
        .filter(
          ({ target }) =>
            !/^src\/(ccp|mp)\/[a-z-]*(names|owner|ownership|annotations|canonical)[a-z-]*\.ts$/.test(target),
        )
        .map(({ target }) => `${file.path}: ${target}`),
    )
  assert.deepEqual(wrong, [])
})

test('the daemon never loads the manager or the sandbox', () => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const visit = (path: string) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const { target, typeOnly, lazy } of byPath.get(path)?.imports ?? [])
      if (!typeOnly && !lazy) visit(target)
  }
  visit('src/cli/run.ts')
  visit('src/main.ts')
  assert.ok(reached.has('src/adapter/adapter.ts'), 'cli/run.ts reaches the adapter')
  assert.deepEqual(
    [...reached].filter((path) => /^src\/(manager|sandbox)\//.test(path)),
    [],
  )
})

test('clock, randomness and the real world come from outside', () => {
  const forbidden =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|(?<![.\w])setTimeout\(|(?<![.\w])setInterval\(|\brandomUUID\(|\bperformance\.now\(/
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
  const wrong = files
    .filter((file) => !/^src\/world\/(real|clock)/.test(file.path) && forbidden.test(code(file.text)))
    .map((file) => file.path)
  assert.deepEqual(wrong, [])
  const real = files.filter(
    (file) =>
      !/^src\/(world\/|cli\/|main\.ts)/.test(file.path) &&
      file.imports.some(({ target }) => /^src\/world\/real/.test(target)),
  )
  // The sandbox opens real sockets for a person to try; it is started by the command line alone.
  assert.deepEqual(
    real.map((file) => file.path).filter((path) => !path.startsWith('src/sandbox/')),
    [],
  )
})

test('a file is read in one sitting', () => {
  const long = files.filter((file) => file.lines > 400).map((file) => `${file.path}: ${file.lines}`)
  assert.deepEqual(long, [])
})

test('every folder says what lives there', () => {
  const folders = new Set(files.map((file) => dirname(file.path)).filter((folder) => folder !== 'src'))
  const silent = [...folders].filter((folder) => {
    const index = join(root, folder, 'index.ts')
    return !existsSync(index) || !readFileSync(index, 'utf8').startsWith('/**')
  })
  assert.deepEqual(silent, [])
})

test('nothing is left for later and nothing speaks of a machine', () => {
  const texts = trackedFiles('.').filter(
    (path) => !/(^|\/)(package-lock\.json|go\.sum|LICENSE)$/.test(path) && !path.startsWith('test/repo/'),
  )
  const wrong = texts.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const hits = [
      /\b(TODO|FIXME|XXX|HACK)\b/,
      /(^|[^A-Za-z0-9_.-])\/(work|farm)\//,
      /\/root\//,
      /registry\.npmjs\.org|proxy\.golang\.org/,
    ]
    return hits.filter((hit) => hit.test(text)).map((hit) => `${path}: ${hit.source}`)
  })
  assert.deepEqual(wrong, [])
})
