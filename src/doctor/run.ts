/** Runs checks beside each other, each with a deadline, and tells each result in the order of the checks. */
import { AdapterError, asAdapterError, waitFor } from '../errors.ts'
import { DOCTOR_CHECK_MS, DOCTOR_CHECKS_AT_ONCE } from '../limits.ts'
import { type Clock, inParallel } from '../world/index.ts'
import { problemOf } from './findings.ts'
import { type Check, type Facts, type Finding, type Result, type State, Unmet } from './types.ts'

export interface RunHandlers {
  /** What runs at the moment, and how many are done; for who looks on. */
  onProgress?(running: readonly string[], done: number): void
  /** Each once, in the order of the checks. */
  onResult?(result: Result): void
}

export async function runChecks(
  checks: readonly Check[],
  facts: Facts,
  signal: AbortSignal,
  handlers: RunHandlers = {},
): Promise<Result[]> {
  const running = new Set<string>()
  const ready = new Map<number, Result>()
  let done = 0
  let next = 0
  const progress = () => handlers.onProgress?.([...running], done)
  const numbered = checks.map((check, at) => ({ check, at }))
  return inParallel(numbered, DOCTOR_CHECKS_AT_ONCE, async ({ check, at }) => {
    running.add(check.name)
    progress()
    const result = await runOne(check, facts, signal)
    running.delete(check.name)
    done += 1
    ready.set(at, result)
    for (let now = ready.get(next); now !== undefined; now = ready.get(next)) {
      handlers.onResult?.(now)
      ready.delete(next)
      next += 1
    }
    progress()
    return result
  })
}

async function runOne(check: Check, facts: Facts, signal: AbortSignal): Promise<Result> {
  const { clock } = facts.world
  const { name, group, title } = check
  const startMs = clock.monotonicMs()
  const finding = await withDeadline(check, facts, clock, signal)
  const problems = finding.problems ?? []
  const state: State =
    finding.skipped === true
      ? 'skipped'
      : problems.some(({ severity }) => severity === 'failed')
        ? 'failed'
        : problems.length > 0
          ? 'warning'
          : 'ok'
  const took_ms = Math.round(clock.monotonicMs() - startMs)
  return { name, group, title, state, detail: finding.detail, problems, took_ms }
}

/** A check that does not heed its signal is left behind: it does not hold up the others. */
async function withDeadline(check: Check, facts: Facts, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const over = new AbortController()
  const late = waitFor('DOCTOR_LATE', `no answer within ${DOCTOR_CHECK_MS / 1_000} s`)
  let expire = () => {}
  const expired = new Promise<never>((_, reject) => {
    expire = () => {
      reject(over.signal.reason)
    }
  })
  const end = (reason: unknown) => {
    over.abort(reason)
    expire()
  }
  const onAbort = () => end(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = clock.setTimeout(() => end(late), DOCTOR_CHECK_MS)
  try {
    signal.throwIfAborted()
    return await Promise.race([check.run(facts, over.signal), expired])
  } catch (thrown) {
    if (signal.aborted) throw asAdapterError(signal.reason)
    return broken(thrown)
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function broken(thrown: unknown): Finding {
  if (thrown instanceof Unmet) return { detail: `needs ${thrown.check}`, skipped: true }
  const fix =
    thrown instanceof AdapterError
      ? `antrea-nsx-adapter explain ${thrown.code}`
      : 'look at the cause; where it is a fault of the adapter, please report it'
  const problem = problemOf(thrown, fix)
  return { detail: '', problems: [problem] }
}
