/** Builds programs from a Go module of this repository, once: later runs find them in the cache. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { needsPerson } from '../../errors.ts'
import type { Clock, Timer } from '../../world/index.ts'
import { withDeathSignal } from './processes.ts'

const GO_ENV = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly', GOWORK: 'off' }

export interface GoModule<Name extends string> {
  /** Where go.mod is. */
  readonly folder: string
  /** Where caches are kept: `.cache` of the checkout, unless ANTREA_NSX_CACHE names another place. */
  readonly cacheRoot: string
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

export interface ProgramsOptions<Name extends string> {
  readonly clock: Clock
  readonly progress: (line: string) => void
  /** Those that are needed; all of them when absent. */
  readonly names?: readonly Name[]
  /** Ends a build. */
  readonly signal?: AbortSignal
}

export interface GoBuild<Name extends string> {
  /** Why the programs cannot be had here, in words; undefined when they can. Nothing is built yet. */
  whyNot(): string | undefined
  /**
   * The programs' paths; those that are missing are built first, with lines of progress. Rejects with
   * SANDBOX_REAL_NOT_HERE without Go, with SANDBOX_REAL_BUILD when go build fails, or with the signal's reason.
   */
  programs<Wanted extends Name = Name>(
    options: ProgramsOptions<Wanted>,
  ): Promise<Readonly<Record<Wanted, string>>>
}

/** Nothing is looked at before it is asked for. */
export function goBuild<Name extends string>(module: GoModule<Name>): GoBuild<Name> {
  const all = Object.keys(module.programs) as Name[]
  const folder = () => cacheFolder(module)
  const missing = (names: readonly Name[]) => names.filter((name) => !isExecutable(join(folder(), name)))
  return {
    whyNot: () => (missing(all).length === 0 ? undefined : whyNotBuildable(module)),
    async programs<Wanted extends Name>(options: ProgramsOptions<Wanted>) {
      const names = options.names ?? (all as Wanted[])
      const wanted = missing(names)
      if (wanted.length > 0) {
        options.progress(
          `building ${wanted.join(', ')} into ${folder()}; on two cores this takes ${module.usual}, once`,
        )
        for (const name of wanted) await build(module, name, folder(), options)
      }
      return Object.fromEntries(names.map((name) => [name, join(folder(), name)])) as Record<Wanted, string>
    },
  }
}

/** A folder for each state of the module, of its flags and of the platform. */
function cacheFolder({ folder, cacheRoot, cache, flags }: GoModule<string>): string {
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
  return join(process.env['ANTREA_NSX_CACHE'] || cacheRoot, cache, hash.digest('hex').slice(0, 16))
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const noGo = (subject: string): string => `Go is not installed (1.26 or newer is needed to build ${subject})`

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
    if (code === 'ENOENT') return noGo(subject)
    return `Go cannot build ${subject}: ${String(stderr ?? error).trim()}`
  }
}

const PROGRESS_EVERY_MS = 10_000
/** A build that was interrupted ends its compilers and clears its work folder: some seconds. */
const STOP_LIMIT_MS = 10_000
const COMPLAINTS_MAX = 20

async function build<Name extends string>(
  module: GoModule<Name>,
  name: Name,
  folder: string,
  { clock, progress, signal }: ProgramsOptions<Name>,
): Promise<void> {
  signal?.throwIfAborted()
  // Moved into place when complete: a build that was interrupted, or one beside this one, leaves no half program.
  const unfinished = join(folder, `.${name}.${process.pid}`)
  // The go command does not clear its own when it is interrupted.
  const work = `${unfinished}.work`
  mkdirSync(work, { recursive: true })
  const startMs = clock.monotonicMs()
  const seconds = () => Math.round((clock.monotonicMs() - startMs) / 1_000)
  const args = ['build', '-v', ...module.flags, '-o', unfinished, module.programs[name]]
  const go = startGo(module, args, work)
  const seen = followOutput(go)
  const stopTelling = every(clock, PROGRESS_EVERY_MS, () =>
    progress(`${name}: ${seen.fetched} modules fetched, ${seen.compiled} packages compiled, ${seconds()} s`),
  )
  try {
    const code = await ended(go, clock, signal)
    signal?.throwIfAborted()
    if (code !== 0)
      throw needsPerson(
        'SANDBOX_REAL_BUILD',
        `go build of ${name} failed: ${seen.complaints().join('; ') || `it ended with ${code}`}`,
      )
    renameSync(unfinished, join(folder, name))
    progress(`${name}: built in ${seconds()} s`)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    throw needsPerson(
      'SANDBOX_REAL_NOT_HERE',
      `${noGo(module.subject)}; install it, or go without the real control plane`,
    )
  } finally {
    stopTelling()
    rmSync(unfinished, { force: true })
    rmSync(work, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** In a process group of its own: with it end the compilers that it starts. */
function startGo(module: GoModule<string>, args: readonly string[], work: string): ChildProcess {
  const [command, ...words] = [...(hasGo() ? withDeathSignal('INT') : []), 'go', ...args] as [
    string,
    ...string[],
  ]
  return spawn(command, words, {
    cwd: module.folder,
    env: { ...process.env, ...GO_ENV, GOTMPDIR: work },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
}

/** Asked of PATH alone: the wrapper's own complaint would hide that Go is missing. */
const hasGo = (): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => folder !== '' && isExecutable(join(folder, 'go')))

/** Counts go build -v's lines and keeps what else it says. */
function followOutput(go: ChildProcess) {
  const counts = { fetched: 0, compiled: 0 }
  let unread = ''
  let complaints: string[] = []
  go.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${unread}${text}`.split('\n')
    unread = (lines.pop() ?? '').slice(-4_096)
    for (const line of lines) {
      if (line.startsWith('go: downloading')) counts.fetched += 1
      else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) counts.compiled += 1
      else complaints = [...complaints, line].slice(-COMPLAINTS_MAX)
    }
  })
  return {
    get fetched() {
      return counts.fetched
    },
    get compiled() {
      return counts.compiled
    },
    complaints: (): string[] => [...complaints, unread].map((line) => line.trim()).filter((line) => line),
  }
}

/** The exit code; the signal interrupts it. Rejects when it could not be started. */
async function ended(go: ChildProcess, clock: Clock, signal?: AbortSignal): Promise<number | null> {
  const killGroup = (how: NodeJS.Signals) => {
    try {
      if (go.pid !== undefined) process.kill(-go.pid, how)
    } catch {
      // It was quicker.
    }
  }
  let force: Timer | undefined
  const interrupt = () => {
    killGroup('SIGINT')
    force = clock.setTimeout(() => killGroup('SIGKILL'), STOP_LIMIT_MS)
  }
  const atExit = () => killGroup('SIGINT')
  process.once('exit', atExit)
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    return await new Promise<number | null>((resolve, reject) => {
      go.once('error', reject)
      go.once('close', resolve)
    })
  } finally {
    process.off('exit', atExit)
    signal?.removeEventListener('abort', interrupt)
    // Compilers that outlived it would write on.
    if (signal?.aborted) killGroup('SIGKILL')
    if (force !== undefined) clock.clearTimeout(force)
  }
}

/** Calls again and again until the returned function is called. */
function every(clock: Clock, periodMs: number, call: () => void): () => void {
  let timer: Timer
  const arm = () => {
    timer = clock.setTimeout(() => {
      call()
      arm()
    }, periodMs)
  }
  arm()
  return () => clock.clearTimeout(timer)
}
