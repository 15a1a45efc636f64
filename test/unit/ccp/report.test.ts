/** Reports to NSX: full in parts, then changes; seq without gaps, also when an answer was lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Realized } from '../../../src/ccp/realization/index.ts'
import { createReporter } from '../../../src/ccp/report.ts'
import { retry } from '../../../src/errors.ts'
import type { NsxManager } from '../../../src/nsx/index.ts'
import type { Session, StatusReport } from '../../../src/protocol/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const session = (name: string, max = 2): Session => ({
  session: name,
  epoch: 'e',
  source: 's',
  heartbeat_seconds: 15,
  limits: { max_status_items: max },
})
const item = (path: string, state: Realized['state'] = 'SUCCESS'): Realized => ({
  path,
  kind: 'SecurityPolicy',
  state,
  problems: [],
})

/** A manager that counts seq as docs/protocol.md says; `lose` takes a report and loses the answer. */
function world() {
  const reports: StatusReport[] = []
  const expected = new Map<string, number>()
  const state = {
    items: [item('/a'), item('/b'), item('/c')],
    lose: false,
    /** Nothing arrives. */
    cut: false,
    gone: new Set<string>(),
  }
  const call = async <T>({ body }: { body?: unknown }): Promise<T> => {
    const report = body as StatusReport
    if (state.cut) throw retry('TRANSPORT_REFUSED', 'cut')
    const next = expected.get(report.session) ?? 1
    if (report.seq !== next)
      throw retry('STATUS_SEQUENCE', 'not this one', { cause: { code: 'STATUS_SEQUENCE', expected: next } })
    expected.set(report.session, next + 1)
    reports.push(report)
    if (state.lose) {
      state.lose = false
      throw retry('TRANSPORT_TIMEOUT', 'lost')
    }
    return { acknowledged: report.seq } as T
  }
  const clock = createFakeClock()
  const reporter = createReporter({
    nsx: { call } as unknown as NsxManager,
    clock,
    clusterId: 'c',
    source: {
      current: () => ({
        items: new Map(state.items.map((one) => [one.path, one])),
        againMs: undefined,
        isGone: (path) => state.gone.has(path),
      }),
      desired: () => ({ version: 3, digest: 'sha256:x' }),
    },
  })
  const one = (name = 's1') => reporter.flush(session(name), new AbortController().signal)
  /** All calls of one report. */
  const flush = async (name = 's1') => {
    for (;;) {
      const { more, againMs } = await one(name)
      if (!more) return againMs
    }
  }
  const told = () =>
    reports
      .splice(0)
      .map(({ seq, full, items }) => [
        seq,
        full?.part,
        full?.parts,
        items.map(({ path, state: word }) => `${path} ${word}`).join(),
      ])
  return { state, clock, expected, one, flush, told }
}

test('the first report of a session is full, in parts; then only changes; nothing when nothing changed', async () => {
  const w = world()
  await w.flush()
  assert.deepEqual(w.told(), [
    [1, 1, 2, '/a SUCCESS,/b SUCCESS'],
    [2, 2, 2, '/c SUCCESS'],
  ])
  await w.flush()
  assert.deepEqual(w.told(), [])
  w.state.items = [item('/a', 'ERROR'), item('/b'), item('/c')]
  await w.flush()
  assert.deepEqual(w.told(), [[3, undefined, undefined, '/a ERROR']])
  await w.flush('s2')
  assert.equal(w.told().length, 2)
})

test('a cluster without policies tells so once', async () => {
  const w = world()
  w.state.items = []
  await w.flush()
  await w.flush()
  assert.deepEqual(w.told(), [[1, 1, 1, '']])
})

test('REMOVED is told when the object is really gone, and once', async () => {
  const w = world()
  await w.flush()
  w.told()
  w.state.items = [item('/a'), item('/b')]
  await w.flush()
  assert.deepEqual(w.told(), [])
  w.state.gone.add('/c')
  await w.flush()
  await w.flush()
  assert.deepEqual(w.told(), [[3, undefined, undefined, '/c REMOVED']])
})

