/** Clocks of peers by the Date of their answers (RFC 9110 §6.6.1), which is whole seconds. */
import { DOCTOR_SKEW_FAIL_MS, DOCTOR_SKEW_WARN_MS } from '../limits.ts'
import type { HttpClient } from '../world/index.ts'
import { failed, found, skipped, warned } from './findings.ts'
import type { Facts, Finding, Problem } from './types.ts'

/** Each peer on a fresh socket; whatever it answers has a Date. */
export async function clockFinding(
  { world }: Facts,
  peers: readonly HttpClient[],
  path: string,
  signal: AbortSignal,
): Promise<Finding> {
  const { clock } = world
  const problems: Problem[] = []
  const words: string[] = []
  for (const http of peers) {
    const beforeMs = clock.now()
    const answer = await http.request({ method: 'GET', path, lane: 'probe', headersTimeoutMs: 5_000, signal })
    for await (const _ of answer.body) break
    const afterMs = clock.now()
    const dateMs = Date.parse(answer.headers['date'] ?? '')
    if (Number.isNaN(dateMs)) {
      words.push(`${http.origin} tells no Date`)
      continue
    }
    // Between the two moments, and its second had begun.
    const offMs = dateMs > afterMs ? dateMs - afterMs : dateMs + 999 < beforeMs ? dateMs + 999 - beforeMs : 0
    words.push(
      `${http.origin} is ${offMs === 0 ? 'within a second' : `off by ${(offMs / 1_000).toFixed(1)} s`}`,
    )
    if (Math.abs(offMs) < DOCTOR_SKEW_WARN_MS) continue
    const cause = `the clock of ${http.origin} is ${Math.round(Math.abs(offMs) / 1_000)} s ${offMs > 0 ? 'ahead of' : 'behind'} this machine's`
    const fix = 'see which of them is wrong and have it synchronised: timedatectl timesync-status'
    problems.push(
      Math.abs(offMs) >= DOCTOR_SKEW_FAIL_MS
        ? failed('DOCTOR_CLOCK_SKEW', `${cause}: certificates, tokens and ages are judged wrongly`, fix)
        : warned('DOCTOR_CLOCK_SKEW', cause, fix),
    )
  }
  if (words.every((word) => word.endsWith('tells no Date'))) return skipped(words.join(', '))
  return found(words.join(', '), ...problems)
}
