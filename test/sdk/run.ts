/** A program of a test, its words kept for the message of a failure, and a module of python/ run by unittest. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
export const pythonFolder = join(import.meta.dirname, 'python')

export interface Ended {
  readonly code: number | null
  readonly output: string
}

export interface Running {
  readonly ended: Promise<Ended>
  readonly pid: number
  stop(): Promise<void>
}

export function run(program: string, words: readonly string[], environment: Record<string, string>): Running {
  const child = spawn(program, [...words], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-200_000)
    })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
  return {
    ended,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended.catch(() => undefined)
      clearTimeout(force)
    },
  }
}

/** Runs tests of python/ (a module, or `module.Class.test`) on what READY_FILE describes; fails with what they said. */
export async function runModule(python: string, name: string, ready: string, limitMs: number): Promise<void> {
  const words = ['-m', 'unittest', '-v', name]
  const tests = run(python, words, { READY_FILE: ready, PYTHONPATH: pythonFolder })
  const late = setTimeout(() => void tests.stop(), limitMs)
  const { code, output } = await tests.ended
  clearTimeout(late)
  assert.equal(code, 0, output)
  assert.match(output, /^Ran [1-9]\d* tests? in/m, output)
}
