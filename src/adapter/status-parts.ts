/** What the channels as they were put together tell for the status. */
import { NO_POLICIES } from '../ccp/index.ts'
import type { Progress, StatusSnapshot } from '../status/index.ts'
import type { Clock } from '../world/index.ts'
import type { Made } from './insight.ts'

/** Thousands of heartbeats are not judged anew for each look at the status. */
const AGENTS_AGE_MS = 1_000

/** `agents`: what is known of Antrea's agents. Of the moment it is called. */
export function createStatusParts(
  clock: Clock,
  progress: Progress,
  agents: { readonly size: number },
): (made: Made) => Pick<StatusSnapshot, 'progress' | 'policies' | 'pauses' | 'agents'> {
  let troubled: readonly string[] = []
  let judgedMs = Number.NEGATIVE_INFINITY
  return (made) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - judgedMs >= AGENTS_AGE_MS) {
      judgedMs = nowMs
      troubled = made.agents?.troubled() ?? []
    }
    return {
      progress: progress.view(),
      policies: made.ccp?.figures() ?? NO_POLICIES,
      pauses: made.pauses?.view() ?? {},
      agents: { known: agents.size, troubled },
    }
  }
}
