/** The executable as a process: what it prints, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export const root = join(import.meta.dirname, '../..')
const NODE = join(root, 'node_modules/.bin/node')

export interface Program {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Lines of standard output so far. */
  lines(): string[]
  /** The exit code; null after a signal. */
  readonly ended: Promise<number | null>
  /** SIGTERM, and SIGKILL after 10 s. Resolves with the milliseconds it took. */
  stop(): Promise<number>
}

/** What is started: the sources, or the executable that ANTREA_NSX_ADAPTER names. */
function program(): [string, ...string[]] {
  const executable = process.env['ANTREA_NSX_ADAPTER']
  return executable === undefined ? [NODE, join(root, 'src/main.ts')] : [executable]
}

/** Starts the program with these words; ends it with the test. */
export function start(
  context: TestContext,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Program {
  const [command, ...before] = program()
  const child = spawn(command, [...before, ...words], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const started: Program = {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    lines: () => text.stdout.split('\n').filter((line) => line !== ''),
    ended,
    async stop() {
      const startMs = performance.now()
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(force)
      return performance.now() - startMs
    },
  }
  context.after(() => started.stop())
  return started
}

/** Runs the program with these words to its end. */
export async function runToEnd(
  context: TestContext,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = start(context, words, environment)
  const code = await program.ended
  return { code, stdout: program.stdout(), stderr: program.stderr() }
}

/** A folder that goes with the test. */
export function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'antrea-nsx-e2e-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks until there is something; fails with `what` and what `context` says then. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 20_000,
  words: () => string = () => '',
): Promise<T> {
  const endMs = performance.now() + limitMs
  while (performance.now() < endMs) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    await pause(50)
  }
  throw new Error(`not seen within ${limitMs} ms: ${what}\n${words()}`)
}
