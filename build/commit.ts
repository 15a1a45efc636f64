/** Which commit is built. */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'

const git = (root: string, ...words: string[]): string | undefined => {
  const { status, stdout } = spawnSync('git', ['-C', root, ...words], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** The commit that is checked out at this root, `-changed` where the files are not its own; undefined outside a checkout. */
export function commitOf(root: string): string | undefined {
  if (git(root, 'rev-parse', '--show-toplevel') !== realpathSync(root)) return undefined
  const commit = git(root, 'rev-parse', 'HEAD')
  if (commit === undefined) return undefined
  return git(root, 'status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}-changed`
}
