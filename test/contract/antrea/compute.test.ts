/** Every recorded cluster, built on the embedded API server, and what the stand-in computes from it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from './cluster.ts'
import { change, createGiven, Names, readLines, type ShortChange } from './objects.ts'
import { type Lookups, takePicture } from './picture.ts'

interface Case {
  readonly id: string
  readonly about: string
  readonly given: Parameters<typeof createGiven>[2]
  readonly lookups?: Lookups
  readonly answer: unknown
  readonly then?: readonly {
    readonly about: string
    readonly do: readonly ShortChange[]
    readonly answer: unknown
  }[]
}

/** Long enough for events, computing and status writes; the controller's own pace is some milliseconds. */
const REST_MS = 200

test('what is computed is what the real controller computed', async (t) => {
  const cases = readLines<Case>('compute.jsonl')
  assert.ok(cases.length > 180, 'the corpus is there')
  for (const recorded of cases)
    await t.test(`${recorded.id} ${recorded.about}`, async () => {
      const cluster = await startCluster()
      const names = new Names()
      try {
        await createGiven(cluster, names, recorded.given)
        await cluster.rest(REST_MS)
        assert.deepEqual(await takePicture(cluster, names, recorded.lookups ?? {}), recorded.answer)
        for (const step of recorded.then ?? []) {
          for (const item of step.do) await change(cluster, names, item)
          await cluster.rest(REST_MS)
          assert.deepEqual(await takePicture(cluster, names, recorded.lookups ?? {}), step.answer, step.about)
        }
      } finally {
        await cluster.stop()
      }
    })
})
