/**
 * Three instances on machines whose clocks run at different rates and are set, suspended and stopped, while NSX changes
 * policy without pause. Judged is every write, when it is sent and when it takes effect.
 */
import assert from 'node:assert/strict'
import type { AuditEntry } from '../../src/sandbox/apiserver/index.ts'
import type { HttpClient, HttpRequest, Random } from '../../src/world/index.ts'
import { createHost, type Host } from '../fakes/host.ts'
import { chance, pick, policyBody, randomRule } from './model.ts'
import { createWorld, type SimAdapter, type World } from './world.ts'

export const MINUTE_MS = 60_000
const DOMAIN = '/policy/api/v1/infra/domains/default'
const LEASE_PATH = /\/leases\/antrea-nsx-adapter(\?|$)/
/** Renew deadline less the request's time-out. */
const SEND_WITHIN_MS = 5_000
/** The same and the server's own time-out, on the slowest clock. */
const EFFECT_WITHIN_MS = 10_000 / 0.9

interface Times {
  readonly monotonicMs: number
  readonly bootMs: number
  readonly wallMs: number
}

interface Member {
  readonly name: string
  readonly host: Host
  sim: SimAdapter
  /** Start of the last request for the lease that succeeded, on the machine's own clocks. */
  renewed: Times | undefined
}

export interface Leading {
  readonly world: World
  readonly members: readonly Member[]
  /** Changes one policy in NSX. */
  edit(): Promise<void>
  leaders(): string[]
  /** Who has led, in order, one entry for each change. */
  readonly terms: string[]
  readonly writes: () => number
  /** Throws the first violations. */
  check(): void
  stop(): Promise<void>
}

const timesOf = ({ clock }: Host): Times => ({
  monotonicMs: clock.monotonicMs(),
  bootMs: clock.bootMs(),
  wallMs: clock.now(),
})

const elapsed = (now: Times, since: Times): number =>
  Math.max(now.monotonicMs - since.monotonicMs, now.bootMs - since.bootMs, now.wallMs - since.wallMs)

/** `rates`: one instance for each. */
export async function createLeading(seed: number, rates: readonly number[]): Promise<Leading> {
  const world = await createWorld(seed)
  const violations: string[] = []
  const violated = (words: string) => {
    violations.push(words)
    // Two that write undo each other's work without end, and without time passing.
    for (const { sim } of members) sim.kube.down(true)
  }
  const terms: string[] = []
  const members: Member[] = []
  let writes = 0
  /** When whom the API server last saw taking or renewing the lease, on the world's clock. */
  let held: { readonly user: string; readonly atMs: number } | undefined

  world.cluster.api.audit.subscribe((entry: AuditEntry) => {
    if (!entry.mutating || entry.code >= 300 || !entry.user.startsWith('adapter-')) return
    const nowMs = world.clock.monotonicMs()
    if (isLeaseWrite(entry)) {
      const user = world.leader()
      if (user === '') return
      if (held?.user !== user) terms.push(user)
      held = { user, atMs: nowMs }
      return
    }
    if (entry.path.includes('/leases')) return
    writes += 1
    if (entry.verb === 'create') return
    if (held?.user !== entry.user)
      violated(`${entry.verb} of ${entry.user} took effect while ${held?.user} led`)
    else if (nowMs - held.atMs > EFFECT_WITHIN_MS)
      violated(`${entry.verb} of ${entry.user} took effect ${nowMs - held.atMs} ms after its renewal`)
  })

  const judged = (member: Member, client: HttpClient): HttpClient => ({
    ...client,
    origin: client.origin,
    async request(wanted: HttpRequest) {
      if (wanted.method === 'GET') return client.request(wanted)
      const started = timesOf(member.host)
      if (!wanted.path.includes('/leases')) {
        const sinceMs =
          member.renewed === undefined ? Number.POSITIVE_INFINITY : elapsed(started, member.renewed)
        // What is refused just before it is sent is not sent.
        const beforeSend = () => {
          wanted.beforeSend?.()
          if (!(sinceMs < SEND_WITHIN_MS))
            violated(`${wanted.method} of ${member.name} sent ${sinceMs} ms after its renewal began`)
        }
        return client.request({ ...wanted, beforeSend })
      }
      const answer = await client.request(wanted)
      const isLeader = LEASE_PATH.test(wanted.path) || wanted.method === 'POST'
      if (isLeader && answer.status < 300) member.renewed = started
      return answer
    },
  })

  for (const [index, rate] of rates.entries()) {
    const host = createHost(world.clock, { rate, wallOffMs: index * 1_700_000 })
    const member = { name: `adapter-${'abc'[index]}`, host, renewed: undefined } as unknown as Member
    members.push(member)
    member.sim = await world.startAdapter(member.name, {
      clock: host.clock,
      through: (client, to) => host.through(to === 'kube' ? judged(member, client) : client),
    })
    await world.clock.advance(3_000)
  }
  const edit = createEdits(world)
  for (let count = 0; count < 4; count += 1) await edit()
  return {
    world,
    members,
    edit,
    terms,
    writes: () => writes,
    leaders: () =>
      members.filter(({ sim }) => sim.adapter.status().role === 'leading').map(({ name }) => name),
    check: () => assert.deepEqual(violations.slice(0, 5), [], `seed ${seed}`),
    stop: () => world.stop(),
  }
}

