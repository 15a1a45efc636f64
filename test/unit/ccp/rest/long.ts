/** `npm run test:long:rest [-- RUNS [SEED]]`: many more random histories than the unit tier plays; a failure prints what to play again. */
import fc from 'fast-check'
import { history, playHistory } from './histories.ts'

const [runs = 10_000, seed = Number(process.hrtime.bigint() % 1_000_000_000n)] = process.argv
  .slice(2)
  .map(Number)
const sums = { states: 0, missing: 0, requests: 0 }
let played = 0
const say = (line: string) => process.stdout.write(`${line}\n`)
say(`${runs} histories, seed ${seed}`)
const result = await fc.check(
  fc.asyncProperty(history, async (one) => {
    const figures = await playHistory(one)
    for (const name of ['states', 'missing', 'requests'] as const) sums[name] += figures[name]
    played += 1
    if (played % 1_000 === 0) say(`${played}: ${JSON.stringify(sums)}`)
  }),
  { numRuns: runs, seed },
)
say(`${played} histories, ${sums.states} sets handed over, ${sums.requests} requests`)
if (result.failed) {
  say(fc.defaultReportMessage(result) ?? 'it failed')
  process.exitCode = 1
}
