/** The CCP chart on a clock that stands still: every region's ways, what goes on while the link is down, and STOP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromCallback, fromPromise } from 'xstate'
import {
  type Applied,
  type CcpEvent,
  ccpMachine,
  type EvidenceRead,
  type Flushed,
  type Planned,
} from '../../machines/ccp.ts'
import type { LinkContext } from '../../machines/link.ts'
import { type AdapterError, needsPerson, retry } from '../../src/errors.ts'
import type { Session } from '../../src/protocol/index.ts'
import { createFakeClock } from '../fakes/clock.ts'

const LEAD: CcpEvent = { type: 'LEAD', leader: { leaseCreated: 1, transitions: 1 } }
const SETTLED: Planned = { steps: 0, awaiting: 0, guarded: false, againMs: undefined }

interface Answers {
  connect: AdapterError | undefined
  planned: Planned | AdapterError
  applied: Applied | Promise<Applied> | 'never'
  flushed: Flushed | AdapterError
  /** Of the next report; all but the last say that it goes on. */
  calls: number
  evidence: EvidenceRead | AdapterError | 'never'
  probe: AdapterError | undefined
}

/** The chart with ports that answer what `answers` says, and a log of what they were asked. */
function world() {
  const clock = createFakeClock()
  const calls: string[] = []
  const answers: Answers = {
    connect: undefined,
    planned: SETTLED,
    applied: { kind: 'done' },
    flushed: { againMs: undefined },
    calls: 1,
    evidence: { againMs: undefined },
    probe: undefined,
  }
  const streams: ((event: CcpEvent) => void)[] = []
  let sessions = 0
  const answer = <T>(name: string, value: T | Promise<T> | AdapterError): Promise<T> => {
    calls.push(name)
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value as T)
  }
  const machine = ccpMachine.provide({
    actors: {
      connect: fromPromise<Session, LinkContext>(async () => {
        sessions += 1
        const session = `s${sessions}`
        return answer(
          'connect',
          answers.connect ?? { session, epoch: 'e', source: 's', heartbeat_seconds: 15, limits: {} },
        )
      }),
      follow: fromCallback<CcpEvent, LinkContext>(({ sendBack }) => {
        calls.push('follow')
        streams.push(sendBack)
      }),
      probe: fromPromise<void>(() => answer('probe', answers.probe as undefined)),
      closeSession: fromPromise<void, LinkContext>(() => answer('close', undefined)),
      observe: fromCallback<CcpEvent>(() => {}),
      plan: fromPromise<Planned>(() => answer('plan', answers.planned)),
      apply: fromPromise<Applied>(({ signal }) => {
        signal.addEventListener('abort', () => calls.push('apply aborted'))
        if (answers.applied === 'never') return new Promise(() => void calls.push('apply'))
        return answer('apply', answers.applied)
      }),
      flush: fromPromise<Flushed, Session | undefined>(({ input }) => {
        answers.calls = Math.max(answers.calls - 1, 0)
        const isLast = answers.calls === 0
        return answer(
          `flush ${input?.session}`,
          isLast ? answers.flushed : { againMs: undefined, more: true },
        )
      }),
      readEvidence: fromPromise<EvidenceRead>(() => {
        if (answers.evidence === 'never') return new Promise(() => void calls.push('evidence'))
        return answer('evidence', answers.evidence)
      }),
    },
    actions: {
      approve: () => void calls.push('approve'),
      sayWrites: ({ context }) =>
        void (context.writeError && calls.push(`writes ${context.writeError.code}`)),
    },
    delays: { backoff: 1_000, writeBackoff: 200, reportBackoff: 1_000, evidenceBackoff: 2_000 },
  })
  const actor = createActor(machine, { clock })
  actor.start()
  const value = () => actor.getSnapshot().value as unknown as Record<string, unknown>
  return {
    clock,
    calls,
    answers,
    actor,
    value,
    enforcement: () => value()['enforcement'],
    count: (name: string) => calls.filter((call) => call.startsWith(name)).length,
    send: async (event: CcpEvent) => {
      actor.send(event)
      await clock.settle()
    },
    stream: async (event: CcpEvent) => {
      streams.at(-1)?.(event)
      await clock.settle()
    },
  }
}

