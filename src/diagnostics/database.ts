/** The diagnostics database: one table of transitions, bounded in bytes, readable by its owner alone. */
import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { Transition } from './inspection.ts'

export interface ReadQuery {
  /** The newest so many. */
  readonly limit: number
  /** Only charts whose path starts so. */
  readonly machine?: string
}

export interface DiagnosticsDatabase {
  write(rows: readonly Transition[]): void
  /** Oldest first. */
  read(query: ReadQuery): Transition[]
  close(): void
}

const SCHEMA_VERSION = 1
/** The write-ahead log is cut back to this after a checkpoint (every 1,000 pages of 4 KiB by SQLite's default). */
const WAL_BYTES_MAX = 4 * 1024 * 1024
/** Another process that looks into the file holds it for moments only. */
const BUSY_TIMEOUT_MS = 250
/** Pruned when so full, by so much: a pass is rare and short. */
const PRUNE_AT_SHARE = 0.9
const PRUNE_ROWS_SHARE = 0.2

/**
 * Opens or creates the file with mode 0600, and its folder with 0700. A file that SQLite does not take as a database, or that another version of
 * this program made, is set aside as FILE.unreadable (one is kept) and begun anew. Throws what the disk says.
 */
export function openDatabase(file: string, bytesMax: number): DiagnosticsDatabase {
  makeFolder(dirname(file))
  try {
    return open(file, bytesMax)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    setAside(file)
    return open(file, bytesMax)
  }
}

/** One folder, not those above it: a path that is wrong higher up is told, not built. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Opens an existing file for reading only, for a person to look into while or after the daemon runs. */
export function readDatabase(file: string, query: ReadQuery): Transition[] {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  try {
    return readRows(database, query)
  } finally {
    database.close()
  }
}

/** What SQLite calls damaged, and what is no database at all. */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  /^SQLITE_(CORRUPT|NOTADB|FORMAT|SCHEMA)/.test(String(error.code))

export function setAside(file: string): void {
  rmSync(`${file}.unreadable`, { force: true })
  renameSync(file, `${file}.unreadable`)
  for (const companion of ['-wal', '-shm', '-journal']) rmSync(file + companion, { force: true })
}

function open(file: string, bytesMax: number): DiagnosticsDatabase {
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    return prepare(database, bytesMax)
  } catch (error) {
    database.close()
    throw error
  }
}

function prepare(database: Database.Database, bytesMax: number): DiagnosticsDatabase {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version !== 0 && version !== SCHEMA_VERSION)
    throw Object.assign(new Error(`the diagnostics file has version ${version}`), { code: 'SQLITE_FORMAT' })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`)
  database.exec(
    `CREATE TABLE IF NOT EXISTS transitions (
       id INTEGER PRIMARY KEY, at INTEGER NOT NULL, machine TEXT NOT NULL,
       "from" TEXT NOT NULL, "to" TEXT NOT NULL, event TEXT NOT NULL) STRICT;
     PRAGMA user_version = ${SCHEMA_VERSION};`,
  )
  const pageBytes = Number(database.pragma('page_size', { simple: true }))
  const pagesMax = Math.max(16, Math.floor(bytesMax / pageBytes))
  // The last resort should pruning not keep up: SQLite then refuses to grow (SQLITE_FULL).
  database.pragma(`max_page_count = ${pagesMax}`)
  const insert = database.prepare(
    'INSERT INTO transitions (at, machine, "from", "to", event) VALUES (@at, @machine, @from, @to, @event)',
  )
  const prune = () => {
    const used =
      Number(database.pragma('page_count', { simple: true })) -
      Number(database.pragma('freelist_count', { simple: true }))
    if (used < pagesMax * PRUNE_AT_SHARE) return
    database
      .prepare(
        'DELETE FROM transitions WHERE id <= (SELECT min(id) + (max(id) - min(id)) * ? FROM transitions)',
      )
      .run(PRUNE_ROWS_SHARE)
  }
  const writeAll = database.transaction((rows: readonly Transition[]) => {
    prune()
    for (const row of rows) insert.run(row)
  })
  return {
    write: (rows) => void writeAll(rows),
    read: (query) => readRows(database, query),
    close: () => void database.close(),
  }
}

function readRows(database: Database.Database, { limit, machine = '' }: ReadQuery): Transition[] {
  const rows = database
    .prepare(
      `SELECT at, machine, "from", "to", event FROM transitions
       WHERE substr(machine, 1, length(?)) = ? ORDER BY id DESC LIMIT ?`,
    )
    .all(machine, machine, limit) as Transition[]
  return rows.reverse()
}
