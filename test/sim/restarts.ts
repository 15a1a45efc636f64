/**
 * Adapters that are killed while they work: before a request of theirs is sent, or after it took effect and before its
 * answer is there, between any two steps of a plan, in a full sync, while the API server or NSX is away, and with changes
 * meanwhile. After each single write both judges look whether it is wider; after each rest an instance that starts anew
 * has nothing to write.
 */
import assert from 'node:assert/strict'
import type { HttpClient, HttpRequest } from '../../src/world/index.ts'
import { checkPolicies, type Watcher, watchWrites } from './checkers.ts'
import { Person, PORTS } from './edits.ts'
import { isWanted } from './expected.ts'
import { Judged } from './judged.ts'
import { APPS, chance, NAMESPACES, pick } from './model.ts'
import { createWorld, type SimAdapter, type World } from './world.ts'

const MINUTE_MS = 60_000
const SECOND_MS = 1_000
const CRD = '/apis/crd.antrea.io/v1beta1'
/** An armed kill that is not reached within this is carried out then. */
const ARMED_MAX_MS = 45_000
const REST_MAX_MS = 10 * MINUTE_MS

/** A write that was planned before a change by hand is seen meets a cluster that nobody planned for. */
const SEEN_WITHIN_MS = 300

/** What is counted until somebody is killed. */
type Awaited = 'kube writes' | 'kube' | 'nsx'

export interface RestartsOptions {
  readonly seed: number
  readonly rounds: number
}

export interface RestartsResult {
  /** By where it was: what was awaited, and on which side of the request. */
  readonly kills: Readonly<Record<string, number>>
  readonly writes: number
  readonly edits: number
  readonly drifts: number
  readonly rests: number
  readonly looks: number
  readonly denied: number
}

/** Runs it; a violated rule throws an error that names the seed. */
export async function runRestarts(options: RestartsOptions): Promise<RestartsResult> {
  const world = await createWorld(options.seed)
  try {
    return await new Restarts(world).run(options.rounds)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`seed ${options.seed}, ${new Date(world.clock.now()).toISOString()}: ${words}`, { cause })
  } finally {
    await world.stop()
  }
}

/** All of them together. */
export function sumOf(results: readonly RestartsResult[]): RestartsResult {
  const kills: Record<string, number> = {}
  for (const result of results)
    for (const [where, count] of Object.entries(result.kills)) kills[where] = (kills[where] ?? 0) + count
  const sum = (key: Exclude<keyof RestartsResult, 'kills'>) =>
    results.reduce((total, result) => total + result[key], 0)
  return {
    kills,
    writes: sum('writes'),
    edits: sum('edits'),
    drifts: sum('drifts'),
    rests: sum('rests'),
    looks: sum('looks'),
    denied: sum('denied'),
  }
}

/** A new one each time: whoever waits for it goes with it. */
const never = (): Promise<never> => new Promise(() => {})

class Restarts {
  private readonly world: World
  private readonly person: Person
  private readonly wantedSince = new Map<string, number>()
  private judged: Judged | undefined
  private watcher: Watcher | undefined
  private readonly wider: string[] = []
  /** What has happened since the last rest, for the message. */
  private story: string[] = []
  private readonly kills: Record<string, number> = {}
  private armed: { readonly awaited: Awaited; readonly isBefore: boolean; left: number } | undefined
  /** The process that runs under a name, and those that do not run any more. */
  private readonly lives = new Map<string, string>()
  private readonly dead = new Set<string>()
  private unseenUntilMs = 0
  private serial = 0
  private edits = 0
  private drifts = 0
  private rests = 0

  constructor(world: World) {
    this.world = world
    this.person = new Person(world, () => this.noteIntent())
  }

  async run(rounds: number): Promise<RestartsResult> {
    const { world } = this
    await this.prepare()
    for (let round = 0; round < rounds; round += 1) {
      this.story = []
      this.judge.begin([...new Set([...this.person.addresses().slice(0, 2), '203.0.113.9'])])
      this.judge.allow(this.person.bodies())
      await this.trouble()
      await this.rest()
      await this.startsIdle()
    }
    const { looks, denied } = this.judge
    const writes = this.watcher?.writes() ?? 0
    const { kills, edits, drifts, rests } = this
    assert.equal(world.adapters.size, 1)
    return { kills, writes, edits, drifts, rests, looks, denied }
  }

  private get judge(): Judged {
    assert.ok(this.judged)
    return this.judged
  }

