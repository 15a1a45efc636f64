/** Adapters killed at every kind of moment, and the rules after each write. `npm run test:long` plays hundreds of rounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RestartsResult, runRestarts, sumOf } from './restarts.ts'

/** Among these a planner that forgets to narrow is found out. */
const FIRST = 7
const SEEDS = 6

test('killed between any two requests, with changes meanwhile: never wider, complete in the end, and idle then', async (t) => {
  const results: RestartsResult[] = []
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) results.push(await runRestarts({ seed, rounds: 4 }))
  const sum = sumOf(results)
  t.diagnostic(JSON.stringify(sum))
  for (const awaited of ['kube writes', 'kube', 'nsx'])
    for (const where of ['before', 'after'])
      assert.ok((sum.kills[`${where} ${awaited}`] ?? 0) > 0, `nobody was killed ${where} ${awaited}`)
  assert.equal(sum.rests, SEEDS * 5)
  assert.ok(sum.writes > 200 && sum.looks > 25_000 && sum.denied > 500, JSON.stringify(sum))
})
