/** Child processes that never outlive this one: ended by pid, on every way out. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Running {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  readonly exited: Promise<number | string>
  isRunning(): boolean
  /** The newest lines of what it wrote, for messages. */
  tail(lines?: number): string
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

export interface StartOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

const running = new Map<number, ChildProcess>()
const folders = new Set<string>()
let isWatchingExit = false

/** The last resort: whatever ends this process ends its children and removes its folders; signals end it in order. */
export function watchExit(): void {
  if (isWatchingExit) return
  isWatchingExit = true
  process.on('exit', () => {
    for (const pid of running.keys()) killNow(pid)
    for (const folder of folders) removeFolder(folder)
  })
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const)
    process.once(signal, () => process.exit(128 + number))
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}

let deathSignal: readonly string[] | undefined

/**
 * setpriv (util-linux) asks the kernel to end the child with this process, for the one way out that no handler sees:
 * SIGKILL. Where it is missing the children are started as they are.
 */
function withDeathSignal(): readonly string[] {
  if (deathSignal === undefined) {
    const wrapper = ['setpriv', '--pdeathsig', 'KILL', '--']
    try {
      execFileSync(wrapper[0]!, [...wrapper.slice(1), 'true'], { stdio: 'ignore' })
      deathSignal = wrapper
    } catch {
      deathSignal = []
    }
  }
  return deathSignal
}

/** Starts a program with its output in `logFile`. */
export function start(options: StartOptions): Running {
  watchExit()
  const [command, ...args] = [...withDeathSignal(), options.command, ...options.args] as [string, ...string[]]
  mkdirSync(dirname(options.logFile), { recursive: true })
  const log = createWriteStream(options.logFile, { flags: 'a' })
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const { pid } = child
  if (pid !== undefined) running.set(pid, child)
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      if (pid !== undefined) running.delete(pid)
      resolve(code ?? signal ?? 'unknown')
    })
  })
  const isRunning = () => pid !== undefined && running.has(pid)
  const signalAndWait = async (signal: NodeJS.Signals, graceMs: number) => {
    if (!isRunning()) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await exited
    clearTimeout(timer)
  }
  return {
    name: options.name,
    pid: pid ?? -1,
    logFile: options.logFile,
    exited,
    isRunning,
    tail: (lines = 20) => tailOf(options.logFile, lines),
    stop: (graceMs = 5_000) => signalAndWait('SIGTERM', graceMs),
    kill: () => signalAndWait('SIGKILL', 1_000),
  }
}

export function tailOf(file: string, lines: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return '(no output)'
  }
}

/** A temporary folder that goes with this process. REAL_TIER_KEEP=1 leaves it for looking at. */
export function temporaryFolder(prefix: string): string {
  watchExit()
  const folder = mkdtempSync(join(tmpdir(), prefix))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  folders.delete(folder)
  if (process.env['REAL_TIER_KEEP'] === undefined)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Free ports of the loopback, all different: each is held until the last is found. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