  private async prepare(): Promise<void> {
    const { world } = this
    for (const name of NAMESPACES)
      await world.kube('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })
    for (const [at, app] of [...APPS, ...APPS.slice(0, 2)].entries()) await this.createPod(at, app)
    this.judged = new Judged(world, [...PORTS, 9_999])
    await this.person.prepare()
    const { clock } = world
    this.watcher = watchWrites(world, (uniqueId) => this.wantedSince.get(uniqueId))
    world.cluster.api.audit.subscribe(({ mutating, user, path, verb, code }) => {
      if (!mutating || code >= 300 || !user.startsWith('adapter-') || !path.startsWith(CRD)) return
      this.story.push(`${verb} ${path.slice(CRD.length + 1)}`)
      if (clock.monotonicMs() < this.unseenUntilMs) return this.judge.allowAsIs()
      const found = this.judge.wider()
      if (found !== undefined) this.wider.push(`rule 4 after ${verb} ${path}: ${found}`)
    })
    await this.start()
    await this.rest()
  }

  private async createPod(at: number, app: string): Promise<void> {
    const path = `/api/v1/namespaces/${NAMESPACES[at % NAMESPACES.length]}/pods`
    await this.world.kube('POST', path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${at}`, labels: { app } },
      spec: { nodeName: `node-${(at % 3) + 1}`, containers: [{ name: 'main', image: 'demo' }] },
    })
    const ip = `10.10.0.${at + 1}`
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] }
    await this.world.kube('PATCH', `${path}/pod-${at}/status`, { status }, 'application/merge-patch+json')
  }

  /** NSX holds something else from now on. */
  private noteIntent(): void {
    this.edits += 1
    this.judge.allow(this.person.bodies())
    const wanted = new Set(
      [...this.person.policies.values()]
        .filter(isWanted)
        .map(({ id }) => this.person.assigned.get(id)?.uniqueId ?? ''),
    )
    for (const id of this.wantedSince.keys()) if (!wanted.has(id)) this.wantedSince.delete(id)
    for (const id of wanted) if (!this.wantedSince.has(id)) this.wantedSince.set(id, this.world.clock.now())
  }

  private async edit(): Promise<void> {
    await this.person.edit()
    this.story.push('an edit in NSX')
  }

  // ---- life and death

  private async start(): Promise<SimAdapter> {
    // As a Deployment's Pod, under a name of its own, or as systemd's service, under the one it had.
    this.serial += 1
    const name = chance(this.world.random, 0.5) ? 'adapter-a' : `adapter-${this.serial}`
    const life = `${name}/${this.serial}`
    this.lives.set(name, life)
    this.story.push(`start of ${name}`)
    const { clock } = this.world
    return this.world.startAdapter(name, {
      clock,
      through: (client, to) => this.through(name, life, client, to),
    })
  }

  /** The client of an instance that may die with any of its requests. */
  private through(name: string, life: string, client: HttpClient, to: 'kube' | 'nsx'): HttpClient {
    return {
      ...client,
      origin: client.origin,
      request: async (wanted) => {
        if (this.dead.has(life)) return never()
        const isLast = this.counts(wanted, to)
        if (!isLast) return client.request(wanted)
        if (isLast.isBefore) {
          this.kill(name, `before ${isLast.awaited}`)
          return never()
        }
        await client.request(wanted).catch(() => {})
        if (!this.dead.has(life)) this.kill(name, `after ${isLast.awaited}`)
        return never()
      },
    }
  }

  private counts({ method, path }: HttpRequest, to: 'kube' | 'nsx') {
    const { armed } = this
    if (armed === undefined) return undefined
    const isLease = path.includes('/leases')
    const isCounted =
      armed.awaited === 'nsx'
        ? to === 'nsx'
        : to === 'kube' && !isLease && (armed.awaited === 'kube' || method !== 'GET')
    if (!isCounted) return undefined
    armed.left -= 1
    if (armed.left > 0) return undefined
    this.armed = undefined
    return armed
  }

  private kill(name: string, where: string): void {
    this.dead.add(this.lives.get(name) ?? '')
    this.kills[where] = (this.kills[where] ?? 0) + 1
    this.story.push(`${name} killed ${where}`)
    // It is gone at once; that its sockets close is nothing to wait for.
    void this.world.killAdapter(name)
  }

  /** Lets time pass until the armed kill has happened; else kills whoever is there. */
  private async untilKilled(): Promise<void> {
    const { clock } = this.world
    for (let passedMs = 0; this.armed !== undefined && passedMs < ARMED_MAX_MS; passedMs += 500)
      await clock.advance(500)
    this.armed = undefined
    for (const name of [...this.world.adapters.keys()]) this.kill(name, 'at rest')
    await clock.advance(1)
  }

  private arm(): void {
    const { random } = this.world
    const awaited = pick(random, ['kube writes', 'kube writes', 'kube', 'nsx'] as const)
    const left = 1 + Math.floor(random.next() ** 2 * (awaited === 'kube writes' ? 8 : 25))
    this.armed = { awaited, isBefore: chance(random, 0.5), left }
  }

  // ---- a round

  /** Changes, kills in them, absences; in the end one instance runs and all is reachable. */
  private async trouble(): Promise<void> {
    const { random, clock } = this.world
    for (let deaths = 1 + Math.floor(random.next() * 3); deaths > 0; deaths -= 1) {
      const edits = pick(random, [0, 1, 1, 2, 3])
      this.arm()
      for (let count = 0; count < edits; count += 1) {
        await this.edit()
        if (chance(random, 0.4)) await clock.advance(Math.floor(random.next() * 400))
      }
      if (chance(random, 0.3)) await this.drift()
      await this.untilKilled()
      if (chance(random, 0.3)) await this.edit()
      if (chance(random, 0.15)) await this.drift()
      await clock.advance(Math.floor(random.next() ** 2 * 40 * SECOND_MS))
      if (chance(random, 0.2)) this.world.cluster.api.compact()
      await this.absent(await this.start())
    }
  }

  /** Sometimes one side is away while it starts, or goes away later. */
  private async absent(sim: SimAdapter): Promise<void> {
    const { random, clock } = this.world
    if (!chance(random, 0.4)) return
    if (chance(random, 0.5)) await clock.advance(Math.floor(random.next() * 25 * SECOND_MS))
    const side = pick(random, ['kube', 'nsx'] as const)
    const fault = pick(random, ['down', 'blackhole'] as const)
    this.story.push(`${side} is away (${fault})`)
    sim[side][fault](true)
    if (chance(random, 0.4)) await this.edit()
    if (side === 'nsx' && chance(random, 0.5)) await this.drift()
    await clock.advance(Math.floor(random.next() * MINUTE_MS))
    sim[side][fault](false)
    this.story.push(`${side} is back`)
  }

  /** Somebody edits one of our objects by hand; what that lets through is theirs. */
  private async drift(): Promise<void> {
    const { world } = this
    const { random } = world
    const plural = chance(random, 0.7) ? 'clusternetworkpolicies' : 'clustergroups'
    const stored = world.cluster.api.list(`${plural}.crd.antrea.io`)
    if (stored.length === 0) return
    const { metadata } = pick(random, stored)
    const path = `${CRD}/${plural}/${metadata.name}`
    this.drifts += 1
    this.unseenUntilMs = world.clock.monotonicMs() + SEEN_WITHIN_MS
    const isGroup = plural === 'clustergroups'
    this.story.push(`drift of ${plural}/${metadata.name}`)
    // A group that is deleted under a rule would let antrea-controller decide what the rule means meanwhile.
    if (!isGroup && chance(random, 0.4)) await world.kube('DELETE', path)
    else {
      const spec = isGroup
        ? { podSelector: { matchLabels: { app: pick(random, APPS) } }, childGroups: null, ipBlocks: null }
        : { egress: [], priority: 1 + Math.floor(random.next() * 9_000) }
      await world.kube('PATCH', path, { spec }, 'application/merge-patch+json').catch(() => {})
    }
    this.judge.allowAsIs()
  }

  // ---- the rules

  private complain(): void {
    this.watcher?.check()
    assert.deepEqual(this.wider.slice(0, 1), [], this.story.slice(-60).join('\n'))
  }

  /** Rules 1 and 2 come true, and stay. */
  private async rest(): Promise<void> {
    const { clock } = this.world
    let wrong: unknown
    for (let passedMs = 0; passedMs < REST_MAX_MS; passedMs += 5 * SECOND_MS) {
      await clock.advance(5 * SECOND_MS)
      this.complain()
      wrong = this.whatIsWrong()
      if (wrong === undefined) break
    }
    if (wrong !== undefined) {
      const words = wrong instanceof Error ? wrong.message : String(wrong)
      throw new Error(`it does not converge: ${words}\n${this.story.slice(-60).join('\n')}`, { cause: wrong })
    }
    this.rests += 1
  }

  private whatIsWrong(): unknown {
    try {
      checkPolicies(this.world, this.person)
      this.judge.assertAlike(this.person.bodies())
      return undefined
    } catch (error) {
      return error
    }
  }

  /** Rule 3: nothing changed, so whoever starts writes nothing, in the cluster or in NSX; also one killed in its full sync. */
  private async startsIdle(): Promise<void> {
    const { world } = this
    // What NSX shows of the last change may be on its way.
    await world.clock.advance(75 * SECOND_MS)
    const count = () => ({ kube: this.watcher?.writes(), nsx: world.manager.audit.mutatingCount() })
    const before = count()
    for (const name of [...world.adapters.keys()]) this.kill(name, 'idle')
    if (chance(world.random, 0.5)) {
      this.armed = {
        awaited: pick(world.random, ['kube', 'nsx'] as const),
        isBefore: chance(world.random, 0.5),
        left: 1 + Math.floor(world.random.next() * 40),
      }
      await this.start()
      await this.untilKilled()
    }
    await this.start()
    await world.clock.advance(MINUTE_MS)
    this.complain()
    assert.deepEqual(
      count(),
      before,
      `rule 3: writes of one that starts anew\n${this.story.slice(-20).join('\n')}`,
    )
    assert.equal(this.whatIsWrong(), undefined)
  }
}
