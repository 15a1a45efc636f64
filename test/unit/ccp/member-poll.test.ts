/** Members of groups outside the cluster, asked of NSX's public API where the manager does not send them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemberPoll } from '../../../src/ccp/member-poll.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import { createTranslator, type DesiredObject, objectKey } from '../../../src/ccp/translate/index.ts'
import { retry, waitFor } from '../../../src/errors.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { NsxManager } from '../../../src/nsx/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { GROUPS, group, policy, rule } from './objects.ts'

const DB = `${GROUPS}/db`
const VMS = group('db', 7, [
  { resource_type: 'Condition', member_type: 'VirtualMachine', key: 'Tag', operator: 'EQUALS', value: 'db' },
])

function start() {
  const clock = createFakeClock()
  const answers = { pages: [['192.0.2.7']] as string[][], error: undefined as Error | undefined }
  const asked: string[] = []
  const nsx = {
    call: async ({ path }: { path: string }) => {
      asked.push(path)
      if (answers.error !== undefined) throw answers.error
      const at = Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0)
      const more = at + 1 < answers.pages.length
      return { results: answers.pages[at], ...(more ? { cursor: String(at + 1) } : {}) }
    },
  } as unknown as NsxManager
  const poll = createMemberPoll({ nsx, clock, log: SILENT, periodMs: 60_000 })
  let changes = 0
  const stop = poll.follow(() => {
    changes += 1
  })
  return { clock, answers, asked, poll, stop, changes: () => changes }
}

const stateOf = (...objects: DesiredObject[]) =>
  desiredState({
    source: 's',
    epoch: 'e',
    version: 1,
    objects: new Map(objects.map((object) => [objectKey(object.kind, object.path), object])),
    snapshotMs: 0,
  })

const membersIn = (state: ReturnType<typeof stateOf>) =>
  state.objects.get(objectKey('GroupMembers', DB))?.body?.['ip_addresses']

test('nothing is asked until a translation lacks a group; then it is asked at once and each period', async () => {
  const { clock, asked, poll, answers, changes } = start()
  await clock.advance(120_000)
  assert.deepEqual(asked, [])
  poll.want([DB])
  await clock.advance(10)
  assert.equal(asked.length, 1)
  assert.match(
    asked[0] ?? '',
    /^\/policy\/api\/v1\/infra\/domains\/default\/groups\/db\/members\/ip-addresses\?/,
  )
  assert.equal(changes(), 1)
  poll.want([DB])
  await clock.advance(50_000)
  assert.equal(asked.length, 1)
  answers.pages = [['192.0.2.9'], ['192.0.2.8']]
  await clock.advance(10_000)
  assert.equal(changes(), 2)
  assert.deepEqual(membersIn(poll.overlay(stateOf(VMS))), ['192.0.2.8', '192.0.2.9'])
  await clock.advance(60_000)
  assert.equal(changes(), 2, 'the same answer is no change')
})

test("the overlaid set is translated; its digest stays the manager's, whose own word counts more", async () => {
  const { clock, poll } = start()
  const state = stateOf(VMS, policy('p', 1, [rule(1, { source_groups: [DB] })]))
  const translate = createTranslator(DEFAULT_TIERS)
  const held = (s: typeof state) =>
    translate(s.objects).held.flatMap(({ problems }) => problems.map(({ code }) => code))
  assert.deepEqual(held(state), ['GROUP_MEMBERS_MISSING'])
  poll.want([DB])
  await clock.advance(10)
  const overlaid = poll.overlay(state)
  assert.deepEqual(held(overlaid), [])
  assert.equal(overlaid.digest(), state.digest())
  assert.equal(
    poll.overlay(state).objects.get(objectKey('GroupMembers', DB)),
    overlaid.objects.get(objectKey('GroupMembers', DB)),
  )
  const told: DesiredObject = {
    kind: 'GroupMembers',
    path: DB,
    hash: 'h',
    body: { group_path: DB, ip_addresses: [] },
  }
  const own = stateOf(VMS, told)
  assert.equal(poll.overlay(own), own)
})

test('what cannot be read stays as it was; a group that is gone is forgotten', async () => {
  const { clock, answers, asked, poll, stop } = start()
  poll.want([DB])
  await clock.advance(10)
  answers.error = retry('NSX_SERVER_ERROR', 'x')
  await clock.advance(60_000)
  assert.deepEqual(membersIn(poll.overlay(stateOf(VMS))), ['192.0.2.7'])
  answers.error = waitFor('NSX_NOT_FOUND', 'x')
  await clock.advance(60_000)
  assert.equal(membersIn(poll.overlay(stateOf(VMS))), undefined)
  answers.error = undefined
  poll.want([DB])
  await clock.advance(10)
  assert.deepEqual(membersIn(poll.overlay(stateOf(VMS))), ['192.0.2.7'])
  poll.overlay(stateOf())
  const { length } = asked
  await clock.advance(120_000)
  assert.equal(asked.length, length)
  stop()
  poll.want([DB])
  await clock.advance(120_000)
  assert.equal(asked.length, length)
})
