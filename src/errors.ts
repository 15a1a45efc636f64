/**
 * Errors of the adapter. The kind decides what happens next, everywhere: `retry` backs off with jitter, `wait-for`
 * waits until somebody else has acted, `needs-person` stops trying and raises a named warning.
 */
export type ErrorKind = 'retry' | 'wait-for' | 'needs-person'

export interface ErrorOptions {
  /** Where it happened: an object, a path, an origin. */
  readonly subject?: string
  /** The peer asked to wait so long (Retry-After, bye). */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** Every error that crosses a room carries a code (codes.ts explains it) and a sentence that says what to do. */
export class AdapterError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly subject: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(kind: ErrorKind, code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AdapterError'
    this.kind = kind
    this.code = code
    this.subject = options.subject
    this.retryAfterMs = options.retryAfterMs
  }
}

export const retry = (code: string, message: string, options?: ErrorOptions): AdapterError =>
  new AdapterError('retry', code, message, options)
export const waitFor = (code: string, message: string, options?: ErrorOptions): AdapterError =>
  new AdapterError('wait-for', code, message, options)
export const needsPerson = (code: string, message: string, options?: ErrorOptions): AdapterError =>
  new AdapterError('needs-person', code, message, options)

/** What went wrong below HTTP. */
export type TransportFault =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'untrusted'
  | 'tls'
  | 'dns'
  /** What stands between refuses, or is not there. */
  | 'proxy'
  | 'too-large'
  | 'closed'

/** No answer came. `untrusted` (the peer's certificate) needs a person; everything else is retried. */
export class TransportError extends AdapterError {
  readonly fault: TransportFault

  constructor(fault: TransportFault, message: string, options: ErrorOptions = {}) {
    super(
      fault === 'untrusted' ? 'needs-person' : 'retry',
      `TRANSPORT_${fault.toUpperCase().replace('-', '_')}`,
      message,
      options,
    )
    this.name = 'TransportError'
    this.fault = fault
  }
}

/** Any thrown value as an AdapterError; what is not one becomes `retry` INTERNAL, so that nothing is lost silently. */
export function asAdapterError(error: unknown): AdapterError {
  if (error instanceof AdapterError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new AdapterError('retry', 'INTERNAL', message, { cause: error })
}

/** The work, whose failure is an AdapterError: what charts take from their ports. */
export async function asAdapterErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw asAdapterError(error)
  }
}
