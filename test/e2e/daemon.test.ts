/** The daemon as a process when things go on: approval, take-over, a dead disk. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { startParts } from './parts.ts'
import { pause, runToEnd, until } from './process.ts'
import { ACNP, policyUids, policyWrites, readyWithPolicies, warned } from './seen.ts'

const LIMIT = { timeout: 120_000 }

test('another policy store than before: deletes wait until a person approves', LIMIT, async (context) => {
  const parts = await startParts(context)
  const daemon = await readyWithPolicies(parts)
  const approve = () => runToEnd(context, ['approve', '--socket', daemon.socket])
  assert.match((await approve()).stdout, /^Nothing waits for a person/)
  const left = parts.cluster.api.list(ACNP).length - 1
  parts.manager.renewSource()
  parts.manager.faults.dropStreams()
  await parts.nsx.deletePolicy('a')
  await warned(daemon, 'CCP_APPROVAL')
  await pause(2_000)
  assert.equal(parts.cluster.api.list(ACNP).length, left + 1, 'nothing goes unasked')
  const { code, stdout } = await approve()
  assert.equal(code, 0)
  assert.match(stdout, /^Approved: /)
  await until(
    'the deleted policy gone',
    () => parts.cluster.api.list(ACNP).length === left,
    20_000,
    () => daemon.stdout(),
  )
  await until('the warning gone', async () =>
    (await daemon.status())?.warnings.every(({ severity }) => severity === 'info'),
  )
})

test(
  'the leader is killed: the other one leads, and writes nothing that was right',
  LIMIT,
  async (context) => {
    const parts = await startParts(context)
    const first = await readyWithPolicies(parts)
    const second = parts.run()
    await until(
      'the second standing by',
      async () => (await second.status())?.ready,
      20_000,
      () => second.stdout(),
    )
    assert.equal((await second.status())?.role, 'standby')
    const held = policyUids(parts)
    parts.cluster.api.audit.clear()
    first.child.kill('SIGKILL')
    await until(
      'the second leading',
      async () => {
        const status = await second.status()
        return status?.ready === true && status.role === 'leading'
      },
      30_000,
      () => second.stdout(),
    )
    await pause(2_000)
    assert.deepEqual(policyUids(parts), held)
    assert.deepEqual(policyWrites(parts), [])
    assert.ok((await second.stop()) < 3_500)
  },
)

test('a disk that takes no diagnostics: a warning, and everything else goes on', LIMIT, async (context) => {
  const parts = await startParts(context)
  const daemon = parts.run({ diagnostics: '/proc/none/diagnostics.sqlite' })
  await until(
    'ready',
    async () => (await daemon.status())?.ready,
    20_000,
    () => daemon.stdout(),
  )
  await warned(daemon, 'DIAGNOSTICS_LOST')
  assert.equal((await daemon.status())?.ready, true)
  const { code } = await runToEnd(context, ['status', '--socket', daemon.socket])
  assert.equal(code, 0, 'a note is no ill health')
  const { stderr } = await runToEnd(context, ['transitions', '--socket', daemon.socket])
  assert.match(stderr, /DIAGNOSTICS_LOST/)
  assert.ok((await daemon.stop()) < 3_500)
})

test('a disk that never answers: ready all the same, and stopped within 3 s', LIMIT, async (context) => {
  const parts = await startParts(context)
  const file = join(parts.path, 'dead.sqlite')
  execFileSync('mkfifo', [file])
  const daemon = parts.run({ diagnostics: file })
  await until(
    'ready',
    async () => (await daemon.status())?.ready,
    20_000,
    () => daemon.stdout(),
  )
  assert.match(await warned(daemon, 'DIAGNOSTICS_LOST'), /does not answer/)
  assert.equal((await daemon.status())?.ready, true)
  assert.ok((await daemon.stop()) < 3_500)
  assert.match(daemon.stdout(), /"message":"stopped"/)
})
