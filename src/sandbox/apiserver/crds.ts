/** CustomResourceDefinitions: makes each one served, in the same turn as it is written, and says so in its status. */
import { AGE, NAME, structShape } from './builtin/index.ts'
import type { Change } from './collection.ts'
import { type Core, nowText } from './core.ts'
import { type Fields, fieldsOf, isFields, listOf, own, textOf } from './json.ts'
import { jsonPathCell } from './jsonpath.ts'
import { storedOf } from './meta.ts'
import { trackUpdate } from './patch/index.ts'
import { type Column, type Resource, STANDARD_VERBS, type Version } from './resource.ts'
import { objectShape, type Schema } from './schema/index.ts'
import { selectableText } from './selectors.ts'
import type { StoredObject } from './types.ts'

const ID = 'customresourcedefinitions.apiextensions.k8s.io'

/** Follows the definitions in the store; returns the stop. */
export function serveDefinitions(core: Core, endWatches: (path: RegExp) => void): () => void {
  return core.store.subscribe((id, change) => {
    if (id === ID) onDefinition(core, change, endWatches)
  })
}

function onDefinition(core: Core, change: Change, endWatches: (path: RegExp) => void): void {
  const { object } = change.entry
  const spec = fieldsOf(object, 'spec')
  const [group, plural] = [textOf(spec, 'group'), textOf(fieldsOf(spec, 'names'), 'plural')]
  if (change.type === 'DELETED') {
    const resource = `${plural}.${group}`
    for (const { key } of core.store.collection(resource).entries('')) core.store.remove(resource, key)
    core.registry.drop(group, plural)
    core.store.drop(resource)
    const path = (text: string) => text.replaceAll('.', '\\.')
    endWatches(new RegExp(`^/apis/${path(group)}/[^/]+/(.*/)?${path(plural)}(/|$)`))
    return
  }
  core.registry.put(toResource(object))
  if (!isEstablished(object)) core.store.put(ID, change.entry.key, (rv) => established(core, object, rv))
}

const isEstablished = (crd: StoredObject): boolean =>
  listOf(fieldsOf(crd, 'status'), 'conditions').some(
    (one) => textOf(one, 'type') === 'Established' && textOf(one, 'status') === 'True',
  )

function established(core: Core, crd: StoredObject, resourceVersion: string): StoredObject {
  const lastTransitionTime = nowText(core)
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime,
    reason,
    message,
  })
  const status = {
    ...fieldsOf(crd, 'status'),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: fieldsOf(fieldsOf(crd, 'spec'), 'names'),
  }
  const changed = { ...crd, status }
  const part = (object: Fields) => ({ status: object['status'], metadata: {} })
  const managedFields = trackUpdate(
    { ...part(crd), metadata: { managedFields: crd.metadata.managedFields } },
    part(changed) as unknown as StoredObject,
    structShape('CustomResourceDefinition'),
    {
      manager: 'kube-apiserver',
      operation: 'Update',
      apiVersion: 'apiextensions.k8s.io/v1',
      subresource: 'status',
      time: lastTransitionTime,
    },
  )
  return storedOf(changed, { ...crd.metadata, managedFields, resourceVersion })
}

/** The resource a definition declares. */
export function toResource(crd: StoredObject): Resource {
  const spec = fieldsOf(crd, 'spec')
  const names = fieldsOf(spec, 'names')
  const versions = listOf(spec, 'versions').filter(isFields)
  const storage = textOf(
    versions.find((one) => one['storage'] === true),
    'name',
  )
  const isWebhook = textOf(fieldsOf(spec, 'conversion'), 'strategy') === 'Webhook'
  const texts = (key: string) => listOf(names, key).map(String)
  const kind = textOf(names, 'kind')
  const paths = versions
    .flatMap((one) =>
      listOf(one, 'selectableFields').map((field) => textOf(field, 'jsonPath').replace(/^\./, '')),
    )
    .map((path) => [path, path.split('.')] as const)
  return {
    group: textOf(spec, 'group'),
    kind,
    listKind: textOf(names, 'listKind') || `${kind}List`,
    plural: textOf(names, 'plural'),
    singular: textOf(names, 'singular'),
    shortNames: texts('shortNames'),
    categories: texts('categories'),
    namespaced: textOf(spec, 'scope') === 'Namespaced',
    verbs: STANDARD_VERBS,
    versions: versions.map((one) =>
      toVersion(one, isWebhook && textOf(one, 'name') !== storage, deprecationOf(spec, one, versions)),
    ),
    storage,
    custom: true,
    hasStatus: versions.some((one) => isFields(own(fieldsOf(one, 'subresources'), 'status'))),
    nameRule: 'subdomain',
    hasGeneration: true,
    createOnUpdate: false,
    unconditionalUpdate: false,
    empty: {},
    defaults: (object) => object,
    prepare: (object) => object,
    validate: () => [],
    selectable: (object) =>
      Object.fromEntries(paths.map(([path, parts]) => [path, selectableText(object, ...parts)])),
  }
}

/** What kube-apiserver warns of where the definition has no words of its own. */
function deprecationOf(spec: Fields, one: Fields, versions: readonly Fields[]): string {
  const kind = textOf(fieldsOf(spec, 'names'), 'kind')
  const nameOf = (version: Fields) => `${textOf(spec, 'group')}/${textOf(version, 'name')} ${kind}`
  const newer = versions.find((other) => other['served'] === true && other['deprecated'] !== true)
  return `${nameOf(one)} is deprecated${newer === undefined ? '' : `; use ${nameOf(newer)}`}`
}

function toVersion(one: Fields, needsConversion: boolean, usual: string): Version {
  const schema = own(fieldsOf(one, 'schema'), 'openAPIV3Schema') as Schema | undefined
  const declared = listOf(one, 'additionalPrinterColumns').filter(isFields).map(toColumn)
  const warning = textOf(one, 'deprecationWarning')
  return {
    name: textOf(one, 'name'),
    served: one['served'] === true,
    shape: objectShape(schema, structShape('ObjectMeta')),
    columns: [NAME, ...(declared.length === 0 ? [{ ...AGE, type: 'date' }] : declared)],
    ...(schema === undefined ? {} : { schema }),
    ...(one['deprecated'] === true ? { deprecation: warning || usual } : {}),
    ...(needsConversion
      ? { refusal: 'conversion by a webhook: ask for the version objects are stored in' }
      : {}),
  }
}

const toColumn = (column: Fields): Column => {
  const type = textOf(column, 'type')
  return {
    name: textOf(column, 'name'),
    type,
    format: textOf(column, 'format'),
    description: textOf(column, 'description'),
    priority: Number(column['priority'] ?? 0),
    cell: jsonPathCell(textOf(column, 'jsonPath'), type),
  }
}
