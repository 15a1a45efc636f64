/** How far the channels are, read from what their charts go through: last full sync, what is not yet carried out, guards. */
import type { Transition } from '../diagnostics/index.ts'
import type { Clock } from '../world/index.ts'

export interface ChannelProgress {
  /** When the last full sync was done, milliseconds since 1970; undefined: none in this process. */
  readonly lastFullSync: number | undefined
  /** How old the oldest change is that is not yet carried out, at most; 0: there is none. */
  readonly lagMs: number
  /** Deletes wait for a second look. */
  readonly guarded: boolean
}

export interface ProgressView {
  readonly ccp: ChannelProgress
  readonly mp: ChannelProgress & {
    /** When NSX last took a report of the cluster's health (the heartbeat). */
    readonly lastHealthReport: number | undefined
  }
}

export interface Progress {
  /** Takes a transition as it happens; cheap. */
  note(transition: Transition): void
  view(): ProgressView
  /** How long ago any chart moved. */
  idleMs(): number
}

interface Lane {
  lastFullSync: number | undefined
  /** Monotonic; since when something waits. */
  behindMs: number | undefined
  /** When the work under way began to take changes up: what comes after it is of the next round. */
  roundMs: number
  guarded: boolean
}

const lane = (): Lane => ({ lastFullSync: undefined, behindMs: undefined, roundMs: 0, guarded: false })

const has = (words: string, ...states: readonly string[]): boolean =>
  states.some((state) => words.includes(state))

/** Nothing is known before the first transition. */
export function createProgress(clock: Clock): Progress {
  const ccp = lane()
  const mp = lane()
  let lastHealthReport: number | undefined
  let movedMs = clock.monotonicMs()

  const noteCcp = ({ from, to }: Transition) => {
    ccp.guarded = has(to, 'guard.waiting', 'guard.asking')
    if (has(to, 'link.open.phase.watching') && !has(from, 'link.open.phase.watching'))
      ccp.lastFullSync = clock.now()
    // What has to be planned is behind until it is settled; what nobody leads is nobody's.
    if (has(to, 'enforcement.settled', 'enforcement.idle', 'enforcement.stopped')) ccp.behindMs = undefined
    else ccp.behindMs ??= clock.monotonicMs()
  }

  const noteMp = ({ from, to }: Transition) => {
    const work = (words: string, state: string) => has(words, `inventory.working.work.${state}`)
    mp.guarded = has(to, 'inventory.working.guard.holding')
    if (work(to, 'applying') && !work(from, 'applying')) mp.roundMs = clock.monotonicMs()
    if (!has(to, 'inventory.working.')) mp.behindMs = has(to, 'inventory.idle') ? mp.behindMs : undefined
    else if (work(to, 'steady')) {
      if (!work(from, 'steady') && isFull) mp.lastFullSync = clock.now()
      isFull = false
      mp.behindMs = undefined
    } else if (work(from, 'applying') && work(to, 'gathering')) {
      // All from before this round is told.
      if (isFull) mp.lastFullSync = clock.now()
      isFull = false
      mp.behindMs = mp.roundMs
    } else mp.behindMs ??= clock.monotonicMs()
    if (work(to, 'reading')) isFull = true
    if (has(from, 'health.reporting.sending') && has(to, 'health.reporting.pausing'))
      lastHealthReport = clock.now()
    if (has(to, 'link.standby')) mp.behindMs = undefined
  }
  let isFull = false

  const channelOf = ({ lastFullSync, behindMs, guarded }: Lane): ChannelProgress => ({
    lastFullSync,
    lagMs: behindMs === undefined ? 0 : clock.monotonicMs() - behindMs,
    guarded,
  })
  return {
    note(transition) {
      movedMs = clock.monotonicMs()
      if (transition.machine === 'adapter/ccp') noteCcp(transition)
      else if (transition.machine === 'adapter/mp') noteMp(transition)
    },
    view: () => ({ ccp: channelOf(ccp), mp: { ...channelOf(mp), lastHealthReport } }),
    idleMs: () => clock.monotonicMs() - movedMs,
  }
}
