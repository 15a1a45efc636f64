/** From a body to an object of the resource: type and version, unknown fields, defaults. */

import type { ObjectBody } from './body.ts'
import { overEmpty } from './builtin/index.ts'
import type { Call } from './core.ts'
import { equal, type Fields, fieldsOf, listOf, omit, own, quoted, textOf } from './json.ts'
import { apiVersionOf, type Resource, type Version } from './resource.ts'
import { decodeTyped, prune, withDefaults, withoutNulls } from './schema/index.ts'
import { badRequest, invalid, type StatusError, wrong } from './status.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** As the query asks for it, which has been checked; `Warn` is the server's default. */
export function fieldValidationOf(call: Call): FieldValidation {
  const wanted = call.request.query.get('fieldValidation')
  return wanted === 'Ignore' || wanted === 'Strict' ? wanted : 'Warn'
}

export const optionsKind = (verb: string): string =>
  verb === 'create' ? 'CreateOptions' : verb === 'patch' ? 'PatchOptions' : 'UpdateOptions'

/** Refuses a body that is another type or version than the path's. */
export function checkType(body: Fields, resource: Resource, version: Version): void {
  const wanted = apiVersionOf(resource, version.name)
  const [apiVersion, kind] = [textOf(body, 'apiVersion'), textOf(body, 'kind')]
  if (resource.custom && kind === '')
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing in '${JSON.stringify(body)}'`,
    )
  if (apiVersion !== '' && apiVersion !== wanted) throw wrongVersion(body, resource, version)
  if (resource.custom && kind !== resource.kind)
    throw invalid({ group: resource.group, kind }, textOf(fieldsOf(body, 'metadata'), 'name'), [
      wrong('kind', quoted(kind), `must be ${resource.kind}`),
    ])
  if (kind !== '' && kind !== resource.kind)
    throw badRequest(
      `${kind} in version "${version.name}" cannot be handled as a ${resource.kind}: converting (v1.${kind}) to (v1.${resource.kind}): unknown conversion`,
    )
}

function wrongVersion(body: Fields, resource: Resource, version: Version): StatusError {
  const { kind } = resource
  const sent = textOf(body, 'apiVersion')
  if (resource.custom)
    return badRequest(
      `the API version in the data (${sent}) does not match the expected API version (${apiVersionOf(resource, version.name)})`,
    )
  return badRequest(
    `${kind} in version "${sent.slice(sent.indexOf('/') + 1)}" cannot be handled as a ${kind}: no kind "${textOf(body, 'kind')}" is registered for version "${sent}" in scheme "pkg/runtime/scheme.go:111"`,
  )
}

export interface Decoded {
  /** apiVersion, kind and metadata come first. */
  readonly object: Fields
  readonly unknown: readonly string[]
}

/** A copy with the fields the resource has, and its defaults. Never throws for unknown fields: the caller tells. */
export function decodeObject(body: Fields, resource: Resource, version: Version): Decoded {
  return resource.custom ? decodeCustom(body, resource, version) : decodeBuiltin(body, resource, version)
}

const inOrder = (object: Fields, resource: Resource, version: Version): Fields => ({
  apiVersion: apiVersionOf(resource, version.name),
  kind: resource.kind,
  metadata: fieldsOf(object, 'metadata'),
  ...omit(object, 'apiVersion', 'kind', 'metadata'),
})

function decodeBuiltin(body: Fields, resource: Resource, version: Version): Decoded {
  const { value, unknown } = decodeTyped(body, version.shape, { kind: resource.kind, version: version.name })
  const filled = resource.defaults(overEmpty(value as Fields, resource.empty))
  return { object: inOrder(filled, resource, version), unknown }
}

function decodeCustom(body: Fields, resource: Resource, version: Version): Decoded {
  const { value, unknown } = prune(body, version.shape)
  const metadata = own(value, 'metadata')
  const typed = decodeTyped({ metadata: metadata ?? {} }, metaOnly(version), {
    kind: resource.kind,
    version: version.name,
  })
  const pruned = { ...(value as Fields), metadata: fieldsOf(typed.value, 'metadata') }
  const filled =
    version.schema === undefined
      ? pruned
      : (withDefaults(withoutNulls(pruned, version.schema), version.schema) as Fields)
  return { object: inOrder(filled, resource, version), unknown }
}

const metaOnly = (version: Version) => {
  const metadata = version.shape.fields.get('metadata')
  if (metadata === undefined) throw new Error('a custom resource has metadata')
  return { ...version.shape, name: '', fields: new Map([['metadata', metadata]]) }
}

/** Findings in YAML come under a head line of their own. */
export const strictWords = (found: readonly string[]): string =>
  found.map((one) => (one.startsWith('line ') ? `yaml: unmarshal errors:\n  ${one}` : one)).join(', ')

/** What a strict decoder finds, in its words. */
export const findings = (twice: readonly string[], unknown: readonly string[]): readonly string[] => [
  ...twice,
  ...unknown.map((path) => `unknown field "${path}"`),
]

/** Findings: nothing, warnings, or a refusal, as the client asked. */
export function reportFindings(call: Call, found: readonly string[], mode: FieldValidation): void {
  if (found.length === 0 || mode === 'Ignore') return
  if (mode === 'Warn') {
    call.warnings.push(...found)
    return
  }
  const { kind } = call.resource
  throw badRequest(
    `${kind} in version "${call.version.name}" cannot be handled as a ${kind}: strict decoding error: ${strictWords(found)}`,
  )
}

/** The body of a create or update, checked and decoded. */
export function decodeBody(call: Call, { object: body, twice }: ObjectBody): Fields {
  const mode = fieldValidationOf(call)
  checkType(body, call.resource, call.version)
  const { object, unknown } = decodeObject(body, call.resource, call.version)
  reportFindings(call, findings(twice, unknown), mode)
  const metadata = fieldsOf(object, 'metadata')
  checkPlace(call, metadata)
  return { ...object, metadata: withOwnersOnce(call, metadata) }
}

/** An owner that is named twice is kept once, with a warning. */
function withOwnersOnce(call: Call, metadata: Fields): Fields {
  const owners = listOf(metadata, 'ownerReferences')
  const once = owners.filter((one, at) => owners.findIndex((other) => equal(one, other)) === at)
  if (once.length === owners.length) return metadata
  const uids = [...new Set(owners.filter((one) => !once.includes(one)).map((one) => textOf(one, 'uid')))]
  call.warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(', ')}`,
  )
  return { ...metadata, ownerReferences: once }
}

/** Name and namespace of the body agree with the path. */
function checkPlace(call: Call, metadata: Fields): void {
  const [name, namespace] = [textOf(metadata, 'name'), textOf(metadata, 'namespace')]
  if (call.name !== undefined && name !== '' && name !== call.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`)
  if (call.name !== undefined && name === '')
    throw badRequest(
      `the name of the object (${call.name} based on URL) was undeterminable: name must be provided`,
    )
  if (namespace !== '' && namespace !== (call.namespace ?? ''))
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}
