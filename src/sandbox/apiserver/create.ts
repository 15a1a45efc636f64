/** POST: a new object, through admission and validation, into the store. */
import { isReviewed, mutate, validate } from './admission.ts'
import { readObject } from './body.ts'
import { type Answer, type Call, type Core, collectionOf, nowText } from './core.ts'
import { decodeBody, decodeObject } from './decode.ts'
import { type Fields, fieldsOf, omit, own, textOf } from './json.ts'
import { createErrors, storedOf } from './meta.ts'
import { looseFinalizerWarnings } from './names.ts'
import { checkNamespace } from './namespaces.ts'
import { checkWriteOptions, isDryRun, writerOf } from './options.ts'
import { trackUpdate } from './patch/index.ts'
import { apiVersionOf, keyOf } from './resource.ts'
import { hasRules, newFindings, ruleErrors, rulesNotChecked, validateSchema } from './schema/index.ts'
import { alreadyExists, type FieldError, invalid, resourceText, StatusError } from './status.ts'
import type { ManagedFields, StoredObject } from './types.ts'

export async function create(core: Core, call: Call): Promise<Answer> {
  checkWriteOptions(call)
  const body = await readObject(call.request, call.resource.kind, !call.resource.custom)
  const options = { fieldManager: writerOf(core, call, 'Update'), dryRun: isDryRun(call) }
  const decoded = decodeBody(call, body)
  if (textOf(fieldsOf(decoded, 'metadata'), 'resourceVersion') !== '')
    throw new StatusError(500, undefined, 'resourceVersion should not be set on objects to be created')
  return createDecoded(core, call, decoded, options.dryRun)
}

/** Creates a decoded object. `managedFields` are those of an apply; without them the writer owns what it sent. */
export async function createDecoded(
  core: Core,
  call: Call,
  decoded: Fields,
  dryRun: boolean,
  managedFields?: readonly ManagedFields[],
): Promise<Answer> {
  const { resource, namespace } = call
  const placed = place(call, decoded)
  const owned = managedFields ?? ownedByCreator(core, call, placed)
  checkNamespace(core, { ...call, name: textOf(fieldsOf(placed, 'metadata'), 'name') }, namespace)
  const reviewed = await admitCreate(core, call, placed, dryRun)
  const object = fill(core, call, reviewed, owned)
  if (resource.custom) call.warnings.push(...looseFinalizerWarnings(fieldsOf(object, 'metadata')))
  const errors = [...createErrors(resource, object), ...contentErrors(call, object, undefined)]
  const name = textOf(fieldsOf(object, 'metadata'), 'name')
  if (errors.length > 0) throw invalid(resource, name, errors)
  if (isReviewed(core, call, 'CREATE', false))
    await validate(core, { ...call, name }, { ...reviewOf(call, object, dryRun), object })
  const key = keyOf(namespace, name)
  if (collectionOf(core, resource).get(key) !== undefined) throw alreadyExists(resource, name)
  // The namespace may have gone while hooks were asked.
  checkNamespace(core, call, namespace)
  if (dryRun) return { code: 201, object: storedOf(object, fieldsOf(object, 'metadata')) }
  const stored = core.store.put(resourceText(resource), key, (resourceVersion) =>
    storedOf(object, { ...fieldsOf(object, 'metadata'), resourceVersion }),
  )
  return { code: 201, object: stored }
}

const reviewOf = (call: Call, object: Fields, dryRun: boolean) => ({
  operation: 'CREATE' as const,
  object,
  oldObject: undefined,
  dryRun,
  options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', ...queryOptions(call) },
})

const queryOptions = (call: Call): Fields =>
  Object.fromEntries(
    ['fieldManager', 'fieldValidation'].flatMap((key) => {
      const value = call.request.query.get(key)
      return value === null || value === '' ? [] : [[key, value]]
    }),
  )

function place(call: Call, decoded: Fields): Fields {
  const metadata = omit(fieldsOf(decoded, 'metadata'), 'managedFields', 'selfLink')
  const { namespace } = call
  return {
    ...decoded,
    metadata: namespace === undefined ? omit(metadata, 'namespace') : { ...metadata, namespace },
  }
}

function ownedByCreator(core: Core, call: Call, object: Fields): readonly ManagedFields[] {
  const after = call.resource.hasStatus ? omit(object, 'status') : object
  const before = call.resource.custom ? {} : call.resource.empty
  return trackUpdate(
    before,
    after as unknown as StoredObject,
    call.version.shape,
    writerOf(core, call, 'Update'),
  )
}

async function admitCreate(core: Core, call: Call, object: Fields, dryRun: boolean): Promise<Fields> {
  if (!isReviewed(core, call, 'CREATE', true)) return object
  const changed = await mutate(core, call, reviewOf(call, object, dryRun))
  // What a hook adds is decoded like what a client sends: pruned and defaulted.
  return changed === undefined ? object : decodeObject(changed, call.resource, call.version).object
}

/** Identity, generation, and what the resource's strategy sets. */
function fill(core: Core, call: Call, object: Fields, managedFields: readonly ManagedFields[]): Fields {
  const { resource } = call
  const metadata = fieldsOf(object, 'metadata')
  const generateName = textOf(metadata, 'generateName')
  const name =
    textOf(metadata, 'name') ||
    (generateName === '' ? '' : `${generateName.slice(0, GENERATED_BASE_CHARS_MAX)}${suffix(core)}`)
  const named = { ...object, metadata: { ...metadata, name } }
  const prepared = resource.prepare(named, undefined)
  const cleaned = resource.custom && resource.hasStatus ? omit(prepared, 'status') : prepared
  return {
    ...cleaned,
    apiVersion: apiVersionOf(resource, resource.storage),
    metadata: {
      ...omit(fieldsOf(cleaned, 'metadata'), 'deletionTimestamp', 'deletionGracePeriodSeconds'),
      uid: core.random.uuid(),
      creationTimestamp: nowText(core),
      generation: resource.hasGeneration ? 1 : metadata['generation'],
      managedFields,
    },
  }
}

/** apiserver's SimpleNameGenerator: 63 with its five letters. */
const GENERATED_BASE_CHARS_MAX = 58

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

const suffix = (core: Core): string =>
  Array.from({ length: 5 }, () => LETTERS[Math.floor(core.random.next() * LETTERS.length)]).join('')

/** With one of these a value is not what its rules may expect. */
const BLOCKING: readonly string[] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]

/** Messages of a status endpoint leave the path's head out: there the status is the whole. */
const inStatus = ({ subresource }: Call, { message, ...rest }: FieldError): FieldError => ({
  ...rest,
  message: subresource === 'status' ? message.replace(/(: |^)status\.(\S+ in body )/, '$1$2') : message,
})

/** What the resource's own rules, or the custom resource's schema, find. */
export function contentErrors(
  call: Call,
  object: Fields,
  previous: StoredObject | undefined,
): readonly FieldError[] {
  const { resource, version } = call
  const found = resource.validate(object, previous)
  if (version.schema === undefined) return found
  const value = { ...omit(object, 'metadata'), metadata: own(object, 'metadata') }
  const schemaFound = newFindings(validateSchema(value, version.schema), value, previous).map((one) =>
    inStatus(call, one),
  )
  if (!hasRules(version.schema)) return [...found, ...schemaFound]
  if (schemaFound.some(({ reason }) => BLOCKING.includes(reason)))
    return [...found, ...schemaFound, rulesNotChecked]
  return [
    ...found,
    ...schemaFound,
    ...ruleErrors({ value, before: previous, schema: version.schema, path: '' }),
  ]
}
