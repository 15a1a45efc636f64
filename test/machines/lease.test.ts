/** The lease chart, walked: every state is reached, STOP ends it from each, and leaving `leading` always shuts the gate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromPromise, setup } from 'xstate'
import type { Leader } from '../../machines/index.ts'
import { leaseMachine, type Moment } from '../../machines/lease.ts'
import { type AdapterError, needsPerson, retry } from '../../src/errors.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { next, restingStates, syntheticEvents, walk } from './walk.ts'

const since: Moment = { monotonicMs: 0, bootMs: 0, wallMs: 0 }
const leader = { leaseCreated: 5, transitions: 1 }
const errors = [
  retry('LEASE_TAKEN', 'x'),
  retry('TRANSPORT_RESET', 'x'),
  needsPerson('LEASE_NAMESPACE_MISSING', 'x'),
]

const events = [
  { type: 'STOP' },
  { type: 'GIVE_UP', to: 'b' },
  ...syntheticEvents(leaseMachine).flatMap((event) => {
    if (event.type.startsWith('xstate.error.')) return errors.map((error) => ({ ...event, error }))
    if (event.type.includes('renewing')) return [{ ...event, output: since }]
    if (event.type.includes('trying'))
      return [
        { ...event, output: { leader, since } },
        { ...event, output: undefined },
      ]
    return [event]
  }),
]
/** Without a parent to speak to. */
const lonely = leaseMachine.provide({
  actions: { sayHeld: () => {}, sayLost: () => {} },
  guards: { mayGiveUp: () => true },
})
const walked = walk(lonely, events, ({ context }) => (context as { error?: AdapterError }).error?.code)

test('every state is reached', () => {
  assert.deepEqual(
    [...restingStates(leaseMachine)].filter((id) => !walked.reached.has(id)),
    [],
  )
})

test('STOP ends it from every state: at once, or after a release that may fail or hang', () => {
  for (const snapshot of walked.snapshots) {
    if (snapshot.status !== 'active') continue
    const after = next(lonely, snapshot, { type: 'STOP' })
    assert.ok(['stopped', 'releasing'].includes(String(after.value)), JSON.stringify(snapshot.value))
    if (after.value !== 'releasing') continue
    const ends = syntheticEvents(leaseMachine).filter(({ type }) => type.includes('lease.releasing'))
    assert.equal(ends.length, 3)
    for (const event of ends) assert.equal(next(lonely, after, event).status, 'done', event.type)
  }
})

/** The chart under a parent, with ports that answer as the test wants. */
function world(
  ports: {
    renew?: () => Promise<Moment>
    release?: (to: string | undefined) => Promise<void>
    guards?: { isOver?: () => boolean; isWriteOver?: () => boolean; mayGiveUp?: () => boolean }
  } = {},
) {
  const clock = createFakeClock()
  const did: string[] = []
  const logic = leaseMachine.provide({
    actors: {
      acquire: fromPromise<{ leader: Leader; since: Moment } | undefined>(async () => ({ leader, since })),
      renew: fromPromise(ports.renew ?? (async () => since)),
      release: fromPromise<void, string | undefined>(
        ({ input }) => ports.release?.(input) ?? Promise.resolve(),
      ),
    },
    guards: ports.guards ?? {},
    actions: { holdGate: () => void did.push('hold'), shutGate: () => void did.push('shut') },
  })
  const parent = setup({ actors: { lease: logic } }).createMachine({
    invoke: { id: 'lease', src: 'lease' },
    on: {
      LEASE_HELD: { actions: () => void did.push('held') },
      LEASE_LOST: { actions: () => void did.push('lost') },
    },
  })
  const actor = createActor(parent, { clock }).start()
  const lease = () => actor.getSnapshot().children['lease']
  return {
    clock,
    did,
    lease,
    stop: () => lease()?.send({ type: 'STOP' }),
    giveUp: () => lease()?.send({ type: 'GIVE_UP', to: 'b' }),
  }
}

