/** What others did to our objects, as the enforcer remembers it: noted as it is put back, told of where it is a fight. */
import type { Health } from '../health/index.ts'
import type { ClusterGroup, ClusterNetworkPolicy, KubeObject } from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import type { Logger } from '../log/index.ts'
import type { Clock } from '../world/index.ts'
import {
  type Drift,
  fightsOf,
  forgetOld,
  lookAgainMs,
  NO_DRIFT,
  noteRepair,
  otherWriter,
  restingRefs,
} from './drift.ts'
import { isAsWritten, isGroupAsWritten, listNames, objectRef } from './plan/index.ts'

export interface RepairsDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly health: Health
  /** Whether NSX still wants a policy of this name that was there before. */
  readonly wasThere: (name: string) => boolean
}

/** Raises and clears DRIFT_FIGHT. Times are monotonic; `nowMs` is the one moment a plan is made for. */
export class Repairs {
  private readonly deps: RepairsDeps
  private drift: Drift = NO_DRIFT
  /** Objects (`objectRef`) that we wrote and did not delete: what is made again was deleted by somebody. */
  private readonly written = new Set<string>()

  constructor(deps: RepairsDeps) {
    this.deps = deps
  }

  /** Leaves out what is too old, tells who fights now; returns what is not put back in this plan. */
  restingAt(nowMs: number): ReadonlySet<string> {
    this.drift = forgetOld(this.drift, nowMs)
    this.tell(nowMs)
    return restingRefs(this.drift, nowMs)
  }

  /**
   * When the next plan has to be made for the sake of what is told or left at `nowMs`, from then on. It must be the
   * moment `restingAt` was asked for: of a later one it would not say what has come true in between.
   */
  againMs(nowMs: number): number | undefined {
    return lookAgainMs(this.drift, nowMs)
  }

  /** A write of ours: perhaps it put back what somebody changed or deleted. */
  note(plural: string, name: string, base: KubeObject | undefined, now: KubeObject | undefined): void {
    const isPolicy = plural === RESOURCES.clusterNetworkPolicies.plural
    if (!isPolicy && plural !== RESOURCES.clusterGroups.plural) return
    const ref = objectRef(isPolicy ? 'policy' : 'group', name)
    const isChanged =
      base !== undefined &&
      !(isPolicy ? isAsWritten(base as ClusterNetworkPolicy) : isGroupAsWritten(base as ClusterGroup))
    const isDeleted = base === undefined && (this.written.has(ref) || this.deps.wasThere(name))
    if (now === undefined) this.written.delete(ref)
    else this.written.add(ref)
    if (now === undefined || (!isChanged && !isDeleted)) return
    const by = base === undefined ? 'somebody who deletes it' : otherWriter(base)
    const nowMs = this.deps.clock.monotonicMs()
    this.drift = noteRepair(this.drift, ref, by, nowMs)
    this.deps.log.warn({ object: ref, by }, 'somebody else changed it; it was put back')
    this.tell(nowMs)
  }

  forget(): void {
    this.drift = NO_DRIFT
    this.written.clear()
    this.deps.health.clear('DRIFT_FIGHT')
  }

  private tell(nowMs: number): void {
    const fights = fightsOf(this.drift, nowMs)
    if (fights.length === 0) this.deps.health.clear('DRIFT_FIGHT')
    else this.deps.health.set('DRIFT_FIGHT', listNames(fights))
  }
}