test('a lost answer is found out by the seq that is expected', async () => {
  const w = world()
  await w.flush()
  w.told()
  w.state.items = [item('/a', 'ERROR'), item('/b'), item('/c')]
  w.state.lose = true
  await assert.rejects(w.flush(), { code: 'TRANSPORT_TIMEOUT' })
  w.state.items = [item('/a', 'IN_PROGRESS'), item('/b'), item('/c')]
  await w.flush()
  await w.flush()
  assert.deepEqual(
    w.told().map(([seq, , , items]) => [seq, items]),
    [
      [3, '/a ERROR'],
      [4, '/a IN_PROGRESS'],
    ],
  )
})

test('a full report that is cut in the middle goes on where it was, as it was, and then tells what changed', async () => {
  const w = world()
  assert.equal((await w.one()).more, true)
  w.state.lose = true
  await assert.rejects(w.one(), { code: 'TRANSPORT_TIMEOUT' })
  w.state.items = [item('/a', 'ERROR'), item('/b'), item('/c', 'ERROR')]
  await w.flush()
  assert.deepEqual(w.told(), [
    [1, 1, 2, '/a SUCCESS,/b SUCCESS'],
    [2, 2, 2, '/c SUCCESS'],
    [3, undefined, undefined, '/a ERROR,/c ERROR'],
  ])
  const cut = world()
  await cut.one()
  cut.state.cut = true
  await assert.rejects(cut.one(), { code: 'TRANSPORT_REFUSED' })
  cut.state.cut = false
  await cut.flush()
  assert.deepEqual(
    cut.told().map(([seq, part]) => [seq, part]),
    [
      [1, 1],
      [2, 2],
    ],
  )
})

test('what changes while the link is cut is told once, the newest, in the next session', async () => {
  const w = world()
  await w.flush()
  w.told()
  w.state.cut = true
  w.state.items = [item('/a', 'IN_PROGRESS'), item('/b'), item('/c')]
  await assert.rejects(w.flush(), { code: 'TRANSPORT_REFUSED' })
  w.state.items = [item('/a', 'ERROR'), item('/b')]
  await assert.rejects(w.flush(), { code: 'TRANSPORT_REFUSED' })
  w.state.cut = false
  await w.flush('s2')
  assert.deepEqual(w.told(), [[1, 1, 1, '/a ERROR,/b SUCCESS']])
})

test('a manager that expects another number than there could be is told everything anew', async () => {
  const w = world()
  await w.flush()
  w.told()
  w.expected.set('s1', 9)
  w.state.items = [item('/a', 'ERROR')]
  await assert.rejects(w.flush(), { code: 'STATUS_SEQUENCE' })
  await w.flush()
  assert.deepEqual(w.told(), [[9, 1, 1, '/a ERROR']])
})

test('what is not realized is told again every ten minutes, what is realized is not', async () => {
  const w = world()
  w.state.items = [item('/a', 'ERROR'), item('/b'), item('/c', 'UNKNOWN')]
  assert.equal(await w.flush(), 600_000)
  w.told()
  await w.clock.advance(599_999)
  assert.equal(await w.flush(), 1)
  assert.deepEqual(w.told(), [])
  await w.clock.advance(1)
  assert.equal(await w.flush(), 600_000)
  assert.deepEqual(w.told(), [[3, undefined, undefined, '/a ERROR,/c UNKNOWN']])
  w.state.items = [item('/b')]
  w.state.gone.add('/a').add('/c')
  await w.clock.advance(600_000)
  await w.flush()
  assert.deepEqual(w.told(), [[4, undefined, undefined, '/a REMOVED,/c REMOVED']])
  assert.equal(await w.flush(), undefined)
})

test('more changes than one call may hold are several calls', async () => {
  const w = world()
  await w.flush()
  w.told()
  w.state.items = [item('/a', 'ERROR'), item('/b', 'ERROR')]
  w.state.gone.add('/c')
  await w.flush()
  assert.deepEqual(w.told(), [
    [3, undefined, undefined, '/a ERROR,/b ERROR'],
    [4, undefined, undefined, '/c REMOVED'],
  ])
})
