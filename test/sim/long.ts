/** Many seeds, one after the other: `npm run test:long -- [FIRST] [COUNT] [HOURS]`. The first that fails ends it. */
import { runDay } from './day.ts'

const [first = 1, count = 20, hours = 6] = process.argv.slice(2).map(Number)
for (let seed = first; seed < first + count; seed += 1) {
  const started = performance.now()
  const result = await runDay({ seed, hours })
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  process.stdout.write(`seed ${seed}: ${JSON.stringify(result)} in ${seconds} s\n`)
}
