/** `inspect` in words: times, states, trees, charts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeOf } from '../../../src/cli/inspect-time.ts'
import { actorText, pastText, treeText } from '../../../src/cli/inspect-tree.ts'
import {
  changeText,
  chartOf,
  chartText,
  eventText,
  severityOf,
  stateText,
} from '../../../src/cli/inspect-words.ts'
import { type ActorView, readCharts } from '../../../src/serve/ui/index.ts'

const charts = readCharts()
const NOW = new Date(2026, 10, 25, 12, 0, 0).getTime()

test('times: a moment, an hour of today or yesterday, how long ago', () => {
  assert.equal(timeOf('2026-11-25T10:00:00Z', NOW), Date.UTC(2026, 10, 25, 10))
  assert.equal(timeOf('10:30', NOW), new Date(2026, 10, 25, 10, 30).getTime())
  assert.equal(timeOf('10:30:05.25', NOW), new Date(2026, 10, 25, 10, 30, 5, 250).getTime())
  assert.equal(timeOf('13:00', NOW), new Date(2026, 10, 24, 13).getTime())
  for (const [text, ms] of [
    ['90s', 90_000],
    ['5min', 300_000],
    ['5m', 300_000],
    ['2h ago', 7_200_000],
    ['1d', 86_400_000],
  ] as const)
    assert.equal(timeOf(text, NOW), NOW - ms, text)
  for (const wrong of ['', 'soon', '25:00', '5', '-5min', '2026-13-40', '10:99', '1e3s', '12'])
    assert.throws(() => timeOf(wrong, NOW), { code: 'INSPECT_BAD_TIME' }, wrong)
})

test('states in brief, worst first by their words', () => {
  assert.equal(
    stateText('following.streaming.age.grown following.streaming.silence.listening.fresh'),
    'streaming, grown',
  )
  assert.equal(stateText('leading.term.renewal.holding leading.term.clocks.even'), 'leading, holding')
  assert.equal(stateText('link.waiting enforcement.settled guard.clear'), 'waiting, enforcement settled')
  assert.equal(stateText('pods.running nodes.running tiers.running services.running'), 'all running')
  assert.deepEqual(['link.refused', 'a.waiting b.on', 'link.open.phase.watching'].map(severityOf), [2, 1, 0])
  assert.equal(changeText('a.x b.y', 'a.z b.y'), 'a.x → a.z')
  assert.equal(changeText('', 'a.z'), 'begins: a.z')
})

test('events as the chart words them, and charts by actors', () => {
  const lease = charts.find(({ name }) => name === 'lease')
  assert.equal(eventText('xstate.done.actor.0.lease.leading.term.renewal.renewing', lease), 'renew done')
  assert.equal(
    eventText('xstate.after.retryPeriod.lease.leading.term.renewal.holding', lease),
    'after retryPeriod 2 s',
  )
  assert.equal(eventText('xstate.after.backoff.nowhere', undefined), 'after backoff')
  assert.equal(eventText('SEEN', lease), 'SEEN')
  const names = [
    'adapter',
    'adapter/ccp',
    'adapter/watches',
    'adapter/watches/watch.pods',
    'adapter/watches/watch.discovery',
    'outage',
    'adapter/mp/operation:4f6c',
  ]
  assert.deepEqual(
    names.map((path) => chartOf(path, charts)?.name),
    ['adapter', 'ccp', 'watches', 'watch', 'discovery', 'outage', 'operation'],
  )
})

const actor = (path: string, words: string, more: Partial<ActorView> = {}): ActorView => ({
  path,
  chart: path.split('/').at(-1) ?? '',
  words,
  since: NOW - 5_000,
  states: words.split(' ').map((state) => ({ path: state, since: NOW - 5_000 })),
  startedAt: NOW - 60_000,
  events: 3,
  timers: [],
  context: {},
  ...more,
})

test('the tree has every actor below its parent, and nothing a terminal would obey', () => {
  const text = treeText(
    [
      actor('adapter', 'role.leading'),
      actor('adapter/lease', 'leading.term.renewal.holding leading.term.clocks.even', {
        last: { event: 'GIVE_UP\u001b[31m', at: NOW - 1_000 },
        timers: [{ name: 'retryPeriod', state: 'x', at: NOW + 2_000 }],
      }),
      actor('adapter/watches', 'pods.running'),
      actor('adapter/watches/watch.nodes', 'waiting'),
      actor('adapter/watches/watch.pods', 'held'),
      actor('outage', 'reachable'),
    ],
    charts,
    NOW,
  )
  const lines = text.split('\n').map((line) => /^( *[├└]─ )?\S+/.exec(line)?.[0])
  assert.deepEqual(lines, [
    'ACTOR',
    'adapter',
    '├─ lease',
    '└─ watches',
    '   ├─ watch.nodes',
    '   └─ watch.pods',
    'outage',
  ])
  assert.match(text, /lease +leading, holding +5 s +GIVE_UP\?\[31m, 1 s ago +retryPeriod in 2 s/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  assert.doesNotMatch(text, /\u001b\[31m/)
})

test('one actor in full, and a moment of the past', () => {
  const text = actorText(
    actor('adapter/lease', 'lost', {
      timers: [{ name: 'candidatePeriod', state: 'lost', at: NOW + 1_000 }],
      context: { error: 'LEASE_TAKEN: by another' },
    }),
    charts,
    NOW,
  )
  for (const part of [
    /lost +for 5 s/,
    /candidatePeriod +in 1 s/,
    /STOP +lost → stopped/,
    /error +LEASE_TAKEN: by another/,
  ])
    assert.match(text, part)
  const past = pastText(
    {
      at: NOW,
      transitions: [
        { at: NOW - 3_000, machine: 'adapter/ccp', from: '', to: 'link.standby', event: 'xstate.init' },
      ],
      warnings: [],
    },
    charts,
  )
  assert.match(past, /ccp +standby +3 s +started/)
})

test('a chart as text holds every state and way', () => {
  for (const chart of charts) {
    const text = chartText(chart)
    for (const { name, ways } of chart.pieces.flatMap(({ states }) => states)) {
      assert.ok(text.includes(name))
      for (const way of ways) assert.ok(text.includes(way.text), `${chart.name}: ${way.text}`)
    }
  }
})
