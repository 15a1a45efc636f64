/**
 * The vendor's own Python SDK drives the sandbox's manager, with a real adapter behind it: each module of python/ is run
 * by unittest in a process of its own.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sdkPython } from './environment.ts'

const root = join(import.meta.dirname, '../..')
const python = join(import.meta.dirname, 'python')
const modules = readdirSync(python)
  .filter((name) => /^test_\w+\.py$/.test(name))
  .map((name) => name.slice(0, -'.py'.length))

const READY_LIMIT_MS = 60_000
const MODULE_LIMIT_MS = 180_000

interface Ended {
  readonly code: number | null
  readonly output: string
}

interface Running {
  readonly ended: Promise<Ended>
  readonly pid: number
  stop(): Promise<void>
}

function run(program: string, words: readonly string[], environment: Record<string, string>): Running {
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

const environment = sdkPython()
const isSkipped = 'skip' in environment ? environment.skip : false

describe('the vendor SDK', { skip: isSkipped }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-sdk-'))
  const ready = join(folder, 'ready.json')
  let sandbox: Running | undefined

  before(async () => {
    const words = [join(root, 'src/main.ts'), 'sandbox', '--ready-file', ready]
    sandbox = run(process.execPath, words, {})
    const failed = sandbox.ended.then(({ output }) => assert.fail(`the sandbox ended:\n${output}`))
    await Promise.race([failed, untilReady(ready)])
    failed.catch(() => undefined)
  })
  after(async () => {
    await sandbox?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  assert.ok(modules.length > 0)
  for (const module of modules)
    test(module, { timeout: MODULE_LIMIT_MS + 10_000 }, async () => {
      assert.ok('python' in environment)
      const words = ['-m', 'unittest', '-v', module]
      const tests = run(environment.python, words, { READY_FILE: ready, PYTHONPATH: python })
      const late = setTimeout(() => void tests.stop(), MODULE_LIMIT_MS)
      const { code, output } = await tests.ended
      clearTimeout(late)
      assert.equal(code, 0, output)
      assert.match(output, /^Ran [1-9]\d* tests? in/m, output)
    })
})

async function untilReady(file: string): Promise<void> {
  const endMs = performance.now() + READY_LIMIT_MS
  while (performance.now() < endMs) {
    try {
      JSON.parse(readFileSync(file, 'utf8'))
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  assert.fail('the sandbox was not ready in time')
}
