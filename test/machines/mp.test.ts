/** The MP chart by itself: every state has its exits on a lost link, a lost lease and a stop, and none is a trap. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromCallback, fromPromise, type NonReducibleUnknown } from 'xstate'
import type { LinkContext } from '../../machines/link.ts'
import { type InventoryOutcome, type MpEvent, mpMachine } from '../../machines/mp.ts'
import { stateWords } from '../../src/diagnostics/inspection.ts'
import { type AdapterError, needsPerson, retry } from '../../src/errors.ts'
import type { Session } from '../../src/protocol/session.ts'
import { createFakeClock } from '../fakes/clock.ts'

const leader = { leaseCreated: 5, transitions: 1 }
const session: Session = { session: 's', epoch: 'e', source: 's', heartbeat_seconds: 15, limits: {} }

type Port =
  | 'connect'
  | 'probe'
  | 'closeSession'
  | 'readInventory'
  | 'applyInventory'
  | 'compareInventory'
  | 'sendHealth'

/** A chart whose ports wait until the test settles them, and count how often they were called. */
function world(options: { healthChanged?: () => boolean; isBatchFull?: () => boolean } = {}) {
  const clock = createFakeClock()
  const calls: string[] = []
  const open = new Map<Port, { resolve(value?: unknown): void; reject(error: AdapterError): void }>()
  const stopped: string[] = []
  const port = <T, I = NonReducibleUnknown>(name: Port) =>
    fromPromise<T, I>(({ signal }) => {
      calls.push(name)
      signal.addEventListener('abort', () => stopped.push(name))
      return new Promise<T>((resolve, reject) =>
        open.set(name, { resolve: (value) => resolve(value as T), reject }),
      )
    })
  let say: (event: MpEvent) => void = () => {}
  const callback = <I = NonReducibleUnknown>(name: string) =>
    fromCallback<MpEvent, I>(({ sendBack }) => {
      calls.push(name)
      if (name === 'follow') say = sendBack
      return () => stopped.push(name)
    })
  const actor = createActor(
    mpMachine.provide({
      actors: {
        connect: port<Session, LinkContext>('connect'),
        probe: port<void>('probe'),
        closeSession: port<void, LinkContext>('closeSession'),
        readInventory: port<void>('readInventory'),
        applyInventory: port<InventoryOutcome>('applyInventory'),
        compareInventory: port<InventoryOutcome>('compareInventory'),
        sendHealth: port<void, LinkContext>('sendHealth'),
        follow: callback<LinkContext>('follow'),
        observe: callback('observe'),
        watchHealth: callback('watchHealth'),
      },
      guards: {
        healthChanged: options.healthChanged ?? (() => false),
        isBatchFull: options.isBatchFull ?? (() => false),
      },
      delays: { backoff: 1_000, inventoryBackoff: 1_000 },
    }),
    { clock },
  )
  actor.start()
  const words = () => stateWords(actor.getSnapshot().value)
  const settle = async (name: Port, value?: unknown) => {
    const pending = open.get(name)
    assert.ok(pending, `${name} is called in ${words()}`)
    open.delete(name)
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
  const connect = async () => {
    actor.send({ type: 'KUBE_READY' })
    actor.send({ type: 'LEAD', leader })
    await settle('connect', session)
  }
  const steady = async () => {
    await connect()
    await settle('readInventory')
    await settle('applyInventory', { guarded: 0 })
    await settle('sendHealth')
    await clock.advance(1_000)
  }
  const count = (name: string) => calls.filter((called) => called === name).length
  return {
    actor,
    clock,
    calls,
    stopped,
    words,
    settle,
    fail,
    connect,
    steady,
    count,
    say: (event: MpEvent) => say(event),
  }
}

const has = (words: string, ...states: string[]) => {
  for (const state of states) assert.ok(words.split(' ').includes(state), `${state} in ${words}`)
}

test('a session reads back, applies, and only then watches', async () => {
  const { words, connect, settle } = world()
  has(words(), 'link.standby', 'inventory.idle', 'health.idle')
  await connect()
  has(words(), 'link.open.phase.syncing', 'inventory.working.work.reading', 'health.reporting.sending')
  await settle('readInventory')
  has(words(), 'link.open.phase.syncing', 'inventory.working.work.applying')
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'link.open.phase.watching', 'inventory.working.work.steady', 'inventory.working.guard.clear')
})

