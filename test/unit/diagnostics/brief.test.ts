/** State values in few words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { briefState } from '../../../src/diagnostics/index.ts'

const CASES: readonly (readonly [string, string])[] = [
  ['leading', 'leading'],
  ['leading.term.holding', 'holding'],
  ['link.standby enforcement.idle guard.clear reporting.off', 'standby'],
  [
    'link.open.phase.watching link.open.silence.listening.fresh inventory.working.work.steady health.calm',
    'watching, inventory steady, health calm',
  ],
  ['role.leading lease.running ccp.failed mp.running', 'leading, ccp failed'],
  ['reporting.stopped link.closed', 'closed, reporting stopped'],
  ['a.running b.running', 'a.running b.running'],
]

for (const [words, wanted] of CASES)
  test(`${words} is ${wanted}`, () => assert.equal(briefState(words), wanted))
