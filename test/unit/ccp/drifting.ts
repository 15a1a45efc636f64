/** An enforcer over stores that show each write at once, and somebody who changes what it wrote. */
import { createEnforcer } from '../../../src/ccp/enforcement.ts'
import type { Plan } from '../../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import { createHealth, type WarningCode } from '../../../src/health/index.ts'
import type { ClusterGroup, ClusterNetworkPolicy, KubeClient, KubeObject } from '../../../src/kube/index.ts'
import { RESOURCES } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { CLUSTER } from './model.ts'
import { setOf } from './objects.ts'
import { policyStores } from './stores.ts'

const POLICIES = RESOURCES.clusterNetworkPolicies.plural
const GROUPS = RESOURCES.clusterGroups.plural
const COMPUTED = { conditions: [{ type: 'GroupMembersComputed' as const, status: 'True' as const }] }

interface Settings {
  /** What each look at the clock costs: so a plan takes time. */
  readonly lookMs?: number
  /** Before a write is taken: the error it is refused with, if it is. */
  readonly onWrite?: (plural: string, object: KubeObject) => Error | undefined
  /** Members of this group are not computed for now. */
  readonly isLate?: (group: string) => boolean
}

export function driftWorld(
  objects: readonly DesiredObject[],
  { lookMs = 0, onWrite, isLate }: Settings = {},
) {
  const clock = createFakeClock()
  let spentMs = 0
  const monotonicMs = () => {
    spentMs += lookMs
    return clock.monotonicMs() + spentMs
  }
  const health = createHealth(clock)
  const { stores, storeOf } = policyStores()
  let version = 0
  const writes: string[] = []
  const keep = <T extends KubeObject>(plural: string, object: T, manager = 'antrea-nsx-adapter'): T => {
    version += 1
    const managedFields = [
      { manager: 'antrea-nsx-adapter', time: '1' },
      ...(manager === 'antrea-nsx-adapter' ? [] : [{ manager, time: '2' }]),
    ]
    const metadata = {
      ...object.metadata,
      uid: object.metadata.uid ?? `u${version}`,
      resourceVersion: `v${version}`,
      generation: version,
      managedFields,
    }
    const isComputed = plural === GROUPS && isLate?.(object.metadata.name) !== true
    const stored = { ...object, metadata, ...(isComputed ? { status: COMPUTED } : {}) }
    storeOf(plural).upsert(stored, metadata.resourceVersion)
    return stored
  }
  const written = <T extends KubeObject>(verb: string, plural: string, object: T): T => {
    const refusal = onWrite?.(plural, object)
    if (refusal !== undefined) throw refusal
    writes.push(`${verb} ${plural} ${object.metadata.name}`)
    return keep(plural, object)
  }
  const kube: KubeClient = {
    get: async () => undefined,
    list: async () => [],
    listMetadata: async () => [],
    create: async (type, object) => written('POST', type.plural, object),
    replace: async (type, object) => written('PUT', type.plural, object),
    delete: async (type, object) => {
      writes.push(`DELETE ${type.plural} ${object.metadata.name}`)
      storeOf(type.plural).remove(object, 'gone')
    },
  }
  const enforcer = createEnforcer({
    kube,
    stores,
    clock: { ...clock, monotonicMs },
    log: SILENT,
    health,
    clusterId: CLUSTER,
    tiers: DEFAULT_TIERS,
  })
  const want = (wanted: readonly DesiredObject[]) =>
    enforcer.take(
      desiredState({ source: 'one', epoch: 'e', version: 1, objects: setOf(...wanted), snapshotMs: 0 }),
    )
  want(objects)
  /** A plan that takes long is made in slices, between which timers have their turn. */
  const planned = async (): Promise<Plan> => {
    let isMade = false
    const plan = enforcer.plan().finally(() => {
      isMade = true
    })
    await Promise.resolve()
    while (lookMs > 0 && !isMade) await clock.advance(0)
    return plan
  }
  /** Plans and applies until nothing is left to write; the last plan. */
  const go = async (): Promise<Plan> => {
    for (let round = 0; round < 20; round += 1) {
      const next = await planned()
      if (next.steps.length === 0) return next
      await enforcer.apply(next, new AbortController().signal)
    }
    throw new Error('it does not settle')
  }
  /** Somebody stores this. */
  const put = (plural: string, object: KubeObject, manager = 'kubectl-edit') =>
    void keep(plural, object, manager)
  return {
    clock,
    enforcer,
    stores,
    writes,
    want,
    go,
    put,
    edit(name: string, change: Partial<ClusterNetworkPolicy['spec']>) {
      const { spec, ...rest } = stores.clusterNetworkPolicies.get(name)!
      put(POLICIES, { ...rest, spec: { ...spec, ...change } } as ClusterNetworkPolicy)
    },
    editGroup(name: string, spec: ClusterGroup['spec']) {
      put(GROUPS, { ...stores.clusterGroups.get(name)!, spec } as ClusterGroup)
    },
    remove(plural: string, name: string) {
      const store = storeOf(plural)
      const there = store.get(name)
      version += 1
      if (there !== undefined) store.remove(there, `v${version}`)
    },
    specs: () => ({
      policies: [...stores.clusterNetworkPolicies.values()].map(({ spec }) => spec),
      groups: [...stores.clusterGroups.values()].map(({ spec }) => spec),
    }),
    warning: (code: WarningCode) => health.warnings().find((one) => one.code === code)?.detail,
    fight: () => health.warnings().find(({ code }) => code === 'DRIFT_FIGHT')?.detail,
  }
}