test('the inventory waits for the cluster to be in sight; health does not', async () => {
  const { actor, words, settle } = world()
  actor.send({ type: 'LEAD', leader })
  await settle('connect', session)
  has(words(), 'inventory.idle', 'health.reporting.sending')
  actor.send({ type: 'KUBE_READY' })
  has(words(), 'inventory.working.work.reading')
})

test('a cluster out of sight and back again in one session is in sight in the next', async () => {
  const { actor, clock, words, steady, settle, say } = world()
  await steady()
  actor.send({ type: 'KUBE_LOST' })
  actor.send({ type: 'KUBE_READY' })
  say({ type: 'FAILED', error: retry('CUT', 'the stream was cut') })
  await clock.advance(1_000)
  await settle('connect', session)
  has(words(), 'link.open.phase.syncing', 'inventory.working.work.reading')
})

test('changes are gathered, then sent; one during the sending is not lost', async () => {
  const { actor, clock, words, steady, settle, count } = world()
  await steady()
  const applied = count('applyInventory')
  actor.send({ type: 'CHANGED' })
  has(words(), 'inventory.working.work.gathering')
  actor.send({ type: 'CHANGED' })
  await clock.advance(200)
  has(words(), 'inventory.working.work.applying')
  actor.send({ type: 'CHANGED' })
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'inventory.working.work.gathering')
  await clock.advance(200)
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'inventory.working.work.steady')
  assert.equal(count('applyInventory'), applied + 2)
})

test('a batch that is full goes at once, also while others are gathered', async () => {
  let isFull = false
  const { actor, words, steady, settle } = world({ isBatchFull: () => isFull })
  await steady()
  actor.send({ type: 'CHANGED' })
  has(words(), 'inventory.working.work.gathering')
  isFull = true
  actor.send({ type: 'CHANGED' })
  has(words(), 'inventory.working.work.applying')
  isFull = false
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'inventory.working.work.steady')
  isFull = true
  actor.send({ type: 'CHANGED' })
  has(words(), 'inventory.working.work.applying')
})

test('a full comparison comes every ten minutes, also under constant change, and when asked for', async () => {
  const { actor, clock, steady, settle, count, say, words } = world()
  await steady()
  for (let passed = 0; passed < 600; passed += 10) {
    say({ type: 'SEEN' })
    await clock.advance(9_000)
    actor.send({ type: 'CHANGED' })
    await clock.advance(1_000)
    if (words().includes('work.reading')) break
    await settle('applyInventory', { guarded: 0 })
  }
  await clock.advance(0)
  assert.equal(count('readInventory'), 2)
  await settle('readInventory')
  await settle('applyInventory', { guarded: 0 })
  say({ type: 'COMPARE' })
  has(words(), 'inventory.working.work.reading')
})

test('a comparison asked for while one reads is made after it', async () => {
  const { connect, settle, say, words } = world()
  await connect()
  say({ type: 'COMPARE' })
  await settle('readInventory')
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'link.open.phase.watching', 'inventory.working.work.reading')
})

test('guarded deletes are looked at again after 30 s, until they are gone', async () => {
  const { clock, connect, settle, say, words, count } = world()
  await connect()
  await settle('readInventory')
  await settle('applyInventory', { guarded: 9 })
  has(words(), 'link.open.phase.watching', 'inventory.working.guard.holding', 'inventory.working.work.steady')
  await clock.advance(29_000)
  say({ type: 'SEEN' })
  assert.equal(count('readInventory'), 1)
  await clock.advance(1_000)
  assert.equal(count('readInventory'), 2)
  await settle('readInventory')
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'inventory.working.guard.clear')
})

