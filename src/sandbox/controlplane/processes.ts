/** Child processes that never outlive this one: ended by pid, on every way out. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { SANDBOX_PROCESS_LOG_BYTES_MAX } from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'

export interface Running {
  readonly name: string
  /** -1 when it could not be started; `exited` says why. */
  readonly pid: number
  readonly logFile: string
  /** The exit code, the signal's name, or why it could not be started. */
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
  readonly clock: Clock
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** What it writes; over SANDBOX_PROCESS_LOG_BYTES_MAX nothing more is kept. */
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

const GRACE_MS = 5_000

const running = new Set<number>()
let isWatchingExit = false

/** The last resort: however this process exits, its children end with it. */
function watchExit(): void {
  if (isWatchingExit) return
  isWatchingExit = true
  process.on('exit', () => {
    for (const pid of running) killNow(pid)
  })
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}

let hasSetpriv: boolean | undefined

/**
 * The words before a command with which the kernel ends it when this process ends in the one way that no handler sees:
 * SIGKILL. setpriv is util-linux's; where it is missing the command is started as it is.
 */
export function withDeathSignal(signal: 'KILL' | 'INT'): readonly string[] {
  if (hasSetpriv === undefined)
    try {
      execFileSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' })
      hasSetpriv = true
    } catch {
      hasSetpriv = false
    }
  return hasSetpriv ? ['setpriv', '--pdeathsig', signal, '--'] : []
}

/** Starts a program in a process group of its own, so that a terminal's Ctrl-C leaves the order of the end to the caller. */
export function startProcess(options: StartOptions): Running {
  watchExit()
  const [command, ...args] = [...withDeathSignal('KILL'), options.command, ...options.args] as [
    string,
    ...string[],
  ]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  keepLog(child, options.logFile)
  const { pid = -1 } = child
  if (pid !== -1) running.add(pid)
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      running.delete(pid)
      resolve(code ?? signal ?? 'unknown')
    })
  })
  const isRunning = () => running.has(pid)
  const signalAndWait = async (signal: NodeJS.Signals, graceMs: number) => {
    if (!isRunning()) return
    child.kill(signal)
    const force = options.clock.setTimeout(() => child.kill('SIGKILL'), graceMs)
    await exited
    options.clock.clearTimeout(force)
  }
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited,
    isRunning,
    tail: (lines = 20) => tailOf(options.logFile, lines),
    stop: (graceMs = GRACE_MS) => signalAndWait('SIGTERM', graceMs),
    kill: () => signalAndWait('SIGKILL', GRACE_MS),
  }
}

/** Written as it comes, so that the file is whole when the exit is told. */
function keepLog(child: ChildProcess, file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const log = openSync(file, 'a', 0o600)
  let roomBytes = SANDBOX_PROCESS_LOG_BYTES_MAX
  const keep = (chunk: Buffer) => {
    if (roomBytes <= 0) return
    try {
      roomBytes -= writeSync(log, chunk)
    } catch {
      // A full disk costs the log, not the program.
    }
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.once('close', () => closeSync(log))
}

function tailOf(file: string, lines: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return '(no output)'
  }
}

const LOOK_MS = 100

/** Looks until it is true; rejects when the program has ended first, when `limitMs` have passed, or with the signal's reason. */
export async function untilReady(
  program: Running,
  look: () => Promise<boolean>,
  { clock, limitMs, signal }: { clock: Clock; limitMs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  let how: number | string | undefined
  void program.exited.then((result) => {
    how = result
  })
  const endMs = clock.monotonicMs() + limitMs
  let last = ''
  while (true) {
    signal?.throwIfAborted()
    if (how !== undefined)
      throw new Error(`${program.name} ended (${how}) before it was ready: ${program.tail(5)}`)
    try {
      if (await look()) return
    } catch (error) {
      last = error instanceof Error ? ` (${error.message})` : ''
    }
    if (clock.monotonicMs() > endMs)
      throw new Error(`${program.name} is not ready after ${limitMs / 1_000} s${last}: ${program.tail(5)}`)
    await sleep(clock, LOOK_MS, signal)
  }
}

/** Free ports of the loopback, all different: each is held until the last is found. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map(close))
  return ports
}

/** Rejects when somebody listens there, or when it is not ours to take. */
export async function probePort(port: number): Promise<void> {
  await close(await listen(port))
}

function listen(port: number): Promise<ReturnType<typeof createServer>> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

const close = (server: ReturnType<typeof createServer>): Promise<unknown> =>
  new Promise((resolve) => server.close(resolve))
