/** The adapter ended by SIGKILL at any moment comes back and makes everything right; where all was right, it writes nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSeededRandom } from '../fakes/clock.ts'
import { type AdapterProcess, adapterWrites } from './harness/adapter.ts'
import { inWords } from './harness/audit.ts'
import { createScenario, type Scenario } from './harness/scenario.ts'
import { assertNoStaleGroups, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const KILLS = 10
/** REAL_TIER_SEED plays a failed run's choices again; the moments of the kill still fall where the machine puts them. */
const seed = Number(process.env['REAL_TIER_SEED'] ?? Date.now() % 1_000_000)
const random = createSeededRandom(seed)
const between = (low: number, high: number) => low + random.next() * (high - low)

let stack: Stack
let scenario: Scenario

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    scenario = createScenario(stack, random)
    await scenario.prepare()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

// The dead process' name is used again, so that the next one need not wait for the lease to run out: whether that is
// waited for is leadership.test.ts's matter.
const run = () => stack.adapter.run('crashing')

/**
 * Ends it at a random moment: by time, from before it has read its configuration to well into its work; or right after
 * a random one of its writes, while the plan goes on.
 */
async function killAtRandom(adapter: AdapterProcess): Promise<string> {
  if (random.next() < 0.5) {
    const afterMs = between(200, 3_000)
    await sleep(afterMs)
    await adapter.kill()
    return `killed ${Math.round(afterMs)} ms after its start`
  }
  const writes = Math.ceil(between(0, 12))
  const mark = stack.plane.audit.mark()
  const deadline = Date.now() + 4_000
  while (stack.plane.audit.writes(adapterWrites('crashing'), mark).length < writes && Date.now() < deadline)
    await sleep(2)
  await adapter.kill()
  return `killed after ${stack.plane.audit.writes(adapterWrites('crashing'), mark).length} writes`
}

test(`the end state is right after each of ${KILLS} kills`, { skip, timeout: 300_000 }, async (t) => {
  t.diagnostic(`REAL_TIER_SEED=${seed}`)
  for (let round = 1; round <= KILLS; round += 1) {
    const story: string[] = []
    let isBusy = true
    const administrator = (async () => {
      while (isBusy) {
        story.push(await scenario.step())
        await sleep(between(5, 120))
      }
    })()
    try {
      story.push(await killAtRandom(await run()))
      const restarted = await run()
      await sleep(between(0, 2_000))
      isBusy = false
      await administrator
      await stack.settled({ withinMs: 45_000 })
      await restarted.kill()
    } catch (error) {
      isBusy = false
      await administrator.catch(() => {})
      throw new Error(`round ${round}, REAL_TIER_SEED=${seed}: ${story.join('; ')}`, { cause: error })
    }
    scenario.nextRound()
  }
})

test('a restart where nothing changed writes nothing, in the cluster or in NSX', {
  skip,
  timeout: 180_000,
}, async () => {
  const before = await run()
  await before.ready('leading')
  // What the kills left behind goes some time after the last write.
  await eventually(
    'no group is left that nothing uses',
    async () => {
      await assertNoStaleGroups(stack.plane)
      return true
    },
    { withinMs: 90_000, everyMs: 500 },
  )
  await stack.settled()
  await stack.quiet()
  await before.kill()
  const writes = stack.countWrites()
  const adapter = await run()
  await adapter.ready('leading')
  await sleep(5_000)
  await stack.settled()
  assert.deepEqual(inWords(writes.kube()), [])
  assert.deepEqual(writes.nsx(), [])
})
