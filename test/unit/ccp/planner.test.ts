/** A planner that looks only at what changed plans the very same as one that looks at everything, byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ClusterObjects,
  createPlanner,
  type Plan,
  type PlanInput,
  plan,
  type Step,
} from '../../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import {
  createTranslator,
  type DesiredObject,
  type DesiredObjects,
  type Translation,
} from '../../../src/ccp/translate/index.ts'
import { runSteps } from '../../../src/world/steps.ts'
import { Dice } from '../../oracle/dice.ts'
import { BREAKING_EDITS, MASS_EDITS, SOUND_EDITS } from '../../oracle/edits.ts'
import { objectsOf } from '../../oracle/exact.ts'
import { LONE_IDS } from '../../oracle/ids.ts'
import { type Intent, IntentMaker, Notes } from '../../oracle/intent.ts'
import { CLUSTER, MEMORY, ModelCluster, SOURCE } from './model.ts'
import { GROUPS, group, policy, rule, setOf, tag } from './objects.ts'

const POOLS = {
  pods: ['g0', 'g1', 'g2'].map((id) => `${GROUPS}/${id}`),
  peers: ['g0', 'g1', 'g2', 'm0', 'i0', 'n0'].map((id) => `${GROUPS}/${id}`),
  ids: LONE_IDS,
}
const EDITS = Object.values({ ...SOUND_EDITS, ...BREAKING_EDITS, ...MASS_EDITS })

/** A model cluster that counts how many objects a plan asks for. */
class Watched {
  readonly model = new ModelCluster()
  readonly planner = createPlanner()
  wholes = 0
  parts = 0
  /** Policies that were asked for by name. */
  asked = 0
  nowMs = 0
  readonly unusedSince = new Map<string, number>()
  confirmed: ReadonlySet<string> = new Set(LONE_IDS)
  source = SOURCE

  objects(): ClusterObjects {
    const of = <T>(map: ReadonlyMap<string, T>, onWhole = () => {}, onGet = () => {}) => ({
      get: (name: string) => {
        onGet()
        return map.get(name)
      },
      values: () => {
        onWhole()
        return [...map.values()]
      },
    })
    this.parts += 1
    const onWhole = () => {
      this.wholes += 1
      this.parts -= 1
    }
    return {
      policies: of(this.model.policies, onWhole, () => {
        this.asked += 1
      }),
      groups: of(this.model.groups),
      tiers: of(this.model.tiers),
    }
  }

  /** Both plans, which must be one. */
  plan(translation: Translation): Plan {
    const question: Omit<PlanInput, 'cluster'> = {
      translation,
      source: this.source,
      clusterId: CLUSTER,
      tiers: DEFAULT_TIERS,
      memory: {
        ...MEMORY,
        nowMs: this.nowMs,
        confirmed: this.confirmed,
        unusedSince: new Map(this.unusedSince),
      },
    }
    const whole = plan({
      ...question,
      cluster: {
        policies: [...this.model.policies.values()],
        groups: [...this.model.groups.values()],
        tiers: [...this.model.tiers.values()],
      },
    })
    const part = runSteps(this.planner.plan(question, this.objects()))
    assert.deepEqual(part, whole)
    assert.equal(JSON.stringify(part), JSON.stringify(whole))
    for (const name of whole.unused) if (!this.unusedSince.has(name)) this.unusedSince.set(name, this.nowMs)
    for (const name of [...this.unusedSince.keys()])
      if (!whole.unused.includes(name)) this.unusedSince.delete(name)
    return part
  }

  write(step: Step): void {
    this.model.write(step)
    const { kind, metadata } = 'object' in step ? step.object : step.base
    if (kind === 'Tier') this.planner.touch('tiers', metadata.name)
    else this.planner.touch(kind === 'ClusterGroup' ? 'groups' : 'policies', metadata.name)
  }
}

/** The same object again where nothing of it changed, as a channel hands it over. */
class Kept {
  private readonly known = new Map<string, DesiredObject>()

