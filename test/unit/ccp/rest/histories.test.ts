/** Read by its public REST API, an NSX is held as its channel tells it, whatever was edited and whatever went wrong. */
import { test } from 'node:test'
import fc from 'fast-check'
import { history, playHistory } from './histories.ts'

test('over random histories both drivers hold the same in the end, and nothing that NSX never had in between', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (one) => void (await playHistory(one))),
    {
      numRuns: 300,
      // What fails is told with its seed and path; making it smaller takes long: `npm run test:long:rest -- 300 SEED` does.
      endOnFailure: true,
    },
  )
})
