/** The diagnostics database: one table of rows, bounded in bytes, readable by its owner alone. */
import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DIAGNOSTICS_ROW_BYTES_MAX, DIAGNOSTICS_WAL_BYTES_MAX } from '../limits.ts'
import { type HistoryQuery, type Row, type RowKind, type Span, STANDING_KINDS, subjectOf } from './rows.ts'

/** What can be asked of the rows on disk. */
export interface DatabaseReader {
  /** Oldest first. */
  select(query: HistoryQuery): Row[]
  /** Of each subject its last row, of those that `standingAt` needs for this moment. */
  standing(atMs: number): Row[]
  span(): Span
}

export interface DiagnosticsDatabase extends DatabaseReader {
  write(rows: readonly Row[]): void
  /** Why the file that was there before was set aside; undefined: it was not. */
  readonly asideBecause: string | undefined
  close(): void
}

const SCHEMA_VERSION = 2
/** SQLite moves the write-ahead log into the file when it has so many pages of 4 KiB. */
const CHECKPOINT_PAGES = 512
/** What one call may add to the log: its rows, and the pages that pruning touches. */
const WAL_BYTES_RESERVED = 4 * 1024 * 1024
/** Another process that looks into the file holds it for moments only. */
const BUSY_TIMEOUT_MS = 250
/** Pruned when so full, by so much of the kind that takes most: a pass is rare and short. */
const PRUNE_AT_SHARE = 0.8
const PRUNE_ROWS_SHARE = 0.05
const PRUNE_PASSES_MAX = 10
/** Charts, warnings and policies of one moment. */
const STANDING_ROWS_MAX = 20_000
/** A row's place beside its body. */
const ROW_OVERHEAD_BYTES = 64

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
    return open(file, bytesMax, error instanceof Error ? error.message : String(error))
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
export function readDatabase<T>(file: string, work: (reader: DatabaseReader) => T): T {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  try {
    return work(readerOf(database))
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

function open(file: string, bytesMax: number, asideBecause?: string): DiagnosticsDatabase {
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    return { ...prepare(database, file, bytesMax), asideBecause }
  } catch (error) {
    database.close()
    throw error
  }
}

function prepare(
  database: Database.Database,
  file: string,
  bytesMax: number,
): Omit<DiagnosticsDatabase, 'asideBecause'> {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version !== 0 && version !== SCHEMA_VERSION)
    throw Object.assign(
      new Error(`it is of version ${version}, and this program keeps version ${SCHEMA_VERSION}`),
      {
        code: 'SQLITE_FORMAT',
      },
    )
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  database.pragma(`journal_size_limit = ${DIAGNOSTICS_WAL_BYTES_MAX}`)
  // Some 2 MiB of pages in memory are enough for what is written in order.
  database.pragma('cache_size = -2048')
  database.exec(
    `CREATE TABLE IF NOT EXISTS records (
       id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL) STRICT;
     CREATE INDEX IF NOT EXISTS records_by_kind ON records (kind, at);
     PRAGMA user_version = ${SCHEMA_VERSION};`,
  )
  const reader = readerOf(database)
  const pageBytes = Number(database.pragma('page_size', { simple: true }))
  const pagesMax = Math.max(16, Math.floor(bytesMax / pageBytes))
  // The last resort should pruning not keep up: SQLite then refuses to grow (SQLITE_FULL).
  database.pragma(`max_page_count = ${pagesMax}`)
  const insert = database.prepare('INSERT INTO records (at, kind, subject, body) VALUES (?, ?, ?, ?)')
  const writeAll = database.transaction((rows: readonly Row[]) => {
    for (let pass = 0; pass < PRUNE_PASSES_MAX && isNearlyFull(database, pagesMax); pass += 1) prune(database)
    for (const row of rows)
      insert.run(Math.round(row.at), row.kind, subjectOf(row).slice(0, 1_000), bodyOf(row))
  })
  return {
    ...reader,
    write(rows) {
      keepLogShort(database, file)
      writeAll(rows)
    },
    close: () => void database.close(),
  }
}

/** What says more than a row may is not kept: only that it was there. */
function bodyOf(row: Row): string {
  const body = JSON.stringify(row)
  if (body.length <= DIAGNOSTICS_ROW_BYTES_MAX) return body
  return JSON.stringify({ at: row.at, kind: row.kind, tooLarge: body.length })
}

