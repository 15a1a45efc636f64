/** PATCH: the four media types, each made into the object's new content. */
import { mediaType, readPatch, unsupportedMediaType } from './body.ts'
import { type Answer, type Call, type Core, collectionOf } from './core.ts'
import { createDecoded } from './create.ts'
import {
  checkType,
  type Decoded,
  decodeObject,
  type FieldValidation,
  fieldValidationOf,
  findings,
  reportFindings,
} from './decode.ts'
import { goJson, goMap } from './go-text.ts'
import { type Fields, fieldsOf, isFields, isText, omit, quoted, textOf } from './json.ts'
import { checkWriteOptions, isDryRun, writerOf } from './options.ts'
import {
  applyConfiguration,
  jsonPatch,
  keyProblem,
  mergePatch,
  PatchError,
  strategicPatch,
  typeProblem,
  withoutReset,
} from './patch/index.ts'
import { apiVersionOf, keyOf } from './resource.ts'
import { isOn } from './route.ts'
import { badRequest, conflict, invalid, StatusError, wrong } from './status.ts'
import type { StoredObject } from './types.ts'
import { change } from './update.ts'

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'
const APPLY_PATCH = 'application/apply-patch+yaml'

export async function patch(core: Core, call: Call): Promise<Answer> {
  const type = mediaType(call.request)
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(call.resource.custom ? [] : [STRATEGIC_PATCH]), APPLY_PATCH]
  if (![JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH].includes(type))
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted)
  checkWriteOptions(call, type === APPLY_PATCH)
  const mode = fieldValidationOf(call)
  const dryRun = isDryRun(call)
  const { body, twice } = await readPatch(call.request, call.resource.kind)
  if (type === APPLY_PATCH) return apply(core, call, { body, twice, mode, dryRun })
  if (type !== JSON_PATCH && !isFields(body))
    throw badRequest(
      `json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type map[string]interface {}`,
    )
  const answer = change(
    core,
    call,
    (current) => {
      const changed = patched(call, type, current, body)
      checkPatchedType(call, changed)
      const { object, unknown } = decodePatched(call, changed)
      // Go decodes the patched object from its sorted text.
      const inOrder = call.resource.custom ? unknown : unknown.toSorted()
      reportInPatch(
        call,
        findings(twice, inOrder),
        mode,
        type === STRATEGIC_PATCH ? goMap(body) : goJson(changed),
      )
      checkPatched(call, fieldsOf(object, 'metadata'), current)
      return { object: withKeptVersion(object, changed, current) }
    },
    dryRun,
  )
  return answer
}

function patched(call: Call, type: string, current: StoredObject, body: unknown): Fields {
  const base = omit(current, 'metadata') as Fields
  const object: Fields = { ...base, metadata: current.metadata }
  if (type === MERGE_PATCH) return mergePatch(object, body) as Fields
  if (type === STRATEGIC_PATCH) return strategicPatch(object, body as Fields, call.version.shape)
  try {
    const changed = jsonPatch(object, body)
    return isFields(changed) ? changed : {}
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw error.malformed
      ? badRequest(error.message)
      : new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
  }
}

/** An untouched resourceVersion is no precondition, so that the patch may be made again. */
function withKeptVersion(object: Fields, changed: Fields, current: StoredObject): Fields {
  const metadata = fieldsOf(object, 'metadata')
  const sent = textOf(fieldsOf(changed, 'metadata'), 'resourceVersion')
  return sent === current.metadata.resourceVersion
    ? { ...object, metadata: omit(metadata, 'resourceVersion') }
    : object
}

function checkPatched(call: Call, metadata: Fields, current: StoredObject): void {
  const { name = '' } = call
  if (textOf(metadata, 'name') === '')
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  if (textOf(metadata, 'name') !== current.metadata.name)
    throw badRequest(
      `the name of the object (${textOf(metadata, 'name')}) does not match the name on the URL (${name})`,
    )
  if (textOf(metadata, 'namespace') !== (current.metadata.namespace ?? ''))
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  checkUid(call, metadata, fieldsOf(current, 'metadata'))
}

function checkUid({ resource, name = '' }: Call, metadata: Fields, current: Fields): void {
  const uid = textOf(metadata, 'uid')
  if (uid !== '' && uid !== current['uid'])
    throw invalid(resource, name, Array(2).fill(wrong('metadata.uid', quoted(uid), 'field is immutable')))
}

/** A patch that makes a wrong type is Invalid, not a bad request. */
function decodePatched({ resource, version, name = '' }: Call, changed: Fields): Decoded {
  try {
    return decodeObject(changed, resource, version)
  } catch (error) {
    const isWrong = error instanceof StatusError && error.message.includes('json: cannot unmarshal')
    if (!isWrong) throw error
    throw invalid(resource, name, [wrong('patch', quoted(goJson(changed)), error.message)])
  }
}

/** A patch cannot make an object another type. */
function checkPatchedType({ resource, version, name = '' }: Call, changed: Fields): void {
  const wanted = apiVersionOf(resource, version.name)
  const [kind, apiVersion] = [textOf(changed, 'kind'), textOf(changed, 'apiVersion')]
  const found = [
    ...(kind === resource.kind || (kind === '' && !resource.custom)
      ? []
      : [wrong('kind', quoted(kind), `must be ${resource.kind}`)]),
    ...(apiVersion === wanted || (apiVersion === '' && !resource.custom)
      ? []
      : [wrong('apiVersion', quoted(apiVersion), `must be ${wanted}`)]),
  ]
  if (found.length > 0) throw invalid({ group: resource.group, kind }, name, found)
}

