/** Tiers: one with our name and priority is used whoever made it; none is ever changed or deleted. */
import type { Tier } from '../../kube/antrea.ts'
import type { Category, TierSettings } from '../settings.ts'
import { CATEGORIES } from '../translate/index.ts'
import { objectRef, type PlanMemory, type Step } from './types.ts'

export interface TierPlan {
  readonly steps: readonly Step[]
  /** Categories whose tier cannot be had, and why. */
  readonly conflicts: ReadonlyMap<Category, string>
}

/** What the tiers of these categories need. */
export function planTiers(
  stored: readonly Tier[],
  settings: TierSettings,
  needed: ReadonlySet<Category>,
  refused: PlanMemory['refused'],
): TierPlan {
  const steps: Step[] = []
  const conflicts = new Map<Category, string>()
  for (const category of CATEGORIES.filter((one) => needed.has(one))) {
    const { name, priority } = settings[category]
    const ours = stored.find((tier) => tier.metadata.name === name)
    const rival = stored.find((tier) => tier.metadata.name !== name && tier.spec.priority === priority)
    if (ours !== undefined && ours.spec.priority !== priority)
      conflicts.set(category, `tier ${name} has priority ${ours.spec.priority}, wanted is ${priority}`)
    else if (ours === undefined && rival !== undefined)
      conflicts.set(category, `tier ${rival.metadata.name} has priority ${priority}, which ${name} needs`)
    else if (ours === undefined && refused.has(objectRef('tier', name)))
      conflicts.set(category, refused.get(objectRef('tier', name))?.message ?? '')
    else if (ours === undefined)
      steps.push({ kind: 'create-tier', stage: 'tiers', object: tierObject(name, priority, category) })
  }
  return { steps, conflicts }
}

/** Without our label: a tier is never ours to delete. */
const tierObject = (name: string, priority: number, category: Category): Tier => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'Tier',
  metadata: { name },
  spec: { priority, description: `NSX category ${category}` },
})
