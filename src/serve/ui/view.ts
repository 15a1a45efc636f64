/** What `/inspect/live` and its neighbours tell, for the page and the command line. Times are milliseconds since 1970. */

export interface ActorView {
  /** In the tree of actors: `adapter/watches/watch.pods`. */
  readonly path: string
  /** The chart it runs: `watch`. */
  readonly chart: string
  /** State values in words: `link.open.phase.watching enforcement.settled`. */
  readonly words: string
  /** Since the words are these. */
  readonly since: number
  /** Each innermost state that is taken, and since when. */
  readonly states: readonly { readonly path: string; readonly since: number }[]
  readonly startedAt: number
  /** The event it was sent last, whether or not it moved it. */
  readonly last?: { readonly event: string; readonly at: number }
  /** Events it was sent since it started. */
  readonly events: number
  /** Delays that run, the next first. */
  readonly timers: readonly { readonly name: string; readonly state: string; readonly at: number }[]
  /** What it remembers, in brief and without secrets. */
  readonly context: Readonly<Record<string, string>>
}

export interface TransitionView {
  readonly at: number
  readonly machine: string
  readonly from: string
  readonly to: string
  readonly event: string
  readonly ended?: true
}

/** How one channel goes. */
export interface LaneView {
  readonly channel: 'ccp' | 'mp'
  /** When the last full synchronization with the manager was complete; absent: none in this process. */
  readonly syncedAt?: number
  /** How old the oldest change is that is not carried out yet; 0: there is none. */
  readonly lagMs: number
  /** Deletes wait for a second look. */
  readonly guarded: boolean
  /** Somebody wants nothing written until then. */
  readonly pausedUntil?: number
  /** mp: when NSX last took a report of health. */
  readonly reportedAt?: number
  /** ccp: policies of NSX in force, and refused. */
  readonly policies?: { readonly accepted: number; readonly refused: number }
  /** Signs of life on the channel's stream, and changes of what it reads, since the start. */
  readonly frames: number
  readonly changes: number
  /** Objects written since the start. */
  readonly written: number
  readonly plan?: {
    readonly at: number
    readonly written: number
    readonly tookMs: number
    readonly outcome: string
    readonly code?: string
    /** From the change in NSX until it was carried out. */
    readonly deliveredMs?: number
  }
  readonly session?: {
    readonly at: number
    readonly state: 'opened' | 'ended'
    readonly code?: string
    readonly message?: string
  }
}

export interface WarningView {
  readonly code: string
  readonly title?: string
  readonly detail: string
  readonly severity: string
  readonly text?: string
  readonly since?: number
}

/** The part of the status that is shown beside the charts. */
export interface StatusBrief {
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly warnings: readonly WarningView[]
  readonly role?: string
  readonly instance?: string
  readonly version?: string
  readonly leader?: string
  readonly cluster?: { readonly id: string; readonly name: string }
}

/** The status as far as the live view reads it. */
export interface StatusPart extends StatusBrief {
  readonly progress?: Readonly<
    Record<
      'ccp' | 'mp',
      {
        readonly lastFullSync: number | undefined
        readonly lagMs: number
        readonly guarded: boolean
        readonly lastHealthReport?: number | undefined
      }
    >
  >
  readonly policies?: {
    readonly categories: Readonly<Record<string, { readonly accepted: number; readonly refused: number }>>
  }
  readonly pauses?: Readonly<Partial<Record<'ccp' | 'mp', { readonly until: number }>>>
}

/** Everything of one moment. */
export interface NowView {
  readonly kind: 'now'
  readonly at: number
  readonly actors: readonly ActorView[]
  readonly lanes: readonly LaneView[]
  readonly status: StatusBrief
}

/** One line of `/inspect/live`. The first is a `now`, which then comes each second. */
export type LiveLine =
  | NowView
  | ({ readonly kind: 'transition' } & TransitionView)
  /** The last line to a reader that is too slow, or when the adapter stops. */
  | { readonly kind: 'over'; readonly why: string }

/** How the charts stood at a moment. */
export interface PastView {
  readonly at: number
  /** The last transition of each chart that was alive then. */
  readonly transitions: readonly TransitionView[]
  readonly warnings: readonly WarningView[]
}

/** What of the past is kept. */
export interface SpanView {
  readonly oldest?: number
  readonly newest?: number
  readonly transitions: number
}
