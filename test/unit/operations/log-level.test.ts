/** Log levels: changed for a while, put back whoever dies meanwhile, and nobody else's change undone. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type AdapterError, retry } from '../../../src/errors.ts'
import { createKubeClient, OPEN_GATE } from '../../../src/kube/index.ts'
import { OPERATION_SWEEP_GRACE_MS } from '../../../src/limits.ts'
import { createLogLevels, SILENT } from '../../../src/log/index.ts'
import {
  type AntreaLevels,
  COMMAND_LINE,
  createLogLevel,
  type LevelTarget,
  type OperationWord,
  sweepOperations,
  type TargetState,
} from '../../../src/operations/index.ts'
import { wantedLevelOf } from '../../../src/operations/log-level/request.ts'
import { createEmbeddedCluster } from '../../../src/sandbox/cluster.ts'
import { createRest } from '../../../src/sandbox/rest.ts'
import { ADAPTER_USER, LEASE_NAMESPACE, mayDo } from '../../../src/sandbox/rights.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const MAPS = `/api/v1/namespaces/${LEASE_NAMESPACE}/configmaps`

/** Processes with levels, and what goes wrong with them. */
function processes(targets: readonly LevelTarget[]) {
  const level = new Map<string, number>(targets.map((target, n) => [target, n % 2]))
  const failing = new Set<string>()
  const calls: string[] = []
  const antrea: AntreaLevels = {
    async read(target) {
      calls.push(`read ${target}`)
      if (failing.has(target)) throw retry('TRANSPORT_TIMEOUT', `${target} does not answer`)
      return level.get(target)
    },
    async set(target, wanted) {
      calls.push(`set ${target} ${wanted}`)
      if (failing.has(target)) throw retry('TRANSPORT_TIMEOUT', `${target} does not answer`)
      level.set(target, wanted)
    },
  }
  return { level, failing, calls, antrea, now: () => Object.fromEntries(level) }
}

async function start(context: TestContext) {
  const clock = createFakeClock()
  const cluster = createEmbeddedCluster({ clock, random: createSeededRandom(1), authorize: mayDo })
  const go = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false
    const done = () => {
      isDone = true
    }
    work.then(done, done)
    for (let steps = 0; !isDone && steps < 20_000; steps += 1) await clock.advance(50)
    return work
  }
  await go(cluster.start())
  const { client } = cluster.connect({ commonName: ADAPTER_USER, verified: true })
  const kube = createKubeClient({ http: client, gate: OPEN_GATE, clock, log: SILENT, userAgent: 'test' })
  const antreas = processes(['controller', 'agent/n1', 'agent/n2', 'agent/n3'])
  const levels = createLogLevels('info', clock)
  /** As a process of its own would make it. */
  const make = (clusterId = 'c1') =>
    createLogLevel({
      kube,
      clock,
      clusterId,
      namespace: LEASE_NAMESPACE,
      antrea: antreas.antrea,
      agentNodes: async () => ['n1', 'n2', 'n3'],
      own: { instance: 'cp-1', levels },
    })
  const begin = (operation: ReturnType<typeof make>, id: string, body: unknown, forMs = 3_600_000) => {
    const words: OperationWord[] = []
    const stop = new AbortController()
    const answer = operation.accept(body)({
      id,
      deadlineMs: clock.now() + forMs,
      signal: stop.signal,
      say: (word) => void words.push(word),
    })
    answer.catch(() => {})
    return { answer, words, stop }
  }
  const memories = async () =>
    (await createRest(cluster.admin).get<{ items: readonly { data?: object }[] }>(MAPS)).items.length
  context.after(() => go(cluster.stop()))
  const sweep = async (operation: ReturnType<typeof make>) =>
    go(
      sweepOperations(
        { clock, log: SILENT, operations: [operation] },
        () => false,
        new AbortController().signal,
      ),
    )
  return { clock, make, begin, go, antreas, levels, memories, sweep }
}

