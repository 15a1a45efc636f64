/**
 * What the channel knows, for who looks at it: the complete copies on both sides, the plan that the next comparison would
 * carry out, and what is thought of each policy. Nothing here changes what the channel does next.
 */
import { waitFor } from '../errors.ts'
import type { ClusterGroup, ClusterNetworkPolicy, Tier } from '../kube/index.ts'
import type { PolicyFigures } from './figures.ts'
import type { Plan } from './plan/index.ts'
import type { Realized } from './realization/index.ts'
import type { Mode, TierSettings } from './settings.ts'
import type { DesiredState } from './source/index.ts'
import type { Translation } from './translate/index.ts'

/** A plan that nobody carries out, and what it was made from. */
export interface PlanPreview {
  readonly state: DesiredState
  readonly translation: Translation
  readonly plan: Plan
}

/** The cluster as it is planned from: our own newest writes count. */
export interface ClusterSight {
  readonly policies: Objects<ClusterNetworkPolicy>
  readonly groups: Objects<ClusterGroup>
  readonly tiers: Objects<Tier>
}

interface Objects<T> {
  get(name: string): T | undefined
  values(): readonly T[]
}

export interface CcpInsight {
  readonly clusterId: string
  readonly tiers: TierSettings
  readonly mode: Mode
  readonly cluster: ClusterSight
  /** Undefined before NSX has told all it wants. */
  desired(): DesiredState | undefined
  /** How old the snapshot is that the complete copy stands on; undefined without one. */
  snapshotAgeMs(): number | undefined
  /** What NSX is told of each policy, by path; undefined while nothing is known. */
  realization(): ReadonlyMap<string, Realized> | undefined
  /** How many policies and rules are in force, and which are refused, why and since when. Cheap. */
  figures(): PolicyFigures
  /**
   * By the planner that the channel itself plans with, from the copies that are held. In slices. Rejects with wait-for
   * CCP_NO_COPY while NSX has not told what it wants, and KUBE_NOT_READY while the cluster is not known completely.
   */
  preview(signal?: AbortSignal): Promise<PlanPreview>
}

export const noCopy = () =>
  waitFor(
    'CCP_NO_COPY',
    'this instance holds no complete set of what NSX wants: it has not led since it was started; ask the instance that leads (`status` names it)',
  )
