/** What the clusters are told of generic groups, and when it is looked at anew. */
import { MANAGER_MEMBERS_SETTLE_MS } from '../../limits.ts'
import { genericOf } from '../../nsx/generic-group.ts'
import type { Clock, Timer } from '../../world/index.ts'
import type { PolicyObject, PolicyStore } from '../policy/index.ts'
import type { Vms } from '../vms/index.ts'
import { effectiveAddresses } from './addresses.ts'
import type { GroupAt } from './evaluate.ts'
import type { World } from './world.ts'

/** The effective addresses of a group that only this manager can work out; undefined for others. */
export function memberAddresses(
  store: PolicyStore,
  world: World,
): (group: PolicyObject) => readonly string[] | undefined {
  const groupAt: GroupAt = (path) => store.get(path)?.own
  return ({ path, own }) => {
    const isGeneric = genericOf(path, (one) => (one === path ? own : groupAt(one))) !== undefined
    return isGeneric ? effectiveAddresses(world, groupAt, own) : undefined
  }
}

/** Calls `refresh` a moment after machines changed, once for all changes of that moment. */
export function followMembers(clock: Clock, vms: Vms, refresh: () => void): { stop(): void } {
  let timer: Timer | undefined
  const leave = vms.subscribe(() => {
    timer ??= clock.setTimeout(() => {
      timer = undefined
      refresh()
    }, MANAGER_MEMBERS_SETTLE_MS)
  })
  return {
    stop() {
      leave()
      if (timer !== undefined) clock.clearTimeout(timer)
    },
  }
}