const statesOf = (fields: Readonly<Record<string, unknown>> | undefined) =>
  Object.fromEntries(
    ((fields?.['targets'] ?? []) as readonly TargetState[]).map(({ target, was, is, problem }) => [
      target,
      problem?.code ?? [was, is],
    ]),
  )

const BEFORE = { controller: 0, 'agent/n1': 1, 'agent/n2': 0, 'agent/n3': 1 }

test('it is set for its time, said for each process, put back, and nothing is left', async (context) => {
  const { clock, make, begin, go, antreas, memories } = await start(context)
  const run = begin(make(), 'r1', { level: 4, duration: '2m' })
  await clock.advance(1_000)
  assert.deepEqual(antreas.now(), { controller: 4, 'agent/n1': 4, 'agent/n2': 4, 'agent/n3': 4 })
  assert.equal(await memories(), 1)
  const [word] = run.words
  assert.equal(word?.['phase'], 'changed')
  assert.deepEqual(statesOf(word), {
    controller: [0, 4],
    'agent/n1': [1, 4],
    'agent/n2': [0, 4],
    'agent/n3': [1, 4],
  })
  await clock.advance(118_000)
  assert.equal(antreas.level.get('controller'), 4)
  const answer = await go(run.answer)
  assert.equal(answer['phase'], 'returned')
  assert.deepEqual(antreas.now(), BEFORE)
  assert.equal(await memories(), 0)
  assert.ok(Math.abs(clock.now() - Number(word?.['until'])) < 5_000)
})

test('nodes and components are chosen; a request for longer than its own time is cut to that', async (context) => {
  const { clock, make, begin, go, antreas } = await start(context)
  const run = begin(make(), 'r1', { level: 2, nodes: ['n2'], duration: 3_600 }, 60_000)
  await clock.advance(1_000)
  assert.deepEqual(antreas.now(), { ...BEFORE, 'agent/n2': 2 })
  assert.ok(Number(run.words[0]?.['until']) <= clock.now() + 60_000)
  await go(run.answer)
  assert.deepEqual(antreas.now(), BEFORE)
})

test('a leader that dies in mid-change: the next one with the request goes on to the same end', async (context) => {
  const { clock, make, begin, go, antreas, memories } = await start(context)
  const first = begin(make(), 'r1', { level: 5, duration: 600 })
  await clock.advance(60_000)
  // Its process is gone: nobody clears.
  first.stop.abort(new Error('killed'))
  await clock.advance(60_000)
  const second = begin(make(), 'r1', { level: 5, duration: 600 })
  await clock.advance(1_000)
  assert.deepEqual(
    statesOf(second.words[0])['agent/n1'],
    [1, 5],
    'what it was before is in the memory, not what it is now',
  )
  assert.equal(second.words[0]?.['until'], first.words[0]?.['until'])
  await go(second.answer)
  assert.deepEqual(antreas.now(), BEFORE)
  assert.equal(await memories(), 0)
})

test('… and where nobody asks again, the next sweep after its time puts everything back', async (context) => {
  const { clock, make, begin, antreas, memories, sweep } = await start(context)
  const run = begin(make(), 'r1', { level: 5, duration: 600 })
  const ofPerson = begin(make(COMMAND_LINE), `${COMMAND_LINE}-1`, {
    level: 3,
    component: 'agent',
    nodes: ['n9'],
  })
  await clock.advance(60_000)
  await assert.rejects(ofPerson.answer, { code: 'LOG_LEVEL_NONE' })
  run.stop.abort(new Error('killed'))
  await sweep(make())
  assert.equal(antreas.level.get('controller'), 5, 'its time is not over')
  await clock.advance(540_000 + OPERATION_SWEEP_GRACE_MS + 1_000)
  await sweep(make('another cluster'))
  assert.equal(antreas.level.get('controller'), 5, 'it is not of that cluster')
  await sweep(make())
  assert.deepEqual(antreas.now(), BEFORE)
  assert.equal(await memories(), 0)
})

