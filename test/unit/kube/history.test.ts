/** Random histories of changes, disconnects, compactions and lists begun anew; `test:long` plays 100,000. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHistoryWorld, playHistory, type Tally } from './history.ts'

test('after 300 random histories the store is what the server is, and at every step what it was', async () => {
  const tally: Tally = {}
  const world = createHistoryWorld(1)
  for (let seed = 1; seed <= 300; seed += 1) await playHistory(world, seed, 25, tally)
  for (const met of ['streamed list', 'list', 'next page', 'resumed', 'answered in its place', 'compaction'])
    assert.ok((tally[met] ?? 0) > 50, `${met}: ${tally[met]}`)
})
