/** The live view of the charts: who lives, since when, what comes next; the lines of it; and what it answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromPromise, setup } from 'xstate'
import { inspectTransitions, rememberDiagnostics } from '../../../src/diagnostics/index.ts'
import { INSPECT_READER_CHARS_MAX, INSPECT_READERS_MAX } from '../../../src/limits.ts'
import { createInspection, type Inspection } from '../../../src/serve/index.ts'
import type { LiveLine, NowView, StatusBrief, StatusPart } from '../../../src/serve/ui/index.ts'
import type { HttpMethod, ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { createFakeClock, EPOCH_MS, type FakeClock } from '../../fakes/clock.ts'

const WELL: StatusBrief = {
  ready: true,
  reasons: [],
  warnings: [{ code: 'API_ABSENT', severity: 'info', detail: 'Gateway' }],
  role: 'leading',
}

const child = setup({ delays: { patience: 30_000, breath: 2_000 } }).createMachine({
  id: 'child',
  type: 'parallel',
  context: {
    token: 'abc-secret',
    headers: { authorization: 'Bearer aaaabbbbcccc' },
    url: 'https://user:hush@host/',
    error: Object.assign(new Error('refused'), { code: 'KUBE_FORBIDDEN' }),
    names: ['a', 'b'],
    many: Array.from({ length: 500 }, (_, at) => ({ at })),
    none: undefined,
    long: 'x'.repeat(5_000),
    store: new Map([['a', 1]]),
  },
  states: {
    link: {
      id: 'link',
      initial: 'open',
      on: { SEEN: '.open' },
      after: { patience: '.lost' },
      states: { open: { on: { CUT: 'lost' } }, lost: {} },
    },
    pace: { initial: 'slow', states: { slow: { after: { breath: 'fast' } }, fast: {} } },
  },
})

const root = setup({ actors: { child, work: fromPromise(() => new Promise(() => {})) } }).createMachine({
  id: 'top',
  initial: 'on',
  states: {
    on: {
      invoke: [
        { id: 'kid', src: 'child' },
        { id: 'job', src: 'work' },
      ],
      on: { OFF: 'off' },
    },
    off: {},
  },
})

async function started(clock: FakeClock = createFakeClock()) {
  const inspection = createInspection(clock)
  const history = rememberDiagnostics(clock)
  const inspectStates = inspectTransitions(clock, (transition) => {
    history.record(transition)
    inspection.transition(transition)
  })
  const handler = inspection.handler({ status: () => WELL, history })
  const actor = createActor(root, {
    id: 'adapter',
    clock,
    inspect: (event) => {
      inspectStates(event)
      inspection.inspect(event)
    },
  })
  actor.start()
  await clock.settle()
  return { clock, inspection, handler, actor }
}

function request(
  path: string,
  method: HttpMethod = 'GET',
  signal = new AbortController().signal,
): ServerRequest {
  const [name = '', query = ''] = path.split('?')
  return {
    method,
    path: name,
    query: new URLSearchParams(query),
    headers: {},
    peer: { address: '' },
    signal,
    body: async () => new Uint8Array(),
  }
}

type Handler = (request: ServerRequest) => Promise<ServerResponse>

async function ask<T>(handler: Handler, path: string): Promise<T> {
  const { status, body } = await handler(request(path))
  assert.equal(status, 200, String(body))
  return JSON.parse(String(body)) as T
}

async function refused(handler: Handler, path: string, method: HttpMethod = 'GET') {
  const { status, body } = await handler(request(path, method))
  return [status, (JSON.parse(String(body)) as { code: string }).code]
}

test('each chart that lives is told: state, since when, last event, and the delays that run on our clock', async () => {
  const { clock, handler, actor } = await started()
  await clock.advance(1_500)
  const kid = actor.getSnapshot().children['kid']
  kid?.send({ type: 'SEEN' })
  await clock.advance(1_000)
  const now = await ask<NowView>(handler, '/inspect/now')
  assert.equal(now.at, EPOCH_MS + 2_500)
  assert.deepEqual(
    now.actors.map(({ path, chart }) => [path, chart]),
    [
      ['adapter', 'top'],
      ['adapter/kid', 'child'],
    ],
  )
  const told = now.actors[1]
  assert.deepEqual(told?.states, [
    { path: 'link.open', since: EPOCH_MS },
    { path: 'pace.fast', since: EPOCH_MS + 2_000 },
  ])
  assert.equal(told?.since, EPOCH_MS + 2_000)
  assert.deepEqual(told?.last, { event: 'xstate.after.breath.child.pace.slow', at: EPOCH_MS + 2_000 })
  assert.deepEqual(told?.timers, [{ name: 'patience', state: 'link', at: EPOCH_MS + 30_000 }])
  assert.equal(told?.events, 2)
  assert.deepEqual(now.status.warnings, WELL.warnings)
})

test('a chart that has ended is not told any more', async () => {
  const { handler, actor } = await started()
  actor.send({ type: 'OFF' })
  const now = await ask<NowView>(handler, '/inspect/now')
  assert.deepEqual(
    now.actors.map(({ path, words }) => [path, words]),
    [['adapter', 'off']],
  )
})

test('what a chart remembers is brief and without secrets', async () => {
  const { handler } = await started()
  const text = JSON.stringify(await ask<NowView>(handler, '/inspect/now'))
  for (const secret of ['abc-secret', 'aaaabbbbcccc', 'hush']) assert.ok(!text.includes(secret), secret)
  const { actors } = JSON.parse(text) as NowView
  const { long, ...context } = actors[1]?.context ?? {}
  assert.deepEqual(context, {
    token: '***',
    headers: 'authorization ***',
    url: 'https://user:***@host/',
    error: 'KUBE_FORBIDDEN: refused',
    names: 'a, b',
    many: '500 items',
    store: '1 entries',
  })
  assert.equal(long?.length, 200)
})

async function linesOf(handler: Handler, signal?: AbortSignal) {
  const { status, body } = await handler(request('/inspect/live', 'GET', signal))
  assert.equal(status, 200)
  const iterator = (body as AsyncIterable<string>)[Symbol.asyncIterator]()
  return {
    /** What is there at once. */
    async take(): Promise<LiveLine[]> {
      const { done, value } = await iterator.next()
      if (done === true) return []
      return String(value)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as LiveLine)
    },
    leave: () => iterator.return?.(),
  }
}

