/** The watch chart and the outage chart, walked: every state is reached, and every state has an exit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyMachineSnapshot, createActor, fromCallback, fromPromise, setup } from 'xstate'
import { createWatchesMachine } from '../../machines/index.ts'
import { outageMachine } from '../../machines/outage.ts'
import { turnstileMachine } from '../../machines/turnstile.ts'
import { type WatchContext, watchMachine } from '../../machines/watch.ts'
import { needsPerson, retry } from '../../src/errors.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { next, restingStates, syntheticEvents, walk } from './walk.ts'

const errors = [
  retry('KUBE_EXPIRED', 'x'),
  retry('KUBE_NOT_FOUND', 'x'),
  retry('KUBE_WATCH_LIST_UNSUPPORTED', 'x'),
  retry('TRANSPORT_RESET', 'x'),
  needsPerson('KUBE_FORBIDDEN', 'x'),
]

const withErrors = (types: readonly { type: string }[]) =>
  types.flatMap((event) =>
    event.type.startsWith('xstate.error.') ? errors.map((error) => ({ ...event, error })) : [event],
  )

const watchEvents = [
  { type: 'OPENED' },
  { type: 'SEEN' },
  { type: 'LISTED' },
  { type: 'STOP' },
  ...errors.map((error) => ({ type: 'FAILED', error })),
  { type: 'ENDED', error: retry('KUBE_WATCH_ENDED', 'x') },
  ...withErrors(syntheticEvents(watchMachine)).flatMap((event) =>
    event.type.startsWith('xstate.done.') ? [event, { ...event, output: true }] : [event],
  ),
]

const brief = ({ context }: AnyMachineSnapshot) => {
  const { mode, resumable, expiries, error } = context as WatchContext
  return [mode, resumable, Math.min(expiries, 2), error?.code]
}

const watched = walk(watchMachine, watchEvents, brief)

test('every state of the watch chart is reached', () => {
  const unreached = [...restingStates(watchMachine)].filter((id) => !watched.reached.has(id))
  assert.deepEqual(unreached, [])
})

test('every state of the watch chart ends on STOP', () => {
  for (const snapshot of watched.snapshots) {
    if (snapshot.status !== 'active') continue
    const after = next(watchMachine, snapshot, { type: 'STOP' })
    assert.deepEqual([after.value, after.status], ['stopped', 'done'], JSON.stringify(snapshot.value))
  }
})

test('no state of the watch chart is a trap: from each one, time or an answer leads back to streaming', () => {
  const well = ['xstate.done.actor.0.watch.held', 'OPENED', 'LISTED', 'OPENED', 'LISTED']
  for (const snapshot of watched.snapshots) {
    if (snapshot.status !== 'active') continue
    let at: AnyMachineSnapshot = snapshot
    for (let round = 0; round < 6 && !JSON.stringify(at.value).includes('streaming'); round += 1) {
      for (const { type } of syntheticEvents(watchMachine))
        if (type.startsWith('xstate.after.') && !JSON.stringify(at.value).includes('following'))
          at = next(watchMachine, at, { type })
      for (const type of well)
        if (!JSON.stringify(at.value).includes('streaming')) at = next(watchMachine, at, { type })
    }
    assert.match(JSON.stringify(at.value), /streaming/, `from ${JSON.stringify(snapshot.value)}`)
  }
})

test('a watch that fails leaves: live ends with every way out of streaming but a resumption', () => {
  for (const snapshot of watched.snapshots.filter(({ value }) => JSON.stringify(value).includes('streaming')))
    for (const error of errors.filter(({ code }) => code !== 'KUBE_WATCH_LIST_UNSUPPORTED')) {
      const lives: boolean[] = []
      const machine = watchMachine.provide({
        actors: { follow: fromCallback(() => {}), reachable: fromPromise(async () => {}) },
        actions: { setLive: (_, { live }) => void lives.push(live) },
      })
      const actor = createActor(machine, { snapshot, clock: createFakeClock() }).start()
      actor.send({ type: 'FAILED', error })
      assert.equal(lives.at(-1), false, `${JSON.stringify(snapshot.value)} on ${error.code}`)
      actor.stop()
    }
})

test('what is heard on a busy stream does not make it young again', async () => {
  const clock = createFakeClock()
  const machine = watchMachine.provide({
    actors: {
      follow: fromCallback(() => {}),
      reachable: fromPromise(async () => {}),
      ping: fromPromise(async () => true),
      check: fromPromise(async () => false),
    },
  })
  const actor = createActor(machine, { clock }).start()
  await clock.settle()
  actor.send({ type: 'OPENED' })
  actor.send({ type: 'LISTED' })
  for (let second = 0; second < 11; second += 1) {
    actor.send({ type: 'SEEN' })
    await clock.advance(1_000)
  }
  const age = () => JSON.stringify(actor.getSnapshot().value).match(/"age":"(\w+)"/)?.[1]
  assert.equal(age(), 'grown')
  actor.send({ type: 'SEEN' })
  assert.equal(age(), 'grown')
  await clock.advance(29_900)
  assert.match(JSON.stringify(actor.getSnapshot().value), /"listening":"fresh"/)
})

const outageEvents = [
  { type: 'ASK' },
  { type: 'STOP' },
  { type: 'DOUBT', error: errors[3] },
  ...withErrors(syntheticEvents(outageMachine)),
]
const outage = walk(outageMachine, outageEvents, ({ context }) => [
  Math.min((context as { failures: number }).failures, 2),
  (context as { error?: { code: string } }).error?.code,
])

test('every state of the outage chart is reached and ends on STOP', () => {
  assert.deepEqual(
    [...restingStates(outageMachine)].filter((id) => !outage.reached.has(id)),
    [],
  )
  for (const snapshot of outage.snapshots)
    if (snapshot.status === 'active')
      assert.equal(
        next(outageMachine, snapshot, { type: 'STOP' }).status,
        'done',
        JSON.stringify(snapshot.value),
      )
})

test('a probe that never answers makes the peer unreachable, and is tried again', async () => {
  const clock = createFakeClock()
  let probes = 0
  const actor = createActor(
    outageMachine.provide({
      actors: {
        probe: fromPromise(() => {
          probes += 1
          return new Promise<void>(() => {})
        }),
      },
      delays: { backoff: 1_000 },
    }),
    { clock },
  ).start()
  actor.send({ type: 'ASK' })
  await clock.advance(6_000)
  assert.deepEqual(actor.getSnapshot().value, { unreachable: 'waiting' })
  await clock.advance(14_000)
  assert.equal(probes, 3)
  assert.equal(actor.getSnapshot().context.failures, 3)
})

test('a watch that breaks is started again; the others do not notice', async () => {
  const clock = createFakeClock()
  const starts: string[] = []
  const child = (name: string) =>
    setup({
      actors: {
        work: fromCallback(() => {
          starts.push(name)
          if (name === 'pods' && starts.filter((each) => each === 'pods').length === 1)
            throw new Error('boom')
        }),
      },
    }).createMachine({ invoke: { src: 'work' } })
  const failed: string[] = []
  const machine = createWatchesMachine({ pods: child('pods'), nodes: child('nodes') }).provide({
    actions: { childFailed: ({ event }) => void failed.push(event.type) },
  })
  const actor = createActor(machine, { clock })
  actor.subscribe({ error: () => assert.fail('the supervisor broke') })
  actor.start()
  assert.deepEqual(actor.getSnapshot().value, { pods: 'failed', nodes: 'running' })
  assert.equal(failed.length, 1)
  await clock.advance(2_000)
  assert.deepEqual(actor.getSnapshot().value, { pods: 'running', nodes: 'running' })
  assert.deepEqual(starts, ['pods', 'nodes', 'pods'])
})

const turnstile = walk(
  turnstileMachine,
  [
    ...['ENTER', 'STREAMING', 'GONE', 'LOST', 'ANSWERED', 'STOP'].map((type) => ({ type })),
    ...syntheticEvents(turnstileMachine),
  ],
  ({ context }) => {
    const { alive, failures } = context as { alive: number; failures: number }
    return [Math.min(alive, 2), Math.min(failures, 2)]
  },
)

test('every state of the turnstile is reached, ends on STOP, and opens again by itself and one watch', () => {
  assert.deepEqual(
    [...restingStates(turnstileMachine)].filter((id) => !turnstile.reached.has(id)),
    [],
  )
  for (const snapshot of turnstile.snapshots) {
    if (snapshot.status !== 'active') continue
    assert.equal(next(turnstileMachine, snapshot, { type: 'STOP' }).status, 'done')
    let at: AnyMachineSnapshot = snapshot
    for (let round = 0; round < 3 && at.value !== 'open'; round += 1)
      for (const { type } of [
        ...syntheticEvents(turnstileMachine).filter(({ type }) => !type.includes('trialLimit')),
        { type: 'ENTER' },
        { type: 'STREAMING' },
      ])
        if (at.value !== 'open') at = next(turnstileMachine, at, { type })
    assert.equal(at.value, 'open', JSON.stringify(snapshot.value))
  }
})
