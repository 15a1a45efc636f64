/**
 * Writes that a network holds back until another instance leads: what was created is removed within one pass; updates and
 * deletes are refused by their preconditions. LEASE_LONG=1 plays all three, otherwise the create alone.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createRealClock } from '../../src/world/real.ts'
import { type HostileProxy, startHostileProxy } from '../fakes/hostile-proxy.ts'
import type { AuditEvent } from './harness/audit.ts'
import { rule } from './harness/nsx.ts'
import { openShop } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const POLICIES = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const LATE_MS = 24_000
const IDS = ['touched', 'changed', 'deleted', 'created']
const isLong = process.env['LEASE_LONG'] === '1'

let stack: Stack
const proxies = new Map<string, HostileProxy>()

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await openShop(stack, { web: 'web' })
    for (const id of ['touched', 'changed', 'deleted']) await put(id, 'ALLOW')
    for (const name of ['first', 'second']) {
      proxies.set(name, await startHostileProxy(Number(new URL(stack.plane.origin).port), createRealClock()))
      const adapter = await stack.adapter.run(name, { apiPort: proxies.get(name)?.port ?? 0 })
      await adapter.ready(name === 'first' ? 'leading' : 'standby')
    }
    await stack.settled()
  },
  { timeout: 180_000 },
)
after(async () => {
  for (const proxy of proxies.values()) await proxy.close()
  await stack?.stop()
})

const put = (id: string, action: 'ALLOW' | 'DROP' | 'REJECT') =>
  stack.nsx.putPolicy(id, {
    category: 'Application',
    sequence_number: IDS.indexOf(id) + 1,
    scope: ['/infra/domains/default/groups/web'],
    rules: [rule({ id: 'only', action, sequence: 1, direction: 'IN', peers: [] })],
  })

const names = async (): Promise<string[]> =>
  (await stack.plane.api.get(POLICIES)).items.map(
    ({ metadata }: { metadata: { name: string } }) => metadata.name,
  )

interface Late {
  /** What the old leader begins to write, and cannot. */
  readonly begin: () => Promise<unknown>
  /** What NSX wants when the new one leads. */
  readonly meanwhile: () => Promise<unknown>
  readonly verb: string
  readonly codes: readonly number[]
}

/** The leader's writes come late, the other one takes over, and what arrives then is judged. */
async function handOver({ begin, meanwhile, verb, codes }: Late): Promise<void> {
  const old = await stack.adapter.leader()
  // A write just before keeps sockets open on which the late ones go.
  await put('touched', old === 'first' ? 'DROP' : 'REJECT')
  await stack.settled()
  proxies.get(old)?.behave({ kind: 'late', byMs: LATE_MS })
  await begin()
  await sleep(3_000)
  await meanwhile()
  const isOther = async () => (await stack.adapter.leader()) !== old || undefined
  await eventually('the other one leads', isOther, { withinMs: 20_000 })
  await stack.settled()
  const tookOver = stack.plane.audit.mark()
  const held = await names()
  const user = `antrea-nsx-adapter:${old}`
  const arrived = (): AuditEvent | undefined =>
    stack.plane.audit
      .writes({ user }, tookOver)
      .find((event) => event.verb === verb && event.objectRef?.resource === 'clusternetworkpolicies')
  const late = await eventually(`the late ${verb} arrives`, arrived, { withinMs: 30_000 })
  assert.ok(codes.includes(late.responseStatus?.code ?? 0), `${verb}: ${late.responseStatus?.code}`)
  const isAsBefore = async () => {
    assert.deepEqual(await names(), held)
    return true
  }
  await eventually('what came late is gone', isAsBefore, { withinMs: 5_000 })
  const taken = stack.plane.audit
    .writes({ user, exceptLeasesIn: 'antrea-nsx-adapter' }, tookOver)
    .filter((event) => event.verb !== 'create' && (event.responseStatus?.code ?? 500) < 300)
  assert.deepEqual(taken, [], 'no update and no delete of it was taken')
  await stack.settled()
  proxies.get(old)?.behave({ kind: 'pass' })
}

const options = { skip, timeout: 120_000 }
const longOnly = {
  ...options,
  skip: skip !== false ? skip : isLong ? false : 'only with LEASE_LONG=1, as npm run test:long:lease has it',
}

test('a late create is taken and removed within one pass', options, () =>
  handOver({
    begin: () => put('created', 'DROP'),
    meanwhile: () => stack.nsx.deletePolicy('created'),
    verb: 'create',
    codes: [201],
  }),
)

test('a late update is refused', longOnly, () =>
  handOver({
    begin: () => put('changed', 'DROP'),
    meanwhile: () => put('changed', 'REJECT'),
    verb: 'update',
    codes: [409],
  }),
)

test('a late delete is refused, or finds nothing', longOnly, () =>
  handOver({
    begin: () => stack.nsx.deletePolicy('deleted'),
    meanwhile: async () => {},
    verb: 'delete',
    codes: [404, 409],
  }),
)
