/** 100,000 random histories of one watched resource (or as many as the first argument says), and how they went. */
import { createHistoryWorld, playHistory, type Tally } from '../unit/kube/history.ts'

const histories = Number(process.argv[2] ?? 100_000)
const firstSeed = Number(process.argv[3] ?? 1_000_000)
const EACH_WORLD = 500
const STEPS = 12
// Faults are thrown by the million and their stacks are read by nobody.
Error.stackTraceLimit = 0
const tally: Tally = {}
const began = process.hrtime.bigint()
let world = createHistoryWorld(firstSeed)
for (let played = 0; played < histories; played += 1) {
  if (played % EACH_WORLD === 0) world = createHistoryWorld(firstSeed + played)
  await playHistory(world, firstSeed + played, STEPS, tally)
  if ((played + 1) % 10_000 === 0) process.stdout.write(`${played + 1} …\n`)
}
const seconds = Number(process.hrtime.bigint() - began) / 1e9
process.stdout.write(
  `${histories} histories from seed ${firstSeed}: the store was the server each time (${seconds.toFixed(0)} s)\n`,
)
for (const [what, times] of Object.entries(tally).sort(([a], [b]) => a.localeCompare(b)))
  process.stdout.write(`  ${what}: ${times}\n`)
