/** Answers as NSX gives them: JSON objects, empty bodies without a content type, and its error body. */
import type { ServerResponse } from '../../world/index.ts'

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  410: 'GONE',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  501: 'NOT_IMPLEMENTED',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
  507: 'INSUFFICIENT_STORAGE',
}

export interface ErrorDetails {
  /** The channels' code in words (docs/protocol.md §1). */
  readonly code?: string
  readonly moduleName?: string
  /** Further fields of the body. */
  readonly extra?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown anywhere below a route; the manager answers it as NSX's error body. */
export class NsxApiError extends Error {
  readonly status: number
  readonly errorCode: number
  readonly details: ErrorDetails

  constructor(status: number, errorCode: number, message: string, details: ErrorDetails = {}) {
    super(message)
    this.name = 'NsxApiError'
    this.status = status
    this.errorCode = errorCode
    this.details = details
  }
}

/** NSX's code for field validation; the message says which field and why. */
const FIELD_VALIDATION = 255

export const badRequest = (message: string, errorCode = FIELD_VALIDATION): NsxApiError =>
  new NsxApiError(400, errorCode, message, { moduleName: 'policy' })

export const notFound = (subject: string): NsxApiError =>
  new NsxApiError(
    404,
    600,
    `The requested object : ${subject} could not be found. Object identifiers are case sensitive.`,
  )

/** Clients look for the last sentence of this message. */
export const staleRevision = (path: string, current: number): NsxApiError =>
  new NsxApiError(
    412,
    604,
    `The object path=[${path}] has revision ${current} by now. Fetch the latest copy of the object and retry operation.`,
    { moduleName: 'policy' },
  )

/** 200 without a body and without a content type: NSX's answer to PATCH and DELETE. */
export const EMPTY: ServerResponse = { status: 200 }

const JSON_HEADERS = { 'content-type': 'application/json' }

export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): ServerResponse => ({ status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) })

export const ok = (body: unknown): ServerResponse => json(200, body)

export function errorResponse(error: NsxApiError): ServerResponse {
  const { code, moduleName = 'common-services', extra, headers } = error.details
  return json(
    error.status,
    {
      httpStatus: STATUS_NAMES[error.status] ?? String(error.status),
      error_code: error.errorCode,
      module_name: moduleName,
      error_message: error.message,
      ...(code === undefined ? {} : { code }),
      ...extra,
    },
    headers,
  )
}
