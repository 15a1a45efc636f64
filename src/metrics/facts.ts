/** What the parts tell of their work (health/facts.ts), counted. */
import type { Fact, FactOutcome, StepFact } from '../health/index.ts'
import type { Meter } from './registry.ts'

const POLICY_KINDS = { policy: 'ClusterNetworkPolicy', group: 'ClusterGroup', tier: 'Tier' } as const
const DOES: Readonly<Record<string, string>> = {
  create: 'create',
  replace: 'update',
  update: 'update',
  delete: 'delete',
}

export function countFact(meter: Meter, fact: Fact): void {
  switch (fact.kind) {
    case 'step':
      countStep(meter, fact)
      break
    case 'plan':
      if (fact.channel === 'ccp' && fact.deliveredMs !== undefined)
        meter.observe('antrea_nsx_policy_propagation_seconds', {}, fact.deliveredMs / 1_000)
      break
    case 'request':
      meter.observe(
        'antrea_nsx_operation_duration_seconds',
        { operation: fact.asked.toLowerCase().replaceAll('_', '-'), result: fact.outcome },
        fact.tookMs / 1_000,
      )
      break
    default:
  }
}

/** `create-policy`, `replace-group`; `UPDATE ContainerProject`. */
function countStep(meter: Meter, { channel, step, outcome }: StepFact): void {
  const [word = '', of = ''] = step.split(/[- ]/, 2)
  const labels = { do: DOES[word.toLowerCase()] ?? '', result: RESULTS[outcome] }
  if (channel === 'mp') meter.add('antrea_nsx_inventory_writes_total', labels)
  else
    meter.add('antrea_nsx_policy_apply_total', {
      ...labels,
      kind: POLICY_KINDS[of as keyof typeof POLICY_KINDS] ?? '',
    })
}

const RESULTS: Readonly<Record<FactOutcome['outcome'], string>> = {
  done: 'written',
  refused: 'refused',
  failed: 'failed',
  stopped: 'failed',
}