test('work that fails backs off and goes on where it was; a deadline reads anew', async () => {
  const { actor, clock, steady, settle, fail, say, words, count } = world()
  await steady()
  actor.send({ type: 'CHANGED' })
  await clock.advance(200)
  await fail('applyInventory', retry('NSX_THROTTLED', 'later'))
  has(words(), 'inventory.working.work.waiting', 'link.open.phase.watching')
  assert.equal(actor.getSnapshot().context.inventory.failures, 1)
  await clock.advance(1_000)
  has(words(), 'inventory.working.work.applying')
  await settle('applyInventory', { guarded: 0 })
  assert.equal(actor.getSnapshot().context.inventory.failures, 0)
  actor.send({ type: 'CHANGED' })
  const reads = count('readInventory')
  for (let passed = 0; passed < 320; passed += 20) {
    say({ type: 'SEEN' })
    await clock.advance(20_000)
  }
  has(words(), 'inventory.working.work.reading')
  assert.equal(count('readInventory'), reads + 1)
})

test('a read that fails is read again, never applied from', async () => {
  const { clock, connect, fail, words, count } = world()
  await connect()
  await fail('readInventory', retry('NSX_LIST_INCOMPLETE', 'torn'))
  has(words(), 'inventory.working.work.waiting')
  await clock.advance(1_000)
  has(words(), 'inventory.working.work.reading')
  assert.equal(count('applyInventory'), 0)
})

test('what only a person can mend refuses the channel as a whole', async () => {
  const { clock, connect, fail, settle, words, stopped } = world()
  await connect()
  await settle('readInventory')
  await fail('applyInventory', needsPerson('NSX_FORBIDDEN', 'no right'))
  has(words(), 'link.refused', 'inventory.idle', 'health.idle')
  assert.ok(stopped.includes('follow') && stopped.includes('observe'))
  await clock.advance(600_000)
  has(words(), 'link.connecting')
})

test('health: at the interval, at once on a change, soon again when unheard', async () => {
  let changed = false
  const { actor, clock, steady, settle, fail, say, words, count } = world({ healthChanged: () => changed })
  await steady()
  has(words(), 'health.reporting.resting.calm')
  const beat = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 1) {
      say({ type: 'SEEN' })
      await clock.advance(1_000)
    }
  }
  await beat(59)
  assert.equal(count('sendHealth'), 1)
  await beat(1)
  assert.equal(count('sendHealth'), 2)
  await settle('sendHealth')
  await beat(1)
  actor.send({ type: 'HEALTH_MOVED' })
  assert.equal(count('sendHealth'), 2)
  changed = true
  actor.send({ type: 'HEALTH_MOVED' })
  assert.equal(count('sendHealth'), 3)
  changed = false
  await fail('sendHealth', retry('NSX_SERVER_ERROR', 'no'))
  has(words(), 'health.reporting.unheard')
  await beat(10)
  assert.equal(count('sendHealth'), 4)
  await settle('sendHealth')
  await beat(1)
  // An age that passes its limit has no event.
  changed = true
  await beat(5)
  assert.equal(count('sendHealth'), 5)
  changed = false
  // Nobody answers.
  await beat(20)
  has(words(), 'health.reporting.unheard')
})

/** Ways into every state from which the three exits are tried. */
const WAYS: Readonly<Record<string, (w: ReturnType<typeof world>) => Promise<void>>> = {
  standby: async () => {},
  connecting: async ({ actor }) => {
    actor.send({ type: 'KUBE_READY' })
    actor.send({ type: 'LEAD', leader })
  },
  waiting: async (w) => {
    w.actor.send({ type: 'LEAD', leader })
    await w.fail('connect', retry('X', 'x'))
  },
  refused: async (w) => {
    w.actor.send({ type: 'LEAD', leader })
    await w.fail('connect', needsPerson('X', 'x'))
  },
  reading: (w) => w.connect(),
  applying: async (w) => {
    await w.connect()
    await w.settle('readInventory')
  },
  failing: async (w) => {
    await w.connect()
    await w.fail('readInventory', retry('X', 'x'))
  },
  steady: (w) => w.steady(),
  gathering: async (w) => {
    await w.steady()
    w.actor.send({ type: 'CHANGED' })
  },
  holding: async (w) => {
    await w.connect()
    await w.settle('readInventory')
    await w.settle('applyInventory', { guarded: 5 })
  },
  unheard: async (w) => {
    await w.connect()
    await w.fail('sendHealth', retry('X', 'x'))
  },
  probing: async (w) => {
    await w.steady()
    await w.clock.advance(30_000)
  },
}

