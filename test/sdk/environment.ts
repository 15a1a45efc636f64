/** A Python environment of its own with the vendor's SDK, made once into .cache and kept while its list of packages stays the same. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const home = join(root, '.cache/sdk-python')
const requirements = join(import.meta.dirname, 'requirements.txt')
/** Holds the list the environment was made from; written last. */
const made = join(home, 'made-from.txt')
const interpreter = join(home, 'bin/python')

const isRequired = process.env['REAL_TIER'] === 'required'

/** One step of making it may download some tens of megabytes. */
const STEP_LIMIT_MS = 300_000

function step(program: string, words: readonly string[]): string | undefined {
  const ended = spawnSync(program, [...words], { encoding: 'utf8', timeout: STEP_LIMIT_MS })
  if (ended.status === 0) return undefined
  const said = ended.error?.message ?? ended.stderr.trim().split('\n').slice(-3).join(' ')
  return `${program} ${words.slice(0, 3).join(' ')} failed: ${said}`
}

/** The interpreter, or why there is none. With REAL_TIER=required that is an error. */
export function sdkPython(): { readonly python: string } | { readonly skip: string } {
  const whyNot = make()
  if (whyNot === undefined) return { python: interpreter }
  if (isRequired) throw new Error(`the SDK tests are required here, but ${whyNot}`)
  return { skip: `the SDK tests are skipped: ${whyNot}` }
}

function make(): string | undefined {
  const wanted = readFileSync(requirements, 'utf8')
  if (existsSync(made) && existsSync(interpreter) && readFileSync(made, 'utf8') === wanted) return undefined
  if (spawnSync('python3', ['--version']).status !== 0) return 'there is no python3'
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  const whyNot =
    step('python3', ['-m', 'venv', home]) ??
    step(interpreter, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--requirement',
      requirements,
    ])
  if (whyNot === undefined) writeFileSync(made, wanted)
  return whyNot
}
