/**
 * The folder of the state: private, and able to tell that its content was put there by somebody else. A file system has no
 * word for that, but a copy shows: the state file is another inode, or the mark beside it, which is written once and never
 * again, was touched. What neither shows (a snapshot of the whole disk), a person says with `--restored`; and adapters refuse
 * what is older in the same epoch (MANAGER_BEHIND).
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { needsPerson } from '../../errors.ts'

export interface StateFolder {
  readonly path: string
  /** The SQLite file; it may not exist yet. */
  readonly file: string
  readonly isNew: boolean
  /** Where the state file and the mark are now; the mark is made when it is not there. */
  home(token: string): Home
}

/** What a copy does not keep. */
export interface Home {
  readonly token: string
  readonly fileInode: string
  readonly markInode: string
  /** Nanoseconds; also set by whoever only changes the owner. */
  readonly markChangedAt: string
}

const FILE = 'state.sqlite'
const MARK = 'store-mark'

/** Makes the folder (0700), not those above it. Throws with what to do when it cannot be used. */
export function openFolder(path: string): StateFolder {
  try {
    return prepare(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === undefined || cause instanceof Error === false || !/^E[A-Z]+$/.test(code)) throw cause
    throw needsPerson(
      'MANAGER_DATA_FOLDER',
      `the folder ${path} cannot be used (${cause.message}); give one that this user may write, below one that exists`,
      { cause },
    )
  }
}

function prepare(path: string): StateFolder {
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
  const names = readdirSync(path)
  const [file, mark] = [join(path, FILE), join(path, MARK)]
  const isNew = !names.includes(FILE)
  if (isNew && names.includes(MARK))
    throw needsPerson(
      'MANAGER_DATA_MISSING',
      `${path} had a state file and has none now: put ${FILE} back from a backup, or delete ${mark} to begin with an empty one`,
    )
  if (isNew && names.some((name) => !OWN.includes(name)))
    throw needsPerson(
      'MANAGER_DATA_FOLDER',
      `the folder ${path} holds other things and no ${FILE}; the manager needs a folder of its own`,
    )
  chmodSync(path, 0o700)
  return {
    path,
    file,
    isNew,
    home(token) {
      if (!existsSync(mark)) writeMark(mark, token)
      const [ofFile, ofMark] = [statSync(file, { bigint: true }), statSync(mark, { bigint: true })]
      return {
        token: readFileSync(mark, 'utf8').slice(0, 64),
        fileInode: String(ofFile.ino),
        markInode: String(ofMark.ino),
        markChangedAt: String(ofMark.ctimeNs),
      }
    },
  }
}

/** Made by the command beside the state; they may be there before it. */
const OWN: readonly string[] = ['pki', 'content', 'lost+found']

function writeMark(file: string, token: string): void {
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeFileSync(descriptor, token)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
