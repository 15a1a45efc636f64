/** The link region, common to both channels: connecting, silence, back-off, refusal, STOP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromCallback, fromPromise } from 'xstate'
import { type CcpEvent, ccpMachine, type Flushed } from '../../machines/ccp.ts'
import { needsPerson as isForPerson, LINK_CONTEXT, type LinkContext, noteError } from '../../machines/link.ts'
import { type AdapterError, needsPerson, retry } from '../../src/errors.ts'
import type { Session } from '../../src/protocol/index.ts'
import { createFakeClock } from '../fakes/clock.ts'

const SESSION: Session = { session: 's', epoch: 'e', source: 'x', heartbeat_seconds: 15, limits: {} }

function world() {
  const clock = createFakeClock()
  const answers = {
    connect: undefined as AdapterError | 'never' | undefined,
    probe: undefined as AdapterError | 'never' | undefined,
  }
  const counts = { connect: 0, follow: 0, probe: 0, close: 0 }
  let stream: (event: CcpEvent) => void = () => {}
  const reply = <T>(kind: AdapterError | 'never' | undefined, value: T): Promise<T> =>
    kind === 'never'
      ? new Promise<T>(() => {})
      : kind === undefined
        ? Promise.resolve(value)
        : Promise.reject(kind)
  const actor = createActor(
    ccpMachine.provide({
      actors: {
        connect: fromPromise<Session, LinkContext>(() => {
          counts.connect += 1
          return reply(answers.connect, SESSION)
        }),
        follow: fromCallback<CcpEvent, LinkContext>(({ sendBack }) => {
          counts.follow += 1
          stream = sendBack
        }),
        probe: fromPromise<void>(() => {
          counts.probe += 1
          return reply<void>(answers.probe, undefined)
        }),
        closeSession: fromPromise<void, LinkContext>(() => {
          counts.close += 1
          return new Promise(() => {})
        }),
        observe: fromCallback<CcpEvent>(() => {}),
        flush: fromPromise<Flushed, Session | undefined>(async () => ({ againMs: undefined })),
      },
      delays: { backoff: 1_000 },
    }),
    { clock },
  )
  actor.start()
  const link = () => JSON.stringify((actor.getSnapshot().value as unknown as Record<string, unknown>)['link'])
  const send = async (event: CcpEvent) => {
    actor.send(event)
    await clock.settle()
  }
  const say = async (event: CcpEvent) => {
    stream(event)
    await clock.settle()
  }
  return { clock, answers, counts, link, send, say, actor }
}

async function watching() {
  const w = world()
  await w.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } })
  await w.say({ type: 'SYNCED' })
  assert.match(w.link(), /watching/)
  return w
}

const cut = retry('TRANSPORT_RESET', 'cut')

test('a broken stream is made anew after the back-off, and counts as healthy after ten seconds', async () => {
  const w = await watching()
  await w.say({ type: 'FAILED', error: cut })
  assert.equal(w.link(), '"waiting"')
  assert.equal(w.actor.getSnapshot().context.failures, 1)
  await w.clock.advance(1_000)
  assert.equal(w.counts.connect, 2)
  await w.say({ type: 'SYNCED' })
  await w.clock.advance(10_000)
  assert.equal(w.actor.getSnapshot().context.failures, 0)
})

test('a connection attempt that never answers ends', async () => {
  const w = world()
  w.answers.connect = 'never'
  await w.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } })
  await w.clock.advance(20_000)
  assert.equal(w.link(), '"waiting"')
})

test('a sync that drips is bounded', async () => {
  const w = world()
  await w.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } })
  for (let second = 0; second < 300; second += 10) {
    await w.say({ type: 'SEEN' })
    await w.clock.advance(10_000)
  }
  assert.equal(w.link(), '"waiting"')
})

test('30 s of silence are probed, at 45 s the stream is replaced whatever the probe says', async () => {
  const w = await watching()
  await w.clock.advance(29_900)
  assert.equal(w.counts.probe, 0)
  await w.clock.advance(100)
  assert.equal(w.counts.probe, 1)
  await w.clock.advance(14_000)
  assert.match(w.link(), /doubtful/)
  await w.clock.advance(1_000)
  assert.equal(w.link(), '"waiting"')
})

test('a probe without an answer ends the stream, a word on it does not', async () => {
  const dead = await watching()
  dead.answers.probe = cut
  await dead.clock.advance(30_000)
  assert.equal(dead.link(), '"waiting"')
  const alive = await watching()
  for (let second = 0; second < 120; second += 20) {
    await alive.clock.advance(20_000)
    await alive.say({ type: 'SEEN' })
  }
  assert.deepEqual([alive.counts.probe, alive.counts.connect], [0, 1])
})

test('where only a person can help it is refused, and looked at again after ten minutes', async () => {
  const w = world()
  w.answers.connect = needsPerson('NSX_FORBIDDEN', 'no')
  await w.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } })
  assert.equal(w.link(), '"refused"')
  await w.clock.advance(599_000)
  assert.equal(w.counts.connect, 1)
  w.answers.connect = undefined
  await w.clock.advance(1_000)
  assert.equal(w.counts.connect, 2)
})

test('another certificate: what was refused or waits is tried at once, what is open stays', async () => {
  const w = world()
  w.answers.connect = needsPerson('NSX_FORBIDDEN', 'no')
  await w.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } })
  w.answers.connect = undefined
  await w.send({ type: 'RENEWED' })
  assert.equal(w.counts.connect, 2)
  await w.send({ type: 'RENEWED' })
  assert.equal(w.counts.connect, 2)
})

test('the same protocol error three times is for a person; others in between start the count anew', () => {
  const hash = retry('PROTOCOL_HASH', 'x')
  const after = (...errors: AdapterError[]) => {
    let context: LinkContext = LINK_CONTEXT
    for (const error of errors) context = { ...context, ...noteError(context, error) }
    return context
  }
  assert.equal(isForPerson(after(hash, hash)), false)
  assert.equal(isForPerson(after(hash, hash, hash)), true)
  assert.equal(isForPerson(after(hash, hash, cut, hash)), false)
  assert.equal(isForPerson(after(cut, cut, cut, cut)), false)
})

test('STANDBY and STOP leave every state; a session that does not close keeps nobody', async () => {
  const w = await watching()
  await w.send({ type: 'STANDBY' })
  assert.equal(w.link(), '"standby"')
  assert.equal(w.actor.getSnapshot().context.session, undefined)
  const stopping = await watching()
  await stopping.send({ type: 'STOP' })
  assert.deepEqual([stopping.link(), stopping.counts.close], ['"closing"', 1])
  await stopping.clock.advance(1_000)
  assert.equal(stopping.actor.getSnapshot().status, 'done')
})

test('RESYNC opens a new session; while the link is down it asks nothing', async () => {
  const w = await watching()
  await w.send({ type: 'RESYNC' })
  assert.equal(w.counts.connect, 2)
  await w.say({ type: 'FAILED', error: cut })
  await w.send({ type: 'RESYNC' })
  assert.equal(w.link(), '"waiting"')
})
