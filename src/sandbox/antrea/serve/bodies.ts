/** Bodies of the requests that agents and others send. */
import { STANDIN_REVIEW_BYTES_MAX } from '../../../limits.ts'
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import { CONTROLPLANE } from '../compute/wire.ts'
import { badRequest } from './replies.ts'

export type Fields = Readonly<Record<string, unknown>>
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The body as an object, or the refusal. */
export async function readBody(
  request: ServerRequest,
  kind: string,
  apiVersion = CONTROLPLANE,
): Promise<Fields | ServerResponse> {
  const [group = '', version = ''] = apiVersion.split('/')
  const bytes = await request.body(STANDIN_REVIEW_BYTES_MAX)
  const text = Buffer.from(bytes).toString('utf8')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (${text.slice(0, 100)})`,
    )
  }
  if (!isFields(body)) return badRequest(`the object provided is unrecognized (must be of type ${kind})`)
  if (body['kind'] !== kind)
    return badRequest(
      `${String(body['kind'])} in version "${version}" cannot be handled as a ${kind}: converting (${version}.${String(body['kind'])}) to (${group.split('.')[0]}.${kind}): unknown conversion`,
    )
  return body
}

export const isRefusal = (value: Fields | ServerResponse): value is ServerResponse =>
  typeof value['status'] === 'number' && 'body' in value
