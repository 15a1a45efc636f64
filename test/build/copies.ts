/** The build in copies of this checkout, whatever happens to the checkout meanwhile. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../e2e/process.ts'

export interface Copy {
  readonly path: string
  /** Standard output of the build, with these options; throws with what it says when it fails. */
  build(...words: string[]): string
  /** A file of the output folder. */
  output(name: string): string
}

export interface Copies {
  /** Two with the same content, on paths of different length. */
  readonly copies: readonly [Copy, Copy]
  remove(): void
}

/** What the build reads. */
const CONTENT = [
  'build',
  'docs',
  'machines',
  'packaging',
  'src',
  'package.json',
  'package-lock.json',
] as const
const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'LICENSE'] as const

/** Links the packages in place of copying them: both are on the checkout's own disk for that. */
export function makeCopies(): Copies {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/build-test-'))
  const first = join(folder, 'a')
  const second = join(folder, 'another/place/of/a/longer/name')
  for (const name of [...CONTENT, ...DOCUMENTS])
    cpSync(join(root, name), join(first, name), { recursive: true })
  execFileSync('cp', ['-al', join(root, 'node_modules'), join(first, 'node_modules')])
  mkdirSync(dirname(second), { recursive: true })
  execFileSync('cp', ['-al', first, second])
  return {
    copies: [copy(first), copy(second)],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const copy = (path: string): Copy => ({
  path,
  build(...words) {
    const node = join(path, 'node_modules/.bin/node')
    const { status, stdout, stderr } = spawnSync(node, ['build/index.ts', ...words], {
      cwd: path,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`the build ended with ${status}:\n${stderr}`)
    return stdout
  },
  output: (name) => join(path, 'dist', name),
})