test('what a killed command line changed is put back by any daemon of the cluster', async (context) => {
  const { clock, make, begin, antreas, sweep } = await start(context)
  const run = begin(make(COMMAND_LINE), `${COMMAND_LINE}-1`, { level: 7, duration: 60 })
  await clock.advance(1_000)
  run.stop.abort(new Error('killed'))
  await clock.advance(60_000 + OPERATION_SWEEP_GRACE_MS + 1_000)
  await sweep(make())
  assert.deepEqual(antreas.now(), BEFORE)
})

test('cancelled: clear puts it back at once, and once more does nothing', async (context) => {
  const { clock, make, begin, go, antreas, memories } = await start(context)
  const operation = make()
  const run = begin(operation, 'r1', { level: 4 })
  await clock.advance(1_000)
  run.stop.abort(new Error('cancelled'))
  const never = new AbortController().signal
  await go(operation.clear('r1', never))
  assert.deepEqual(antreas.now(), BEFORE)
  assert.equal(await memories(), 0)
  const calls = antreas.calls.length
  await go(operation.clear('r1', never))
  assert.equal(antreas.calls.length, calls)
})

test('an agent that does not answer at first is said, and the others are changed', async (context) => {
  const { clock, make, begin, go, antreas } = await start(context)
  antreas.failing.add('agent/n2')
  const run = begin(make(), 'r1', { level: 4, duration: 60 })
  await clock.advance(1_000)
  assert.deepEqual(statesOf(run.words[0]), {
    controller: [0, 4],
    'agent/n1': [1, 4],
    'agent/n3': [1, 4],
    'agent/n2': 'TRANSPORT_TIMEOUT',
  })
  await go(run.answer)
  assert.deepEqual(antreas.now(), BEFORE)
})

test('an agent that does not answer when it is to be put back is tried again by the sweep, for a day', async (context) => {
  const { clock, make, begin, go, antreas, memories, sweep } = await start(context)
  const operation = make()
  const run = begin(operation, 'r1', { level: 4, duration: 60 })
  await clock.advance(1_000)
  antreas.failing.add('agent/n2')
  const answer = await go(run.answer)
  assert.deepEqual([answer['phase'], statesOf(answer)['agent/n2']], ['returning', 'TRANSPORT_TIMEOUT'])
  assert.deepEqual(antreas.now(), { ...BEFORE, 'agent/n2': 4 })
  await assert.rejects(go(operation.clear('r1', new AbortController().signal)), {
    code: 'LOG_LEVEL_NOT_RETURNED',
    kind: 'retry',
  })
  // It keeps no other waiting.
  const second = begin(operation, 'r2', { level: 9, component: 'controller', duration: 60 })
  await clock.advance(1_000)
  second.stop.abort(new Error('killed'))
  await clock.advance(200_000)
  await sweep(make())
  assert.deepEqual(antreas.now(), { ...BEFORE, 'agent/n2': 4 })
  assert.equal(await memories(), 1)
  antreas.failing.clear()
  await sweep(make())
  assert.deepEqual(antreas.now(), BEFORE)
  assert.equal(await memories(), 0)
})

test('an agent that is away for more than a day is given up', async (context) => {
  const { clock, make, begin, antreas, memories, sweep } = await start(context)
  const run = begin(make(), 'r1', { level: 4, duration: 60, nodes: ['n1'] })
  await clock.advance(1_000)
  run.stop.abort(new Error('killed'))
  antreas.failing.add('agent/n1')
  await clock.advance(86_400_000)
  await sweep(make())
  assert.equal(await memories(), 1)
  await clock.advance(61_000)
  await sweep(make())
  assert.equal(await memories(), 0)
})

test('what somebody else set meanwhile stays, and so does a process that started anew or is gone', async (context) => {
  const { clock, make, begin, go, antreas } = await start(context)
  const run = begin(make(), 'r1', { level: 4, duration: 60 })
  await clock.advance(1_000)
  antreas.level.set('controller', 9)
  antreas.level.set('agent/n1', 0)
  antreas.level.delete('agent/n2')
  const answer = await go(run.answer)
  assert.deepEqual(antreas.now(), { controller: 9, 'agent/n1': 0, 'agent/n3': 1 })
  assert.equal(answer['phase'], 'returned')
})

