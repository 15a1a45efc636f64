/**
 * A pause of one channel, the same region in ccp and mp: from PAUSE to RESUME nothing is written to where the channel
 * writes. The root chart says how long. What is half written may not be left so for an hour (a plan that only narrows
 * denies what both the old and the new rules allow): it is finished first, within a limit; what is not begun is held at once.
 */

export const PAUSE_DELAYS = {
  /** What was half written when a pause began is finished within this, or left as it is. */
  pauseFinish: 30_000,
} as const

/** Ports. Guards `isMidway` (something is half written), `isWhole` (nothing is). Action `hold` (raises HOLD). Delays: PAUSE_DELAYS. */
export const pauseRegion = {
  initial: 'off',
  on: { STOP: '.stopped' },
  states: {
    off: { on: { PAUSE: [{ guard: 'isMidway', target: 'finishing' }, { target: 'on' }] } },
    finishing: {
      on: { RESUME: 'off' },
      always: { guard: 'isWhole', target: 'on' },
      after: { pauseFinish: 'on' },
    },
    on: { entry: 'hold', on: { RESUME: 'off' } },
    stopped: { type: 'final' },
  },
} as const
