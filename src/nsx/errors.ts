/** What an HTTP answer of NSX means for the caller: reference table of NSX's codes in docs/inventory.md. */
import { AdapterError, type ErrorKind } from '../errors.ts'
import { NsxErrorBody } from '../protocol/index.ts'

interface Meaning {
  readonly kind: ErrorKind
  readonly code: string
  readonly todo: string
}

/** error_code of NSX bodies that say more than the HTTP status (NSX API guide, vendor SDK, terraform-provider-nsxt). */
const BY_ERROR_CODE: Readonly<Record<number, Meaning>> = {
  98: { kind: 'retry', code: 'NSX_SERVER_ERROR', todo: 'it is tried again' },
  99: {
    kind: 'needs-person',
    code: 'NSX_UNAUTHORIZED',
    todo: 'check that this certificate is registered in NSX',
  },
  607: { kind: 'retry', code: 'NSX_SERVER_ERROR', todo: 'it is tried again' },
  60508: { kind: 'retry', code: 'NSX_THROTTLED', todo: 'search is being indexed; it is tried again' },
  60514: { kind: 'retry', code: 'NSX_THROTTLED', todo: 'search timed out; it is tried again' },
  60515: { kind: 'retry', code: 'NSX_THROTTLED', todo: 'search is out of step; it is tried again' },
}

const BY_STATUS: Readonly<Record<number, Meaning>> = {
  401: {
    kind: 'needs-person',
    code: 'NSX_UNAUTHORIZED',
    todo: 'check that this certificate is registered in NSX',
  },
  403: { kind: 'needs-person', code: 'NSX_FORBIDDEN', todo: 'check the rights of this certificate in NSX' },
  404: {
    kind: 'wait-for',
    code: 'NSX_NOT_FOUND',
    todo: 'check the cluster id and that the manager serves this',
  },
  408: { kind: 'retry', code: 'NSX_SERVER_ERROR', todo: 'it is tried again' },
  409: { kind: 'retry', code: 'NSX_CONFLICT', todo: 'it is read again and tried again' },
  410: { kind: 'retry', code: 'NSX_GONE', todo: 'a full sync follows' },
  412: { kind: 'retry', code: 'NSX_REVISION', todo: 'it is read again and tried again' },
  429: { kind: 'retry', code: 'NSX_THROTTLED', todo: 'it is tried again when the manager says so' },
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
): AdapterError {
  const body = parseBody(text)
  const meaning =
    (body.error_code === undefined ? undefined : BY_ERROR_CODE[body.error_code]) ??
    BY_STATUS[status] ??
    byRange(status)
  const said =
    body.error_message ?? (text === '' ? 'it gave no reason' : 'its answer is not an NSX error body')
  const retryAfterMs = retryAfter(headers['retry-after'], nowMs)
  const kind = (body.code === undefined ? undefined : BY_WORD[body.code]) ?? meaning.kind
  return new AdapterError(
    kind,
    body.code ?? meaning.code,
    `${subject} answered ${status}: ${said}; ${meaning.todo}`,
    {
      subject,
      // What a body says beside its words, for callers that know its fields (`expected` of a status report's 409).
      cause: body,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  )
}

const byRange = (status: number): Meaning =>
  status >= 500
    ? { kind: 'retry', code: 'NSX_SERVER_ERROR', todo: 'it is tried again' }
    : {
        kind: 'needs-person',
        code: 'NSX_BAD_REQUEST',
        todo: 'the manager does not take this; see its reason',
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
