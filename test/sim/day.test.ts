/** One simulated day with trouble on both links; `npm run test:long` runs many. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDay } from './day.ts'

test('one day with link losses on both sides keeps rules 1, 2, 3, 5 and 6', async () => {
  const result = await runDay({ seed: 20_260, hours: 24 })
  assert.equal(result.checks, 24)
  assert.ok(result.edits > 100 && result.troubles > 50 && result.writes > 100, JSON.stringify(result))
})

test("hours over NSX's public API alone, with links lost to one of two managers or both, keep them too", async () => {
  const result = await runDay({ seed: 11, hours: 2, driver: 'rest' })
  assert.equal(result.checks, 2)
  assert.ok(result.edits > 10 && result.troubles > 5 && result.writes > 10, JSON.stringify(result))
})
