/**
 * The vendor's own Python SDK drives the sandbox's manager, with a real adapter behind it: each module of python/ is run
 * by unittest in a process of its own.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sdkPython } from './environment.ts'
import { pythonFolder, type Running, run, runModule } from './run.ts'

const root = join(import.meta.dirname, '../..')
const modules = readdirSync(pythonFolder)
  .filter((name) => /^test_\w+\.py$/.test(name))
  .map((name) => name.slice(0, -'.py'.length))

const READY_LIMIT_MS = 60_000
const MODULE_LIMIT_MS = 180_000

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
      await runModule(environment.python, module, ready, MODULE_LIMIT_MS)
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