test('the gate is open before anybody hears of leading, and shut before anybody hears of its loss', async () => {
  const { clock, did, stop } = world()
  await clock.settle()
  assert.deepEqual(did, ['hold', 'held'])
  did.length = 0
  stop()
  await clock.settle()
  assert.deepEqual(did, ['shut', 'lost'])
})

test('a renew that hangs: writes end at the write deadline, leading at the renew deadline, whatever comes after', async () => {
  const { clock, did } = world({ renew: () => new Promise(() => {}) })
  await clock.settle()
  did.length = 0
  await clock.advance(4_999)
  assert.deepEqual(did, [])
  await clock.advance(1)
  assert.deepEqual(did, ['shut'])
  await clock.advance(5_000)
  assert.deepEqual(did, ['shut', 'shut', 'lost'])
})

test('renews that fail do not move the deadlines; one that succeeds does', async () => {
  let fails = true
  const { clock, did } = world({
    renew: () => (fails ? Promise.reject(retry('TRANSPORT_RESET', 'x')) : Promise.resolve(since)),
  })
  await clock.settle()
  did.length = 0
  await clock.advance(9_999)
  assert.deepEqual(did, ['shut'])
  fails = false
  await clock.advance(1)
  assert.deepEqual(did.slice(1), ['shut', 'lost'])
  const better = world({ renew: async () => since })
  await better.clock.advance(60_000)
  assert.ok(!better.did.includes('shut'))
})

test('a release that hangs holds a stop up for 3 s at most', async () => {
  const { clock, lease, stop } = world({ release: () => new Promise(() => {}) })
  await clock.settle()
  const child = lease()
  stop()
  await clock.advance(2_999)
  assert.equal(child?.getSnapshot()?.status, 'active')
  await clock.advance(1)
  assert.equal(child?.getSnapshot()?.status, 'done')
})

test('leadership that is given up: no more writes, then the offer, then a candidate again', async () => {
  const released: (string | undefined)[] = []
  const { clock, did, lease, giveUp } = world({
    release: async (to) => void released.push(to),
    guards: { mayGiveUp: () => true },
  })
  await clock.settle()
  did.length = 0
  giveUp()
  await clock.settle()
  assert.deepEqual([did, released], [['shut', 'lost'], []])
  await clock.advance(500)
  assert.deepEqual(released, ['b'])
  assert.equal(lease()?.getSnapshot()?.value, 'lost')
  await clock.advance(2_000)
  assert.deepEqual(did.slice(2), ['hold', 'held'])
})

test('it is not given up again too soon, and a stop in the middle gives the lease back to all', async () => {
  const often = world({ guards: { mayGiveUp: () => false } })
  await often.clock.settle()
  often.giveUp()
  await often.clock.settle()
  assert.deepEqual(often.did, ['hold', 'held'])

  const released: (string | undefined)[] = []
  const { clock, stop, giveUp } = world({
    release: async (to) => void released.push(to),
    guards: { mayGiveUp: () => true },
  })
  await clock.settle()
  giveUp()
  stop()
  await clock.settle()
  assert.deepEqual(released, [undefined])
})

test('clocks that ran on while timers stood still end writes, and leading, within a second', async () => {
  let wall = false
  let real = false
  const { clock, did } = world({
    renew: () => new Promise(() => {}),
    guards: { isWriteOver: () => wall, isOver: () => real },
  })
  await clock.settle()
  did.length = 0
  await clock.advance(1_000)
  assert.deepEqual(did, [])
  wall = true
  await clock.advance(1_000)
  assert.deepEqual(did, ['shut'])
  real = true
  await clock.advance(1_000)
  assert.deepEqual(did.slice(-2), ['shut', 'lost'])
})

test('a process that stood still beyond its time does not renew any more', async () => {
  let renews = 0
  const { clock, did } = world({
    renew: async () => {
      renews += 1
      return since
    },
    guards: { isOver: () => true },
  })
  await clock.settle()
  await clock.advance(3_000)
  assert.equal(renews, 0)
  assert.deepEqual(did.slice(0, 4), ['hold', 'held', 'shut', 'lost'])
})
