/**
 * Three instances on one cluster while the one that leads is stopped, cut off, delayed, killed and ended, and NSX changes
 * all the while. Judged by the API server's audit log: who renewed the lease when, and who wrote when.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createRealClock } from '../../src/world/real.ts'
import { type HostileProxy, startHostileProxy } from '../fakes/hostile-proxy.ts'
import type { AdapterProcess } from './harness/adapter.ts'
import type { AuditEvent } from './harness/audit.ts'
import { rule } from './harness/nsx.ts'
import { openShop } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

/** `npm run test:long:lease` stops it for more lengths of time. */
const STOPS_MS = (process.env['LEASE_STOPS_SECONDS'] ?? '5,20').split(',').map((text) => Number(text) * 1_000)
const USER = 'antrea-nsx-adapter:'
const NAMES = ['a', 'b', 'c'] as const
/** The renew deadline less a write's own time-out: no write is sent later after the last renewal. */
const SENT_WITHIN_MS = 5_000
/** A write's own time-out: what was sent in time may be in the server so long. */
const TAKEN_WITHIN_MS = 10_000
/** Time for the way through proxy, TLS and a busy machine. */
const SLACK_MS = 1_500

let stack: Stack
const proxies = new Map<string, HostileProxy>()
const running = new Map<string, AdapterProcess>()
let isPushing = true
let pusher: Promise<void> = Promise.resolve()

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await openShop(stack, { web: 'web' })
    for (const name of NAMES) {
      proxies.set(name, await startHostileProxy(Number(new URL(stack.plane.origin).port), createRealClock()))
      await run(name)
    }
    await running.get(await leaderNow())?.ready('leading')
    pusher = push()
  },
  { timeout: 180_000 },
)
after(async () => {
  isPushing = false
  await pusher
  for (const proxy of proxies.values()) await proxy.close()
  await stack?.stop()
})

async function run(name: string): Promise<void> {
  const apiPort = proxies.get(name)?.port ?? 0
  running.set(name, await stack.adapter.run(name, { apiPort }))
}

/** NSX changes all the while: three policies come, change and go. */
async function push(): Promise<void> {
  for (let round = 1; isPushing; round += 1) {
    const id = `busy-${round % 3}`
    if (round % 7 === 0) await stack.nsx.deletePolicy(id)
    else
      await stack.nsx.putPolicy(id, {
        category: 'Application',
        sequence_number: 10 + (round % 3),
        scope: ['/infra/domains/default/groups/web'],
        rules: [rule({ id: `r${round}`, action: 'DROP', sequence: 1, direction: 'IN', peers: [] })],
      })
    await sleep(250)
  }
}

interface Wake {
  readonly username: string
  readonly atMs: number
}

/** When processes that had been stopped went on. */
const wakes: Wake[] = []
const CAUGHT_WITHIN_MS = 1_000

/**
 * Some 60 µs lie between a write's last look at the clocks and the kernel. A process that is stopped right there sends it
 * when it goes on: one write at most, at once, and never one that is taken over what the next leader has.
 */
function wasCaught(username: string, atMs: number, caught: Set<Wake>): boolean {
  const wake = wakes.find(
    (one) =>
      one.username === username &&
      !caught.has(one) &&
      atMs >= one.atMs &&
      atMs - one.atMs <= CAUGHT_WITHIN_MS,
  )
  if (wake !== undefined) caught.add(wake)
  return wake !== undefined
}

