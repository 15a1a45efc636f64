/** The instances chart: every state is reached, a round goes on whatever fails, and who gives up when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromPromise, setup } from 'xstate'
import { instancesMachine, type Surveyed } from '../../machines/instances.ts'
import { retry } from '../../src/errors.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { next, restingStates, syntheticEvents, walk } from './walk.ts'

const error = retry('TRANSPORT_RESET', 'x')
const events = [
  { type: 'LEAD' },
  { type: 'STANDBY' },
  { type: 'STOP' },
  ...syntheticEvents(instancesMachine).flatMap((event) => {
    if (event.type.startsWith('xstate.error.')) return [{ ...event, error }]
    if (!event.type.includes('surveying')) return [event]
    return ['b', undefined].map((successor) => ({ ...event, output: { successor } }))
  }),
]
/** Without a parent to speak to. */
const lonely = instancesMachine.provide({ actions: { giveUp: () => {} } })
const walked = walk(lonely, events, ({ context }) => (context as Surveyed).successor)

test('every state is reached, and STOP ends it from each after a withdrawal that may fail or hang', () => {
  assert.deepEqual(
    [...restingStates(instancesMachine)].filter((id) => !walked.reached.has(id)),
    [],
  )
  const ends = syntheticEvents(instancesMachine).filter(({ type }) => type.includes('leaving'))
  assert.equal(ends.length, 3)
  for (const snapshot of walked.snapshots) {
    if (snapshot.status !== 'active') continue
    const leaving = next(lonely, snapshot, { type: 'STOP' })
    for (const event of ends)
      assert.equal(
        next(lonely, leaving, event).status,
        'done',
        `${JSON.stringify(snapshot.value)} ${event.type}`,
      )
  }
})

interface Ports {
  hello?: () => Promise<void>
  announce?: () => Promise<void>
  survey?: () => Promise<Surveyed>
  sweep?: () => Promise<void>
}

/** Under a parent, with ports that answer as the test wants. */
function world(ports: Ports = {}) {
  const clock = createFakeClock()
  const did: string[] = []
  const port = (name: keyof Ports) =>
    fromPromise<void>(async () => {
      did.push(name)
      await ports[name]?.()
    })
  const logic = instancesMachine.provide({
    actors: {
      hello: port('hello'),
      announce: port('announce'),
      sweep: port('sweep'),
      survey: fromPromise<Surveyed>(async () => (await ports.survey?.()) ?? { successor: undefined }),
      withdraw: fromPromise<void>(async () => void did.push('withdraw')),
    },
    actions: { sayProblem: () => void did.push('problem') },
  })
  const parent = setup({
    types: { events: {} as { type: 'GIVE_UP'; to: string } },
    actors: { instances: logic },
  }).createMachine({
    invoke: { id: 'instances', src: 'instances' },
    on: { GIVE_UP: { actions: ({ event }) => void did.push(`give up to ${event.to}`) } },
  })
  const actor = createActor(parent, { clock }).start()
  return {
    clock,
    did,
    send: (type: 'LEAD' | 'STANDBY' | 'STOP') => actor.getSnapshot().children['instances']?.send({ type }),
    offers: () => did.filter((line) => line.startsWith('give up')),
  }
}

const fails = () => Promise.reject(error)
const hangs = () => new Promise<never>(() => {})
const toB = async () => ({ successor: 'b' })

test('a round every ten seconds; only the leader sweeps', async () => {
  const { clock, did, send } = world()
  await clock.advance(25_000)
  assert.deepEqual(did, ['hello', 'announce', 'hello', 'announce', 'hello', 'announce'])
  send('LEAD')
  await clock.advance(10_000)
  assert.deepEqual(did.slice(6), ['hello', 'announce', 'sweep'])
})

test('rounds go on whatever fails or hangs', async () => {
  for (const broken of ['hello', 'announce', 'survey', 'sweep'] as const)
    for (const how of [fails, hangs]) {
      const { clock, did, send } = world({ [broken]: how })
      send('LEAD')
      await clock.advance(65_000)
      const rounds = did.filter((line) => line === 'hello').length
      assert.ok(rounds >= 3, `${broken}: ${rounds} rounds`)
    }
})

test('a leader that has not reached the manager for 20 s tells of a standby that has; not sooner', async () => {
  const { clock, send, offers } = world({ hello: fails, survey: toB })
  send('LEAD')
  await clock.advance(19_999)
  assert.deepEqual(offers(), [])
  await clock.advance(1_000)
  assert.deepEqual(offers(), ['give up to b'])
})

test('nothing is given up by a standby, by a leader that reaches it, without a successor, or after one answer', async () => {
  const standby = world({ hello: fails, survey: toB })
  const well = world({ survey: toB })
  const alone = world({ hello: fails })
  let turn = 0
  const flaky = world({
    survey: toB,
    hello: async () => {
      turn += 1
      if (turn % 2 === 0) throw error
    },
  })
  for (const one of [well, alone, flaky]) one.send('LEAD')
  for (const one of [standby, well, alone, flaky]) {
    await one.clock.advance(600_000)
    assert.deepEqual(one.offers(), [])
  }
})
