/** The root chart: roles, what it tells its children, supervision, and the order of a clean stop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyEventObject, createActor, fromCallback, sendParent, setup } from 'xstate'
import { adapterMachine } from '../../machines/index.ts'
import { createFakeClock } from '../fakes/clock.ts'

const leader = { leaseCreated: 5, transitions: 1 }

/** Children that record what they hear; a channel and the lease are done on STOP, unless they are deaf. */
function world(options: { deaf?: string[]; breakOnce?: string } = {}) {
  const heard: string[] = []
  let broken = options.breakOnce
  const clock = createFakeClock()
  const child = (name: string) =>
    setup({
      actors: {
        boom: fromCallback<AnyEventObject>(() => {
          if (broken !== name) return
          broken = undefined
          throw new Error('boom')
        }),
      },
      actions: { hear: (_, params: string) => void heard.push(`${name} ${params}`) },
    }).createMachine({
      initial: 'on',
      states: {
        on: {
          entry: { type: 'hear', params: 'start' },
          invoke: { src: 'boom' },
          on: {
            LEAD: { actions: { type: 'hear', params: 'LEAD' } },
            STANDBY: { actions: { type: 'hear', params: 'STANDBY' } },
            KUBE_READY: { actions: { type: 'hear', params: 'KUBE_READY' } },
            APPROVE: { actions: { type: 'hear', params: 'APPROVE' } },
            PAUSE: { actions: { type: 'hear', params: 'PAUSE' } },
            RESUME: { actions: { type: 'hear', params: 'RESUME' } },
            GIVE_UP: { actions: { type: 'hear', params: 'GIVE_UP' } },
            OFFER: { actions: sendParent({ type: 'GIVE_UP', to: 'b' }) },
            WIN: { actions: sendParent({ type: 'LEASE_HELD', leader }) },
            LOSE: { actions: sendParent({ type: 'LEASE_LOST' }) },
            STOP: options.deaf?.includes(name)
              ? { actions: { type: 'hear', params: 'STOP' } }
              : { target: 'off', actions: { type: 'hear', params: 'STOP' } },
          },
        },
        off: { type: 'final' },
      },
    })
  const quiet = fromCallback(() => {})
  const actor = createActor(
    adapterMachine.provide({
      actors: {
        lease: child('lease'),
        instances: child('instances'),
        ccp: child('ccp'),
        mp: child('mp'),
        watches: quiet,
        readiness: quiet,
      },
    }),
    { clock },
  )
  actor.subscribe({ error: () => {} })
  actor.start()
  const role = () => actor.getSnapshot().value.role
  const lease = (type: string) => actor.getSnapshot().children['lease']?.send({ type })
  return { actor, heard, clock, role, lease }
}

test('nobody stands for election before the cluster was read', () => {
  const { actor, heard, role } = world()
  assert.equal(role(), 'starting')
  assert.ok(!heard.includes('lease start'))
  actor.send({ type: 'KUBE_READY' })
  assert.equal(role(), 'standby')
  assert.ok(heard.includes('lease start'))
})

test('leading and losing the lease is told to both channels', () => {
  const { actor, heard, role, lease } = world()
  actor.send({ type: 'KUBE_READY' })
  lease('WIN')
  assert.equal(role(), 'leading')
  lease('LOSE')
  assert.equal(role(), 'standby')
  for (const channel of ['ccp', 'mp']) {
    const mine = heard.filter((line) => line.startsWith(`${channel} `))
    assert.deepEqual(mine, [
      `${channel} start`,
      `${channel} KUBE_READY`,
      `${channel} LEAD`,
      `${channel} STANDBY`,
    ])
  }
})

test('a channel that breaks is started again and told what its predecessor knew', async () => {
  const { actor, heard, clock, lease } = world({ breakOnce: 'ccp' })
  actor.send({ type: 'KUBE_READY' })
  lease('WIN')
  assert.equal(actor.getSnapshot().value.ccp, 'failed')
  assert.equal(actor.getSnapshot().value.mp, 'running')
  heard.length = 0
  await clock.advance(2_000)
  assert.deepEqual(heard, ['ccp start', 'ccp KUBE_READY', 'ccp LEAD'])
})

test('a clean stop closes the channels first, then the lease', () => {
  const { actor, heard, role, lease } = world()
  actor.send({ type: 'KUBE_READY' })
  lease('WIN')
  heard.length = 0
  actor.send({ type: 'STOP' })
  assert.equal(role(), 'stopped')
  assert.deepEqual(heard, ['ccp STOP', 'mp STOP', 'lease STOP', 'instances STOP'])
})

test('the instances hear of leading, also when started anew, and what they give up reaches the lease', async () => {
  const { actor, heard, clock, lease } = world({ breakOnce: 'instances' })
  actor.send({ type: 'KUBE_READY' })
  assert.equal(actor.getSnapshot().value.instances, 'failed')
  lease('WIN')
  await clock.advance(2_000)
  actor.getSnapshot().children['instances']?.send({ type: 'OFFER' })
  lease('LOSE')
  assert.deepEqual(
    heard.filter((line) => /^instances|GIVE_UP/.test(line)),
    ['instances start', 'instances start', 'instances LEAD', 'lease GIVE_UP', 'instances STANDBY'],
  )
})

test('a stop before anything was read, and one with deaf children, end within 2.5 s', async () => {
  const early = world()
  early.actor.send({ type: 'STOP' })
  assert.equal(early.role(), 'stopped')
  const deaf = world({ deaf: ['ccp', 'lease'] })
  deaf.actor.send({ type: 'KUBE_READY' })
  deaf.actor.send({ type: 'STOP' })
  assert.equal(deaf.role(), 'stopping')
  await deaf.clock.advance(1_500)
  assert.equal(deaf.role(), 'releasing')
  await deaf.clock.advance(1_000)
  assert.equal(deaf.role(), 'stopped')
})

test('a pause is told to its channel, ends by itself, by a person, and is told anew to a channel that broke', async () => {
  const { actor, heard, clock } = world({ breakOnce: 'ccp' })
  actor.send({ type: 'PAUSE', channel: 'ccp', forMs: 60_000 })
  actor.send({ type: 'KUBE_READY' })
  heard.length = 0
  await clock.advance(2_000)
  assert.deepEqual(
    heard.filter((line) => line.startsWith('ccp ')),
    ['ccp start', 'ccp PAUSE', 'ccp KUBE_READY'],
  )
  heard.length = 0
  await clock.advance(57_000)
  actor.send({ type: 'PAUSE', channel: 'mp', forMs: 60_000 })
  assert.deepEqual(heard, ['mp PAUSE'])
  await clock.advance(1_000)
  assert.deepEqual(heard, ['mp PAUSE', 'ccp RESUME'])
  // Asked again, the new time counts from now.
  actor.send({ type: 'PAUSE', channel: 'mp', forMs: 60_000 })
  await clock.advance(59_500)
  assert.deepEqual(actor.getSnapshot().value['pauseMp'], 'on')
  actor.send({ type: 'RESUME', channel: 'ccp' })
  actor.send({ type: 'RESUME', channel: 'mp' })
  assert.deepEqual(heard, ['mp PAUSE', 'ccp RESUME', 'mp PAUSE', 'mp RESUME'])
  assert.deepEqual(actor.getSnapshot().value['pauseMp'], 'off')
})
