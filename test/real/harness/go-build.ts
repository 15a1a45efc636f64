/** Builds programs from a Go module of this repository, once: later runs find them in the cache. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { watchExit } from './processes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const GO_ENV = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly', GOWORK: 'off' }

export interface GoModule<Name extends string> {
  /** Where go.mod is. */
  readonly folder: string
  /** Its part of the cache. */
  readonly cache: string
  /** Each program and the package it is built from. */
  readonly programs: Readonly<Record<Name, string>>
  /** Of `go build`. */
  readonly flags: readonly string[]
  /** What is built, in words. */
  readonly subject: string
  /** How long the first build takes, in words. */
  readonly usual: string
}

export interface GoBuild<Name extends string> {
  /** Why the programs cannot be had here, in words; undefined when they can. Nothing is built yet. */
  whyNot(): string | undefined
  /** The programs' paths; those that are missing are built first, with lines of progress. */
  programs(progress: (line: string) => void): Promise<Readonly<Record<Name, string>>>
}

/** Nothing is looked at before it is asked for. */
export function goBuild<Name extends string>(module: GoModule<Name>): GoBuild<Name> {
  const names = Object.keys(module.programs) as Name[]
  const folder = () => cacheFolder(module)
  const missing = () => names.filter((name) => !isExecutable(join(folder(), name)))
  return {
    whyNot: () => (missing().length === 0 ? undefined : whyNotBuildable(module)),
    async programs(progress) {
      const wanted = missing()
      if (wanted.length > 0) {
        progress(
          `building ${wanted.join(', ')} into ${folder()}; on two cores this takes ${module.usual}, once`,
        )
        for (const name of wanted) await build(module, name, folder(), progress)
      }
      return Object.fromEntries(names.map((name) => [name, join(folder(), name)])) as Record<Name, string>
    },
  }
}

/** `.cache/NAME/<hash>` under the repository's root; ANTREA_NSX_CACHE names another place for `.cache`. */
function cacheFolder({ folder, cache, flags }: GoModule<string>): string {
  const hash = createHash('sha256')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.go'))
    .sort()
  const inputs = [
    read('go.mod'),
    read('go.sum'),
    ...flags,
    process.platform,
    process.arch,
    ...sources.map(read),
  ]
  for (const input of inputs) hash.update(input).update('\0')
  const root = process.env['ANTREA_NSX_CACHE'] || join(ROOT, '.cache')
  return join(root, cache, hash.digest('hex').slice(0, 16))
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function whyNotBuildable({ folder, subject }: GoModule<string>): string | undefined {
  try {
    // Asked in the module: the go command fetches the toolchain that go.mod wants, or says that it may not.
    execFileSync('go', ['env', 'GOVERSION'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    })
    return undefined
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer }
    if (code === 'ENOENT') return `Go is not installed (1.26 or newer is needed to build ${subject})`
    return `Go cannot build ${subject}: ${String(stderr ?? error).trim()}`
  }
}

const PROGRESS_EVERY_MS = 10_000

async function build<Name extends string>(
  module: GoModule<Name>,
  name: Name,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  // Moved into place when complete: a build that was interrupted, or one beside this one, leaves no half program.
  const unfinished = join(folder, `.${name}.${process.pid}`)
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1_000)
  const go = spawn('go', ['build', '-v', ...module.flags, '-o', unfinished, module.programs[name]], {
    cwd: module.folder,
    env: { ...process.env, ...GO_ENV },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const counts = { fetched: 0, compiled: 0 }
  let unread = ''
  let complaints: string[] = []
  go.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${unread}${text}`.split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('go: downloading')) counts.fetched += 1
      else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) counts.compiled += 1
      else complaints = [...complaints, line].slice(-20)
    }
  })
  const timer = setInterval(
    () =>
      progress(
        `${name}: ${counts.fetched} modules fetched, ${counts.compiled} packages compiled, ${seconds()} s`,
      ),
    PROGRESS_EVERY_MS,
  )
  watchExit()
  const stop = () => {
    go.kill('SIGTERM')
    rmSync(unfinished, { force: true })
  }
  process.once('exit', stop)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      go.once('error', reject)
      go.once('close', resolve)
    })
    if (code !== 0) throw new Error(`go build of ${name} failed:\n${[...complaints, unread].join('\n')}`)
    renameSync(unfinished, join(folder, name))
    progress(`${name}: built in ${seconds()} s`)
  } finally {
    clearInterval(timer)
    process.off('exit', stop)
    rmSync(unfinished, { force: true })
  }
}
