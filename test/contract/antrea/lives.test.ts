/** Recorded timelines: what the real controller made of reports, Traceflows, bundles and restarts, and told its watchers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from './cluster.ts'
import { readLines } from './objects.ts'
import { type Life, Player } from './player.ts'

/** Where the stand-in does something else on purpose. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'info-04': 'the embedded API server has no rules of access; with a real one they are its own matter',
  'stats-08': 'counters over 2^53 lose their last digits, and a list as a body is refused in other words',
  'status-18':
    'a report for a Kubernetes policy is ignored; the real one writes it on a cluster policy of that name for a moment',
}

/** Single steps that are left out: where the embedded API server, not the stand-in, answers otherwise. */
const STEPS_LEFT_OUT: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'info-03': { 7: 'it names the group and version of an aggregated kind, which kube-apiserver leaves empty' },
  'restart-03': { 10: 'its APIServices are always Available' },
}

test('timelines go as they went with the real controller', async (t) => {
  const lives = readLines<Life>('lives.jsonl')
  assert.ok(lives.length > 20, 'the corpus is there')
  for (const life of lives)
    await t.test(`${life.id} ${life.about}`, { skip: DIFFERENT[life.id] ?? false }, async () => {
      const cluster = await startCluster()
      try {
        const player = new Player(cluster)
        await player.begin(life.given)
        for (const [index, step] of life.timeline.entries())
          if (STEPS_LEFT_OUT[life.id]?.[index] === undefined) await player.play(step)
      } finally {
        await cluster.stop()
      }
    })
})
