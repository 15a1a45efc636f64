/**
 * What an API server's refusal means: its Status (or whatever body it sent) as an AdapterError. Pure. The messages
 * recognised here were recorded from kube-apiserver 1.36 with antrea-controller 2.7.
 */
import { type AdapterError, needsPerson, retry, waitFor } from '../errors.ts'
import type { KubeStatus } from './types.ts'

export interface Refusal {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What was asked for, for the message: `PUT clustergroups/web`. */
  readonly subject: string
  /** Wall clock, to read a Retry-After that is a date. */
  readonly nowMs: number
}

/** Of a message that is looked through, and of what is passed on to people. */
const TEXT_CHARS_MAX = 4_000
const SAID_CHARS_MAX = 500
/** No server's wish keeps the adapter waiting longer than this. */
const RETRY_AFTER_MS_MAX = 300_000

/** The error for an answer with a status of 300 or more. */
export function refusalError(refusal: Refusal): AdapterError {
  const status = parseStatus(refusal.body)
  const retryAfterMs = retryAfterOf(refusal, status)
  return statusError({
    code: refusal.status,
    reason: status?.reason ?? '',
    message: status?.message ?? firstLine(refusal.body),
    subject: refusal.subject,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** The error for a Status object met inside a watch stream (`type: ERROR`). */
export function streamedStatusError(object: unknown, subject: string): AdapterError {
  const status = (isRecord(object) ? object : {}) as Partial<KubeStatus>
  const seconds = status.details?.retryAfterSeconds
  return statusError({
    code: typeof status.code === 'number' ? status.code : 500,
    reason: typeof status.reason === 'string' ? status.reason : '',
    message: typeof status.message === 'string' ? clean(status.message) : '',
    subject,
    ...(typeof seconds === 'number' ? { retryAfterMs: bounded(seconds * 1_000) } : {}),
  })
}

interface Fact {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly subject: string
  readonly retryAfterMs?: number
}

function statusError(fact: Fact): AdapterError {
  const denied = /admission webhook "([^"]+)" denied the request: ?(.*)/s.exec(fact.message)
  if (denied !== null) return denial(fact, denied[1] ?? '', denied[2] ?? '')
  const ruled = /(ValidatingAdmissionPolicy '[^']+') (?:with binding '[^']+' )?denied request: ?(.*)/s.exec(
    fact.message,
  )
  if (ruled !== null) return denial(fact, ruled[1] ?? '', ruled[2] ?? '')
  const options = optionsOf(fact)
  const said = `${fact.subject}: ${fact.message === '' ? `status ${fact.code}` : short(fact.message)}`
  if (fact.code === 410 || fact.reason === 'Expired' || fact.reason === 'Gone')
    return retry('KUBE_EXPIRED', `${said}; the resource is listed again`, options)
  if (
    /request is too large|larger than max|Request entity too large|may not be more than \d+ bytes/i.test(
      fact.message,
    ) ||
    fact.code === 413
  )
    return needsPerson('KUBE_TOO_LARGE', `${said}; make the object smaller (etcd takes 1.5 MiB)`, options)
  if (fact.code >= 500) return serverError(fact, said)
  switch (fact.code) {
    case 401:
      return needsPerson('KUBE_UNAUTHORIZED', `${said}; renew the credentials in the kubeconfig`, options)
    case 403:
      return forbidden(fact, said)
    case 404:
      return retry('KUBE_NOT_FOUND', `${said}; the cluster is read again`, options)
    case 408:
      return retry('KUBE_SERVER_ERROR', said, options)
    case 409:
      return fact.reason === 'AlreadyExists'
        ? retry('KUBE_ALREADY_EXISTS', `${said}; the cluster is read again`, options)
        : retry('KUBE_CONFLICT', `${said}; the cluster is read again`, options)
    case 429:
      return retry('KUBE_THROTTLED', `${said}; the API server asked to wait`, options)
    default:
      return invalid(fact, said)
  }
}

function invalid(fact: Fact, said: string): AdapterError {
  if (/strict decoding error: .*unknown field/s.test(fact.message))
    return needsPerson(
      'KUBE_UNKNOWN_FIELD',
      `${said}; the cluster's CRD does not know the field: upgrade Antrea's CRDs`,
      optionsOf(fact),
    )
  return needsPerson(
    'KUBE_INVALID',
    `${said}; the API server does not take it as it is: compare the versions of Antrea and of the adapter`,
    optionsOf(fact),
  )
}

/** The authorizer's words (k8s.io/apiserver, handlers/responsewriters/errors.go); any other 403 is an admission plugin's. */
const NO_RIGHT = /\b(?:User|Group) ".*" cannot /

function forbidden(fact: Fact, said: string): AdapterError {
  const options = optionsOf(fact)
  if (/being terminated/.test(fact.message))
    return waitFor('KUBE_FORBIDDEN', `${said}; it goes on once the namespace is there again`, options)
  if (/\b(?:exceeded|insufficient|failed) quota\b/.test(fact.message))
    return waitFor(
      'KUBE_QUOTA_EXCEEDED',
      `${said}; raise the ResourceQuota or make room, it is tried again`,
      options,
    )
  if (fact.reason === 'Forbidden' && / is forbidden: /.test(fact.message) && !NO_RIGHT.test(fact.message))
    return needsPerson('KUBE_ADMISSION_DENIED', `${said}; change the object or what refuses it`, options)
  return needsPerson('KUBE_FORBIDDEN', `${said}; grant the rights of docs/rbac.yaml`, options)
}

/** A webhook's or an admission policy's no. Antrea's come as 400 without a reason, other makers' as 403. */
function denial(fact: Fact, webhook: string, why: string): AdapterError {
  const said = `${fact.subject}: ${webhook} says: ${short(why)}`
  if (webhook.endsWith('.antrea.io') && /\btier \S+ does not exist/i.test(why))
    return retry(
      'TIER_NOT_KNOWN',
      `${said}; antrea-controller has not seen the tier yet, or it is missing`,
      optionsOf(fact),
    )
  return needsPerson(
    'KUBE_ADMISSION_DENIED',
    `${said}; change the policy or what refuses it`,
    optionsOf(fact),
  )
}

/** 5xx that look like trouble of the server and are an answer to the object's content: sent again, they fail again. */
const CONTENT_FAULTS: readonly RegExp[] = [
  /doc is missing path/,
  /failed to create typed patch object/,
  // A mutator that crashes on the object closes the connection in the middle of its answer.
  /failed calling webhook "[^"]*mutator\.antrea\.io".*: EOF\s*$/s,
]

