/** What an operation is to those who start it: the MP channel and the command line. */

/** JSON of an answer. */
export type Fields = Readonly<Record<string, unknown>>

/** Said while it runs, before its result. */
export interface OperationWord extends Fields {
  readonly t: 'progress' | 'observation'
}

/** One run of one request. */
export interface Run {
  /**
   * Of the request, and the same for every try, in this process and in the next leader's: what is written to the cluster
   * is named from it.
   */
  readonly id: string
  /** Milliseconds since 1970 until when an answer is wanted. Written beside what is written, so that it can be swept. */
  readonly deadlineMs: number
  /** Aborted when it is cancelled, past its deadline, or the lease is lost. What the run began is then `clear`'s. */
  readonly signal: AbortSignal
  /** Tells something; never waits. */
  say(word: OperationWord): void
}

/** The request as it was understood: does it, and resolves with what the answer holds. */
export type Work = (run: Run) => Promise<Fields>

/** Something in the cluster that stands for a request. */
export interface Remembered {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly deadlineMs: number
}

/**
 * One kind of operation. It knows the Kubernetes API and neither NSX's channel nor the command line; what a request says
 * and what an answer means are pure functions beside it.
 */
export interface Operation {
  /** As the manager spells it (docs/protocol.md, Requests). */
  readonly kind: string
  /** Of this kind at once; the others wait for their turn within their deadline. */
  readonly runsMax: number
  /** A request that asks for more gets this. */
  readonly timeoutMsMax: number
  /** Reads a request's body. Throws needs-person REQUEST_INVALID, which says which field and what it must be. */
  accept(body: unknown): Work
  /**
   * Takes away what the request with this id left in the cluster, and undoes what it changed there; nothing to take away
   * is fine, and so is a second time. An error is tried again by the sweep.
   */
  clear(id: string, signal: AbortSignal): Promise<void>
  /** Everything in the cluster that stands for a request of this kind, whoever wrote it. */
  remembered(signal: AbortSignal): Promise<readonly Remembered[]>
}