  of(objects: DesiredObjects): DesiredObjects {
    return new Map(
      [...objects].map(([key, object]) => {
        const name = `${key} ${object.hash}`
        const kept = this.known.get(name) ?? object
        this.known.set(name, kept)
        return [key, kept]
      }),
    )
  }
}

/** What somebody else does to the cluster. */
function meddle(world: Watched, dice: Dice): void {
  const { model, planner } = world
  const policy = dice.some([...model.policies.values()], 1)[0]
  const group = dice.some([...model.groups.values()], 1)[0]
  const bare = { app: 'theirs' }
  const act = dice.int(0, 6)
  if (act === 0 && policy !== undefined) model.policies.delete(policy.metadata.name)
  if (act === 1 && group !== undefined) model.groups.delete(group.metadata.name)
  if (act === 2 && policy !== undefined)
    model.putPolicy({ ...policy, spec: { ...policy.spec, ingress: [...policy.spec.ingress].reverse() } })
  if (act === 3 && policy !== undefined)
    model.putPolicy({ ...policy, metadata: { ...policy.metadata, labels: bare } })
  if (act === 4 && group !== undefined)
    model.putGroup({ ...group, metadata: { ...group.metadata, labels: bare } })
  if (act === 5 && group !== undefined) model.groups.set(group.metadata.name, { ...group, status: {} })
  if (act === 6 && policy !== undefined) {
    const { annotations } = policy.metadata
    const foreign = { ...annotations, 'antrea-nsx-adapter/cluster-id': 'another' }
    model.putPolicy({ ...policy, metadata: { ...policy.metadata, annotations: foreign } })
  }
  if (policy !== undefined) planner.touch('policies', policy.metadata.name)
  if (group !== undefined) planner.touch('groups', group.metadata.name)
}

function history(seed: number): Watched {
  const dice = new Dice(seed)
  const maker = new IntentMaker(dice, new Notes(), POOLS)
  const world = new Watched()
  const kept = new Kept()
  const translator = createTranslator(DEFAULT_TIERS)
  let intent: Intent = maker.intent()
  for (let round = 0; round < 12; round += 1) {
    const objects = kept.of(objectsOf(intent))
    const translation = translator(objects)
    assert.equal(
      JSON.stringify(flat(translation)),
      JSON.stringify(flat(createTranslator(DEFAULT_TIERS)(objects))),
    )
    // Often to rest, where a part is enough from then on; sometimes the next change comes first.
    for (let turns = dice.pick([1, 2, 60, 60, 60]); turns > 0; turns -= 1) {
      world.nowMs += dice.pick([1_000, 60_000])
      const next = world.plan(translation)
      if (next.steps.length === 0 && next.againMs === undefined) break
      for (const step of next.steps.slice(0, dice.pick([1, 3, 1_000]))) world.write(step)
    }
    if (dice.chance(0.3)) meddle(world, dice)
    if (dice.chance(0.1)) world.confirmed = world.confirmed.size === 0 ? new Set(LONE_IDS) : new Set()
    if (dice.chance(0.03)) world.source = `source-${round}`
    for (const edit of dice.some(EDITS, dice.pick([0, 1, 1, 2]))) intent = edit(intent, maker)
  }
  return world
}

const flat = ({ groups, ...rest }: Translation) => ({
  ...rest,
  groups: [...groups].map(([name, { children, ...more }]) => [name, { ...more, children: [...children] }]),
})

