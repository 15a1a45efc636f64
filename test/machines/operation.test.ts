/** The operation chart by itself: every state is reached, each has its way out, and the answer goes once, whoever listens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromCallback, fromPromise } from 'xstate'
import {
  type OperationContext,
  type OperationEvent,
  operationMachine,
  type Told,
} from '../../machines/operation.ts'
import { stateWords } from '../../src/diagnostics/inspection.ts'
import { type AdapterError, needsPerson, retry, waitFor } from '../../src/errors.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { restingStates, syntheticEvents, walk } from './walk.ts'

const input = { id: 'r1', kind: 'x', body: {}, timeoutMs: 20_000, session: 's1', attempt: 1 }

type Port = 'run' | 'clear' | 'tell'

function world() {
  const clock = createFakeClock()
  const calls: string[] = []
  const open = new Map<Port, { resolve(value?: unknown): void; reject(error: AdapterError): void }>()
  let unsaid = false
  let turn: () => void = () => {}
  let freed = 0
  const port = <T>(name: Port) =>
    fromPromise<T, OperationContext>(({ input: { attached } }) => {
      calls.push(name === 'tell' ? `tell ${attached?.session} ${attached?.attempt}` : name)
      return new Promise<T>((resolve, reject) =>
        open.set(name, { resolve: (value) => resolve(value as T), reject }),
      )
    })
  const actor = createActor(
    operationMachine.provide({
      actors: {
        turn: fromCallback<OperationEvent, OperationContext>(({ sendBack }) => {
          turn = () => sendBack({ type: 'TURN' })
          return () => {
            freed += 1
          }
        }),
        run: port<unknown>('run'),
        clear: port<void>('clear'),
        tell: port<Told>('tell'),
      },
      actions: {
        conclude: () => {
          unsaid = true
        },
        beginAnswer: () => void calls.push('begin'),
      },
      guards: { hasUnsaid: () => unsaid },
    }),
    { clock, input },
  )
  actor.start()
  const settle = async (name: Port, value?: unknown) => {
    const pending = open.get(name)
    assert.ok(pending, `${name} is called in ${words()}`)
    open.delete(name)
    if (name === 'tell' && value === 'final') unsaid = false
    pending.resolve(value)
    await clock.settle()
  }
  const fail = async (name: Port, error: AdapterError) => {
    const pending = open.get(name)
    assert.ok(pending, `${name} is called in ${words()}`)
    open.delete(name)
    pending.reject(error)
    await clock.settle()
  }
  const words = () => stateWords(actor.getSnapshot().value)
  const count = (name: string) => calls.filter((call) => call.startsWith(name)).length
  return { actor, clock, calls, settle, fail, words, count, turn: () => turn(), freed: () => freed }
}

const final = (w: ReturnType<typeof world>) =>
  w
    .words()
    .split(' ')
    .find((word) => word.startsWith('work.'))

test('accepted → running → reporting → done; what it left goes after the answer was heard', async () => {
  const w = world()
  assert.match(w.words(), /work\.open\.accepted/)
  assert.equal(w.count('run'), 0)
  w.turn()
  assert.match(w.words(), /work\.open\.running/)
  await w.settle('run', { n: 1 })
  assert.match(w.words(), /work\.reporting/)
  assert.equal(w.freed(), 1, 'its place is free for the next one while it reports')
  assert.equal(w.count('clear'), 0)
  await w.clock.advance(100)
  await w.settle('tell', 'final')
  assert.match(w.words(), /work\.clearing/)
  await w.settle('clear')
  assert.equal(final(w), 'work.done')
  assert.equal(w.actor.getSnapshot().status, 'done')
})

test('its deadline counts from its acceptance, and what it began is taken back before anybody hears so', async () => {
  for (const hasTurn of [false, true]) {
    const w = world()
    if (hasTurn) w.turn()
    await w.clock.advance(19_999)
    assert.match(w.words(), /work\.open/)
    await w.clock.advance(1)
    assert.match(w.words(), /work\.stopping/)
    assert.equal(w.count('tell'), 0)
    await w.settle('clear')
    await w.clock.advance(100)
    await w.settle('tell', 'final')
    await w.settle('clear')
    assert.equal(final(w), 'work.timedOut')
  }
})

test('cancelled in each phase it is answered once; when the answer is decided a cancel changes nothing', async () => {
  const running = world()
  running.turn()
  running.actor.send({ type: 'CANCEL' })
  await running.settle('clear')
  await running.clock.advance(100)
  await running.settle('tell', 'final')
  await running.settle('clear')
  assert.equal(final(running), 'work.cancelled')
  const late = world()
  late.turn()
  await late.settle('run', {})
  late.actor.send({ type: 'CANCEL' })
  await late.clock.advance(100)
  await late.settle('tell', 'final')
  await late.settle('clear')
  assert.equal(final(late), 'work.done')
})

test('what passes is tried again until the deadline, the lease among it; what does not is the answer', async () => {
  const w = world()
  w.turn()
  await w.fail('run', retry('KUBE_THROTTLED', 'later'))
  assert.match(w.words(), /work\.open\.waiting/)
  await w.clock.advance(1_000)
  await w.fail('run', waitFor('LEASE_NOT_HELD', 'no'))
  await w.clock.advance(1_000)
  assert.equal(w.count('run'), 3)
  await w.fail('run', needsPerson('TRACEFLOW_NOT_FOUND', 'no such Pod'))
  await w.settle('clear')
  await w.clock.advance(100)
  await w.settle('tell', 'final')
  await w.settle('clear')
  assert.equal(final(w), 'work.failed')
})

test('without a session nothing is told; the next one hears all of it under its own attempt', async () => {
  const w = world()
  w.turn()
  w.actor.send({ type: 'DETACH' })
  await w.settle('run', {})
  await w.clock.advance(60_000)
  assert.equal(w.count('tell'), 0)
  w.actor.send({ type: 'ATTACH', session: 's2', attempt: 2 })
  await w.clock.advance(100)
  assert.deepEqual(
    w.calls.filter((call) => /^(tell|begin)/.test(call)),
    ['begin', 'tell s2 2'],
  )
  await w.fail('tell', retry('TRANSPORT_RESET', 'cut'))
  await w.clock.advance(2_000)
  assert.equal(w.count('tell'), 2)
  await w.settle('tell', 'final')
  await w.settle('clear')
  assert.equal(final(w), 'work.done')
})

test('an answer that nobody hears is given up after ten minutes, and a clearing that hangs after its limit', async () => {
  const w = world()
  w.turn()
  w.actor.send({ type: 'DETACH' })
  await w.settle('run', {})
  await w.clock.advance(600_000)
  assert.match(w.words(), /work\.clearing/)
  await w.clock.advance(15_000)
  assert.equal(w.actor.getSnapshot().status, 'done')
})

test('a request that the manager has forgotten is stopped and ends', async () => {
  const w = world()
  w.turn()
  w.actor.send({ type: 'SAY' })
  await w.clock.advance(100)
  await w.settle('tell', 'gone')
  assert.match(w.words(), /work\.stopping/)
  await w.settle('clear')
  await w.settle('clear')
  assert.equal(w.actor.getSnapshot().status, 'done')
})

test('every state is reached', () => {
  const error = { ...retry('X', 'x') }
  const fixed = operationMachine.provide({ guards: { hasUnsaid: () => true } })
  // The walk gives no input of its own.
  const machine = fixed as unknown as Parameters<typeof walk>[0]
  const original = machine.getInitialSnapshot.bind(machine)
  machine.getInitialSnapshot = (scope, _input) => original(scope, input as never)
  const events = [
    ...syntheticEvents(machine).flatMap((event) => [
      { ...event, output: 'more', error },
      { ...event, output: 'final', error: needsPerson('Y', 'y') },
      { ...event, output: 'gone', error },
    ]),
    { type: 'TURN' },
    { type: 'CANCEL' },
    { type: 'SAY' },
    { type: 'DETACH' },
    { type: 'ATTACH', session: 's', attempt: 1 },
  ]
  const { reached } = walk(machine, events, ({ context }) => [
    (context as OperationContext).outcome?.kind,
    (context as OperationContext).isUnasked,
  ])
  const missing = [...restingStates(machine)].filter((id) => !reached.has(id))
  assert.deepEqual(
    missing.filter((id) => !/\.quiet$/.test(id)),
    [],
  )
})
