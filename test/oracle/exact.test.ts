/** The two judges on random worlds, and planted mistranslations that they must find. The long run is long.ts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  accepted,
  answersOf,
  compareWorld,
  enforce,
  firstDisagreement,
  judgeOf,
  randomWorld,
  translate,
  type World,
} from './exact.ts'
import { type Mutant, spoiled, MUTANTS as USUAL_MUTANTS } from './mutants.ts'
import { RARE_MUTANTS } from './rare-mutants.ts'

const MUTANTS: readonly Mutant[] = [...USUAL_MUTANTS, ...RARE_MUTANTS]
const WORLDS = 400
const FLOWS = 300

test('NSX and Antrea decide alike wherever the translation says exact', () => {
  const seen = new Map<string, number>()
  const note = (key: string, count = 1) => void seen.set(key, (seen.get(key) ?? 0) + count)
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const { verdicts, accepted: taken, codes } = compareWorld(randomWorld(seed, FLOWS))
    for (const [verdict, count] of Object.entries(verdicts)) note(verdict, count)
    for (const code of new Set(codes)) note(`code ${code}`)
    note('accepted', taken)
  }
  // A comparison that never gets to the rules would prove nothing.
  for (const direction of ['ingress', 'egress'])
    for (const verdict of ['allow', 'drop', 'reject', 'unmatched'])
      assert.ok((seen.get(`${direction} ${verdict}`) ?? 0) > WORLDS * 10, `${direction} ${verdict}`)
  assert.ok((seen.get('accepted') ?? 0) > WORLDS, 'policies are translated')
  assert.ok([...seen.keys()].filter((key) => key.startsWith('code ')).length > 25, 'many reasons to refuse')
})

/** Whether the judges find the mutant in this world. */
function isFound({ spoil, misread }: Mutant, world: World, prepared: Prepared): boolean {
  const enforced =
    misread === undefined ? prepared.enforced : enforce(translate(misread(world.intent), world.cluster))
  const wrong = spoil === undefined ? enforced : spoiled(enforced, spoil)
  return firstDisagreement(prepared.answers, wrong, world.cluster) !== undefined
}

type Prepared = ReturnType<typeof prepare>

function prepare(world: World) {
  const translation = translate(world.intent, world.cluster)
  const answers = answersOf(judgeOf(world, accepted(translation)), world.flows)
  return { enforced: enforce(translation), answers }
}

test('every planted mistranslation is found', () => {
  assert.ok(MUTANTS.length >= 50)
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length)
  let alive = [...MUTANTS]
  for (let seed = 1; seed <= WORLDS && alive.length > 0; seed += 1) {
    const world = randomWorld(seed, FLOWS)
    const prepared = prepare(world)
    alive = alive.filter((mutant) => !isFound(mutant, world, prepared))
  }
  assert.deepEqual(
    alive.map(({ name }) => name),
    [],
  )
})

test('the judges share no code with the translation, the stand-in or each other', () => {
  const importsOf = (file: string) =>
    [...readFileSync(new URL(file, import.meta.url), 'utf8').matchAll(/from '([^']+)'/g)].map(
      ([, name]) => name,
    )
  assert.deepEqual(importsOf('nsx.ts').sort(), ['./nsx-members.ts', './types.ts', 'node:crypto'])
  assert.deepEqual(importsOf('nsx-members.ts'), ['./types.ts'])
  assert.deepEqual(importsOf('antrea.ts').sort(), ['./types.ts', 'node:net'])
  assert.deepEqual(importsOf('types.ts'), [])
})
