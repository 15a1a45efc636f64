/**
 * The build room: from the sources to one executable for Linux with everything inside, its bill of materials, checksums
 * and a tar. `npm run build` comes in here; it needs what `npm ci` has installed, and no network. inside/ holds what
 * stands in, within the executable, for what a checkout finds as files.
 */
import type { KeyObject } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { type ArchiveFile, compress, readSignKey, seals, tar } from './archive.ts'
import { bundle } from './bundle.ts'
import { commitOf } from './commit.ts'
import { checkElf, checkSealed } from './elf.ts'
import { ADDON } from './inside/addon.ts'
import { embeddedNode } from './node.ts'
import { type Options, readOptions } from './options.ts'
import { type BundledPackage, bundledPackages, idOf, licenseTexts } from './packages.ts'
import { billOfMaterials } from './sbom.ts'
import { seal, stripNode } from './seal.ts'

const root = join(import.meta.dirname, '..')
const NAME = 'antrea-nsx-adapter'
/** What an earlier build may have left. */
const SEALS = ['SHA256SUMS', 'SHA256SUMS.sig', 'UNSIGNED']
/** What a person on a machine without a network wants beside the executable. */
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'docs/operations.md',
  'docs/metrics.md',
  'docs/status.schema.json',
  'docs/rbac.yaml',
  'packaging/antrea-nsx-adapter.service',
  'packaging/alerts.yaml',
  'packaging/dashboard.json',
  'packaging/install.sh',
]

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  license: string
}

async function main(options: Options): Promise<void> {
  const step = stepper()
  const key = options.signKey === undefined ? undefined : readSignKey(options.signKey)
  const work = mkdtempSync(join(tmpdir(), `${NAME}-build-`))
  try {
    const files = await makeFiles(options, work, step)
    write(options.output, key, files)
    if (options.archive) write(options.output, key, [packed(files, key, options.arch, step)], files)
    step.end(relative(process.cwd(), join(resolve(options.output), NAME)))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Writes the files, and what seals them and `others`. What is there is replaced as a whole: it may be running. */
function write(
  folder: string,
  key: KeyObject | undefined,
  files: readonly ArchiveFile[],
  others: readonly ArchiveFile[] = [],
): void {
  mkdirSync(folder, { recursive: true })
  for (const old of SEALS) rmSync(join(folder, old), { force: true })
  for (const { name, bytes, executable } of [...files, ...seals([...others, ...files], key)]) {
    const draft = join(folder, `.${name}.tmp`)
    writeFileSync(draft, bytes)
    chmodSync(draft, executable === true ? 0o755 : 0o644)
    renameSync(draft, join(folder, name))
  }
}

/** The executable and what belongs to it. */
async function makeFiles(options: Options, work: string, step: Stepper): Promise<readonly ArchiveFile[]> {
  const { arch } = options
  const node = embeddedNode(root, arch)
  const bundled = await bundle(root, arch, commitOf(root))
  const packages = bundledPackages(root, bundled.inputs, node.package)
  holdToList(packages, options.acceptPackages)
  const bytes = [...bundled.assets.values()].reduce((total, asset) => total + asset.length, 0)
  const startKib = Math.ceil(bundled.startBytes / 1_024)
  step(
    `bundle: ${bundled.inputs.length} files, ${packages.length - 1} packages, ${startKib} KiB at every start`,
    bytes,
  )

  const stripped = join(work, 'node')
  const isStripped = stripNode(node.file, stripped, arch)
  step(
    `Node ${process.version} ${isStripped ? 'without its symbols' : '(no strip here: with its symbols)'}`,
    stripped,
  )

  const output = join(work, 'sealed', NAME)
  await seal({ bundle: bundled, node: stripped, arch, output, workFolder: work })
  step('executable', output)

  const executable = readFileSync(output)
  checkElf('the executable', executable, arch)
  checkElf("SQLite's addon", bundled.assets.get(ADDON)!, arch)
  checkSealed('the executable', executable)
  const bom = billOfMaterials({
    name: NAME,
    version: manifest.version,
    license: manifest.license,
    executable,
    packages,
    inNode: process.versions,
    sqlite: sqliteVersion(),
  })
  return [
    { name: NAME, bytes: executable, executable: true },
    { name: `${NAME}.cdx.json`, bytes: Buffer.from(bom) },
    { name: 'third-party-licenses.txt', bytes: Buffer.from(licenseTexts(root, packages)) },
  ]
}

function packed(
  inside: readonly ArchiveFile[],
  key: KeyObject | undefined,
  arch: string,
  step: Stepper,
): ArchiveFile {
  const folder = `${NAME}-${manifest.version}-linux-${arch}`
  const documents = DOCUMENTS.map((path) => ({
    name: basename(path),
    bytes: readFileSync(join(root, path)),
    executable: path.endsWith('.sh'),
  }))
  const all = [...inside, ...documents]
  const content = [...all, ...seals(all, key)]
  const { suffix, bytes } = compress(
    tar(content.map((file) => ({ ...file, name: `${folder}/${file.name}` }))),
  )
  step(key === undefined ? 'archive, unsigned' : 'archive, signed', bytes.length)
  return { name: `${folder}.tar${suffix}`, bytes }
}

/** The list is for reviewers: no package comes in unseen. */
function holdToList(packages: readonly BundledPackage[], isAccepted: boolean): void {
  const file = join(root, 'build/bundled.txt')
  const list = packages.map((bundled) => `${idOf(bundled).replace(/^node-linux-\w+@/, 'node@')}\n`).sort()
  if (isAccepted) writeFileSync(file, list.join(''))
  const known = readFileSync(file, 'utf8').split(/(?<=\n)/)
  const changes = [
    ...list.filter((line) => !known.includes(line)).map((line) => `+ ${line}`),
    ...known.filter((line) => !list.includes(line)).map((line) => `- ${line}`),
  ]
  if (changes.length > 0)
    throw new Error(
      `other packages are inside than build/bundled.txt says:\n${changes.join('')}` +
        'if that is meant: npm run build -- --accept-packages, and commit the list',
    )
}

function sqliteVersion(): string {
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (
    file: string,
  ) => { prepare(sql: string): { pluck(): { get(): string } } }
  return new Database(':memory:').prepare('SELECT sqlite_version()').pluck().get()
}

interface Stepper {
  (what: string, size: number | string): void
  end(what: string): void
}

/** One line a step: how long it took, what it is, how large it is (a number of bytes, or a file). */
function stepper(): Stepper {
  const startMs = performance.now()
  let lastMs = startMs
  const line = (fromMs: number, what: string) => {
    lastMs = performance.now()
    process.stdout.write(`${((lastMs - fromMs) / 1_000).toFixed(1).padStart(6)} s  ${what}\n`)
  }
  return Object.assign(
    (what: string, size: number | string) => {
      const bytes = typeof size === 'number' ? size : statSync(size).size
      line(lastMs, `${what}: ${(bytes / 2 ** 20).toFixed(1)} MiB`)
    },
    { end: (what: string) => line(startMs, what) },
  )
}

try {
  await main(readOptions(process.argv.slice(2), root))
} catch (error) {
  process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
