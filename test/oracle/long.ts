/**
 * Many random worlds, then many histories, then many policies put to Antrea's admission, one after the other; the first
 * that fails ends it and names its seed: `npm run test:oracle:long -- [FIRST] [WORLDS] [FLOWS] [HISTORIES] [INPUTS]`.
 */
import { startCluster } from '../contract/antrea/cluster.ts'
import { Admission, createTiers, type Post } from './admission.ts'
import { compareWorld, randomWorld } from './exact.ts'
import { runHistory } from './history.ts'

/** 2,600 worlds of 400 flows: 1,040,000 flows, each judged at every end that is a Pod. */
const [first = 1, count = 2_600, flowsOfOne = 400, histories = 900, inputs = 10_000] = process.argv
  .slice(2)
  .map(Number)
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

totals.clear()
for (let at = 0; at < histories; at += 1) {
  const kind = { isBreaking: at % 4 === 1, isHasty: at % 4 === 2, isGuarded: at % 4 === 3 }
  const outcome = runHistory({ seed: first + at, rounds: 8, flows: 60, ...kind })
  for (const [key, found] of Object.entries(outcome)) add(key, found)
}
process.stdout.write(
  `${histories} histories: ${[...totals].map(([key, value]) => `${value} ${key}`).join(', ')}\n`,
)
process.stdout.write('0 disagreements\n')

const cluster = await startCluster()
const post: Post = async (path, object) => {
  const { code, body } = await cluster.call('POST', path, object)
  return { status: code, body }
}
await createTiers(post)
await cluster.rest()
const admission = new Admission(post)
for (let seed = first; admission.admitted.inputs < inputs; seed += 1) await admission.world(seed)
await cluster.stop()
process.stdout.write(`admission: ${JSON.stringify(admission.admitted)}, 0 refused or changed\n`)
