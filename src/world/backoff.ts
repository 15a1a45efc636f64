/** How long to wait before trying again, everywhere the same. Pure. */
import type { AdapterError } from '../errors.ts'
import { BACKOFF_MAX_MS } from '../limits.ts'
import type { Random } from './random.ts'

/**
 * Full jitter: anything between 0 and min(BACKOFF_MAX_MS, baseMs·2^(failures − 1)) milliseconds, so that many clients
 * spread out; never shorter than the peer asked for (Retry-After, bye).
 */
export function backoffMs(
  random: Random,
  failures: number,
  baseMs: number,
  error: AdapterError | undefined,
): number {
  const mostMs = Math.min(BACKOFF_MAX_MS, baseMs * 2 ** Math.min(Math.max(0, failures - 1), 16))
  return Math.max(random.next() * mostMs, error?.retryAfterMs ?? 0)
}