for (const [name, enter] of Object.entries(WAYS)) {
  test(`${name}: a stop ends every region within a second`, async () => {
    const w = world()
    await enter(w)
    w.actor.send({ type: 'STOP' })
    await w.clock.advance(1_000)
    assert.equal(w.actor.getSnapshot().status, 'done', w.words())
  })

  test(`${name}: without the lease nothing runs and nothing is due`, async () => {
    const w = world()
    await enter(w)
    w.actor.send({ type: 'STANDBY' })
    has(w.words(), 'link.standby', 'inventory.idle', 'health.idle')
    const before = w.calls.length
    await w.clock.advance(1_300_000)
    assert.equal(w.calls.length, before)
    w.actor.send({ type: 'LEAD', leader })
    has(w.words(), 'link.connecting')
  })

  test(`${name}: a link that is lost is dialled again and compared from the start`, async () => {
    const w = world()
    await enter(w)
    w.actor.send({ type: 'KUBE_READY' })
    w.actor.send({ type: 'LEAD', leader })
    w.say({ type: 'FAILED', error: retry('STREAM_ENDED', 'over') })
    await w.clock.advance(601_000)
    has(w.words(), 'link.connecting')
    const reads = w.count('readInventory')
    await w.settle('connect', session)
    has(w.words(), 'inventory.working.work.reading')
    assert.equal(w.count('readInventory'), reads + 1)
  })
}

test('a pause compares and sends nothing of the inventory; health goes on; its end reads NSX back first', async () => {
  const { actor, clock, words, steady, settle, say, count, calls } = world()
  await steady()
  actor.send({ type: 'PAUSE' })
  has(words(), 'pause.on', 'inventory.working.work.steady')
  say({ type: 'CHANGED' })
  await clock.advance(200)
  has(words(), 'inventory.working.work.comparing')
  await settle('compareInventory', { guarded: 0 })
  has(words(), 'inventory.working.work.held', 'link.open.phase.watching')
  const sent = count('sendHealth')
  say({ type: 'CHANGED' })
  await clock.advance(5_000)
  assert.equal(count('compareInventory'), 2)
  for (let quarter = 0; quarter < 4; quarter += 1) {
    say({ type: 'SEEN' })
    await clock.advance(15_000)
  }
  assert.equal(count('sendHealth'), sent + 1)
  await settle('compareInventory', { guarded: 0 })
  assert.equal(count('applyInventory'), 1)
  actor.send({ type: 'RESUME' })
  has(words(), 'inventory.working.work.reading')
  await settle('readInventory')
  has(words(), 'inventory.working.work.applying')
  assert.equal(calls.filter((name) => name === 'applyInventory').length, 2)
})

test('a session that begins in a pause is synced by its comparison', async () => {
  const { actor, words, connect, settle, count } = world()
  actor.send({ type: 'PAUSE' })
  await connect()
  await settle('readInventory')
  await settle('compareInventory', { guarded: 0 })
  has(words(), 'link.open.phase.watching', 'inventory.working.work.held')
  assert.equal(count('applyInventory'), 0)
})

test('batches under way when a pause begins are finished, and given up after half a minute', async () => {
  const { actor, clock, words, steady, settle, say, stopped } = world()
  await steady()
  say({ type: 'CHANGED' })
  await clock.advance(200)
  actor.send({ type: 'PAUSE' })
  has(words(), 'pause.finishing', 'inventory.working.work.applying')
  await settle('applyInventory', { guarded: 0 })
  has(words(), 'pause.on', 'inventory.working.work.steady')

  const slow = world()
  await slow.steady()
  slow.say({ type: 'CHANGED' })
  await slow.clock.advance(200)
  slow.actor.send({ type: 'PAUSE' })
  await slow.clock.advance(30_000)
  has(slow.words(), 'pause.on', 'inventory.working.work.comparing')
  assert.ok(slow.stopped.includes('applyInventory'))
  assert.deepEqual(stopped, [])
})