test('a plan of what changed is the plan of everything, over random histories and meddling', () => {
  let [parts, wholes] = [0, 0]
  for (let seed = 1; seed <= 60; seed += 1) {
    try {
      const world = history(seed)
      parts += world.parts
      wholes += world.wholes
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
  assert.ok(parts > 100 && wholes > 100, `${parts} parts, ${wholes} wholes`)
})

test('one change among many asks for what it touches only', () => {
  const groups = Array.from({ length: 200 }, (_, n) => group(`g${n}`, 1_000 + n, [tag(`app|a${n}`)]))
  const policyOf = (n: number, action: string) => {
    const [from, to] = [`${GROUPS}/g${n % 200}`, `${GROUPS}/g${(n + 1) % 200}`]
    return policy(`p${n}`, n, [rule(1, { action, source_groups: [from], scope: [to] })], {
      sequence_number: n,
    })
  }
  const translator = createTranslator(DEFAULT_TIERS)
  const policies = Array.from({ length: 400 }, (_, n) => policyOf(n, 'ALLOW'))
  const world = new Watched()
  const settle = (translation: Translation) => {
    for (;;) {
      const next = world.plan(translation)
      for (const step of next.steps) world.write(step)
      if (next.steps.length === 0) return
    }
  }
  settle(translator(setOf(...groups, ...policies)))
  const changed = translator(
    setOf(...groups, ...policies.map((one, n) => (n === 7 ? policyOf(7, 'DROP') : one))),
  )
  const wholes = world.wholes
  const next = world.plan(changed)
  assert.deepEqual(
    next.steps.map(({ kind }) => kind),
    ['replace-policy'],
  )
  settle(changed)
  assert.equal(world.wholes, wholes, 'nobody looked at everything')
})

test('a group that all policies name changes without a look at them, unless how they use it matters', () => {
  const world = new Watched()
  const kept = new Kept()
  const translator = createTranslator(DEFAULT_TIERS)
  const set = (app: string, other: string) =>
    translator(
      kept.of(
        setOf(
          group('shared', 1, [tag(`app|${app}`)]),
          group('other', 2, [tag(`app|${other}`)]),
          ...Array.from({ length: 50 }, (_, n) =>
            policy(`p${n}`, 10 + n, [
              rule(1, { action: n === 0 ? 'DROP' : 'ALLOW', source_groups: [`${GROUPS}/shared`] }),
              ...(n === 1 ? [rule(2, { source_groups: [`${GROUPS}/other`] })] : []),
            ]),
          ),
        ),
      ),
    )
  const settle = (translation: Translation) => {
    const kinds: string[] = []
    for (let round = 0; ; round += 1) {
      assert.ok(round < 20)
      world.nowMs += 60_000
      const next = world.plan(translation)
      for (const step of next.steps) world.write(step)
      kinds.push(...next.steps.map(({ stage }) => stage))
      if (next.steps.length === 0 && next.againMs === undefined) return kinds
    }
  }
  settle(set('one', 'a'))
  const wholes = world.wholes
  world.asked = 0
  assert.deepEqual(settle(set('two', 'a')), ['children', 'widen-groups', 'delete-children'])
  assert.equal(world.asked, 0)
  // Two groups at once, one of them under allows and a deny: the allows give way for a moment.
  const both = settle(set('three', 'b'))
  assert.ok(both.filter((stage) => stage === 'narrow-policies').length >= 49, both.join())
  assert.ok(world.asked > 0)
  assert.equal(world.wholes, wholes)
})

test('a delete that was planned and not carried out is planned again', () => {
  const world = new Watched()
  const kept = new Kept()
  const translator = createTranslator(DEFAULT_TIERS)
  const lone = Array.from({ length: 6 }, (_, n) => policy(`q${n}`, 50 + n, [rule(1)]))
  const set = (app: string) =>
    translator(
      kept.of(
        setOf(
          ...lone,
          ...['a', 'b'].map((id, n) => group(id, 1 + n, [tag(`${id}|${app}`)])),
          ...['a', 'b'].map((id, n) => policy(id, 10 + n, [rule(1, { source_groups: [`${GROUPS}/${id}`] })])),
        ),
      ),
    )
  const turn = (translation: Translation, writesMax = Number.POSITIVE_INFINITY) => {
    world.nowMs += 60_000
    const next = world.plan(translation)
    for (const step of next.steps.slice(0, writesMax)) world.write(step)
    return next
  }
  for (let round = 0; round < 5; round += 1) turn(set('one'))
  const two = set('two')
  let next = turn(two)
  for (let round = 0; next.steps[0]?.stage !== 'delete-children'; round += 1) {
    assert.ok(round < 40)
    next = turn(two, 1)
  }
  assert.equal(next.steps.length, 2)
  next = turn(two)
  for (let round = 0; round < 5; round += 1) next = turn(two)
  assert.equal(world.model.groups.size, 4)
})
