/** What an operation is to those who start it: the MP channel and the command line. */

/** JSON of an answer. */
export type Fields = Readonly<Record<string, unknown>>

/** Said while it runs, before its result. */
export interface OperationWord extends Fields {
  readonly t: 'progress' | 'observation'
}

export interface ContentSum {
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
}

/** Bytes of an answer that are too many for words. */
export interface Content {
  /** Letters, digits, `.`, `_` and `-`; unique in its request. */
  readonly name: string
  /** As its source knows it beforehand, where it does: an upload that broke off goes on by it, also the next leader's. */
  readonly sum?: ContentSum
  /** Reads it from its start; read again when what took it lost a piece. Rejects when it cannot be had whole. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** What is there already under a name; `sum` where it is complete, or where its source had told it. */
export interface HeldContent {
  readonly isComplete: boolean
  readonly sum: ContentSum | undefined
}

/** Who takes content: the manager, or a file of the command line. */
export interface ContentSink {
  held(name: string, signal: AbortSignal): Promise<HeldContent | undefined>
  /**
   * Resolves when all of it is there and its sum was checked. Memory stays flat. Rejects with the source's error, the
   * signal's reason, or when it cannot be taken.
   */
  take(content: Content, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<ContentSum>
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
  /** Absent: nobody takes content here. */
  readonly content?: ContentSink
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