test('a process whose level another request has changed is left to it, so that what it was is not lost', async (context) => {
  const { clock, make, begin, go, antreas } = await start(context)
  const first = begin(make(), 'r1', { level: 4, duration: 60, nodes: ['n1'] })
  await clock.advance(1_000)
  const second = begin(make(), 'r2', { level: 6, duration: 600, nodes: ['n1', 'n2'] })
  await clock.advance(1_000)
  assert.deepEqual(statesOf(second.words[0]), { 'agent/n2': [0, 6], 'agent/n1': 'LOG_LEVEL_HELD' })
  await assert.rejects(go(begin(make(), 'r3', { level: 8, nodes: ['n1'] }).answer), {
    code: 'LOG_LEVEL_HELD',
    kind: 'wait-for',
  })
  await go(first.answer)
  await go(second.answer)
  assert.deepEqual(antreas.now(), BEFORE)
})

test('two that begin at the same moment make way for each other, and nothing is changed twice', async (context) => {
  const { clock, make, begin, antreas, memories } = await start(context)
  const runs = ['r1', 'r2'].map((id) => begin(make(), id, { level: 4, duration: 600 }))
  const kinds: string[] = []
  for (const run of runs) run.answer.catch(({ code }: AdapterError) => kinds.push(code))
  await clock.advance(2_000)
  const changed = runs.filter(({ words }) => words.length > 0).length
  assert.ok(changed <= 1)
  assert.equal(kinds.filter((code) => code === 'LOG_LEVEL_HELD').length, 2 - changed)
  assert.equal(await memories(), changed)
  assert.equal(antreas.level.get('agent/n1'), changed === 0 ? 1 : 4)
})

test("the adapter's own level, of all rooms or one, is over with its request and by itself", async (context) => {
  const { clock, make, begin, go, levels } = await start(context)
  const run = begin(make(), 'r1', { component: 'adapter', level: 'debug', room: 'kube', duration: 60 })
  await clock.advance(1_000)
  assert.deepEqual([levels.of('kube'), levels.of('mp')], ['debug', 'info'])
  assert.equal((await go(run.answer))['phase'], 'returned')
  assert.equal(levels.of('kube'), 'info')
  const cancelled = begin(make(), 'r2', { level: 'error' })
  await clock.advance(1_000)
  assert.equal(levels.of(), 'error')
  cancelled.stop.abort(new Error('cancelled'))
  await clock.advance(10)
  assert.equal(levels.of(), 'info')
})

test('levels that are none are refused, with what they may be', () => {
  for (const [body, words] of [
    [undefined, /object/],
    [{}, /0 to 10/],
    [{ level: 11 }, /0 to 10/],
    [{ level: -1 }, /0 to 10/],
    [{ level: 2.5 }, /0 to 10/],
    [{ level: 'loud' }, /0 to 10/],
    [{ component: 'adapter', level: 4 }, /debug, info, warn, error/],
    [{ component: 'agent', level: 'debug' }, /0 to 10/],
    [{ component: ['adapter', 'agent'], level: 'debug' }, /alone/],
    [{ component: 'kubelet', level: 1 }, /component/],
    [{ component: 'controller', level: 1, nodes: ['n1'] }, /nodes/],
    [{ level: 'debug', room: 'attic' }, /room/],
    [{ level: 4, room: 'kube' }, /room/],
    [{ level: 4, duration: '2h' }, /duration/],
    [{ level: 4, duration: 0 }, /duration/],
  ] as const)
    assert.throws(
      () => wantedLevelOf(body),
      ({ code, message }: AdapterError) => code === 'REQUEST_INVALID' && words.test(message),
      JSON.stringify(body),
    )
  assert.deepEqual(wantedLevelOf({ level: '4' }), {
    of: 'antrea',
    controller: true,
    agents: 'all',
    level: 4,
    forMs: 600_000,
  })
})
