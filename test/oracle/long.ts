/** Many random worlds, one after the other: `npm run test:oracle:long -- [FIRST] [COUNT] [FLOWS]`. */
import { compareWorld, randomWorld } from './exact.ts'

/** 2,600 worlds of 400 flows: 1,040,000 flows, each judged at every end that is a Pod. */
const [first = 1, count = 2_600, flowsOfOne = 400] = process.argv.slice(2).map(Number)
const totals = new Map<string, number>()
const add = (key: string, value: number) => void totals.set(key, (totals.get(key) ?? 0) + value)
const print = (at: number) =>
  process.stdout.write(`${at} worlds: ${[...totals].map(([key, value]) => `${value} ${key}`).join(', ')}\n`)

for (let at = 0; at < count; at += 1) {
  const outcome = compareWorld(randomWorld(first + at, flowsOfOne))
  add('flows', outcome.flows)
  add('policies', outcome.accepted)
  for (const [verdict, found] of Object.entries(outcome.verdicts)) add(verdict, found)
  if ((at + 1) % 500 === 0) print(at + 1)
}
print(count)
process.stdout.write('0 disagreements\n')
