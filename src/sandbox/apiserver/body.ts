/** Reading request bodies: size, media type, JSON or YAML, depth. */
import { parse as parseYaml } from 'yaml'
import { TransportError } from '../../errors.ts'
import { APISERVER_BODY_BYTES_MAX, APISERVER_NESTING_MAX } from '../../limits.ts'
import type { ServerRequest } from '../../world/index.ts'
import { type Fields, isFields, nestsDeeper } from './json.ts'
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
        {},
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
function readYaml(text: string): unknown {
  const isPlain = (tag: unknown) =>
    typeof tag !== 'object' ||
    tag === null ||
    !/timestamp|binary|omap|pairs|set$/.test(String((tag as { tag?: unknown }).tag))
  return parseYaml(text, { version: '1.1', maxAliasCount: 0, customTags: (tags) => tags.filter(isPlain) })
}

function parse(text: string, isYaml: boolean, subject: string): unknown {
  if (nestsDeeper(text, APISERVER_NESTING_MAX))
    throw badRequest(`the body of the request nests deeper than ${APISERVER_NESTING_MAX} levels`)
  try {
    return isYaml ? readYaml(text) : JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; ${isYaml ? 'yaml' : 'json'} parse error: ${why}`,
    )
  }
}

/** The body as an object. `subject` is the kind that is expected. */
export async function readObject(request: ServerRequest, subject: string): Promise<Fields> {
  const type = mediaType(request)
  if (type === PROTOBUF_TYPE) return decodeProtobuf(await readBytes(request))
  const isYaml = YAML_TYPES.includes(type)
  if (!isYaml && type !== JSON_TYPE && type !== '')
    throw unsupportedMediaType([JSON_TYPE, 'application/yaml', PROTOBUF_TYPE])
  const value = parse(await readText(request), isYaml, subject)
  if (!isFields(value))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; it is not an object`,
    )
  return value
}

/** The body of a patch, whatever JSON it is. */
export async function readPatch(request: ServerRequest, subject: string): Promise<unknown> {
  const text = await readText(request)
  try {
    return parse(text, YAML_TYPES.includes(mediaType(request)), subject)
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
  const value = parse(text, mediaType(request) === 'application/yaml', 'DeleteOptions')
  return isFields(value) ? value : {}
}
