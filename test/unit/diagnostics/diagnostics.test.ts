/** Diagnostics are kept when the disk is well, and cost nobody anything when it is not. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { openDatabase } from '../../../src/diagnostics/database.ts'
import { createDiagnostics, createRing, type RowOf, readHistoryFile } from '../../../src/diagnostics/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createRealClock } from '../../../src/world/real.ts'

const clock = createRealClock()
const row = (n: number, machine = 'adapter'): RowOf<'transition'> => ({
  kind: 'transition',
  at: n,
  machine,
  from: 'a',
  to: 'b',
  event: `E${n}`,
})

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'diagnostics-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function keep(context: TestContext, file: string, more: { rowsMax?: number; retryMs?: number } = {}) {
  const health = createHealth(clock)
  const diagnostics = createDiagnostics({ file, clock, health, log: SILENT, retryMs: 50, ...more })
  context.after(() => diagnostics.close())
  const lost = () => health.warnings().find(({ code }) => code === 'DIAGNOSTICS_LOST')?.detail
  return { diagnostics, lost }
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 300; turn += 1) {
    if (check()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail(`not seen: ${what}`)
}

test('the ring drops its oldest rows, counts them, and releases only what was peeked', () => {
  const ring = createRing<number>(3)
  for (const n of [1, 2, 3, 4]) ring.push(n)
  const { rows, mark } = ring.peek(2)
  assert.deepEqual(rows, [2, 3])
  ring.push(5)
  ring.release(mark)
  assert.deepEqual(ring.peek(9).rows, [4, 5])
  assert.equal(ring.dropped, 2)
})

test('transitions are written, read back in order, and there for a reader after the end', async (context) => {
  const file = join(folder(context), 'state', 'd.sqlite')
  const { diagnostics } = keep(context, file)
  for (let n = 0; n < 5; n += 1) diagnostics.record(row(n, n % 2 === 0 ? 'adapter/ccp' : 'adapter/mp'))
  const read = await diagnostics.read({ limit: 2, machine: 'adapter/ccp' })
  assert.deepEqual(
    read.map(({ at }) => at),
    [2, 4],
  )
  await diagnostics.close()
  assert.deepEqual(
    (await readHistoryFile(file).read({ limit: 10 })).map(({ at }) => at),
    [0, 1, 2, 3, 4],
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('a damaged file is set aside and a new one begun', async (context) => {
  const path = folder(context)
  const file = join(path, 'd.sqlite')
  writeFileSync(file, 'this is no database, whatever its name says'.repeat(200))
  const { diagnostics, lost } = keep(context, file)
  diagnostics.record(row(1))
  await until('a written row', () => diagnostics.counts().written === 1)
  assert.equal(lost(), undefined)
  assert.ok(readdirSync(path).includes('d.sqlite.unreadable'))
})

test('a file of another version is set aside, not written into', (context) => {
  const path = folder(context)
  const file = join(path, 'd.sqlite')
  const other = new Database(file)
  other.pragma('user_version = 99')
  other.close()
  const database = openDatabase(file, 1 << 20)
  database.write([row(1)])
  database.close()
  assert.ok(readdirSync(path).includes('d.sqlite.unreadable'))
})

test('a file that another process holds: a warning, the newest rows kept, written once it is free', async (context) => {
  const file = join(folder(context), 'd.sqlite')
  const holder = new Database(file)
  holder.exec('CREATE TABLE held (x); BEGIN EXCLUSIVE')
  const { diagnostics, lost } = keep(context, file, { rowsMax: 10 })
  for (let n = 0; n < 25; n += 1) diagnostics.record(row(n))
  await until('the warning', () => lost() !== undefined)
  assert.match(lost() ?? '', /locked/)
  assert.equal(diagnostics.counts().dropped, 15)
  holder.exec('ROLLBACK')
  holder.close()
  await until('the rows', () => diagnostics.counts().written === 10)
  assert.equal(lost(), undefined)
})

test('a folder that cannot be written: a warning, and recording stays as cheap as before', async (context) => {
  const path = folder(context)
  // A file where the folder should be: refused for root, too.
  writeFileSync(join(path, 'blocked'), '')
  const { diagnostics, lost } = keep(context, join(path, 'blocked', 'd.sqlite'))
  diagnostics.record(row(1))
  await until('the warning', () => lost() !== undefined)
  const startMs = clock.monotonicMs()
  for (let n = 0; n < 100_000; n += 1) diagnostics.record(row(n))
  assert.ok(clock.monotonicMs() - startMs < 1_000)
  await assert.rejects(diagnostics.read({ limit: 1 }))
  assert.ok(diagnostics.counts().waiting <= 4_096)
})

test('a full disk: SQLite says so, the writer hears it', (context) => {
  const file = join(folder(context), 'd.sqlite')
  const database = openDatabase(file, 1 << 20)
  assert.throws(
    () => database.write(Array.from({ length: 500 }, () => ({ ...row(1), event: 'x'.repeat(4_096) }))),
    (error) => error instanceof Error && 'code' in error && error.code === 'SQLITE_FULL',
  )
  database.write([row(2)])
  assert.equal(database.select({ kind: 'transition', limit: 9 }).length, 1)
  database.close()
})

test('the file stays within its bytes; the oldest rows go', (context) => {
  const file = join(folder(context), 'd.sqlite')
  const bytesMax = 1 << 20
  const database = openDatabase(file, bytesMax)
  const rows = Array.from({ length: 500 }, (_, n) => ({ ...row(n), to: 'x'.repeat(100) }))
  for (let batch = 0; batch < 60; batch += 1)
    database.write(rows.map((each) => ({ ...each, at: batch * 500 + each.at })))
  const kept = database.select({ kind: 'transition', limit: 1_000_000 })
  database.close()
  assert.equal(kept.at(-1)?.at, 29_999)
  assert.ok(kept.length > 2_000 && kept.length < 10_000, String(kept.length))
  assert.ok(statSync(file).size <= bytesMax)
})

test('closing ends within its limit though the disk does not answer', async (context) => {
  const file = join(folder(context), 'd.sqlite')
  const holder = new Database(file)
  holder.exec('CREATE TABLE held (x); BEGIN EXCLUSIVE')
  context.after(() => holder.close())
  const { diagnostics } = keep(context, file)
  diagnostics.record(row(1))
  const startMs = clock.monotonicMs()
  await diagnostics.close(300)
  assert.ok(clock.monotonicMs() - startMs < 900)
})

test('a disk that never answers: one stuck thread and no second one, told, and well again once it answers', async (context) => {
  const file = join(folder(context), 'd.sqlite')
  // Opening a FIFO for writing waits for a reader, as a dead network file system would.
  execFileSync('mkfifo', [file])
  const { diagnostics, lost } = keep(context, file)
  diagnostics.record(row(1))
  await until('the warning', () => /does not answer/.test(lost() ?? ''))
  const failures = diagnostics.counts().failures
  await until('further tries', () => diagnostics.counts().failures > failures + 2)
  await assert.rejects(diagnostics.read({ limit: 1 }), /does not answer/)
  const startMs = clock.monotonicMs()
  assert.equal(await diagnostics.close(100), false)
  assert.ok(clock.monotonicMs() - startMs < 800)
  closeSync(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK))
})