/** A reader that stays keeps SQLite from moving the log into the file: then nothing more is written until it has gone. */
function keepLogShort(database: Database.Database, file: string): void {
  const isLong = () => {
    const { size = 0 } = statSync(`${file}-wal`, { throwIfNoEntry: false }) ?? {}
    return size > DIAGNOSTICS_WAL_BYTES_MAX - WAL_BYTES_RESERVED
  }
  if (!isLong()) return
  database.pragma('wal_checkpoint(TRUNCATE)')
  if (isLong())
    throw Object.assign(new Error('somebody reads the file and does not end; its log would grow too long'), {
      code: 'SQLITE_BUSY',
    })
}

function isNearlyFull(database: Database.Database, pagesMax: number): boolean {
  const used =
    Number(database.pragma('page_count', { simple: true })) -
    Number(database.pragma('freelist_count', { simple: true }))
  return used >= pagesMax * PRUNE_AT_SHARE
}

/** The oldest rows of the kind that takes most go: what is written seldom stays long. */
function prune(database: Database.Database): void {
  const [heaviest] = database
    .prepare(
      `SELECT kind, count(*) AS count FROM records GROUP BY kind
       ORDER BY sum(length(body) + length(subject)) + count(*) * ${ROW_OVERHEAD_BYTES} DESC LIMIT 1`,
    )
    .all() as { kind: string; count: number }[]
  if (heaviest === undefined) return
  const count = Math.ceil(heaviest.count * PRUNE_ROWS_SHARE)
  database
    .prepare('DELETE FROM records WHERE id IN (SELECT id FROM records WHERE kind = ? ORDER BY id LIMIT ?)')
    .run(heaviest.kind, count)
}

function readerOf(database: Database.Database): DatabaseReader {
  const rowsOf = (found: readonly unknown[]): Row[] =>
    (found as { body: string }[]).flatMap(({ body }) => parsed(body))
  return {
    select({ kind, limit, subject = '', fromMs = 0, untilMs = Number.MAX_SAFE_INTEGER, first = 'newest' }) {
      const order = first === 'newest' ? 'DESC' : 'ASC'
      const found = database
        .prepare(
          `SELECT body FROM records WHERE kind = ? AND at BETWEEN ? AND ? AND substr(subject, 1, length(?)) = ?
           ORDER BY at ${order}, id ${order} LIMIT ?`,
        )
        .all(kind, Math.floor(fromMs), Math.ceil(untilMs), subject, subject, limit)
      const rows = rowsOf(found)
      return first === 'newest' ? rows.reverse() : rows
    },
    standing(atMs) {
      const [began] = database
        .prepare(
          `SELECT id FROM records WHERE kind = 'process' AND at <= ? AND body LIKE '%"state":"started"%'
           ORDER BY id DESC LIMIT 1`,
        )
        .all(atMs) as { id: number }[]
      const kinds = STANDING_KINDS.map((kind) => `'${kind}'`).join(', ')
      return rowsOf(
        database
          .prepare(
            `SELECT body FROM records WHERE id IN (
               SELECT max(id) FROM records WHERE kind IN (${kinds}) AND at <= ? AND id >= ? GROUP BY kind, subject)
             OR id = ? ORDER BY id LIMIT ${STANDING_ROWS_MAX}`,
          )
          .all(atMs, began?.id ?? 0, began?.id ?? -1),
      )
    },
    span() {
      const found = database
        .prepare(
          'SELECT kind, count(*) AS count, min(at) AS oldest, max(at) AS newest FROM records GROUP BY kind',
        )
        .all() as { kind: RowKind; count: number; oldest: number; newest: number }[]
      const rows = Object.fromEntries(found.map(({ kind, count }) => [kind, count]))
      if (found.length === 0) return { rows }
      return {
        oldestMs: Math.min(...found.map(({ oldest }) => oldest)),
        newestMs: Math.max(...found.map(({ newest }) => newest)),
        rows,
      }
    },
  }
}

/** What somebody else wrote into the file may be anything. */
function parsed(body: string): Row[] {
  try {
    const row = JSON.parse(body) as Row & { readonly tooLarge?: number }
    return typeof row.at === 'number' && row.tooLarge === undefined ? [row] : []
  } catch {
    return []
  }
}
