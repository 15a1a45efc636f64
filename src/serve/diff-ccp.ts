/** The next plan of policy as lines. Pure, but for who is asked for it. */
import type { CcpInsight, PlanPreview } from '../ccp/index.ts'
import { annotationOf } from '../ccp/ownership.ts'
import type { KubeObject } from '../kube/index.ts'
import { changesOf } from './diff-fields.ts'
import { type DiffHold, type DiffLine, type DiffStep, hold, type Page } from './diff-lines.ts'

type Step = PlanPreview['plan']['steps'][number]

const opOf = ({ kind }: Step): DiffStep['op'] =>
  kind.startsWith('create') ? 'create' : kind.startsWith('replace') ? 'update' : 'delete'

const KINDS: Readonly<Record<string, string>> = {
  tier: 'Tier',
  group: 'ClusterGroup',
  policy: 'ClusterNetworkPolicy',
}

/** Lazily: each step is compared when its turn comes. */
export function* ccpLines(
  preview: PlanPreview,
  insight: Pick<CcpInsight, 'snapshotAgeMs' | 'mode' | 'cluster'>,
  around: { readonly role: string; readonly leader: string },
  { offset, limit }: Page,
): Generator<DiffLine> {
  const { plan, state, translation } = preview
  const count = { create: 0, update: 0, delete: 0 }
  for (const step of plan.steps) count[opOf(step)] += 1
  yield {
    t: 'head',
    channel: 'ccp',
    ...around,
    ...count,
    offset,
    limit,
    facts: {
      source: state.source,
      version: state.version,
      snapshot_age_seconds: Math.round((insight.snapshotAgeMs() ?? 0) / 1_000),
      policies: translation.policies.length + translation.held.length + translation.empty.length,
      groups: translation.groups.size,
      mode: insight.mode,
    },
  }
  for (const [at, step] of plan.steps.slice(offset, offset + limit).entries())
    yield stepLine(step, offset + at + 1)
  let differs = plan.steps.length > 0
  for (const line of holds(preview)) {
    differs ||= line.differs
    yield line
  }
  yield { t: 'end', differs }
}

function stepLine(step: Step, n: number): DiffStep {
  const op = opOf(step)
  const before: KubeObject | undefined = 'base' in step ? step.base : undefined
  const after: KubeObject | undefined = 'object' in step ? step.object : undefined
  const object = (after ?? before) as KubeObject
  const path = annotationOf(object, 'intentPath')
  const displayName = annotationOf(object, 'displayName')
  const { changes, more } =
    op === 'delete'
      ? { changes: [], more: 0 }
      : changesOf(before?.['spec' as keyof KubeObject], after?.['spec' as keyof KubeObject], 'spec')
  return {
    t: 'step',
    n,
    op,
    stage: step.stage,
    kind: KINDS[step.kind.split('-')[1] ?? ''] ?? step.kind,
    name: object.metadata.name,
    ...(displayName === undefined || displayName === '' ? {} : { display_name: displayName }),
    ...(path === undefined || path === '' ? {} : { path }),
    changes,
    ...(more === 0 ? {} : { more_changes: more }),
  }
}

/** What holds a step back, the plainest first. */
function holds({ plan, translation }: PlanPreview): DiffHold[] {
  const { deletes } = plan
  const refused = translation.held.map(({ path, problems }) => `${path} (${codesOf(problems)})`)
  const obstructed = [...plan.held].map(([path, problems]) => `${path} (${codesOf(problems)})`)
  return [
    ...hold(
      'another-adapter',
      'another adapter keeps these objects: nothing is written while it does; stop it, then run adopt',
      plan.rivals,
      { code: 'SECOND_ADAPTER' },
    ),
    ...hold(
      'awaited-groups',
      'the plan ends here until antrea-controller has computed the members of these groups, and then goes on',
      plan.awaiting,
    ),
    ...(deletes.kind === 'guarded'
      ? hold(
          'delete-guard',
          'too many at once: these deletes wait until a second snapshot, at least 30 s later, says the same',
          deletes.names,
          { code: 'CCP_DELETE_GUARD' },
        )
      : []),
    ...(deletes.kind === 'approval'
      ? hold(
          'approval',
          'they were made from another policy store: their deletes wait for a person (`antrea-nsx-adapter approve`)',
          deletes.names,
          { code: 'CCP_APPROVAL' },
        )
      : []),
    ...hold(
      'renaming',
      'their successors under another name are not realized yet; until then they stay',
      plan.renaming,
    ),
    ...hold(
      'fought-over',
      'somebody else changes these again and again: they are left as they are for a while',
      plan.resting,
      { code: 'DRIFT_FIGHT' },
    ),
    ...hold(
      'held-policies',
      'they cannot be translated exactly: they stay as they last were (`explain PATH` says why)',
      refused,
      { code: 'HELD_POLICIES', differs: false },
    ),
    ...hold(
      'obstructed-policies',
      'the cluster does not let them be written: they stay as they last were (`explain PATH` says why)',
      obstructed,
      { code: 'HELD_POLICIES', differs: false },
    ),
  ]
}

const codesOf = (problems: readonly { readonly code: string; readonly severity: string }[]): string =>
  [...new Set(problems.filter(({ severity }) => severity === 'ERROR').map(({ code }) => code))].join(', ')
