/** What the repository's own rules look at: its source files, their imports and their text. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly Import[]
}

export interface Import {
  /** A path from the root for a relative import, else the package or node: module. */
  readonly target: string
  readonly typeOnly: boolean
  /** `import()`: loaded when needed. */
  readonly lazy: boolean
}

const STATIC = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
const LAZY = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

function importsOf(path: string, text: string): Import[] {
  const resolve = (target: string) =>
    target.startsWith('.') ? normalize(join(dirname(path), target)) : target
  const found: Import[] = []
  for (const [, typeWord, target] of text.matchAll(STATIC))
    found.push({ target: resolve(target!), typeOnly: typeWord !== undefined, lazy: false })
  for (const [, target] of text.matchAll(LAZY))
    found.push({ target: resolve(target!), typeOnly: false, lazy: true })
  return found
}

/** Tracked and new files under these folders that match, ignoring what git ignores. */
export function trackedFiles(...folders: string[]): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...folders],
    { cwd: root, encoding: 'utf8' },
  )
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
}

export function sourceFiles(...folders: string[]): SourceFile[] {
  return trackedFiles(...folders)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return {
        path: relative(root, join(root, path)),
        text,
        lines: text.split('\n').length,
        imports: importsOf(path, text),
      }
    })
}

/** `src/kube/watch.ts` lives in `kube`; `src/adapter.ts` in `adapter.ts`; machines in `machines`. */
export function roomOf(path: string): string {
  const [top, second = ''] = path.split('/')
  return top === 'src' ? second : (top ?? '')
}
