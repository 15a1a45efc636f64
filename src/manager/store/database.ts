/**
 * The SQLite file: one table of everything that is kept, each row with a sum over it. WAL with synchronous=FULL: a commit
 * returns when its log is on the disk (SQLite's page on PRAGMA synchronous), which a power cut does not undo. One process has
 * the file, by locking_mode=EXCLUSIVE.
 */
import { chmodSync, closeSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import Database from 'better-sqlite3'
import { needsPerson } from '../../errors.ts'
import { MANAGER_DATA_BYTES_MAX, MANAGER_DATA_LOCK_MS, MANAGER_DATA_WAL_BYTES_MAX } from '../../limits.ts'
import type { Room } from '../storage.ts'

/** A step of the schema, from one version to the next. Those that were released are never changed. */
export type Migration = (database: Database.Database) => void

export const MIGRATIONS: readonly Migration[] = [
  (database) =>
    database.exec(
      `CREATE TABLE kept (
         id INTEGER PRIMARY KEY, room TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, sum INTEGER NOT NULL,
         UNIQUE (room, key)) STRICT;
       CREATE TABLE trial (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;`,
    ),
]

/** `antx`: another program's SQLite file is not taken for ours. */
const APPLICATION_ID = 0x61_6e_74_78
/** What a write is tried with after the disk refused one. */
const TRIAL_BYTES = 262_144

export type Noted = ReadonlyMap<Room, ReadonlyMap<string, unknown>>

export interface StateDatabase {
  rows(room: Room): Iterable<readonly [key: string, value: unknown]>
  /** All of it or nothing; durable when it returns. Throws what the disk says. */
  write(noted: Noted): void
  /** Throws when the disk takes no writes. */
  tryWriting(): void
  close(): void
}

export interface DatabaseOptions {
  readonly migrations?: readonly Migration[]
  readonly bytesMax?: number
}

/** Opens or creates the file (0600). Throws with what to do; what is there is never overwritten. */
export function openDatabase(file: string, options: DatabaseOptions = {}): StateDatabase {
  let database: Database.Database | undefined
  try {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    database = new Database(file, { timeout: MANAGER_DATA_LOCK_MS })
    prepare(database, file, options)
    return operations(database, file, options.bytesMax ?? MANAGER_DATA_BYTES_MAX)
  } catch (cause) {
    database?.close()
    throw inWords(file, cause)
  }
}

function prepare(
  database: Database.Database,
  file: string,
  { migrations = MIGRATIONS }: DatabaseOptions,
): void {
  database.pragma('locking_mode = EXCLUSIVE')
  checkOurs(database, file, migrations.length)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma(`journal_size_limit = ${MANAGER_DATA_WAL_BYTES_MAX}`)
  const version = Number(database.pragma('user_version', { simple: true }))
  database.transaction(() => {
    for (const migrate of migrations.slice(version)) migrate(database)
    database.pragma(`application_id = ${APPLICATION_ID}`)
    database.pragma(`user_version = ${migrations.length}`)
  })()
}

/** Before anything is written: a newer version's file, or another program's, stays as it is. */
function checkOurs(database: Database.Database, file: string, newest: number): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  const id = Number(database.pragma('application_id', { simple: true }))
  const isEmpty = Number(database.pragma('page_count', { simple: true })) === 0
  if (isEmpty) return
  if (id !== APPLICATION_ID)
    throw needsPerson(
      'MANAGER_DATA_FOREIGN',
      `${file} is a database of another program; give the manager a folder of its own`,
    )
  if (version > newest)
    throw needsPerson(
      'MANAGER_DATA_NEWER',
      `${file} was written by a newer version of this program (schema ${version}, known here is ${newest}); run that version or a newer one`,
    )
  const complaint = database.pragma('quick_check(1)', { simple: true })
  if (complaint !== 'ok') throw corrupt(file, String(complaint))
}

function operations(database: Database.Database, file: string, bytesMax: number): StateDatabase {
  // A row that is written again keeps its place: lists come back in the order in which their objects were made.
  const put = database.prepare(
    `INSERT INTO kept (room, key, value, sum) VALUES (?, ?, ?, ?)
     ON CONFLICT (room, key) DO UPDATE SET value = excluded.value, sum = excluded.sum`,
  )
  const remove = database.prepare('DELETE FROM kept WHERE room = ? AND key = ?')
  const all = database.prepare('SELECT key, value, sum FROM kept WHERE room = ? ORDER BY id')
  const fill = database.prepare('INSERT INTO trial (content) VALUES (zeroblob(?))')
  const empty = database.prepare('DELETE FROM trial')
  const pages = (pragma: string) => Number(database.pragma(pragma, { simple: true }))
  const usedBytes = () => (pages('page_count') - pages('freelist_count')) * pages('page_size')
  const writeAll = database.transaction((noted: Noted) => {
    const beforeBytes = usedBytes()
    for (const [room, values] of noted)
      for (const [key, value] of values)
        if (value === undefined) remove.run(room, key)
        else {
          const text = JSON.stringify(typeof value === 'function' ? value() : value)
          put.run(room, key, text, sumOf(room, key, text))
        }
    // What makes it smaller is always taken.
    const bytes = usedBytes()
    if (bytes > bytesMax && bytes > beforeBytes)
      throw Object.assign(new Error(`the state file may have ${bytesMax} bytes`), { code: 'SQLITE_FULL' })
  })
  const filled = database.transaction(() => void fill.run(TRIAL_BYTES))
  return {
    *rows(room) {
      try {
        for (const row of all.iterate(room)) yield readRow(file, room, row as Row)
      } catch (cause) {
        throw inWords(file, cause)
      }
    },
    write: (noted) => void writeAll(noted),
    tryWriting() {
      filled()
      empty.run()
    },
    close: () => void database.close(),
  }
}

interface Row {
  readonly key: string
  readonly value: string
  readonly sum: number
}

function readRow(file: string, room: Room, { key, value, sum }: Row): readonly [string, unknown] {
  if (sumOf(room, key, value) !== sum) throw corrupt(file, `the sum of ${room} ${key.slice(0, 200)} is wrong`)
  return [key, JSON.parse(value)]
}

const sumOf = (room: Room, key: string, value: string): number => crc32(value, crc32(`${room}\n${key}\n`))

const corrupt = (file: string, why: string, cause?: unknown) =>
  needsPerson(
    'MANAGER_DATA_CORRUPT',
    `${file} is damaged (${why}) and was left as it is: restore the folder from a backup, or move it away to begin with an empty one`,
    cause === undefined ? {} : { cause },
  )

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** What SQLite and the system say, with what to do. */
function inWords(file: string, cause: unknown): unknown {
  const [code, words] = [codeOf(cause), cause instanceof Error ? cause.message : String(cause)]
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(code)) return corrupt(file, words, cause)
  if (/^SQLITE_(BUSY|LOCKED)/.test(code))
    return needsPerson(
      'MANAGER_DATA_IN_USE',
      `${file} is held by another process: a manager runs on this folder already; stop it, or give this one another folder`,
      { cause },
    )
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|IOERR|FULL)|^E(ACCES|PERM|ROFS|NOSPC|IO)$/.test(code))
    return needsPerson(
      'MANAGER_DATA_UNWRITABLE',
      `${file} cannot be written (${words}); see to its rights and to free space on its disk`,
      { cause },
    )
  return cause
}

/** The disk has no room left for it, in contrast to one that fails. */
export const isFull = (error: unknown): boolean =>
  /^SQLITE_FULL/.test(codeOf(error)) || /ENOSPC|EDQUOT|EFBIG/.test(codeOf(error))
