/** Reading request bodies: size, media type, JSON or YAML, depth. */
import { parseDocument } from 'yaml'
import { TransportError } from '../../errors.ts'
import { APISERVER_BODY_BYTES_MAX, APISERVER_NESTING_MAX } from '../../limits.ts'
import type { ServerRequest } from '../../world/index.ts'
import { type Fields, isFields } from './json.ts'
import { countFields, readTwice, scanJson } from './json-text.ts'
import { decodeProtobuf } from './protobuf.ts'
import { badRequest, StatusError } from './status.ts'

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const YAML_TYPES = ['application/yaml', 'application/apply-patch+yaml']

export const mediaType = (request: ServerRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

export const unsupportedMediaType = (accepted: readonly string[]) =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

async function readBytes(request: ServerRequest): Promise<Uint8Array> {
  try {
    return await request.body(APISERVER_BODY_BYTES_MAX)
  } catch (error) {
    if (error instanceof TransportError && error.fault === 'too-large')
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${APISERVER_BODY_BYTES_MAX}`,
      )
    throw error
  }
}

async function readText(request: ServerRequest): Promise<string> {
  const bytes = await readBytes(request)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('the body of the request is not UTF-8')
  }
}

/** YAML 1.1, as Kubernetes reads it: `yes` and `y` are true. Its times stay texts. */
function readYaml(text: string): { readonly value: unknown; readonly twice: readonly string[] } {
  const isPlain = (tag: unknown) =>
    typeof tag !== 'object' ||
    tag === null ||
    !/timestamp|binary|omap|pairs|set$/.test(String((tag as { tag?: unknown }).tag))
  const document = parseDocument(text, { version: '1.1', customTags: (tags) => tags.filter(isPlain) })
  const [bad] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY')
  if (bad !== undefined) throw bad
  const lines = text.split('\n')
  const twice = document.errors.map(({ linePos }) => {
    const line = linePos?.[0].line ?? 0
    const key = /^[\s-]*("?)([^":]*)\1\s*:/.exec(lines[line - 1] ?? '')?.[2] ?? ''
    return `line ${line}: key ${JSON.stringify(key)} already set in map`
  })
  return { value: document.toJS({ maxAliasCount: 0 }) as unknown, twice }
}

/** A body and words for the fields it names twice; `merged` is the body as Go's own types would take those. */
interface Parsed {
  readonly value: unknown
  readonly merged: unknown
  readonly twice: readonly string[]
}

function parse(text: string, isYaml: boolean, subject: string): Parsed {
  const { isTooDeep, fields } = scanJson(text, APISERVER_NESTING_MAX)
  if (isTooDeep) throw badRequest(`the body of the request nests deeper than ${APISERVER_NESTING_MAX} levels`)
  try {
    if (isYaml) {
      const { value, twice } = readYaml(text)
      return { value, merged: value, twice }
    }
    const value: unknown = JSON.parse(text)
    if (countFields(value) === fields) return { value, merged: value, twice: [] }
    const { merged, paths } = readTwice(text)
    return { value, merged, twice: paths.map((path) => `duplicate field "${path}"`) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; ${isYaml ? 'yaml' : 'json'} parse error: ${why}`,
    )
  }
}

export interface ObjectBody {
  readonly object: Fields
  /** Words for the fields its text names twice. */
  readonly twice: readonly string[]
}

/** The body as an object. `subject` is the kind that is expected; one that `isTyped` is read as Go reads its types. */
export async function readObject(
  request: ServerRequest,
  subject: string,
  isTyped = true,
): Promise<ObjectBody> {
  const type = mediaType(request)
  if (type === PROTOBUF_TYPE) return { object: decodeProtobuf(await readBytes(request)), twice: [] }
  const isYaml = YAML_TYPES.includes(type)
  if (!isYaml && type !== JSON_TYPE && type !== '')
    throw unsupportedMediaType([JSON_TYPE, 'application/yaml', PROTOBUF_TYPE])
  const { value, merged, twice } = parse(await readText(request), isYaml, subject)
  // Go reads null into an empty object.
  const object = isTyped ? (merged ?? {}) : value
  if (!isFields(object))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; it is not an object`,
    )
  return { object, twice }
}

/** The body of a patch, whatever JSON it is. */
export async function readPatch(
  request: ServerRequest,
  subject: string,
): Promise<{ readonly body: unknown; readonly twice: readonly string[] }> {
  const text = await readText(request)
  try {
    const { value, twice } = parse(text, YAML_TYPES.includes(mediaType(request)), subject)
    return { body: value, twice }
  } catch (error) {
    if (error instanceof StatusError)
      throw badRequest(`error decoding patch: ${error.message.replace(/^.*parse error: /, '')}`)
    throw error
  }
}

/** DeleteOptions may be absent. */
export async function readOptions(request: ServerRequest): Promise<Fields> {
  if (mediaType(request) === PROTOBUF_TYPE) {
    const bytes = await readBytes(request)
    return bytes.length === 0 ? {} : decodeProtobuf(bytes)
  }
  const text = await readText(request)
  if (text.trim() === '') return {}
  const { value } = parse(text, mediaType(request) === 'application/yaml', 'DeleteOptions')
  return isFields(value) ? value : {}
}