function serverError(fact: Fact, said: string): AdapterError {
  const options = optionsOf(fact)
  if (CONTENT_FAULTS.some((pattern) => pattern.test(fact.message)))
    return needsPerson(
      'KUBE_INVALID',
      `${said}; the object is at fault, sending it again does not help`,
      options,
    )
  const webhook = /failed calling webhook "([^"]*)"/.exec(fact.message)?.[1]
  if (webhook?.endsWith('.antrea.io'))
    return retry(
      'KUBE_WEBHOOK_UNAVAILABLE',
      `${said}; it is tried again, check the antrea-controller Pod`,
      options,
    )
  if (webhook !== undefined)
    return retry('KUBE_WEBHOOK_FAILED', `${said}; it is tried again, check what serves ${webhook}`, options)
  // The write may have been carried out, or may be yet: the cluster shows which.
  if (fact.code === 504 || fact.reason === 'Timeout')
    return retry('KUBE_WRITE_UNCERTAIN', `${said}; the cluster is read again`, options)
  return retry('KUBE_SERVER_ERROR', `${said}; it is tried again`, options)
}

const optionsOf = (fact: Fact) => ({
  subject: fact.subject,
  ...(fact.retryAfterMs === undefined ? {} : { retryAfterMs: fact.retryAfterMs }),
})

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseStatus(
  body: string,
): { reason: string; message: string; retryAfterSeconds?: number } | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!isRecord(parsed) || parsed['kind'] !== 'Status') return undefined
  const details = isRecord(parsed['details']) ? parsed['details'] : {}
  const seconds = details['retryAfterSeconds']
  return {
    reason: typeof parsed['reason'] === 'string' ? parsed['reason'] : '',
    message: typeof parsed['message'] === 'string' ? clean(parsed['message']) : '',
    ...(typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}),
  }
}

/** Printable and short: it goes into logs and to people. */
const clean = (text: string): string =>
  text
    .slice(0, TEXT_CHARS_MAX)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()

const short = (text: string): string =>
  text.length <= SAID_CHARS_MAX ? text : `${text.slice(0, SAID_CHARS_MAX)}…`

const firstLine = (body: string): string => clean(body)

const bounded = (ms: number): number => Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX)

/** Retry-After as seconds or as a date (RFC 9110 §10.2.3), else what the Status says. */
function retryAfterOf(
  refusal: Refusal,
  status: { retryAfterSeconds?: number } | undefined,
): number | undefined {
  const header = refusal.headers['retry-after']?.trim()
  if (header !== undefined && /^\d{1,9}$/.test(header)) return bounded(Number(header) * 1_000)
  const at = header === undefined ? Number.NaN : Date.parse(header)
  if (!Number.isNaN(at)) return bounded(at - refusal.nowMs)
  return status?.retryAfterSeconds === undefined ? undefined : bounded(status.retryAfterSeconds * 1_000)
}
