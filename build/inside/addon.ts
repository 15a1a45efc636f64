/**
 * SQLite's addon, sealed in the executable. The dynamic loader of the system takes only files, so it is written out: once,
 * under its own sha256, into a folder that nobody else can write to; or for the moment into a temporary one.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { getRawAsset } from 'node:sea'
import { threadId } from 'node:worker_threads'

/** The asset's name in the executable. */
export const ADDON = 'better_sqlite3.node'

const OWN_FOLDER = 'antrea-nsx-adapter'
const WRITABLE_BY_OTHERS = 0o022

/** The addon's exports. Throws one error that names every folder that was tried and why it did not do. */
export function loadAddon(): unknown {
  const bytes = new Uint8Array(getRawAsset(ADDON))
  const name = `better_sqlite3-${sha256(bytes)}.node`
  const ways = [
    ...lastingFolders().map((folder) => ({ folder, take: () => openKept(folder, name, bytes) })),
    { folder: tmpdir(), take: () => openForTheMoment(name, bytes) },
  ]
  const tried: string[] = []
  for (const { folder, take } of ways) {
    try {
      return take()
    } catch (error) {
      tried.push(`${folder}: ${wordsOf(error)}`)
      if (isTheSystems(error)) break
    }
  }
  throw new Error(
    `SQLite cannot be loaded; it needs glibc 2.34 or later and a folder to be put in (${tried.join('; ')})`,
  )
}

/** systemd's folders for this service, the best first (it may give several, with colons), then the user's cache. */
function lastingFolders(): string[] {
  const fromSystemd = ['CACHE_DIRECTORY', 'STATE_DIRECTORY', 'RUNTIME_DIRECTORY']
    .map((variable) => process.env[variable]?.split(':')[0] ?? '')
    .filter(isAbsolute)
  const cache = process.env['XDG_CACHE_HOME'] ?? ''
  const ofTheUser = isAbsolute(cache) ? cache : join(homedir(), '.cache')
  return [...fromSystemd, ...(isAbsolute(ofTheUser) ? [join(ofTheUser, OWN_FOLDER)] : [])]
}

function openKept(folder: string, name: string, bytes: Uint8Array): unknown {
  const file = join(folder, name)
  keep(folder, file, bytes)
  return open(file)
}

/** Puts the file there unless it is there already as it must be. Throws when the folder or the disk does not do. */
function keep(folder: string, file: string, bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(folder)
  if (!isOursOrRoots(uid) || (mode & WRITABLE_BY_OTHERS) !== 0)
    throw new Error('others can write to it; it is passed over')
  if (isIntact(file, bytes)) return
  const draft = `${file}.${process.pid}.${threadId}`
  try {
    rmSync(draft, { force: true })
    writeFileSync(draft, bytes, { flag: 'wx', mode: 0o500, flush: true })
    // Root's commands may leave it for the daemon's user.
    chmodSync(draft, 0o555)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** True for a plain file of ours or root's that nobody else can change and that holds exactly these bytes. */
function isIntact(file: string, bytes: Uint8Array): boolean {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return false
  }
  try {
    const stats = fstatSync(handle)
    if (!stats.isFile() || !isOursOrRoots(stats.uid) || (stats.mode & WRITABLE_BY_OTHERS) !== 0) return false
    return stats.size === bytes.byteLength && sha256(readFileSync(handle)) === sha256(bytes)
  } finally {
    closeSync(handle)
  }
}

/** Out of a folder of this process alone; nothing stays, for the system keeps an opened file without its name. */
function openForTheMoment(name: string, bytes: Uint8Array): unknown {
  const folder = mkdtempSync(join(tmpdir(), `${OWN_FOLDER}-`))
  try {
    const file = join(folder, name)
    writeFileSync(file, bytes, { flag: 'wx', mode: 0o500 })
    return open(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function open(file: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}

const isOursOrRoots = (uid: number): boolean => uid === 0 || uid === process.getuid?.()

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The system's libraries are too old or missing: no other folder helps. */
const isTheSystems = (error: unknown): boolean =>
  /version `\w+_[\d.]+' not found|cannot open shared object file|wrong ELF class/.test(wordsOf(error))
