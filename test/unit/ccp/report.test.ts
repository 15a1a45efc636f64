/** Reports to NSX: full in parts, then changes; seq without gaps, also when an answer was lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Realized } from '../../../src/ccp/realization.ts'
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
  const state = { items: [item('/a'), item('/b'), item('/c')], lose: false, gone: new Set<string>() }
  const call = async <T>({ body }: { body?: unknown }): Promise<T> => {
    const report = body as StatusReport
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
  const reporter = createReporter({
    nsx: { call } as unknown as NsxManager,
    clock: createFakeClock(),
    clusterId: 'c',
    source: {
      current: () => ({ items: state.items, againMs: undefined, isGone: (path) => state.gone.has(path) }),
      desired: () => ({ version: 3, digest: 'sha256:x' }),
    },
  })
  const flush = (name = 's1') => reporter.flush(session(name), new AbortController().signal)
  const told = () =>
    reports
      .splice(0)
      .map(({ seq, full, items }) => [
        seq,
        full?.part,
        full?.parts,
        items.map((one) => `${one.path} ${one.state}`).join(),
      ])
  return { state, flush, told }
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