/** In a patch findings are Invalid, with the patched object, or the patch, as the value. */
function reportInPatch(call: Call, words: readonly string[], mode: FieldValidation, value: string): void {
  if (mode !== 'Strict' || words.length === 0) {
    reportFindings(call, words, mode)
    return
  }
  const found = wrong('patch', quoted(value), `strict decoding error: ${words.join(', ')}`)
  // kube-apiserver names neither kind nor object here.
  throw new StatusError(422, 'Invalid', ` "" is invalid: ${found.field}: ${found.message}`, {
    causes: [{ reason: found.reason, message: found.message, field: found.field }],
  })
}

interface Application {
  readonly body: unknown
  readonly twice: readonly string[]
  readonly mode: FieldValidation
  readonly dryRun: boolean
}

/** Server-side apply: creates what is not there. */
async function apply(core: Core, call: Call, { body, twice, mode, dryRun }: Application): Promise<Answer> {
  const { resource, version, name = '', namespace } = call
  const configuration = readConfiguration(call, body)
  const writer = writerOf(core, call, 'Apply')
  const force = isOn(call.request.query.get('force'))
  const { shape } = version
  const sentNamespace = textOf(fieldsOf(body, 'metadata'), 'namespace')
  const unknown = unknownInConfiguration(call, configuration)
  if (unknown !== undefined)
    throw typedPatchError(call, sentNamespace, `${unknown}: field not declared in schema`)
  const problem =
    keyProblem(configuration, shape) ??
    (version.schema === undefined ? undefined : typeProblem(configuration, version.schema))
  if (problem !== undefined) throw typedPatchError(call, sentNamespace, problem)
  // What the endpoint does not write is not applied through it.
  const written = {
    ...withoutReset(configuration, resource.hasStatus, call.subresource),
    metadata: configuration['metadata'],
  }
  const merge = (live: Fields) => {
    if (live['metadata'] !== undefined)
      checkUid(call, fieldsOf(written, 'metadata'), fieldsOf(live, 'metadata'))
    const { object, managedFields } = applyConfiguration(live, written, shape, writer, force)
    const decoded = decodeObject(object, resource, version)
    reportFindings(call, findings(twice, decoded.unknown), mode)
    return { object: decoded.object, managedFields }
  }
  const exists = collectionOf(core, resource).get(keyOf(namespace, name)) !== undefined
  if (exists) return change(core, call, (current) => withoutSameVersion(merge(current), current), dryRun)
  if (call.subresource !== undefined) return change(core, call, () => ({ object: {} }), dryRun)
  if (textOf(fieldsOf(configuration, 'metadata'), 'uid') !== '')
    throw conflict(
      resource,
      name,
      `uid mismatch: the provided object specified uid ${textOf(fieldsOf(configuration, 'metadata'), 'uid')}, and no existing object was found`,
    )
  const made = merge({})
  return createDecoded(core, call, made.object, dryRun, made.managedFields)
}

const withoutSameVersion = (
  made: { object: Fields; managedFields: ReturnType<typeof applyConfiguration>['managedFields'] },
  current: StoredObject,
) => ({ ...made, object: withKeptVersion(made.object, made.object, current) })

function readConfiguration(call: Call, body: unknown): Fields {
  const { resource, version, name = '', namespace } = call
  if (!isFields(body)) throw badRequest('error decoding YAML: the configuration is not an object')
  if (textOf(body, 'apiVersion') === '')
    throw badRequest(`error decoding YAML: Object 'apiVersion' is missing in '${JSON.stringify(body)}'`)
  checkType(body, resource, version)
  const metadata = fieldsOf(body, 'metadata')
  if (metadata['managedFields'] !== undefined && JSON.stringify(metadata['managedFields']) !== '[]')
    throw badRequest('metadata.managedFields must be nil')
  if (!isText(metadata['name']))
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  const named = { ...omit(metadata, 'managedFields'), name: metadata['name'] }
  if (named.name !== name)
    throw badRequest(`the name of the object (${named.name}) does not match the name on the URL (${name})`)
  const placed: Fields = namespace === undefined ? named : { namespace, ...named }
  if (textOf(placed, 'namespace') !== (namespace ?? ''))
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  return { ...body, apiVersion: apiVersionOf(resource, version.name), kind: resource.kind, metadata: placed }
}

/** The first field the schema does not declare; apply refuses it whatever fieldValidation says. */
function unknownInConfiguration(call: Call, configuration: Fields): string | undefined {
  const { unknown } = decodeObject(configuration, call.resource, call.version)
  const [first] = unknown
  return first === undefined ? undefined : `.${first}`
}

function typedPatchError(call: Call, namespace: string, words: string): StatusError {
  const { resource, version, name = '' } = call
  // kube-apiserver answers this one without a reason.
  return new StatusError(
    500,
    undefined,
    `failed to create typed patch object (${namespace}/${name}; ${resource.group}/${version.name}, Kind=${resource.kind}): ${words}`,
  )
}
