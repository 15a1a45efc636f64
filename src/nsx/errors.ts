/** What an HTTP answer of NSX means for the caller: the table is in error-table.ts, and in words in docs/nsx-manager.md. */
import { AdapterError, type ErrorKind, type ErrorOptions } from '../errors.ts'
import { NsxErrorBody } from '../protocol/index.ts'
import { meaningOf, type NextStep } from './error-table.ts'

/** An answer of NSX that is no success. */
export class NsxAnswerError extends AdapterError {
  readonly status: number
  readonly next: NextStep
  /** NSX said it itself, not something that stands before it. */
  readonly isFromNsx: boolean

  constructor(kind: ErrorKind, code: string, message: string, answer: NsxAnswer, options: ErrorOptions) {
    super(kind, code, message, options)
    this.name = 'NsxAnswerError'
    this.status = answer.status
    this.next = answer.next
    this.isFromNsx = answer.isFromNsx
  }
}

interface NsxAnswer {
  readonly status: number
  readonly next: NextStep
  readonly isFromNsx: boolean
}

/** Codes in words that the channels' own error bodies carry (docs/protocol.md §1) and that decide by themselves. */
const BY_WORD: Readonly<Record<string, ErrorKind>> = {
  CLUSTER_NOT_REGISTERED: 'needs-person',
  CLUSTER_IDENTITY: 'needs-person',
  VERSION_NOT_SUPPORTED: 'needs-person',
  CERTIFICATE_NOT_THIS_CLUSTER: 'needs-person',
  STALE_LEADER: 'wait-for',
  SESSION_ENDED: 'retry',
}

/**
 * The error of a non-2xx answer. `text` is the body as it came: NSX's JSON, a proxy's HTML, an array, nothing; none of
 * them breaks this. `nowMs` reads a Retry-After that is a date.
 */
export function nsxError(
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
  subject: string,
  nowMs: number,
): NsxAnswerError {
  const body = parseBody(text)
  const meaning = meaningOf(status, body.error_code, subject)
  const said =
    body.error_message ?? (text === '' ? 'it gave no reason' : 'its answer is not an NSX error body')
  const retryAfterMs = retryAfter(headers['retry-after'], nowMs)
  const kind = (body.code === undefined ? undefined : BY_WORD[body.code]) ?? meaning.kind
  return new NsxAnswerError(
    kind,
    body.code ?? meaning.code,
    `${subject} answered ${status}: ${said}; ${meaning.todo}`,
    { status, next: meaning.next, isFromNsx: body.error_code !== undefined || body.code !== undefined },
    {
      subject,
      // What a body says beside its words, for callers that know its fields (`expected` of a status report's 409).
      cause: body,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  )
}

function parseBody(text: string): NsxErrorBody {
  try {
    const parsed = NsxErrorBody.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

/** RFC 9110 §10.2.3: seconds or a date. At most ten minutes are obeyed, so that a wild value does not stop the adapter. */
function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 600_000) : undefined
}
