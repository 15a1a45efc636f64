/** Warnings that several share: one's recovery does not hide another's trouble. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealth } from '../../../src/health/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

test('a warning stands as long as one of its sources has raised it', async () => {
  const clock = createFakeClock()
  const health = createHealth(clock)
  health.set('NSX_UNREACHABLE', 'refused', 'ccp')
  await clock.advance(6_000)
  health.set('NSX_UNREACHABLE', 'refused', 'mp')
  const [first] = health.warnings()
  assert.equal(first?.detail, 'refused')
  health.clear('NSX_UNREACHABLE', 'ccp')
  assert.equal(health.warnings().length, 1)
  assert.equal(health.warnings()[0]?.since, first?.since)
  health.clear('NSX_UNREACHABLE', 'mp')
  assert.deepEqual(health.warnings(), [])
})

test('what the sources say is said once each, and a listener hears only changes', () => {
  const health = createHealth(createFakeClock())
  let heard = 0
  health.subscribe(() => {
    heard += 1
  })
  health.set('NSX_REFUSED', 'b', 'mp')
  health.set('NSX_REFUSED', 'a', 'ccp')
  health.set('NSX_REFUSED', 'a', 'ccp')
  health.clear('NSX_REFUSED')
  assert.equal(heard, 2)
  assert.equal(health.warnings()[0]?.detail, 'a; b')
})
