/** What the CCP channel takes: deciding at the size that has to be carried, and the way of a change into the cluster. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createPlanner, type Plan } from '../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../src/ccp/settings.ts'
import { inSlices } from '../../src/ccp/slices.ts'
import {
  createTranslator,
  type DesiredObject,
  objectKey,
  type Translation,
} from '../../src/ccp/translate/index.ts'
import { createRealClock } from '../../src/world/real.ts'
import { CLUSTER, MEMORY, ModelCluster, SOURCE } from '../unit/ccp/model.ts'
import { addressesBut, byKey, policyAt, scaleObjects } from './ccp-scale.ts'
import { measureDelivery, measureRealDelivery } from './delivery.ts'
import { type Row, rowOf, table } from './report.ts'
import { startSandboxProcess } from './sandbox.ts'

const CHANGES = 100
const DELIVERIES = 200
const REAL_DELIVERIES = 100

export async function benchCcp(say: (line: string) => void): Promise<string> {
  const rows = await benchDeciding(say)
  const sandbox = await startSandboxProcess()
  say(`sandbox: ${DELIVERIES} policies, each changed once`)
  const { createMs, updateMs } = await measureDelivery(sandbox, DELIVERIES)
  await sandbox.stop()
  rows.push(rowOf('sandbox: policy spanned in NSX → accepted', createMs, 'p50 ≤ 10 ms, p99 ≤ 50 ms'))
  rows.push(rowOf('sandbox: policy changed in NSX → accepted', updateMs, 'p50 ≤ 10 ms, p99 ≤ 50 ms'))
  say(`real API server: ${REAL_DELIVERIES} changes`)
  rows.push(
    rowOf(
      'real kube-apiserver: policy changed in NSX → accepted',
      await measureRealDelivery(REAL_DELIVERIES),
      '',
    ),
  )
  return table(rows)
}

/** A cluster in memory, and what the enforcement keeps between plans. */
class Deciding {
  readonly clock = createRealClock()
  readonly model = new ModelCluster()
  readonly planner = createPlanner()
  readonly translate = createTranslator(DEFAULT_TIERS)
  readonly unusedSince = new Map<string, number>()

  translation(objects: ReadonlyMap<string, DesiredObject>): Promise<Translation> {
    return inSlices(this.translate.steps(objects), this.clock)
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
    const next = await inSlices(this.planner.plan(question, cluster), this.clock)
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

async function benchDeciding(say: (line: string) => void): Promise<Row[]> {
  say('making 2,000 policies, 20,000 rules, 10,000 ClusterGroups and 100,000 addresses')
  const objects = byKey(scaleObjects())
  const deciding = new Deciding()
  const stalls = monitorEventLoopDelay({ resolution: 1 })
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
  const writes = await deciding.settle(translation)
  say(`${writes} writes`)

  // A start on a cluster that is as it should be: nothing is remembered, everything is compared.
  const again = new Deciding()
  Object.assign(again, { model: deciding.model })
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
  const one = addressesBut(1)
  const [memberMs, member] = await timed(async () =>
    deciding.plan(await deciding.translation(new Map(current).set(objectKey(one.kind, one.path), one))),
  )
  say(`one address of 100,000 less: ${member.steps.length} object(s) written first`)
  return [
    rowOf('translated from nothing', [firstMs], '≥ 50,000 rules a second'),
    rowOf('planned from nothing', [coldMs], ''),
    rowOf('longest stall of the loop in these two', [coldStallMs], '≤ 20 ms'),
    rowOf(
      `start on a cluster that is right: 0 writes, ${((user + system) / 1_000).toFixed(0)} ms of processor`,
      [noopMs],
      '0 writes',
    ),
    rowOf('one policy changed: translated', translateMs, ''),
    rowOf('one policy changed: planned', planMs, ''),
    rowOf('longest stall of the loop in these changes', [stalls.max / 1e6], '≤ 20 ms'),
    rowOf(`one address of 100,000 changed: decided, ${member.steps.length} shard written`, [memberMs], ''),
  ]
}
