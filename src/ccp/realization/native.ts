/** Antrea's own policies that NSX did not make: as their status says. Pure. */
import { judgeStatus, type WithStatus } from './status.ts'
import type { Realized, Verdict } from './types.ts'

export function judgeNative(
  policy: WithStatus,
  { path, kind }: Pick<Realized, 'path' | 'kind'>,
  sinceMs: number,
  nowMs: number,
  missing: () => readonly string[],
): Verdict {
  const { told, ...more } = judgeStatus(policy, sinceMs, nowMs, missing)
  return { item: { path, kind, ...told }, revision: String(policy.metadata.generation), ...more }
}
