/** What the CCP channel takes: deciding at the size that has to be carried, and the way of a change into the cluster. */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { createPlanner, type Plan } from '../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../src/ccp/settings.ts'
import {
  createTranslator,
  type DesiredObject,
  objectKey,
  type Translation,
} from '../../src/ccp/translate/index.ts'
import { inSlices, type Steps } from '../../src/world/index.ts'
import { createRealClock } from '../../src/world/real.ts'
import { skip } from '../real/harness/tier.ts'
import { CLUSTER, MEMORY, ModelCluster, SOURCE } from '../unit/ccp/model.ts'
import { benchRealStart } from './ccp-real.ts'
import { addressesBut, byKey, POLICIES, policyAt, RULES_EACH, scaleObjects } from './ccp-scale.ts'
import { benchStart } from './ccp-start.ts'
import { measureDelivery, measureRealDelivery } from './delivery.ts'
import { type Row, rowOf, table } from './report.ts'
import { startSandboxProcess } from './sandbox.ts'

const CHANGES = 100
const MEMBER_CHANGES = 10
const DELIVERIES = 200
const REAL_DELIVERIES = 100

export async function benchCcp(say: (line: string) => void): Promise<string> {
  const rows = await benchDeciding(say)
  rows.push(...(await benchStart(say)))
  const sandbox = await startSandboxProcess()
  say(`sandbox: ${DELIVERIES} policies, each changed once`)
  const { createMs, updateMs } = await measureDelivery(sandbox, DELIVERIES)
  await sandbox.stop()
  rows.push(rowOf('sandbox: policy spanned in NSX → accepted', createMs, 'p50 ≤ 10 ms, p99 ≤ 50 ms'))
  rows.push(rowOf('sandbox: policy changed in NSX → accepted', updateMs, 'p50 ≤ 10 ms, p99 ≤ 50 ms'))
  if (skip === false) {
    say(`real API server: ${REAL_DELIVERIES} changes`)
    const realMs = await measureRealDelivery(REAL_DELIVERIES)
    rows.push(rowOf('real kube-apiserver: policy changed in NSX → accepted', realMs, ''))
    rows.push(...(await benchRealStart(say)))
  } else say(skip)
  const text = table(rows)
  return skip === false ? text : `${text}\n\nReal kube-apiserver: not measured, ${skip}.`
}

/** A cluster in memory, and what the enforcement keeps between plans. */
class Deciding {
  readonly clock = createRealClock()
  readonly model = new ModelCluster()
  readonly planner = createPlanner()
  readonly translate = createTranslator(DEFAULT_TIERS)
  readonly unusedSince = new Map<string, number>()
  /** Of the steps taken while `isWatched`, by the thread's own processor time: a core that was not ours is not in it. */
  longestStepMs = 0
  isWatched = false

  private *watched<T>(steps: Steps<T>): Steps<T> {
    for (;;) {
      const before = process.threadCpuUsage()
      const { done, value } = steps.next()
      const { user, system } = process.threadCpuUsage(before)
      this.longestStepMs = Math.max(this.longestStepMs, (user + system) / 1_000)
      if (done === true) return value
      yield
    }
  }

  private run<T>(steps: Steps<T>): Promise<T> {
    return inSlices(this.isWatched ? this.watched(steps) : steps, this.clock)
  }

  translation(objects: ReadonlyMap<string, DesiredObject>): Promise<Translation> {
    return this.run(this.translate.steps(objects))
  }

  async plan(translation: Translation): Promise<Plan> {
    const of = <T>(map: ReadonlyMap<string, T>) => ({
      get: (name: string) => map.get(name),
      values: () => [...map.values()],
    })
    const { policies, groups, tiers } = this.model
    const memory = { ...MEMORY, nowMs: this.clock.monotonicMs(), unusedSince: this.unusedSince }
    const question = { translation, source: SOURCE, clusterId: CLUSTER, tiers: DEFAULT_TIERS, memory }
    const cluster = { policies: of(policies), groups: of(groups), tiers: of(tiers) }
    const next = await this.run(this.planner.plan(question, cluster))
    for (const name of next.unused) if (!this.unusedSince.has(name)) this.unusedSince.set(name, memory.nowMs)
    return next
  }

  /** Writes until there is nothing more to write; the number of writes. */
  async settle(translation: Translation): Promise<number> {
    let writes = 0
    for (;;) {
      const { steps } = await this.plan(translation)
      if (steps.length === 0) return writes
      for (const step of steps) {
        this.model.write(step)
        const { kind, metadata } = 'object' in step ? step.object : step.base
        const touched = kind === 'Tier' ? 'tiers' : kind === 'ClusterGroup' ? 'groups' : 'policies'
        this.planner.touch(touched, metadata.name)
      }
      writes += steps.length
    }
  }
}

