/**
 * A day in the life of a cluster: people edit policy, Pods come and go, links break on both sides, adapters are killed.
 * After each trouble everything heals, and the rules are checked.
 */
import assert from 'node:assert/strict'
import {
  checkOthersShown,
  checkPodsShown,
  checkPolicies,
  checkShown,
  createForeignCheck,
  type Foreign,
  type Intent,
  watchWrites,
} from './checkers.ts'
import { isWanted } from './expected.ts'
import { changeKubePolicy } from './kube-policies.ts'
import {
  APPS,
  chance,
  groupBody,
  type ModelGroup,
  type ModelPolicy,
  NAMESPACES,
  pick,
  policyBody,
  randomGroup,
  randomPolicy,
  randomRule,
} from './model.ts'
import { CLUSTER_ID, createWorld, driven, type World } from './world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const POLICIES_MAX = 12
const DOMAIN = '/policy/api/v1/infra/domains/default'
const CRD = '/apis/crd.antrea.io/v1beta1'

export interface DayOptions {
  readonly seed: number
  readonly hours: number
  /** By NSX's public API, which takes no realization; by the channels when absent. */
  readonly driver?: 'rest'
  /** Before anything happens; to look on. */
  readonly onWorld?: (world: World) => void
  readonly onHour?: (hour: number, line: string) => void
}

export interface DayResult {
  readonly edits: number
  readonly troubles: number
  readonly writes: number
  readonly checks: number
}

/** Runs it; a violated rule throws an error that names the seed. */
export async function runDay(options: DayOptions): Promise<DayResult> {
  const world = await createWorld(
    options.seed,
    options.driver === undefined ? {} : { driver: options.driver },
  )
  try {
    options.onWorld?.(world)
    return await new Day(world, options).run()
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`seed ${options.seed}, ${new Date(world.clock.now()).toISOString()}: ${words}`, { cause })
  } finally {
    await world.stop()
  }
}

class Day {
  private readonly policies = new Map<string, ModelPolicy>()
  private readonly groups = new Map<string, ModelGroup>()
  private readonly assigned = new Map<string, { uniqueId: string; ruleIds: Map<string, number> }>()
  private readonly wantedSince = new Map<string, number>()
  private readonly pods = new Map<string, { namespace: string; name: string }>()
  private serial = 0
  private edits = 0
  private troubles = 0
  private checks = 0
  private readonly world: World
  private readonly options: DayOptions

  constructor(world: World, options: DayOptions) {
    this.world = world
    this.options = options
  }

  async run(): Promise<DayResult> {
    const { world, options } = this
    const foreign = await this.prepare()
    const checkForeign = createForeignCheck(world, foreign)
    const watcher = watchWrites(world, (uniqueId) => this.wantedSince.get(uniqueId))
    await world.startAdapter('adapter-a')
    await world.startAdapter('adapter-b')
    const startedMs = world.clock.monotonicMs()
    for (let hour = 1; hour <= options.hours; hour += 1) {
      while (world.clock.monotonicMs() - startedMs < hour * HOUR_MS - 15 * MINUTE_MS) {
        await this.step()
        watcher.check()
      }
      await world.clock.advance(10 * MINUTE_MS)
      await this.check(checkForeign)
      watcher.check()
      const quiet = await this.quietMinutes(watcher.writes)
      options.onHour?.(hour, `${this.policies.size} policies, ${this.pods.size} pods, ${quiet}`)
    }
    return { edits: this.edits, troubles: this.troubles, writes: watcher.writes(), checks: this.checks }
  }

