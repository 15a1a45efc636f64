/** Answers in the form of Kubernetes' API machinery. */
import type { ServerResponse } from '../../../world/index.ts'

const HEADERS = { 'content-type': 'application/json' }

export const json = (status: number, body: unknown): ServerResponse => ({
  status,
  headers: HEADERS,
  body: JSON.stringify(body),
})

/** meta/v1 Status of a refusal. */
export const refuse = (
  code: number,
  reason: string | undefined,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): ServerResponse =>
  json(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  })

export const succeeded = (code: number): ServerResponse =>
  json(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code })

export const badRequest = (message: string): ServerResponse => refuse(400, 'BadRequest', message)
export const notFound = (resource: string, group: string, name: string): ServerResponse =>
  refuse(404, 'NotFound', `${resource}.${group} "${name}" not found`, { name, group, kind: resource })
export const noSuchPath = (): ServerResponse =>
  refuse(404, 'NotFound', 'the server could not find the requested resource')
export const notAllowed = (): ServerResponse =>
  refuse(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')
export const internal = (message: string): ServerResponse =>
  refuse(500, 'InternalError', `Internal error occurred: ${message}`)
export const forbidden = (message: string): ServerResponse => refuse(403, 'Forbidden', message)
export const busy = (message: string): ServerResponse => refuse(429, 'TooManyRequests', message)
