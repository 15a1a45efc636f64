/** Leading with troubled clocks, many seeds: `node test/sim/leaders.ts [FIRST] [COUNT] [TROUBLES]`. The first that fails ends it. */
import { createSeededRandom } from '../fakes/clock.ts'
import { createLeading, MINUTE_MS, trouble } from './leading.ts'

const [first = 1, count = 30, troubles = 100] = process.argv.slice(2).map(Number)
for (let seed = first; seed < first + count; seed += 1) {
  const started = performance.now()
  const random = createSeededRandom(seed)
  const rates = Array.from({ length: 3 }, () => 0.9 + random.next() * 0.2)
  const leading = await createLeading(seed, rates)
  try {
    for (let turn = 0; turn < troubles; turn += 1) {
      const kind = await trouble(leading, random)
      try {
        leading.check()
      } catch (cause) {
        throw new Error(`seed ${seed}, trouble ${turn + 1}, ${kind}`, { cause })
      }
    }
    await leading.world.clock.advance(2 * MINUTE_MS)
    leading.check()
    const leaders = leading.leaders()
    if (leaders.length !== 1) throw new Error(`seed ${seed}: ${leaders.length} lead after all is well`)
  } finally {
    await leading.stop()
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  process.stdout.write(
    `seed ${seed}: ${leading.terms.length} terms, ${leading.writes()} writes, ${seconds} s\n`,
  )
}
