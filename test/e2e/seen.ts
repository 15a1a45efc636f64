/** What is seen of a daemon and of what it writes. */
import assert from 'node:assert/strict'
import { WARNINGS, type WarningCode } from '../../src/health/index.ts'
import { ADAPTER_USER } from '../../src/sandbox/rights.ts'
import { POLICIES } from '../../src/sandbox/scenario-policy.ts'
import type { Daemon, Parts } from './parts.ts'
import { until } from './process.ts'

/** Waits for the warning in `status` and in the log, and checks what holds for every one. */
export async function warned(daemon: Daemon, code: WarningCode): Promise<string> {
  const words = () => `${daemon.stdout()}\n${daemon.stderr()}`
  const found = await until(
    code,
    async () => (await daemon.status())?.warnings.find((warning) => warning.code === code),
    20_000,
    words,
  )
  const told = await until(
    `the log line of ${code}`,
    () => {
      const lines = daemon.lines().filter((line) => line.includes(`"message":"${code}: `))
      return lines.length > 0 && lines
    },
    5_000,
    words,
  )
  assert.equal(told.length, 1, 'one line, not one a try')
  const line = JSON.parse(told[0] ?? '{}') as { code: string; message: string }
  assert.equal(line.code, code)
  assert.ok(line.message.includes(WARNINGS[code].text.slice(0, 30)), 'the line says what to do')
  assert.doesNotMatch(line.message, /\n|\bat \S+ \(/)
  return found.detail
}

export const ACNP = 'clusternetworkpolicies.crd.antrea.io'

export async function putThreePolicies({ nsx }: Parts): Promise<void> {
  await nsx.putGroup('frontend', { expression: [] })
  for (const id of ['a', 'b', 'c'])
    await nsx.putPolicy(id, { ...POLICIES.quarantine, scope: ['ANY'], display_name: id })
}

export async function readyWithPolicies(parts: Parts): Promise<Daemon> {
  const daemon = parts.run()
  await until(
    'ready',
    async () => (await daemon.status())?.ready,
    20_000,
    () => daemon.stdout(),
  )
  await putThreePolicies(parts)
  await until(
    'three policies in the cluster',
    () => parts.cluster.api.list(ACNP).length === 3,
    20_000,
    () => daemon.stdout(),
  )
  return daemon
}

/** Writes of the adapter to policy, groups and tiers; the stand-in writes their status. */
export const policyWrites = ({ cluster }: Parts) =>
  cluster.api.audit
    .entries()
    .filter(({ mutating, user, path }) => mutating && user === ADAPTER_USER && path.includes('crd.antrea.io'))

export const policyUids = ({ cluster }: Parts) => cluster.api.list(ACNP).map(({ metadata }) => metadata.uid)
