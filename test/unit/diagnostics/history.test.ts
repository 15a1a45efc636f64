/** Looking back: rows by kind, subject and time, and how everything stood at a moment; on disk and in memory alike. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { openDatabase } from '../../../src/diagnostics/database.ts'
import {
  createDiagnostics,
  type Diagnostics,
  latencyAt,
  type Row,
  type RowOf,
  readHistoryFile,
  rememberDiagnostics,
} from '../../../src/diagnostics/index.ts'
import { createLatencies } from '../../../src/diagnostics/latencies.ts'
import type { Fact } from '../../../src/health/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import { DIAGNOSTICS_TEXT_CHARS_MAX } from '../../../src/limits.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createStatusHandler } from '../../../src/serve/index.ts'
import { createRealClock } from '../../../src/world/real.ts'

const real = createRealClock()

/** A clock whose time of day is what the test says. */
function clockAt() {
  const day = { now: 0 }
  return { day, clock: { ...real, now: () => day.now } }
}

function fileOf(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'history-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'd.sqlite')
}

const ABOUT = { instance: 'cp-1', version: '1.0.0' }

/** Two lives of a process, some seconds each; times in seconds. */
function live(diagnostics: Diagnostics, day: { now: number }): void {
  const at = (second: number) => {
    day.now = second * 1_000
  }
  const go = (machine: string, from: string, to: string, ended?: true) =>
    diagnostics.record({
      at: day.now,
      machine,
      from,
      to,
      event: 'E',
      ...(ended === undefined ? {} : { ended }),
    })
  const warn = (state: 'raised' | 'over', code = 'NSX_UNREACHABLE') =>
    diagnostics.tell({ kind: 'warning', code, state, severity: 'error', detail: 'refused' })
  at(10)
  diagnostics.tell({ kind: 'process', state: 'started', ...ABOUT })
  go('adapter', '', 'standby')
  go('adapter/ccp', '', 'standby')
  at(20)
  go('adapter', 'standby', 'leading')
  go('adapter/mp/request-1', '', 'running')
  warn('raised')
  diagnostics.tell({ kind: 'problem', policy: '/infra/p', codes: ['RULE_PORT_NAMED'], message: 'no' })
  at(30)
  go('adapter/mp/request-1', 'running', 'done', true)
  warn('over')
  at(40)
  diagnostics.tell({ kind: 'process', state: 'started', ...ABOUT })
  go('adapter', '', 'standby')
  at(50)
  diagnostics.tell({ kind: 'process', state: 'stopped', ...ABOUT })
}

async function looksRight(look: Pick<Diagnostics, 'standing' | 'select' | 'span' | 'read'>): Promise<void> {
  const states = async (second: number) => {
    const { transitions } = await look.standing(second * 1_000)
    return Object.fromEntries(transitions.map(({ machine, to }) => [machine, to]))
  }
  assert.deepEqual(await states(5), {})
  assert.deepEqual(await states(15), { adapter: 'standby', 'adapter/ccp': 'standby' })
  assert.deepEqual(await states(25), {
    adapter: 'leading',
    'adapter/ccp': 'standby',
    'adapter/mp/request-1': 'running',
  })
  assert.deepEqual(await states(35), { adapter: 'leading', 'adapter/ccp': 'standby' })
  assert.deepEqual(await states(45), { adapter: 'standby' }, 'the charts of the process before are gone')
  assert.deepEqual(await states(55), {})
  const then = await look.standing(25_000)
  assert.deepEqual([then.warnings.length, then.problems.length, then.process?.at], [1, 1, 10_000])
  const later = await look.standing(35_000)
  assert.deepEqual([later.warnings.length, later.problems.length], [0, 1])
  assert.equal((await look.standing(45_000)).problems.length, 0)

  const machines = async (query: object) =>
    (await look.select({ kind: 'transition', limit: 9, ...query })).map(
      ({ machine, to }) => `${machine} ${to}`,
    )
  assert.deepEqual(await machines({ fromMs: 20_000, untilMs: 30_000, subject: 'adapter/mp' }), [
    'adapter/mp/request-1 running',
    'adapter/mp/request-1 done',
  ])
  assert.deepEqual(await machines({ fromMs: 20_000, limit: 2, first: 'oldest' }), [
    'adapter leading',
    'adapter/mp/request-1 running',
  ])
  assert.deepEqual(await machines({ limit: 1 }), ['adapter standby'])
  assert.equal((await look.read({ limit: 9, machine: 'adapter/ccp' })).length, 1)
  const span = await look.span()
  assert.deepEqual([span.oldestMs, span.newestMs], [10_000, 50_000])
  assert.deepEqual([span.rows.transition, span.rows.warning, span.rows.process], [6, 2, 3])
}