/** Leading, synced, with nothing to write. */
async function settled() {
  const w = world()
  await w.send({ type: 'KUBE_READY' })
  await w.send(LEAD)
  await w.stream({ type: 'DESIRED' })
  await w.stream({ type: 'SYNCED' })
  assert.equal(w.enforcement(), 'settled')
  return w
}

test('nothing is planned before it leads, sees the cluster and has a complete set', async () => {
  const w = world()
  await w.send(LEAD)
  await w.stream({ type: 'DESIRED' })
  assert.deepEqual([w.enforcement(), w.count('plan')], ['idle', 0])
  await w.send({ type: 'KUBE_READY' })
  assert.deepEqual([w.enforcement(), w.count('plan')], ['settled', 1])
  const follower = world()
  await follower.send({ type: 'KUBE_READY' })
  assert.deepEqual([follower.enforcement(), follower.count('connect')], ['idle', 0])
})

test('a commit is planned and applied at once, without waiting for time', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  w.answers.applied = 'never'
  await w.stream({ type: 'DESIRED' })
  assert.deepEqual([w.enforcement(), w.count('apply')], ['applying', 1])
})

test('after applying it is planned again, until there is nothing left', async () => {
  const w = await settled()
  w.calls.length = 0
  w.answers.planned = { ...SETTLED, steps: 2 }
  w.answers.applied = 'never'
  await w.stream({ type: 'DESIRED' })
  w.answers.planned = SETTLED
  w.answers.applied = { kind: 'done' }
  await w.send({ type: 'KUBE_LOST' })
  assert.deepEqual([w.enforcement(), w.count('apply aborted')], ['idle', 1])
  await w.send({ type: 'KUBE_READY' })
  assert.equal(w.enforcement(), 'settled')
})

test('drift is repaired while the link is down, and nothing is once leading is lost', async () => {
  const w = await settled()
  w.answers.connect = retry('TRANSPORT_REFUSED', 'down')
  await w.stream({ type: 'FAILED', error: retry('TRANSPORT_RESET', 'cut') })
  assert.equal((w.value()['link'] as string) === 'waiting', true)
  const before = w.count('plan')
  await w.send({ type: 'CHANGED' })
  assert.equal(w.count('plan'), before + 1)
  await w.send({ type: 'STANDBY' })
  await w.send({ type: 'CHANGED' })
  assert.deepEqual([w.enforcement(), w.count('plan'), w.value()['link']], ['idle', before + 1, 'standby'])
})

test('leading again, it waits for a full sync: another leader may have had a newer set', async () => {
  const w = await settled()
  await w.send({ type: 'STANDBY' })
  const before = w.count('plan')
  await w.send(LEAD)
  await w.send({ type: 'CHANGED' })
  assert.deepEqual([w.enforcement(), w.count('plan'), w.count('flush s2')], ['idle', before, 0])
  await w.stream({ type: 'DESIRED' })
  assert.deepEqual([w.enforcement(), w.count('plan')], ['settled', before + 1])
})

test('new groups are awaited; when they are late the plan starts over', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, awaiting: 1 }
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.enforcement(), 'awaiting')
  await w.clock.advance(10_000)
  assert.equal(w.enforcement(), 'retrying')
  w.answers.planned = SETTLED
  await w.clock.advance(200)
  assert.equal(w.enforcement(), 'settled')
  w.answers.planned = { ...SETTLED, awaiting: 1 }
  await w.stream({ type: 'DESIRED' })
  w.answers.planned = SETTLED
  await w.send({ type: 'CHANGED' })
  assert.equal(w.enforcement(), 'settled')
})

test('while groups are late, what somebody changes is planned at once', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, awaiting: 1 }
  await w.stream({ type: 'DESIRED' })
  await w.clock.advance(10_000)
  assert.equal(w.enforcement(), 'retrying')
  const [plans, writes] = [w.count('plan'), w.count('apply')]
  w.answers.planned = { ...SETTLED, awaiting: 1, steps: 1 }
  w.answers.applied = { kind: 'failed', error: retry('KUBE_SERVER_ERROR', 'busy') }
  await w.send({ type: 'CHANGED' })
  assert.ok(w.count('plan') > plans && w.count('apply') > writes)
})

