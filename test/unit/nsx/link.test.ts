/** Opening a link and naming what is wrong with it, the same for both channels. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdapterError, needsPerson, retry, TransportError, waitFor } from '../../../src/errors.ts'
import { createHealth } from '../../../src/health/index.ts'
import { createLinkWarnings, linkWarning, type NsxManager, openLink } from '../../../src/nsx/index.ts'
import { backoffMs } from '../../../src/world/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

test('an error of the link is the warning a person needs', () => {
  const rows: readonly [AdapterError | undefined, string | undefined, string | undefined][] = [
    [undefined, 'NSX_UNREACHABLE', 'NSX_UNREACHABLE'],
    [new TransportError('refused', 'x'), 'NSX_UNREACHABLE', 'NSX_UNREACHABLE'],
    [new TransportError('untrusted', 'x'), 'NSX_UNTRUSTED', 'NSX_UNTRUSTED'],
    [needsPerson('CLUSTER_NOT_REGISTERED', 'x'), 'NSX_REFUSED', 'NSX_REFUSED'],
    [waitFor('NSX_NOT_FOUND', 'x'), 'NSX_REFUSED', 'NSX_REFUSED'],
    [retry('SNAPSHOT_TRUNCATED', 'x'), 'CCP_PROTOCOL', 'NSX_UNREACHABLE'],
    [retry('STREAM_BYE', 'x'), undefined, undefined],
    [waitFor('STALE_LEADER', 'x'), undefined, undefined],
  ]
  for (const [error, ccp, mp] of rows) {
    assert.equal(linkWarning('ccp', error), ccp, `ccp ${error?.code}`)
    assert.equal(linkWarning('mp', error), mp, `mp ${error?.code}`)
  }
})

test("one channel's recovery leaves the other's warning standing", async () => {
  const clock = createFakeClock()
  const health = createHealth(clock)
  const [ccp, mp] = [createLinkWarnings(health, 'ccp'), createLinkWarnings(health, 'mp')]
  ccp.problem(undefined, 'silent')
  mp.problem(needsPerson('CLUSTER_IDENTITY', 'another cluster'), 'silent')
  await clock.advance(6_000)
  ccp.well()
  assert.deepEqual(
    health.warnings().map(({ code }) => code),
    ['NSX_REFUSED'],
  )
})

test('a link asks hello first and refuses versions it does not speak', async () => {
  const asked: string[] = []
  const manager = (versions: string[]) =>
    ({
      origin: 'https://nsx',
      hello: async () => {
        asked.push('hello')
        return { protocol: 'p', versions, capabilities: [], source: 's' }
      },
      openSession: async (...[, , request]: Parameters<NsxManager['openSession']>) => {
        asked.push(`session of ${request.instance} at ${request.leader.transitions}`)
        return { session: 's1', epoch: 'e', source: 's', heartbeat_seconds: 15, limits: {} }
      },
    }) as unknown as NsxManager
  const open = (versions: string[]) =>
    openLink(
      {
        nsx: manager(versions),
        clusterId: 'c',
        clusterUid: async () => 'u',
        instance: 'i',
        adapterVersion: '0',
      },
      'mp',
      [],
      { leaseCreated: 1, transitions: 7 },
      new AbortController().signal,
    )
  assert.equal((await open(['v1', 'v2'])).session, 's1')
  assert.deepEqual(asked, ['hello', 'session of i at 7'])
  await assert.rejects(
    open(['v2']),
    (error) => error instanceof AdapterError && error.code === 'VERSION_NOT_SUPPORTED',
  )
})

test('back-off is full jitter, doubles to its limit, and obeys the peer', () => {
  const random = createSeededRandom(3)
  const most = (failures: number) =>
    Math.max(...Array.from({ length: 400 }, () => backoffMs(random, failures, 800, undefined)))
  assert.ok(most(1) <= 800 && most(1) > 700, 'the first')
  assert.ok(most(3) <= 3_200 && most(3) > 2_900, 'the third')
  assert.ok(most(60) <= 30_000 && most(60) > 28_000, 'the limit')
  assert.ok(backoffMs(random, 1, 800, retry('X', 'x', { retryAfterMs: 9_000 })) >= 9_000)
})
