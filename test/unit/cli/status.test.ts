/** `status` for eyes: worst first, nothing a terminal would obey, and an exit code that is the health. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { exitCodeOf, screen } from '../../../src/cli/status.ts'
import { StatusSchema, statusSchema } from '../../../src/cli/status-schema.ts'
import { duration } from '../../../src/cli/terminal.ts'
import { type ActiveWarning, WARNINGS } from '../../../src/health/index.ts'
import { CONDITIONS, conditionsOf } from '../../../src/status/conditions.ts'
import type { StatusSnapshot } from '../../../src/status/index.ts'
import { NOTHING_ELSE } from '../../fakes/status.ts'

const NOW = 1_000_000

const warning = (
  code: ActiveWarning['code'],
  severity: ActiveWarning['severity'],
  detail = '',
): ActiveWarning => ({
  code,
  severity,
  detail,
  title: `title of ${code}`,
  text: `do something about ${code}`,
  since: NOW - 90_000,
})

const status = (fields: Partial<StatusSnapshot> = {}): StatusSnapshot => ({
  version: '1',
  instance: 'cp-1',
  cluster: { id: 'c', name: 'shop' },
  role: 'leading',
  ready: true,
  reasons: [],
  components: { ccp: { state: 'watching', since: NOW - 3_600_000 } },
  stores: { pods: { objects: 12, synced: true, live: true } },
  warnings: [],
  leader: 'cp-1',
  instances: [],
  ...NOTHING_ELSE,
  ...fields,
})

test('the exit code is the health', () => {
  assert.equal(exitCodeOf(status()), 0)
  assert.equal(exitCodeOf(status({ warnings: [warning('NOT_READABLE', 'info')] })), 0)
  assert.equal(exitCodeOf(status({ warnings: [warning('HELD_POLICIES', 'warning')] })), 1)
  assert.equal(exitCodeOf(status({ ready: false, warnings: [warning('NSX_REFUSED', 'error')] })), 2)
})

test('errors come before warnings before notes, each with what to do', () => {
  const text = screen(
    status({
      ready: false,
      reasons: ['NSX_REFUSED: title of NSX_REFUSED', 'the ccp channel is not watching (refused)'],
      warnings: [
        warning('NOT_READABLE', 'info'),
        warning('HELD_POLICIES', 'warning'),
        warning('NSX_REFUSED', 'error', '409 CLUSTER_NOT_REGISTERED'),
      ],
    }),
    NOW,
  )
  const plain = stripVTControlCharacters(text)
  const at = (word: string) => plain.indexOf(word)
  assert.ok(at('NOT READY') === 0)
  assert.ok(at('NSX_REFUSED') < at('HELD_POLICIES') && at('HELD_POLICIES') < at('NOT_READABLE'))
  assert.match(
    plain,
    /✗ NSX_REFUSED {2}title of NSX_REFUSED, for 1 min 30 s\n {6}409 CLUSTER_NOT_REGISTERED\n {6}→ do something/,
  )
  assert.match(plain, /✗ the ccp channel is not watching/)
  assert.equal(
    plain.match(/title of NSX_REFUSED/g)?.length,
    1,
    'a reason that a warning explains is not told twice',
  )
})

test('a resource that is behind comes before those that are live', () => {
  const text = screen(
    status({
      stores: {
        pods: { objects: 12, synced: true, live: true },
        nodes: { objects: 3, synced: true, live: false },
        tiers: { objects: 0, synced: false, live: false },
      },
    }),
    NOW,
  )
  assert.ok(text.indexOf('behind') < text.indexOf('pods'))
  assert.match(text, /tiers +0 +not read yet/)
})

test('what came from outside cannot steer the terminal', () => {
  const text = screen(
    status({ warnings: [warning('NSX_REFUSED', 'error', 'x\u001b[2J\u001b]0;owned\u0007\u009b31m')] }),
    NOW,
  )
  assert.ok(!text.includes('\u001b[2J') && !text.includes('\u0007') && !text.includes('\u009b'))
})

test('durations are read at a glance', () => {
  assert.deepEqual([0, 12_000, 61_000, 3_600_000, 273_900_000].map(duration), [
    '0 s',
    '12 s',
    '1 min 1 s',
    '1 h',
    '3 d 4 h',
  ])
})

test('who leads, and what those who stand by reach', () => {
  const seen = { self: false, version: '1', certificateSha256: undefined }
  const text = stripVTControlCharacters(
    screen(
      status({
        instance: 'cp-2',
        role: 'standby',
        leader: 'cp-1',
        instances: [
          {
            ...seen,
            instance: 'cp-1',
            role: 'leading',
            seenMs: 4_000,
            manager: 'unreached',
            reachedMs: 120_000,
          },
          {
            ...seen,
            instance: 'cp-2',
            role: 'standby',
            self: true,
            seenMs: 0,
            manager: 'reached',
            reachedMs: 2_000,
          },
          {
            ...seen,
            instance: 'cp-3',
            role: 'standby',
            seenMs: undefined,
            manager: 'unknown',
            reachedMs: undefined,
          },
        ],
      }),
      NOW,
    ),
  )
  assert.match(text, /cp-1 leads/)
  assert.match(text, /cp-1 +leading +4 s ago +unreached +2 min ago/)
  assert.match(text, /cp-2 \(this one\) +standby +reached +2 s ago/)
  assert.match(text, /cp-3 +standby +not seen lately +not known +never/)
})

test('policies by tier, what is refused, why and since when, and how far the channels are', () => {
  const text = stripVTControlCharacters(
    screen(
      status({
        progress: {
          ccp: { lastFullSync: NOW - 60_000, lagMs: 4_000, guarded: false },
          mp: { lastFullSync: undefined, lagMs: 0, guarded: false, lastHealthReport: NOW - 30_000 },
        },
        policies: {
          ...NOTHING_ELSE.policies,
          categories: { Application: { accepted: 12, refused: 1, empty: 2 } },
          rules: { accepted: 40, rejected: 3 },
          drift: 1,
          refused: [
            {
              path: '/infra/domains/default/security-policies/web',
              name: 'web',
              since: NOW - 120_000,
              rules: 3,
              reasons: [{ code: 'L7_PROFILE', message: 'context profile', rule: '/infra/x/rules/r1' }],
            },
          ],
        },
      }),
      NOW,
    ),
  )
  assert.match(
    text,
    /web \(\/infra\/domains\/default\/security-policies\/web\) is refused, for 2 min\n +L7_PROFILE {2}r1: context profile/,
  )
  assert.match(text, /Application +12 +1 +2\nrules: 40 accepted, 3 rejected; 1 object to be written/)
  assert.match(text, /ccp +1 min ago +4 s +–\nmp +never +none +30 s ago/)
})

test('every warning belongs to one condition, and True is always well', () => {
  for (const code of Object.keys(WARNINGS)) {
    const of = Object.entries(CONDITIONS).filter(([, codes]) => codes.test(code))
    assert.equal(of.length, 1, `${code}: ${of.map(([type]) => type).join()}`)
  }
  const ill = conditionsOf(
    false,
    ['r'],
    [warning('NSX_REFUSED', 'error', 'why'), warning('API_ABSENT', 'info')],
  )
  const false_ = ill.filter((one) => one.status === 'False')
  assert.deepEqual(
    false_.map(({ type, reason }) => [type, reason]),
    [
      ['Ready', 'NotReady'],
      ['NsxReachable', 'NsxRefused'],
    ],
  )
  const words = ill.map(({ type }) => type)
  assert.ok(
    words.every((type) => !/Not[A-Z]|Un[a-z]|Paused|Down|Failed|Lost|Degraded/.test(type)),
    'positive names',
  )
  assert.ok(conditionsOf(true, [], []).every((one) => one.status === 'True'))
})

test('the published schema is the one that status prints, and a status keeps to it', () => {
  const file = readFileSync(new URL('../../../docs/status.schema.json', import.meta.url), 'utf8')
  assert.deepEqual(
    JSON.parse(file),
    JSON.parse(JSON.stringify(statusSchema())),
    'run: antrea-nsx-adapter status --schema > docs/status.schema.json',
  )
  StatusSchema.parse(JSON.parse(JSON.stringify(status({ warnings: [warning('HELD_POLICIES', 'warning')] }))))
})