test('failed writes back off; a conflict is planned again as soon as the cluster shows it', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  w.answers.applied = { kind: 'failed', error: retry('KUBE_SERVER_ERROR', 'busy') }
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.enforcement(), 'retrying')
  assert.equal(w.count('writes KUBE_SERVER_ERROR'), 1)
  const before = w.count('apply')
  await w.send({ type: 'CHANGED' })
  assert.equal(w.count('apply'), before)
  w.answers.applied = { kind: 'failed', error: retry('KUBE_CONFLICT', 'changed') }
  await w.clock.advance(200)
  assert.equal(w.count('apply'), before + 1)
  w.answers.planned = SETTLED
  await w.send({ type: 'CHANGED' })
  assert.equal(w.enforcement(), 'settled')
})

test('what needs a person is blocked, looked at again, and freed by a new commit', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  w.answers.applied = { kind: 'failed', error: needsPerson('KUBE_FORBIDDEN', 'no rights') }
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.enforcement(), 'blocked')
  const before = w.count('apply')
  await w.clock.advance(29_000)
  assert.equal(w.count('apply'), before)
  await w.clock.advance(1_000)
  assert.equal(w.count('apply'), before + 1)
  w.answers.planned = SETTLED
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.enforcement(), 'settled')
})

test('blocked by one, it looks at what somebody changes within a second, and no more often than that', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  w.answers.applied = { kind: 'failed', error: needsPerson('KUBE_FORBIDDEN', 'no rights') }
  await w.stream({ type: 'DESIRED' })
  await w.clock.advance(5_000)
  const before = w.count('apply')
  await w.send({ type: 'CHANGED' })
  assert.deepEqual([w.count('apply'), w.enforcement()], [before + 1, 'blocked'])
  for (let time = 0; time < 100; time += 1) {
    await w.clock.advance(100)
    await w.send({ type: 'CHANGED' })
  }
  assert.ok(w.count('apply') - before <= 11, `${w.count('apply') - before} in 10 s`)
  assert.ok(w.count('apply') - before >= 10)
  // What has changed while it wrote counts as well.
  await w.clock.advance(1_000)
  assert.equal(w.enforcement(), 'blocked')
  await w.clock.advance(1_000)
  assert.equal(w.enforcement(), 'barred')
})

test('a conflict that the cluster showed before the refusal came is planned again at once', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  let refuse = () => {}
  w.answers.applied = new Promise<Applied>((resolve) => {
    refuse = () => resolve({ kind: 'failed', error: retry('KUBE_CONFLICT', 'changed') })
  })
  await w.stream({ type: 'DESIRED' })
  await w.send({ type: 'CHANGED' })
  assert.equal(w.enforcement(), 'applying')
  w.answers.planned = SETTLED
  refuse()
  await w.clock.settle()
  assert.equal(w.enforcement(), 'settled')
})

test('a plan that asks for it is made again by time alone, and at the latest every ten minutes', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, againMs: 30_000 }
  await w.send({ type: 'CHANGED' })
  const before = w.count('plan')
  w.answers.planned = SETTLED
  await w.clock.advance(30_000)
  assert.equal(w.count('plan'), before + 1)
})

test('a large delete is looked at twice: another snapshot in another session, 30 s later', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, guarded: true }
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.value()['guard'], 'waiting')
  const before = w.count('follow')
  for (let second = 0; second < 29; second += 1) {
    await w.stream({ type: 'SEEN' })
    await w.clock.advance(1_000)
  }
  assert.equal(w.count('follow'), before)
  await w.clock.advance(1_000)
  assert.deepEqual([w.value()['guard'], w.count('follow')], ['asking', before + 1])
  w.answers.planned = SETTLED
  await w.stream({ type: 'DESIRED' })
  assert.equal(w.value()['guard'], 'clear')
})

test('a person agrees, and the plan is made again', async () => {
  const w = await settled()
  const before = w.count('plan')
  await w.send({ type: 'APPROVE' })
  assert.deepEqual([w.count('approve'), w.count('plan')], [1, before + 1])
})

test('reports: full at once, then at most one a second, gathered, and again with a new session', async () => {
  const w = await settled()
  assert.equal(w.count('flush s1'), 1)
  for (let n = 0; n < 5; n += 1) await w.send({ type: 'STATUS' })
  assert.equal(w.count('flush'), 1)
  await w.clock.advance(1_000)
  assert.equal(w.count('flush'), 2)
  await w.clock.advance(5_000)
  assert.equal(w.count('flush'), 2)
  await w.send({ type: 'STATUS' })
  assert.equal(w.count('flush'), 3)
  await w.stream({ type: 'FAILED', error: retry('STREAM_ENDED', 'over') })
  await w.clock.advance(1_000)
  assert.equal(w.count('flush s2'), 1)
})