const isLeaseWrite = ({ path, verb }: AuditEntry): boolean =>
  LEASE_PATH.test(path) || (verb === 'create' && /\/leases(\?|$)/.test(path))

function createEdits(world: World): () => Promise<void> {
  const revisions = new Map<string, boolean>()
  let serial = 0
  return async () => {
    serial += 1
    const id = `p${serial <= 4 ? serial : Math.floor(world.random.next() * 6)}`
    const path = `${DOMAIN}/security-policies/${id}`
    const known = revisions.get(id) === true
    if (known && chance(world.random, 0.15)) {
      revisions.delete(id)
      await world.nsx('DELETE', path)
      return
    }
    const before = known ? await world.nsx<{ _revision: number }>('GET', path) : undefined
    const rules = [randomRule(world.random, 'r', [])]
    await world.nsx('PUT', path, {
      ...policyBody({
        id,
        category: 'Application',
        sequence: serial,
        scope: undefined,
        spanned: true,
        rules,
      }),
      ...(before === undefined ? {} : { _revision: before._revision }),
    })
    if (!known)
      await world.nsx('PATCH', `${path}/container-cluster-span/this`, {
        container_cluster_path: '/infra/sites/default/enforcement-points/default/cluster-control-planes/sim',
      })
    revisions.set(id, true)
  }
}

/** One trouble on one machine, for as long as is drawn; afterwards all is well again. */
export async function trouble({ world, members, edit }: Leading, random: Random): Promise<string> {
  const { host, sim, name } = pick(random, members)
  const lengthMs = 1_000 + random.next() * 40_000
  const rest = async () => {
    await edit()
    await world.clock.advance(random.next() * lengthMs)
    await edit()
    await world.clock.advance(random.next() * lengthMs)
  }
  const kinds: Readonly<Record<string, () => Promise<void>>> = {
    async stop() {
      host.freeze()
      await rest()
      host.wake()
    },
    async suspend() {
      host.suspend()
      // A clock that is set back while the machine sleeps hides that it slept from the wall clock.
      if (chance(random, 0.5)) host.setWall(-lengthMs * 2)
      await rest()
      host.wake()
    },
    async wallAhead() {
      host.setWall(3_600_000)
      await rest()
    },
    async wallBack() {
      host.setWall(-3_600_000)
      await rest()
    },
    async cut() {
      sim.kube.down(true)
      await rest()
      sim.kube.down(false)
    },
    async silent() {
      sim.kube.blackhole(true)
      await rest()
      sim.kube.blackhole(false)
    },
    async lateRequests() {
      sim.kube.latency(random.next() * 5_000)
      await rest()
      sim.kube.latency(0)
    },
    async lateAnswers() {
      host.answerDelayMs = 9_000
      await rest()
      host.answerDelayMs = 0
    },
  }
  const kind = pick(random, Object.keys(kinds))
  await kinds[kind]?.()
  await world.clock.advance(random.next() * 20_000)
  return `${kind} of ${name}`
}