test('in memory, on disk, half of it still on its way, and read from the file: the same past', async (context) => {
  const memory = clockAt()
  const remembered = rememberDiagnostics(memory.clock)
  live(remembered, memory.day)
  await looksRight(remembered)

  const file = fileOf(context)
  const { clock, day } = clockAt()
  const kept = createDiagnostics({ file, clock, health: createHealth(clock), log: SILENT })
  live(kept, day)
  await looksRight(kept)
  while (kept.counts().waiting > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await looksRight(kept)
  await kept.close(10_000)
  await looksRight(readHistoryFile(file))
})

test('every sort of fact is kept as it was told, with long texts cut, and latencies as histograms', async (context) => {
  const { clock, day } = clockAt()
  day.now = 1_000
  const kept = createDiagnostics({ file: fileOf(context), clock, health: createHealth(clock), log: SILENT })
  const facts: Fact[] = [
    {
      kind: 'step',
      channel: 'ccp',
      plan: 1,
      step: 'create-policy',
      subject: 'p',
      outcome: 'done',
      tookMs: 7,
    },
    {
      kind: 'plan',
      channel: 'ccp',
      plan: 1,
      steps: { 'create-policy': 1 },
      written: 1,
      outcome: 'done',
      tookMs: 9,
      deliveredMs: 40,
    },
    { kind: 'session', channel: 'mp', state: 'opened', session: 's' },
    { kind: 'request', request: 'r', asked: 'TRACEFLOW', outcome: 'done', tookMs: 1_500 },
    { kind: 'problem', policy: '/infra/p', codes: ['X'], message: 'y'.repeat(10_000) },
  ]
  for (const fact of facts) kept.tell(fact)
  for (const fact of facts) {
    const [row] = await kept.select({ kind: fact.kind, limit: 9 })
    const wanted =
      'message' in fact ? { ...fact, message: fact.message?.slice(0, DIAGNOSTICS_TEXT_CHARS_MAX) } : fact
    assert.deepEqual(row, { at: 1_000, ...wanted })
  }
  const { file } = { file: fileOf(context) }
  await kept.close(10_000)
  const again = createDiagnostics({ file, clock, health: createHealth(clock), log: SILENT })
  for (const fact of facts) again.tell(fact)
  await again.close(10_000)
  const rows = await readHistoryFile(file).select({ kind: 'latency', limit: 9 })
  assert.deepEqual(
    rows.map(({ what, count, maxMs }) => [what, count, maxMs]),
    [
      ['ccp step', 1, 7],
      ['ccp plan', 1, 9],
      ['ccp delivery', 1, 40],
      ['request TRACEFLOW', 1, 1_500],
    ],
  )
})

test('a histogram says between which bounds the median and the tail are', () => {
  const latencies = createLatencies()
  for (let n = 0; n < 99; n += 1) latencies.add('x', 3)
  latencies.add('x', 700_000)
  const [row] = latencies.take()
  assert.ok(row !== undefined)
  assert.deepEqual([latencyAt(row, 0.5), latencyAt(row, 0.99), latencyAt(row, 1)], [5, 5, Infinity])
  assert.equal(row.count, 100)
  assert.deepEqual(latencies.take(), [])
  for (let n = 0; n < 1_000; n += 1) latencies.add(`thing ${n}`, 1)
  assert.equal(latencies.take().length, 64)
})

const transition = (n: number): Row => ({
  kind: 'transition',
  at: n,
  machine: 'adapter/lease',
  from: 'a',
  to: 'x'.repeat(100),
  event: 'E',
})
const step = (n: number): RowOf<'step'> => ({
  kind: 'step',
  at: n,
  channel: 'ccp',
  plan: n,
  step: 'create-policy',
  subject: `p-${n}`,
  outcome: 'done',
})

test('what is written seldom outlives what is written often, and file and log stay within their bytes', (context) => {
  const file = fileOf(context)
  const bytesMax = 2 << 20
  const database = openDatabase(file, bytesMax)
  database.write(Array.from({ length: 50 }, (_, n) => step(n)))
  let logMax = 0
  for (let batch = 0; batch < 100; batch += 1) {
    database.write(Array.from({ length: 500 }, (_, n) => transition(batch * 500 + n)))
    logMax = Math.max(logMax, statSync(`${file}-wal`).size)
  }
  assert.equal(database.select({ kind: 'step', limit: 100 }).length, 50)
  const kept = database.span().rows.transition ?? 0
  assert.ok(kept > 2_000 && kept < 12_000, `${kept} transitions`)
  database.close()
  assert.ok(statSync(file).size <= bytesMax)
  assert.ok(logMax <= 8 << 20, `${logMax} bytes of log`)
})

test('a reader that does not end stops the writing before the log is too long, and nothing else', (context) => {
  const file = fileOf(context)
  const database = openDatabase(file, 64 << 20)
  database.write([transition(0)])
  const reader = new Database(file, { readonly: true })
  context.after(() => reader.close())
  const held = reader.prepare('SELECT * FROM records').iterate()
  held.next()
  const batch = Array.from({ length: 500 }, (_, n) => ({ ...transition(n), to: 'y'.repeat(2_000) }) as Row)
  assert.throws(() => {
    for (let n = 0; n < 20; n += 1) database.write(batch)
  }, /somebody reads the file/)
  assert.ok(statSync(`${file}-wal`).size <= 8 << 20, `${statSync(`${file}-wal`).size}`)
  held.return?.()
  database.write(batch)
  database.close()
})

test('an older or newer file, and lies in a right one: set aside and counted, or read for what they are', async (context) => {
  for (const version of [1, 3]) {
    const file = fileOf(context)
    const other = new Database(file)
    other.pragma(`user_version = ${version}`)
    other.close()
    const health = createHealth(real)
    const kept = createDiagnostics({ file, clock: real, health, log: SILENT })
    kept.record({ at: 1, machine: 'adapter', from: '', to: 'x', event: 'E' })
    assert.equal((await kept.read({ limit: 1 })).length, 1)
    assert.equal(kept.counts().aside, 1)
    const [warning] = health.warnings()
    assert.equal(warning?.code, 'DIAGNOSTICS_SET_ASIDE')
    assert.match(warning?.detail ?? '', new RegExp(`it is of version ${version}`))
    await kept.close(10_000)
    assert.ok(readdirSync(join(file, '..')).includes('d.sqlite.unreadable'))
  }
  const file = fileOf(context)
  openDatabase(file, 1 << 20).close()
  const liar = new Database(file)
  for (const body of ['{', '"text"', 'null', '{"at":"x"}', '[]'])
    liar.exec(`INSERT INTO records (at, kind, subject, body) VALUES (5, 'transition', 'adapter', '${body}')`)
  liar.close()
  assert.deepEqual(await readHistoryFile(file).read({ limit: 9 }), [])
  assert.deepEqual((await readHistoryFile(file).standing(9)).transitions, [])
})

test('the endpoint tells the past by kind and range, of a moment, and what there is', async () => {
  const { clock, day } = clockAt()
  const history = rememberDiagnostics(clock)
  live(history, day)
  const handler = createStatusHandler({
    status: () => ({ ready: true, checks: [], warnings: [] }),
    idleMs: () => 0,
    history,
    approve() {},
    adoption: () => [],
    adopt: async () => {},
  })
  const ask = async (words: string) => {
    const query = new URLSearchParams(words)
    const answer = await handler({
      method: 'GET',
      path: '/history',
      query,
      headers: {},
      peer: { address: '' },
    } as never)
    return { status: answer.status, body: JSON.parse(String(answer.body)) }
  }
  assert.equal((await ask('')).body.rows.transition, 6)
  assert.equal((await ask('at=25000')).body.transitions.length, 3)
  assert.equal((await ask('at=1970-01-01T00:00:25Z')).body.transitions.length, 3)
  assert.equal((await ask('kind=warning&limit=1&first=oldest')).body.rows[0].state, 'raised')
  assert.equal((await ask('kind=transition&from=40000&until=40000')).body.rows.length, 1)
  for (const wrong of [
    'kind=no',
    'kind=plan&limit=0',
    'at=yesterday',
    'kind=plan&first=last',
    'kind=plan&from=1.5',
  ])
    assert.deepEqual([(await ask(wrong)).status, wrong], [400, wrong])
})