test('a report of many calls goes on at once; one of them that fails is made again after a pause', async () => {
  const w = await settled()
  await w.clock.advance(2_000)
  const before = w.count('flush')
  w.answers.calls = 3
  await w.send({ type: 'STATUS' })
  assert.equal(w.count('flush'), before + 3)
  await w.clock.advance(5_000)
  assert.equal(w.count('flush'), before + 3)
  w.answers.calls = 2
  w.answers.flushed = retry('NSX_SERVER_ERROR', 'busy')
  await w.send({ type: 'STATUS' })
  assert.deepEqual([w.count('flush'), w.value()['reporting']], [before + 5, 'failing'])
  w.answers.flushed = { againMs: undefined }
  await w.clock.advance(1_000)
  assert.equal(w.count('flush'), before + 6)
})

test('evidence is read when it leads and sees the cluster, each minute, and soon after a policy came', async () => {
  const w = world()
  await w.send(LEAD)
  assert.equal(w.count('evidence'), 0)
  await w.send({ type: 'KUBE_READY' })
  assert.deepEqual([w.count('evidence'), w.value()['evidence']], [1, 'pausing'])
  await w.clock.advance(1_000)
  assert.equal(w.value()['evidence'], 'resting')
  await w.clock.advance(59_999)
  assert.equal(w.count('evidence'), 1)
  await w.clock.advance(1)
  assert.equal(w.count('evidence'), 2)
  await w.clock.advance(1_000)
  await w.send({ type: 'POLICIES' })
  await w.send({ type: 'POLICIES' })
  assert.equal(w.count('evidence'), 2)
  await w.clock.advance(1_000)
  assert.equal(w.count('evidence'), 3)
  // What is missing is asked for as soon as the port says, not at the period.
  w.answers.evidence = { againMs: 4_000 }
  await w.clock.advance(1_000)
  await w.send({ type: 'POLICIES' })
  await w.clock.advance(1_000)
  assert.equal(w.count('evidence'), 4)
  await w.clock.advance(5_000)
  assert.equal(w.count('evidence'), 5)
})

test('evidence that cannot be read is asked for again; each word of it makes the report stale', async () => {
  const w = await settled()
  await w.clock.advance(2_000)
  const flushes = w.count('flush')
  w.answers.evidence = retry('KUBE_SERVER_ERROR', 'the aggregated API is down')
  await w.send({ type: 'POLICIES' })
  await w.clock.advance(1_000)
  assert.deepEqual([w.value()['evidence'], w.count('flush')], ['failing', flushes + 1])
  w.answers.evidence = 'never'
  const before = w.count('evidence')
  await w.clock.advance(2_000)
  assert.deepEqual([w.value()['evidence'], w.count('evidence')], ['reading', before + 1])
  await w.clock.advance(30_000)
  assert.equal(w.value()['evidence'], 'failing')
  await w.send({ type: 'KUBE_LOST' })
  assert.equal(w.value()['evidence'], 'off')
  await w.clock.advance(120_000)
  assert.equal(w.count('evidence'), before + 1)
  w.answers.evidence = { againMs: undefined }
  await w.send({ type: 'KUBE_READY' })
  assert.equal(w.value()['evidence'], 'pausing')
  await w.send({ type: 'STANDBY' })
  assert.equal(w.value()['evidence'], 'off')
})

test('a report that becomes due by time alone is sent then', async () => {
  const w = await settled()
  w.answers.flushed = { againMs: 1_500 }
  await w.clock.advance(1_000)
  await w.send({ type: 'STATUS' })
  const before = w.count('flush')
  w.answers.flushed = { againMs: undefined }
  await w.clock.advance(1_400)
  assert.equal(w.count('flush'), before)
  await w.clock.advance(200)
  assert.equal(w.count('flush'), before + 1)
})

