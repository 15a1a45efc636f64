/** A random world, translated, planned and written to a model cluster, and both judges asked about the same flows. */
import { createHash } from 'node:crypto'
import { DEFAULT_TIERS } from '../../src/ccp/settings.ts'
import {
  createTranslator,
  type DesiredObject,
  type DesiredObjects,
  objectKey,
  type Translation,
  UNKNOWN_CLUSTER,
} from '../../src/ccp/translate/index.ts'
import { ModelCluster } from '../unit/ccp/model.ts'
import { type AntreaVerdict, antreaJudge, type Enforced } from './antrea.ts'
import { randomCluster, randomFlows } from './cluster.ts'
import { Dice } from './dice.ts'
import { type Intent, IntentMaker, Notes } from './intent.ts'
import { toldMembers } from './machines.ts'
import { type Judge, nsxJudge, type PolicyInForce } from './nsx.ts'
import type { Body, GroupRevision } from './nsx-members.ts'
import { type Cluster, DIRECTIONS, type Direction, type Flow, show, type Verdict } from './types.ts'

export interface World {
  readonly seed: number
  readonly cluster: Cluster
  readonly intent: Intent
  readonly flows: readonly Flow[]
}

export function randomWorld(seed: number, flowCount: number): World {
  const dice = new Dice(seed)
  const cluster = randomCluster(dice, dice.pick<readonly (4 | 6)[]>([[4, 6], [4, 6], [4, 6], [4], [6]]))
  const notes = new Notes()
  const intent = new IntentMaker(dice, notes).intent()
  return { seed, cluster, intent, flows: randomFlows(dice, cluster, notes, flowCount) }
}

const object = (kind: string, path: string, body: Body): DesiredObject => ({
  kind,
  path,
  hash: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
  body,
})

export function objectsOf(intent: Intent): DesiredObjects {
  const { groups, services, policies, profiles, machines, untold } = intent
  const told = [...groups].flatMap(([path, body]) => {
    const ip_addresses = untold.has(path) ? undefined : toldMembers(path, body, groups, machines)
    return ip_addresses === undefined
      ? []
      : [object('GroupMembers', path, { group_path: path, ip_addresses })]
  })
  const all = [
    ...told,
    ...[...profiles].map(([path, body]) => object('ContextProfile', path, body)),
    ...[...groups].map(([path, body]) => object('Group', path, body)),
    ...[...services].map(([path, body]) => object('Service', path, body)),
    ...[...policies].map(([path, body]) => object('SecurityPolicy', path, body)),
  ]
  return new Map(all.map((one) => [objectKey(one.kind, one.path), one]))
}

export const translate = (intent: Intent, { families }: Cluster): Translation =>
  createTranslator(DEFAULT_TIERS, { domains: true })(objectsOf(intent), { ...UNKNOWN_CLUSTER, families })

export const stored = (model: ModelCluster): Enforced => ({
  policies: [...model.policies.values()],
  groups: [...model.groups.values()],
  tiers: [...model.tiers.values()],
})

/** What ends up in the cluster, as an API server would store it. */
export function enforce(translation: Translation): Enforced {
  const model = new ModelCluster()
  model.converge(translation)
  return structuredClone(stored(model))
}

/** The groups of one time, each as it is then. */
export const revisions = ({ groups, machines }: Intent): ReadonlyMap<string, GroupRevision> =>
  new Map([...groups].map(([path, body]) => [path, { body, groups, machines }]))

/** Paths of the policies that the translation takes. */
export const accepted = ({ policies, empty }: Translation): ReadonlySet<string> =>
  new Set([...policies, ...empty].map(({ path }) => path))

/** What NSX decides where only these policies are in force. */
export function judgeOf({ intent, cluster }: World, paths: ReadonlySet<string>): Judge {
  const groups = revisions(intent)
  const { services, profiles } = intent
  const inForce = [...paths].map(
    (path): PolicyInForce => ({ body: intent.policies.get(path) ?? {}, groups, services, profiles }),
  )
  return nsxJudge(inForce, cluster)
}

export interface Answer {
  readonly flow: Flow
  readonly direction: Direction
  readonly verdict: Verdict
}

/** NSX's verdict at each end of each flow that is a Pod. */
export const answersOf = (judge: Judge, flows: readonly Flow[]): Answer[] =>
  flows.flatMap((flow) =>
    DIRECTIONS.filter((direction) => selfOf(flow, direction) !== undefined).map((direction) => ({
      flow,
      direction,
      verdict: judge(flow, direction),
    })),
  )

export const selfOf = (flow: Flow, direction: Direction) =>
  direction === 'ingress' ? flow.destination.pod : flow.source.pod

export interface Disagreement {
  readonly answer: Answer
  readonly antrea: AntreaVerdict
}

/** The first flow about which Antrea decides otherwise. What Antrea would refuse is thrown. */
export function firstDisagreement(
  answers: readonly Answer[],
  enforced: Enforced,
  cluster: Cluster,
): Disagreement | undefined {
  const judge = antreaJudge(enforced, cluster)
  for (const answer of answers) {
    const antrea = judge(answer.flow, answer.direction)
    if (antrea !== answer.verdict) return { answer, antrea }
  }
  return undefined
}

export interface Outcome {
  readonly flows: number
  readonly verdicts: Readonly<Record<string, number>>
  readonly accepted: number
  /** Codes of the refusals. */
  readonly codes: readonly string[]
}

/** Compares one world; throws with the seed where the two differ or a policy is refused or taken wrongly. */
export function compareWorld(world: World): Outcome {
  const { seed, intent, cluster, flows } = world
  const translation = translate(intent, cluster)
  const fail = (what: string): never => {
    throw new Error(`seed ${seed}: ${what}`)
  }
  for (const { path, problems } of translation.held)
    if (intent.plain.has(path) && !(intent.untold.size > 0 && problems.some(isUntold)))
      fail(`${path} is plain and refused: ${JSON.stringify(problems)}`)
  const enforced = enforce(translation)
  const names = enforced.policies.map(({ metadata }) => metadata.name).sort()
  const wanted = translation.policies.map(({ name }) => name).sort()
  if (names.join() !== wanted.join()) fail(`the cluster holds ${names}, translated are ${wanted}`)
  const paths = accepted(translation)
  const answers = answersOf(judgeOf(world, paths), flows)
  const found = firstDisagreement(answers, enforced, cluster)
  if (found !== undefined) fail(describe(found))
  const verdicts: Record<string, number> = {}
  for (const { direction, verdict } of answers) {
    const key = `${direction} ${verdict}`
    verdicts[key] = (verdicts[key] ?? 0) + 1
  }
  const codes = translation.held.flatMap(({ problems }) => problems.map(({ code }) => code))
  return { flows: flows.length, verdicts, accepted: paths.size, codes }
}

const isUntold = ({ code }: { code: string }): boolean => code === 'GROUP_MEMBERS_MISSING'

export const describe = ({ answer, antrea }: Disagreement): string =>
  `${answer.direction} of ${show(answer.flow)}: NSX says ${answer.verdict}, Antrea ${antrea}`