test('lines: everything first, transitions as they come, everything again each second', async () => {
  const { clock, handler, actor } = await started()
  const reader = await linesOf(handler)
  assert.deepEqual(
    (await reader.take()).map(({ kind }) => kind),
    ['now'],
  )
  actor.getSnapshot().children['kid']?.send({ type: 'CUT' })
  const [line] = await reader.take()
  assert.ok(line?.kind === 'transition')
  assert.deepEqual(
    [line.machine, line.from, line.to, line.event],
    ['adapter/kid', 'link.open pace.slow', 'link.lost pace.slow', 'CUT'],
  )
  await clock.advance(1_000)
  const [again] = await reader.take()
  assert.ok(again?.kind === 'now')
  assert.equal(again.actors[1]?.words, 'link.lost pace.slow')
  await reader.leave()
  const before = clock.timers
  await clock.advance(3_000)
  assert.ok(clock.timers <= before, 'nobody looks: nothing is made')
})

test('a reader that takes nothing is told so and left; others go on; what waits is bounded', async () => {
  const { handler, inspection } = await started()
  const slow = await linesOf(handler)
  const quick = await linesOf(handler)
  await quick.take()
  let heard = 0
  const transition = { at: 1, machine: 'adapter/kid', from: 'a', to: 'b'.repeat(1_000), event: 'E' }
  for (let at = 0; at * 1_000 < INSPECT_READER_CHARS_MAX * 2; at += 1) {
    inspection.transition(transition)
    heard += (await quick.take()).length
  }
  assert.ok(heard > 2_000)
  const last = await slow.take()
  assert.deepEqual(
    last.map(({ kind }) => kind),
    ['over'],
  )
  assert.match((last[0] as { why: string }).why, /does not take what comes/)
  assert.deepEqual(await slow.take(), [])
})

test('so many may look and no more; who leaves makes room', async () => {
  const { handler } = await started()
  const leaving = new AbortController()
  await linesOf(handler, leaving.signal)
  for (let at = 1; at < INSPECT_READERS_MAX; at += 1) await linesOf(handler)
  assert.deepEqual(await refused(handler, '/inspect/live'), [503, 'INSPECT_BUSY'])
  leaving.abort()
  // Who asks for the head alone takes no place.
  assert.equal((await handler(request('/inspect/live', 'HEAD'))).body, '')
  await linesOf(handler)
})

test('whoever looks on is told that the adapter stops', async () => {
  const { handler, inspection } = await started()
  const reader = await linesOf(handler)
  await reader.take()
  void inspection.close()
  assert.deepEqual(await reader.take(), [{ kind: 'over', why: 'the adapter stops' }])
  assert.deepEqual(await reader.take(), [])
})

test('the past: transitions up to a moment, and how everything stood then', async () => {
  const { clock, handler, actor } = await started()
  await clock.advance(5_000)
  actor.getSnapshot().children['kid']?.send({ type: 'CUT' })
  await clock.advance(1_000)
  type Rows = { transitions: { to: string }[] }
  const all = await ask<Rows>(handler, '/inspect/transitions?machine=adapter/kid')
  assert.deepEqual(
    all.transitions.map(({ to }) => to),
    ['link.open pace.slow', 'link.open pace.fast', 'link.lost pace.fast'],
  )
  const until = await ask<Rows>(handler, `/inspect/transitions?limit=1&until=${EPOCH_MS + 4_000}`)
  assert.deepEqual(
    until.transitions.map(({ to }) => to),
    ['link.open pace.fast'],
  )
  const then = await ask<Rows>(handler, `/inspect/at?at=${EPOCH_MS + 1_000}`)
  assert.deepEqual(
    then.transitions.map(({ to }) => to),
    ['link.open pace.slow', 'on'],
  )
  assert.equal((await ask<{ transitions: number }>(handler, '/inspect/span')).transitions, 4)
})

