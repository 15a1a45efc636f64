/** Bodies from outside: bounded, UTF-8, JSON objects that can be hashed and echoed; nothing in them can harm. */
import { MANAGER_JSON_DEPTH_MAX, SERVER_BODY_BYTES_MAX } from '../../limits.ts'
import type { ServerRequest } from '../../world/index.ts'
import { badRequest, NsxApiError } from './reply.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Of a list the objects, of a list the texts; what is no list has none. */
export const objects = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []
export const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/**
 * The value as NSX reads it: null is the same as absent, so such members are left out. Throws 400 for what cannot be
 * kept exactly: a lone surrogate, a number beyond a double, null in a list, nesting over MANAGER_JSON_DEPTH_MAX.
 */
export function cleanJson(value: unknown, depth = 0): unknown {
  if (depth > MANAGER_JSON_DEPTH_MAX) throw badRequest('The JSON body is nested too deeply.')
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw badRequest('The JSON body has a string that is not well-formed Unicode.')
    return value
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw badRequest('The JSON body has a number that is out of range.')
  if (Array.isArray(value))
    return value.map((item) => {
      if (item === null) throw badRequest('The JSON body has null as an element of a list.')
      return cleanJson(item, depth + 1)
    })
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => member !== null && key !== '__proto__')
      .map(([key, member]) => {
        if (!key.isWellFormed()) throw badRequest('The JSON body has a key that is not well-formed Unicode.')
        return [key, cleanJson(member, depth + 1)]
      }),
  )
}

/** The request's JSON object. Throws 400 when it is none and 413 over `bytesMax`. */
export async function readJson(
  request: ServerRequest,
  bytesMax = SERVER_BODY_BYTES_MAX,
): Promise<JsonObject> {
  const text = await readText(request, bytesMax)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw badRequest(`The body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : ''}`)
  }
  if (!isObject(value)) throw badRequest('The body must be a JSON object.')
  return cleanJson(value) as JsonObject
}

/** application/x-www-form-urlencoded; values that a client did not escape are taken as they are. */
export async function readForm(request: ServerRequest, bytesMax: number): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(request, bytesMax))
}

async function readText(request: ServerRequest, bytesMax: number): Promise<string> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw tooLarge(bytesMax)
  const bytes = await request.body(bytesMax).catch((error: unknown) => {
    throw request.signal.aborted ? error : tooLarge(bytesMax)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('The body is not UTF-8.')
  }
}

const tooLarge = (bytesMax: number) =>
  new NsxApiError(413, 255, `The body is over ${bytesMax} bytes; send it in smaller requests.`, {
    headers: { connection: 'close' },
  })
