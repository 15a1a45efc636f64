/** Many seeds of restarts, one after the other: `node test/sim/restarts-long.ts [FIRST] [COUNT] [ROUNDS]`. */
import { type RestartsResult, runRestarts, sumOf } from './restarts.ts'

const [first = 1_000, count = 100, rounds = 6] = process.argv.slice(2).map(Number)
const results: RestartsResult[] = []
const began = performance.now()
for (let seed = first; seed < first + count; seed += 1) {
  results.push(await runRestarts({ seed, rounds }))
  if (results.length % 10 !== 0 && results.length !== count) continue
  const seconds = ((performance.now() - began) / 1_000).toFixed(0)
  process.stdout.write(
    `${results.length} seeds from ${first}: ${JSON.stringify(sumOf(results))} in ${seconds} s\n`,
  )
}