test('wrong questions are refused in words, and nothing is changed', async () => {
  const { handler } = await started()
  const wrong = ['?limit=0', '?limit=10001', '?limit=1e9', '?until=yesterday', '?until=-1']
  for (const query of wrong)
    assert.deepEqual(await refused(handler, `/inspect/transitions${query}`), [400, 'SERVE_BAD_QUERY'], query)
  for (const query of ['', '?at=', '?at=NaN', '?at=1e99', `?at=${'9'.repeat(40)}`])
    assert.deepEqual(await refused(handler, `/inspect/at${query}`), [400, 'SERVE_BAD_QUERY'], query)
  assert.deepEqual(await refused(handler, '/inspect/now', 'POST'), [405, 'SERVE_METHOD'])
  for (const path of ['/inspect/', '/inspect/page/0/main.js', '/inspect/../status', '/inspect/page/../../x'])
    assert.deepEqual(await refused(handler, path), [404, 'SERVE_NOT_FOUND'], path)
})

test('a history that cannot be read is told, and the rest goes on', async () => {
  const clock = createFakeClock()
  const lost = async (): Promise<never> => {
    throw new Error('disk full')
  }
  const history = { ...rememberDiagnostics(clock), read: lost, standing: lost, span: lost }
  const handler = createInspection(clock).handler({ status: () => WELL, history })
  for (const path of ['/inspect/transitions', '/inspect/at?at=1', '/inspect/span'])
    assert.deepEqual(await refused(handler, path), [503, 'DIAGNOSTICS_LOST'])
  await ask(handler, '/inspect/now')
})

test('the page: everything from here, under a strict policy, never changing under one address', async () => {
  const { handler } = await started()
  const { status, headers = {}, body } = await handler(request('/inspect'))
  assert.equal(status, 200)
  assert.match(
    String(headers['content-security-policy']),
    /^default-src 'none'; script-src 'self'; style-src 'self'; /,
  )
  assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|http|\*|data:/)
  const html = Buffer.from(body as Uint8Array).toString()
  assert.doesNotMatch(html, /<script>|<style|style=|onclick=|https?:/)
  const named = [...html.matchAll(/(?:src|href)="(\/inspect\/page\/[^"]+)"/g)].map(([, path = '']) => path)
  assert.ok(named.length > 10)
  for (const path of named) {
    const file = await handler(request(path))
    assert.equal(file.status, 200, path)
    assert.match(String(file.headers?.['cache-control']), /immutable/)
    const known = { ...request(path), headers: { 'if-none-match': String(file.headers?.['etag']) } }
    assert.equal((await handler(known)).status, 304)
  }
})

test('lanes: what the status says of the channels, and what is counted', async () => {
  const clock = createFakeClock()
  const inspection: Inspection = createInspection(clock)
  const progress = { lastFullSync: EPOCH_MS, lagMs: 1_500, guarded: true }
  const status = (): StatusPart => ({
    ...WELL,
    progress: {
      ccp: progress,
      mp: { lastFullSync: undefined, lagMs: 0, guarded: false, lastHealthReport: EPOCH_MS },
    },
    policies: {
      categories: { Application: { accepted: 3, refused: 1 }, Emergency: { accepted: 2, refused: 0 } },
    },
    pauses: { ccp: { until: EPOCH_MS + 9_000 } },
  })
  const handler = inspection.handler({ status, history: rememberDiagnostics(clock) })
  inspection.fact({
    kind: 'plan',
    channel: 'ccp',
    plan: 1,
    steps: {},
    written: 3,
    tookMs: 12,
    outcome: 'done',
  })
  inspection.fact({
    kind: 'plan',
    channel: 'ccp',
    plan: 2,
    steps: {},
    written: 1,
    tookMs: 7,
    outcome: 'failed',
    code: 'X',
  })
  inspection.fact({ kind: 'session', channel: 'mp', state: 'ended', session: 's', code: 'NSX_GONE' })
  const event = (id: string, type: string) =>
    inspection.inspect({ type: '@xstate.event', actorRef: { id }, event: { type } } as never)
  event('ccp', 'SEEN')
  event('ccp', 'SEEN')
  event('mp', 'CHANGED')
  event('mp', 'OTHER')
  event('lease', 'SEEN')
  const { lanes } = await ask<NowView>(handler, '/inspect/now')
  assert.deepEqual(lanes, [
    {
      channel: 'ccp',
      frames: 2,
      changes: 0,
      written: 4,
      plan: { at: EPOCH_MS, written: 1, tookMs: 7, outcome: 'failed', code: 'X' },
      syncedAt: EPOCH_MS,
      lagMs: 1_500,
      guarded: true,
      pausedUntil: EPOCH_MS + 9_000,
      policies: { accepted: 5, refused: 1 },
    },
    {
      channel: 'mp',
      frames: 0,
      changes: 1,
      written: 0,
      session: { at: EPOCH_MS, state: 'ended', code: 'NSX_GONE' },
      lagMs: 0,
      guarded: false,
      reportedAt: EPOCH_MS,
    },
  ])
})
