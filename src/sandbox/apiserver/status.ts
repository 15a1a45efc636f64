/** The server's refusals: meta/v1 Status with the codes, reasons and words of kube-apiserver (apimachinery's errors). */
import type { Fields } from './json.ts'

export type FieldReason =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueNotSupported'
  | 'FieldValueTypeInvalid'
  | 'FieldValueTooMany'
  | 'FieldValueTooLong'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'

/** One finding of a validation; `message` does not name the field. */
export interface FieldError {
  readonly reason: FieldReason
  readonly field: string
  readonly message: string
}

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

/** Thrown anywhere below the handler, which answers with it. */
export class StatusError extends Error {
  readonly code: number
  readonly reason: string | undefined
  readonly details: StatusDetails | undefined
  /** ListMeta of the Status: a continue token goes there. */
  readonly listMeta: Fields
  /** Sent with the refusal as Warning headers. */
  warnings: readonly string[] = []

  constructor(
    code: number,
    reason: string | undefined,
    message: string,
    details?: StatusDetails,
    listMeta = {},
  ) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
    this.listMeta = listMeta
  }
}

export const statusBody = (error: StatusError): Fields => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: error.listMeta,
  status: 'Failure',
  ...(error.message === '' ? {} : { message: error.message }),
  ...(error.reason === undefined ? {} : { reason: error.reason }),
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.code,
})

export interface GroupResource {
  readonly group: string
  readonly plural: string
}

export interface GroupKind {
  readonly group: string
  readonly kind: string
}

export const resourceText = ({ group, plural }: GroupResource): string =>
  group === '' ? plural : `${plural}.${group}`
const kindText = ({ group, kind }: GroupKind): string => (group === '' ? kind : `${kind}.${group}`)

const details = (group: string, kind: string, name?: string): StatusDetails => ({
  ...(name === undefined || name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  kind,
})

export const notFound = (type: GroupResource, name: string) =>
  new StatusError(
    404,
    'NotFound',
    `${resourceText(type)} "${name}" not found`,
    details(type.group, type.plural, name),
  )

export const alreadyExists = (type: GroupResource, name: string) =>
  new StatusError(
    409,
    'AlreadyExists',
    `${resourceText(type)} "${name}" already exists`,
    details(type.group, type.plural, name),
  )

/** The path an object has in etcd; some messages show it. */
export const storageKey = (type: GroupResource, isCustom: boolean, key: string): string =>
  `/registry/${isCustom ? `${type.group}/` : ''}${type.plural}/${key}`

export const conflict = (type: GroupResource, name: string, why: string) =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceText(type)} "${name}": ${why}`,
    details(type.group, type.plural, name),
  )

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

export function invalid(type: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  const words = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new StatusError(422, 'Invalid', `${kindText(type)} "${name}" is invalid: ${words}`, {
    ...details(type.group, type.kind, name),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  })
}

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message)
export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized')
export const expired = (message: string, listMeta: Fields = {}) =>
  new StatusError(410, 'Expired', message, undefined, listMeta)
export const methodNotAllowed = (
  message = 'the server does not allow this method on the requested resource',
) => new StatusError(405, 'MethodNotAllowed', message, {})
export const noSuchResource = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
export const internal = (message: string) =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
/** What the embedded server leaves to the real one; docs/sandbox-apiserver.md lists it. */
export const notDone = (what: string) =>
  new StatusError(501, 'NotImplemented', `the embedded API server does not do this: ${what}`)

export const forbidden = (type: GroupResource, name: string, why: string, causes?: readonly StatusCause[]) =>
  new StatusError(
    403,
    'Forbidden',
    `${resourceText(type)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`,
    { ...details(type.group, type.plural, name), ...(causes === undefined ? {} : { causes }) },
  )

export const tooLargeVersion = (wanted: number, current: number) =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
})
export const wrong = (field: string, value: string, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${value}: ${detail}`,
})
export const unsupported = (field: string, value: string, supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${value}: supported values: ${supported.join(', ')}`,
})
export const denied = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})