  private async prepare(): Promise<Foreign[]> {
    const { world } = this
    for (const namespace of NAMESPACES)
      await world.kube('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      })
    for (let index = 0; index < 8; index += 1) await this.createPod()
    for (let index = 0; index < 3; index += 1) await changeKubePolicy(this.world, () => this.next('np-'))
    const appliedTo = [{ podSelector: { matchLabels: { app: 'db' } } }]
    const policy = (name: string, labels: Record<string, string>) =>
      world.kube('POST', `${CRD}/clusternetworkpolicies`, {
        apiVersion: 'crd.antrea.io/v1beta1',
        kind: 'ClusterNetworkPolicy',
        metadata: { name, labels },
        spec: { priority: 5, tier: 'application', appliedTo, ingress: [{ name: 'a', action: 'Drop' }] },
      })
    await policy('made-by-a-person', {})
    await policy('looks-like-ours', { 'app.kubernetes.io/managed-by': 'antrea-nsx-adapter' })
    return ['made-by-a-person', 'looks-like-ours'].map((name) => ({
      resource: 'clusternetworkpolicies.crd.antrea.io',
      name,
    }))
  }

  private next(prefix: string): string {
    this.serial += 1
    return `${prefix}${this.serial}`
  }

  private async step(): Promise<void> {
    const { random, clock } = this.world
    const kind = pick(random, [
      'edit',
      'edit',
      'edit',
      'pods',
      'pods',
      'drift',
      'trouble',
      'trouble',
    ] as const)
    if (kind === 'edit') await this.edit()
    if (kind === 'pods') await this.changePods()
    if (kind === 'drift') await this.drift()
    if (kind === 'trouble') await this.trouble()
    await clock.advance(Math.floor(random.next() * 4 * MINUTE_MS))
  }

  // ---- NSX

  private async edit(): Promise<void> {
    this.edits += 1
    const { random } = this.world
    if (this.groups.size < 4 || chance(random, 0.2)) return this.putGroup(this.next('g'))
    if (chance(random, 0.25)) return this.putGroup(pick(random, [...this.groups.keys()]))
    const known = [...this.policies.values()]
    if (known.length < 3 || (known.length < POLICIES_MAX && chance(random, 0.35)))
      return this.putPolicy(randomPolicy(random, this.next('p'), [...this.groups.values()]))
    const policy = pick(random, known)
    if (chance(random, 0.15)) return this.deletePolicy(policy)
    if (chance(random, 0.15)) return this.putPolicy({ ...policy, spanned: !policy.spanned })
    if (chance(random, 0.2)) return this.putPolicy({ ...policy, sequence: Math.floor(random.next() * 20) })
    const rule = randomRule(random, this.next('r'), [...this.groups.values()])
    const rules = chance(random, 0.5)
      ? [...policy.rules.slice(-5), rule]
      : policy.rules.map((old, index) => (index === 0 ? { ...rule, id: old.id } : old))
    return this.putPolicy({ ...policy, rules })
  }

  private async putGroup(id: string): Promise<void> {
    const known = this.groups.get(id)
    const inScope = [...this.policies.values()].some(({ scope }) => scope === id)
    const nested = [...this.groups.values()].some((group) => group.kind === 'nested' && group.of.includes(id))
    const group =
      known !== undefined && (inScope || nested)
        ? ({ id, kind: 'pods', app: pick(this.world.random, APPS) } as const)
        : randomGroup(
            this.world.random,
            id,
            [...this.groups.values()].filter((other) => other.id !== id),
          )
    this.groups.set(id, group)
    await this.world.nsx('PATCH', `${DOMAIN}/groups/${id}`, groupBody(group))
  }

  private async putPolicy(policy: ModelPolicy): Promise<void> {
    const { world } = this
    const path = `${DOMAIN}/security-policies/${policy.id}`
    const isNew = !this.policies.has(policy.id)
    const existing = isNew ? undefined : await world.nsx<{ _revision: number }>('GET', path)
    const span = `${path}/container-cluster-span/this`
    const wasSpanned = this.policies.get(policy.id)?.spanned === true
    const known = this.assigned.get(policy.id)
    if (known !== undefined && !isWanted(policy)) this.wantedSince.delete(known.uniqueId)
    if (wasSpanned && !policy.spanned) await world.nsx('DELETE', span)
    await world.nsx('PUT', path, {
      ...policyBody(policy),
      ...(existing === undefined ? {} : { _revision: existing._revision }),
    })
    if (!wasSpanned && policy.spanned)
      await world.nsx('PATCH', span, {
        container_cluster_path: `/infra/sites/default/enforcement-points/default/cluster-control-planes/sim`,
      })
    this.policies.set(policy.id, policy)
    await this.noteAssigned(policy, path)
  }

  private async noteAssigned(policy: ModelPolicy, path: string): Promise<void> {
    const body = await this.world.nsx<{ unique_id: string; rules: { id: string; rule_id: number }[] }>(
      'GET',
      path,
    )
    const ruleIds = new Map(body.rules.map(({ id, rule_id }) => [id, rule_id]))
    this.assigned.set(policy.id, { uniqueId: body.unique_id, ruleIds })
    if (!isWanted(policy)) this.wantedSince.delete(body.unique_id)
    else if (!this.wantedSince.has(body.unique_id))
      this.wantedSince.set(body.unique_id, this.world.clock.now())
  }

  private async deletePolicy(policy: ModelPolicy): Promise<void> {
    this.wantedSince.delete(this.assigned.get(policy.id)!.uniqueId)
    await this.world.nsx('DELETE', `${DOMAIN}/security-policies/${policy.id}`)
    this.policies.delete(policy.id)
    this.assigned.delete(policy.id)
  }

  // ---- the cluster

  private async createPod(): Promise<void> {
    const { world } = this
    const namespace = pick(world.random, NAMESPACES)
    const name = this.next('pod-')
    const node = pick(world.random, ['node-1', 'node-2', 'node-3'] as const)
    await world.kube('POST', `/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: pick(world.random, APPS) } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'demo' }],
      },
    })
    const ip = `10.10.${Math.floor(this.serial / 250)}.${(this.serial % 250) + 1}`
    await world.kube(
      'PATCH',
      `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } },
      'application/merge-patch+json',
    )
    this.pods.set(name, { namespace, name })
  }

  private async changePods(): Promise<void> {
    const { world } = this
    if (chance(world.random, 0.3)) return changeKubePolicy(world, () => this.next('np-'))
    const pod = pick(world.random, [...this.pods.values()])
    const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`
    if (this.pods.size < 6 || (this.pods.size < 20 && chance(world.random, 0.4))) return this.createPod()
    if (chance(world.random, 0.5)) {
      await world.kube('DELETE', path)
      this.pods.delete(pod.name)
      return
    }
    const labels = { app: pick(world.random, APPS) }
    await world.kube('PATCH', path, { metadata: { labels } }, 'application/merge-patch+json')
  }

  /** Somebody edits one of our objects by hand. */
  private async drift(): Promise<void> {
    const { world } = this
    const ours = world.cluster.api
      .list('clusternetworkpolicies.crd.antrea.io')
      .filter(({ metadata }) => this.wantedSince.has(metadata.name))
    if (ours.length === 0) return
    const path = `${CRD}/clusternetworkpolicies/${pick(world.random, ours).metadata.name}`
    if (chance(world.random, 0.3)) await world.kube('DELETE', path)
    else
      await world.kube(
        'PATCH',
        path,
        { spec: { egress: [{ name: 'by-hand', action: 'Allow', appliedTo: [{ podSelector: {} }] }] } },
        'application/merge-patch+json',
      )
  }

  // ---- trouble

  private async trouble(): Promise<void> {
    this.troubles += 1
    const { world } = this
    const { random, clock, cluster, manager } = world
    const lengthMs = Math.floor(random.next() ** 2 * 8 * MINUTE_MS)
    const victim = pick(random, [...world.adapters.values()])
    const link = chance(random, 0.5) ? victim.kube : victim.nsx
    const during = async (start: () => void, end: () => void) => {
      start()
      if (chance(random, 0.5)) await this.edit()
      await clock.advance(lengthMs)
      if (chance(random, 0.3)) await this.edit()
      end()
    }
    const troubles: readonly (() => Promise<void> | void)[] = [
      () =>
        during(
          () => link.down(true),
          () => link.down(false),
        ),
      () =>
        during(
          () => link.blackhole(true),
          () => link.blackhole(false),
        ),
      () => link.cut(),
      () => cluster.api.compact(),
      () => void manager.faults.freezeStreams(),
      () => void manager.faults.dropStreams(),
      () => during(this.slowAndBusy(), () => this.heal()),
      () => during(this.brokenBodies(), () => this.heal()),
      () => this.restart(victim.name, lengthMs),
    ]
    await pick(random, troubles)()
  }

  private slowAndBusy(): () => void {
    const { cluster, manager, random } = this.world
    return () => {
      cluster.api.faults.add({ verbs: ['create', 'update', 'delete'], status: pick(random, [429, 500, 503]) })
      cluster.api.faults.add({ verbs: ['list', 'watch'], latencyMs: 2_000 })
      manager.faults.add({ methods: ['POST'], status: pick(random, [429, 503]), retryAfterSeconds: 1 })
    }
  }

  private brokenBodies(): () => void {
    const { cluster, random } = this.world
    return () => {
      cluster.api.faults.add({
        verbs: ['list'],
        resetAfterBytes: Math.floor(random.next() * 4_000),
        times: 5,
      })
      cluster.api.faults.add({
        verbs: ['watch'],
        resetAfterBytes: Math.floor(random.next() * 4_000),
        times: 20,
      })
      cluster.api.faults.add({ verbs: ['list'], bodyBytesPerSecond: 500 })
    }
  }

  private heal(): void {
    this.world.cluster.api.faults.clear()
    this.world.manager.faults.clear()
  }

  private async restart(name: string, downMs: number): Promise<void> {
    const { world } = this
    await world.killAdapter(name)
    await this.edit()
    await world.clock.advance(downMs)
    await world.startAdapter(name)
  }

  // ---- the rules

  private async check(checkForeign: () => void): Promise<void> {
    this.checks += 1
    const intent: Intent = { policies: this.policies, groups: this.groups, assigned: this.assigned }
    checkPolicies(this.world, intent)
    checkForeign()
    if (this.options.driver === 'rest')
      return driven(this.world.clock, checkPodsShown(this.world, CLUSTER_ID))
    await driven(this.world.clock, checkShown(this.world, intent, CLUSTER_ID))
    await driven(this.world.clock, checkOthersShown(this.world, CLUSTER_ID))
  }

  /** Rule 3: nothing changes, so nothing is written, also when links break and adapters start anew. */
  private async quietMinutes(writes: () => number): Promise<string> {
    const { world } = this
    const before = { kube: writes(), nsx: world.manager.audit.mutatingCount() }
    const sim = pick(world.random, [...world.adapters.values()])
    if (chance(world.random, 0.5)) {
      sim.kube.cut()
      sim.nsx.cut()
    } else {
      await world.killAdapter(sim.name)
      await world.startAdapter(sim.name)
    }
    await world.clock.advance(4 * MINUTE_MS)
    const after = { kube: writes(), nsx: world.manager.audit.mutatingCount() }
    assert.deepEqual(after, before, 'rule 3: writes while nothing changed')
    return `${after.kube} writes so far`
  }
}