/** A running instance that does not lead must not write: the log of all writes, judged. */
function judge(): { writes: number } {
  const events = stack.plane.audit.writes({ user: USER })
  const atMs = ({ requestReceivedTimestamp }: AuditEvent) => Date.parse(requestReceivedTimestamp)
  const isRenewal = ({ objectRef, verb, responseStatus }: AuditEvent) =>
    objectRef?.resource === 'leases' &&
    objectRef.name === 'antrea-nsx-adapter' &&
    verb === 'update' &&
    (responseStatus?.code ?? 500) < 300
  const ordered = [...events].sort((x, y) => atMs(x) - atMs(y))
  const renewedMs = new Map<string, number>()
  const caught = new Set<Wake>()
  let holder = ''
  let writes = 0
  for (const event of ordered) {
    const { username } = event.user
    if (isRenewal(event)) {
      holder = username
      renewedMs.set(username, atMs(event))
      continue
    }
    if (event.objectRef?.resource === 'leases') continue
    // The first term begins with a creation of the lease, which is no renewal.
    if (holder === '') continue
    writes += 1
    const words = `${event.verb} ${event.requestURI} (${event.responseStatus?.code}) of ${username}`
    const sinceMs = atMs(event) - (renewedMs.get(username) ?? Number.NEGATIVE_INFINITY)
    const isTaken = (event.responseStatus?.code ?? 500) < 300
    if (isTaken && event.verb !== 'create')
      assert.equal(username, holder, `${words} was taken while ${holder} leads`)
    if (sinceMs > SENT_WITHIN_MS + SLACK_MS && wasCaught(username, atMs(event), caught)) continue
    assert.ok(sinceMs <= SENT_WITHIN_MS + SLACK_MS, `${words} came ${sinceMs} ms after its last renewal`)
    assert.ok(sinceMs <= TAKEN_WITHIN_MS)
  }
  return { writes }
}

async function leaderNow(): Promise<string> {
  return eventually('somebody leads', async () => {
    const leader = await stack.adapter.leader()
    return leader !== '' && running.get(leader)?.isRunning() === true ? leader : undefined
  })
}

/** How long until another than this one leads. */
async function takeover(from: string, withinMs: number): Promise<number> {
  const began = Date.now()
  await eventually(
    `another than ${from} leads`,
    async () => {
      const leader = await stack.adapter.leader()
      return leader !== '' && leader !== from ? leader : undefined
    },
    { withinMs, everyMs: 50 },
  )
  return Date.now() - began
}

/** All run, one leads, and the cluster comes to hold what NSX says although it changes. */
async function well(): Promise<void> {
  for (const name of NAMES) if (running.get(name)?.isRunning() !== true) await run(name)
  await eventually(
    'the leader is ready',
    async () => (await running.get(await leaderNow())?.status())?.ready || undefined,
  )
  isPushing = false
  await pusher
  await stack.settled()
  judge()
  isPushing = true
  pusher = push()
}

const options = { skip, timeout: 120_000 }

test('stopped for a while: it goes on, or another one leads and it stands by', {
  skip,
  timeout: 120_000 * STOPS_MS.length,
}, async () => {
  for (const stoppedMs of STOPS_MS) {
    const leader = await leaderNow()
    process.kill(running.get(leader)?.pid ?? 0, 'SIGSTOP')
    try {
      await sleep(stoppedMs)
      if (stoppedMs > 17_000) assert.notEqual(await stack.adapter.leader(), leader)
    } finally {
      wakes.push({ username: `${USER}${leader}`, atMs: Date.now() })
      process.kill(running.get(leader)?.pid ?? 0, 'SIGCONT')
    }
    await well()
  }
})

test(
  'cut off from the API server: another one leads within 17 s, and what was cut off writes nothing',
  options,
  async () => {
    const leader = await leaderNow()
    proxies.get(leader)?.behave({ kind: 'hold', afterBytes: 0 })
    const tookMs = await takeover(leader, 20_000)
    assert.ok(tookMs <= 17_500, `${tookMs} ms`)
    proxies.get(leader)?.behave({ kind: 'pass' })
    await well()
  },
)

test('an API server whose answers take 9 s: no write too late, and all is well after', options, async () => {
  const leader = await leaderNow()
  proxies.get(leader)?.behave({ kind: 'delay', byMs: 9_000 })
  await sleep(20_000)
  proxies.get(leader)?.behave({ kind: 'pass' })
  await well()
})

test('killed: another one leads within 17 s', options, async () => {
  const leader = await leaderNow()
  await running.get(leader)?.kill()
  const tookMs = await takeover(leader, 20_000)
  assert.ok(tookMs <= 17_500, `${tookMs} ms`)
  await well()
})

test('ended: another one leads within 3 s', options, async () => {
  const leader = await leaderNow()
  const stopped = running.get(leader)?.stop()
  const tookMs = await takeover(leader, 10_000)
  assert.ok(tookMs <= 3_500, `${tookMs} ms`)
  await stopped
  await well()
})

test('over all of it the audit log has writes, each by who led and none too late', options, async () => {
  assert.ok(judge().writes > 50)
})
