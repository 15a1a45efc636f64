/** The parts of a status that a test does not speak of. */

import { NO_POLICIES } from '../../src/ccp/index.ts'
import type { StatusSnapshot } from '../../src/status/index.ts'

const lane = { lastFullSync: undefined, lagMs: 0, guarded: false }

export const NOTHING_ELSE: Pick<
  StatusSnapshot,
  'checks' | 'conditions' | 'progress' | 'policies' | 'pauses' | 'agents'
> = {
  checks: [],
  conditions: [],
  progress: { ccp: lane, mp: { ...lane, lastHealthReport: undefined } },
  policies: NO_POLICIES,
  pauses: {},
  agents: { known: 0, troubled: [] },
}