/** Of garbage collections, since the last question. */
function watchPauses(): { longestMs(): Promise<number> } {
  let longestMs = 0
  const note = (entries: readonly { readonly duration: number }[]) => {
    for (const { duration } of entries) longestMs = Math.max(longestMs, duration)
  }
  const observer = new PerformanceObserver((list) => note(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return {
    async longestMs() {
      await new Promise((resolve) => setTimeout(resolve, 10))
      const found = longestMs
      longestMs = 0
      return found
    },
  }
}

async function benchDeciding(say: (line: string) => void): Promise<Row[]> {
  say('making 2,000 policies, 20,000 rules, 10,000 ClusterGroups and 100,000 addresses')
  const objects = byKey(scaleObjects())
  const deciding = new Deciding()
  const stalls = monitorEventLoopDelay({ resolution: 1 })
  const pauses = watchPauses()
  const timed = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
    const startedMs = performance.now()
    const result = await work()
    return [performance.now() - startedMs, result]
  }
  stalls.enable()
  const [firstMs, translation] = await timed(() => deciding.translation(objects))
  const [coldMs] = await timed(() => deciding.plan(translation))
  stalls.disable()
  const coldStallMs = stalls.max / 1e6
  const coldPauseMs = await pauses.longestMs()
  const writes = await deciding.settle(translation)
  say(`${writes} writes`)

  // A start on a cluster that is as it should be: nothing is remembered, everything is compared.
  const again = new Deciding()
  Object.assign(again, { model: deciding.model, isWatched: true })
  const cpuBefore = process.cpuUsage()
  const [noopMs, noop] = await timed(async () => again.plan(await again.translation(objects)))
  const { user, system } = process.cpuUsage(cpuBefore)
  if (noop.steps.length > 0) throw new Error(`${noop.steps.length} steps where nothing changed`)

  const translateMs: number[] = []
  const planMs: number[] = []
  stalls.reset()
  stalls.enable()
  let current = objects
  for (let change = 0; change < CHANGES; change += 1) {
    const policy = policyAt((change * 37) % 2_000, 2_000 + change)
    current = new Map(current).set(objectKey(policy.kind, policy.path), policy)
    const [ms, next] = await timed(() => deciding.translation(current))
    translateMs.push(ms)
    const [steps] = [await timed(() => deciding.plan(next))]
    planMs.push(steps[0])
    if (steps[1].steps.length !== 1) throw new Error(`${steps[1].steps.length} steps for one policy`)
    await deciding.settle(next)
  }
  stalls.disable()
  const changesPauseMs = await pauses.longestMs()
  const memberMs: number[] = []
  for (let fewer = 1; fewer <= MEMBER_CHANGES; fewer += 1) {
    const one = addressesBut(fewer)
    current = new Map(current).set(objectKey(one.kind, one.path), one)
    let next: Translation | undefined
    const [ms, member] = await timed(async () => {
      next = await deciding.translation(current)
      return deciding.plan(next)
    })
    memberMs.push(ms)
    if (member.steps.length !== 1)
      throw new Error(`${member.steps.length} objects written first for one address`)
    if (next !== undefined) await deciding.settle(next)
  }
  const perSecond = Math.round((POLICIES * RULES_EACH * 1_000) / firstMs)
  return [
    rowOf(`translated from nothing: ${perSecond} rules a second`, [firstMs], '≥ 50,000 rules a second'),
    rowOf('planned from nothing', [coldMs], ''),
    rowOf(
      `longest stall of the loop in these two (longest GC pause ${coldPauseMs.toFixed(0)} ms)`,
      [coldStallMs],
      '≤ 20 ms but for GC',
    ),
    rowOf(
      'longest step of translating and planning from nothing (processor time)',
      [again.longestStepMs],
      '≤ 20 ms',
    ),
    rowOf(
      `start on a cluster that is right: 0 writes, ${((user + system) / 1_000).toFixed(0)} ms of processor`,
      [noopMs],
      '0 writes',
    ),
    rowOf('one policy changed: translated', translateMs, ''),
    rowOf('one policy changed: planned', planMs, ''),
    rowOf(
      `longest stall of the loop in these changes (longest GC pause ${changesPauseMs.toFixed(0)} ms)`,
      [stalls.max / 1e6],
      '≤ 20 ms but for GC',
    ),
    rowOf('one address of 100,000 changed: decided, 1 shard written first', memberMs, '≤ 50 ms'),
  ]
}
