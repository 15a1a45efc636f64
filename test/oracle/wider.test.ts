/** Edit histories, write by write, and planners that must be found to be wider. The long run is long.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HistoryOptions, type HistoryOutcome, runHistory } from './history.ts'

const ROUNDS = 8
const FLOWS = 40

function histories(count: number, first: number, more: Partial<HistoryOptions>): HistoryOutcome {
  const sum: HistoryOutcome = { writes: 0, looks: 0, rests: 0, heldRests: 0, guardedRests: 0 }
  for (let seed = first; seed < first + count; seed += 1) {
    const one = runHistory({
      seed,
      rounds: ROUNDS,
      flows: FLOWS,
      isBreaking: false,
      isHasty: false,
      ...more,
    })
    for (const key of Object.keys(sum) as (keyof HistoryOutcome)[]) sum[key] += one[key]
  }
  return sum
}

test('no write lets a flow further than both the old and the new rules do', () => {
  const { writes, looks } = histories(100, 1, {})
  assert.ok(writes > 2_500 && looks > 100_000, `${writes} writes, ${looks} looks`)
})

test('what is refused stays at its last accepted revision, and is reckoned with', () => {
  const { rests, heldRests } = histories(100, 1_000, { isBreaking: true })
  assert.ok(heldRests > rests / 5, `${heldRests} of ${rests} rests hold something`)
})

test('edits that come between two writes', () => {
  const { writes } = histories(30, 2_000, { isHasty: true })
  assert.ok(writes > 1_000, `${writes} writes`)
})

test('what goes in large numbers stays until that is believed, and is reckoned with', () => {
  const { guardedRests } = histories(50, 3_000, { isGuarded: true })
  assert.ok(guardedRests > 10, `${guardedRests} rests with deletes that wait`)
})

/** Ways to carry plans out that are wider; each must be found. */
const CARELESS: Readonly<Record<string, NonNullable<HistoryOptions['carryOut']>>> = {
  'the last step first': (steps) => [...steps].reverse(),
  'narrowing forgets to deny': (steps) =>
    steps.map((step) => {
      if (step.stage !== 'narrow-policies' || step.kind !== 'replace-policy') return step
      const allows = (rules: typeof step.object.spec.ingress) =>
        rules.filter(({ action }) => action === 'Allow')
      const { spec } = step.object
      const left = { ...spec, ingress: allows(spec.ingress), egress: allows(spec.egress) }
      return { ...step, object: { ...step.object, spec: left } }
    }),
  'policies before their groups': (steps) => [
    ...steps.filter(({ kind }) => kind.endsWith('-policy')),
    ...steps.filter(({ kind }) => !kind.endsWith('-policy')),
  ],
  'deletes first': (steps) => [
    ...steps.filter(({ kind }) => kind.startsWith('delete-')),
    ...steps.filter(({ kind }) => !kind.startsWith('delete-')),
  ],
  'the lowest precedence first': (steps) => {
    const created = steps.filter(({ kind, stage }) => kind === 'create-policy' && stage === 'policies')
    return [...steps.filter((step) => !created.includes(step)), ...created.reverse()]
  },
}

for (const [name, carryOut] of Object.entries(CARELESS))
  test(`found: ${name}`, () => {
    assert.throws(() => histories(200, 1, { carryOut }), /wider|tier .* does not exist/)
  })