test('a report that fails backs off; one that says the session is over gets a new one', async () => {
  const w = await settled()
  w.answers.flushed = retry('NSX_SERVER_ERROR', 'busy')
  await w.clock.advance(1_000)
  await w.send({ type: 'STATUS' })
  const before = w.count('flush')
  await w.clock.advance(999)
  assert.equal(w.count('flush'), before)
  w.answers.flushed = retry('SESSION_ENDED', 'another one')
  await w.clock.advance(1)
  assert.equal(w.value()['link'], 'waiting')
  w.answers.flushed = { againMs: undefined }
  await w.clock.advance(1_000)
  assert.equal(w.count('flush s2'), 1)
})

test('STOP ends it from every state within a second, and nothing wakes it again', async () => {
  const w = await settled()
  w.answers.planned = { ...SETTLED, steps: 1 }
  w.answers.applied = 'never'
  await w.stream({ type: 'DESIRED' })
  await w.send({ type: 'STOP' })
  assert.deepEqual([w.actor.getSnapshot().status, w.count('close'), w.count('apply aborted')], ['done', 1, 1])

  const fresh = world()
  await fresh.send({ type: 'STOP' })
  assert.equal(fresh.actor.getSnapshot().status, 'done')

  const late = await settled()
  late.actor.send({ type: 'STOP' })
  late.actor.send({ type: 'STANDBY' })
  late.actor.send({ type: 'KUBE_LOST' })
  await late.clock.advance(1_000)
  assert.equal(late.actor.getSnapshot().status, 'done')
})

test('a pause holds what is not begun, plans on, and puts it right at once when it ends', async () => {
  const w = await settled()
  await w.send({ type: 'PAUSE' })
  assert.equal(w.value()['pause'], 'on')
  w.answers.planned = { ...SETTLED, steps: 2 }
  await w.send({ type: 'CHANGED' })
  const before = w.count('plan')
  assert.deepEqual([w.enforcement(), w.count('apply')], ['paused', 0])
  await w.send({ type: 'CHANGED' })
  await w.clock.advance(600_000)
  assert.ok(w.count('plan') > before + 1, 'it is compared with each change and by time')
  assert.equal(w.count('apply'), 0)
  w.answers.applied = 'never'
  await w.send({ type: 'RESUME' })
  assert.deepEqual([w.enforcement(), w.count('apply')], ['applying', 1])
})

test('what is half written is finished before a pause, and given up when that takes too long', async () => {
  const begun = await settled()
  let done: (applied: Applied) => void = () => {}
  begun.answers.applied = new Promise<Applied>((resolve) => {
    done = resolve
  })
  begun.answers.planned = { ...SETTLED, steps: 1 }
  await begun.send({ type: 'CHANGED' })
  await begun.send({ type: 'PAUSE' })
  assert.deepEqual([begun.enforcement(), begun.value()['pause']], ['applying', 'finishing'])
  // The first plan only narrowed: the one that widens again belongs to it.
  begun.answers.applied = 'never'
  done({ kind: 'done' })
  await begun.clock.settle()
  assert.deepEqual([begun.count('apply'), begun.value()['pause']], [2, 'finishing'])
  begun.answers.planned = SETTLED
  await begun.send({ type: 'STANDBY' })
  assert.deepEqual([begun.enforcement(), begun.value()['pause']], ['idle', 'on'])

  const whole = await settled()
  whole.answers.applied = new Promise<Applied>((resolve) => {
    done = resolve
  })
  whole.answers.planned = { ...SETTLED, steps: 1 }
  await whole.send({ type: 'CHANGED' })
  await whole.send({ type: 'PAUSE' })
  whole.answers.planned = SETTLED
  done({ kind: 'done' })
  await whole.clock.settle()
  assert.deepEqual([whole.enforcement(), whole.value()['pause']], ['settled', 'on'])

  const slow = await settled()
  slow.answers.applied = 'never'
  slow.answers.planned = { ...SETTLED, steps: 1 }
  await slow.send({ type: 'CHANGED' })
  await slow.send({ type: 'PAUSE' })
  await slow.clock.advance(30_000)
  assert.deepEqual([slow.enforcement(), slow.value()['pause']], ['paused', 'on'])
  assert.equal(slow.count('apply aborted'), 1)
  await slow.send({ type: 'STANDBY' })
  assert.deepEqual([slow.enforcement(), slow.value()['pause']], ['idle', 'on'])
})
