/** Two adapters on one cluster: one leads; killed, the other takes over and writes nothing that was already right. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inWords } from './harness/audit.ts'
import { rule } from './harness/nsx.ts'
import { openShop } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { always, sleep } from './harness/wait.ts'

let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await openShop(stack, { 'web-1': 'web' })
    await putPolicy('one', 1)
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const putPolicy = (id: string, sequence: number) =>
  stack.nsx.putPolicy(id, {
    category: 'Application',
    sequence_number: sequence,
    scope: ['/infra/domains/default/groups/web'],
    rules: [rule({ id: 'drop', action: 'DROP', sequence: 1, direction: 'IN', peers: [] })],
  })

test('one leads and the other stands by; when it dies the other takes over without a write', {
  skip,
  timeout: 120_000,
}, async () => {
  const first = await stack.adapter.run('first')
  await first.ready('leading')
  const secondWrites = stack.countWrites('second')
  const second = await stack.adapter.run('second')
  await second.ready('standby')
  await stack.settled()
  await putPolicy('two', 2)
  await stack.settled()
  assert.equal(await stack.adapter.leader(), 'first')
  assert.deepEqual(inWords(secondWrites.kube()), [], 'a standby writes nothing')

  await stack.quiet()
  const writes = stack.countWrites()
  await first.kill()
  await second.ready('leading', { withinMs: 40_000 })
  assert.equal(await stack.adapter.leader(), 'second')
  await sleep(3_000)
  await stack.settled()
  assert.deepEqual(inWords(writes.kube()), [])
  assert.deepEqual(writes.nsx(), [])

  await putPolicy('three', 3)
  await stack.settled()
  assert.ok(inWords(stack.plane.audit.writes({ user: 'antrea-nsx-adapter:second' })).length > 0)

  // The dead one comes back and does not take the lead again.
  const again = await stack.adapter.run('first')
  await again.ready('standby')
  await always(async () => assert.equal(await stack.adapter.leader(), 'second'), 3_000)
})

test('a clean stop hands the lead over at once', { skip, timeout: 60_000 }, async () => {
  const third = await stack.adapter.run('third')
  await third.ready('standby')
  const stopped = Date.now()
  await stack.adapter.stop('second')
  const next = ['first', 'third']
  while (!next.includes(await stack.adapter.leader())) {
    assert.ok(Date.now() - stopped < 10_000, 'nobody leads 10 s after a clean stop')
    await sleep(100)
  }
  await stack.settled()
})
