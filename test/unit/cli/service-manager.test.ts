import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepTold, sentence, watchdogOf } from '../../../src/cli/service-manager.ts'
import type { StatusSnapshot } from '../../../src/status/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { NOTHING_ELSE } from '../../fakes/status.ts'

const status = (changed: Partial<StatusSnapshot> = {}): StatusSnapshot => ({
  version: '1',
  instance: 'a',
  cluster: { id: 'i', name: 'n' },
  role: 'leading',
  ready: true,
  reasons: [],
  components: {},
  stores: {},
  warnings: [],
  leader: 'a',
  instances: [],
  ...NOTHING_ELSE,
  ...changed,
})

const warning = (code: string, severity: 'info' | 'warning' | 'error') =>
  ({
    code,
    severity,
    title: `${code} is on`,
    text: '',
    detail: '',
    since: 0,
  }) as StatusSnapshot['warnings'][number]

test('one sentence, the worst first, without what a terminal would obey', () => {
  assert.equal(sentence(status()), 'Ready, leading')
  assert.equal(sentence(status({ warnings: [warning('NOTE', 'info')] })), 'Ready, leading')
  assert.equal(
    sentence(status({ warnings: [warning('A', 'warning'), warning('B', 'error')] })),
    'Ready, leading, but B: B is on, and 1 more',
  )
  assert.equal(
    sentence(status({ ready: false, reasons: ['NSX\u001b[2J\nis gone'] })),
    'Not ready: NSX?[2J is gone',
  )
})

test('the watchdog is fed while charts move, and not while only the loop turns', async () => {
  const clock = createFakeClock()
  const told: string[] = []
  const running = new AbortController()
  let transitions = 0
  let isMoving = true
  const over = keepTold(
    async (...news) => void told.push(...news),
    { clock, status: () => status(), transitions: () => (isMoving ? ++transitions : transitions) },
    30_000,
    running.signal,
  )
  const fed = () => told.filter((line) => line === 'WATCHDOG=1').length
  await clock.advance(60_000)
  assert.deepEqual(told.slice(0, 2), ['READY=1', 'STATUS=Ready, leading'])
  assert.ok(fed() >= 5 && fed() <= 6, `${fed()} meals in a minute`)
  isMoving = false
  await clock.advance(10_000)
  const before = fed()
  await clock.advance(60_000)
  assert.equal(fed(), before)
  isMoving = true
  await clock.advance(1_000)
  assert.equal(fed(), before + 1)
  running.abort()
  await clock.settle()
  await over
})

test('the watchdog is for this process, or for nobody', () => {
  assert.equal(watchdogOf({ WATCHDOG_USEC: '60000000' }, 7), 60_000)
  assert.equal(watchdogOf({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 7), 60_000)
  assert.equal(watchdogOf({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, 7), undefined)
  assert.equal(watchdogOf({ WATCHDOG_USEC: 'soon' }, 7), undefined)
  assert.equal(watchdogOf({}, 7), undefined)
})
