/** Server-side apply (KEP-555) in its plain form: one version of the resource, typed by its shape. */
import { type Fields, isFields, isList } from '../json.ts'
import { fieldShape, isGranular, itemKey, itemsByKey, type Shape } from '../schema/shape.ts'
import { StatusError } from '../status.ts'
import type { ManagedFields } from '../types.ts'
import {
  compare,
  difference,
  EMPTY,
  type FieldSet,
  intersection,
  isEmpty,
  ownedBy,
  partsOf,
  pathsOf,
  sameSet,
  union,
} from './fieldset.ts'
import {
  isWriter,
  newOwned,
  type Owned,
  ownable,
  ownableConfiguration,
  readOwned,
  type Writer,
  writeOwned,
  yieldFields,
} from './managed.ts'

export interface Applied {
  readonly object: Fields
  readonly managedFields: readonly ManagedFields[]
}

/**
 * Merges a configuration into the live object (`{}` when there is none): fields the writer applied before and leaves out
 * now go, unless another manager owns them. Throws Conflict, naming each field another manager owns, without `force`.
 */
export function applyConfiguration(
  live: Fields,
  configuration: Fields,
  shape: Shape,
  writer: Writer,
  force: boolean,
): Applied {
  const owned = readOwned(live)
  const mine = owned.find((one) => isWriter(one, writer))
  const others = owned.filter((one) => one !== mine)
  const set = ownedBy(shape, ownableConfiguration(configuration))
  const merged = mergeValue(live, configuration, shape) as Fields
  const dropped = difference(difference(mine?.set ?? EMPTY, set), unionOf(others))
  const object = (isEmpty(dropped) ? merged : removeFields(merged, dropped, shape)) as Fields
  const comparison = compare(ownable(live), ownable(object), shape)
  const conflicts = others
    .map((one) => ({ one, fields: intersection(one.set, comparison.changed) }))
    .filter(({ fields }) => !isEmpty(fields))
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
  const isSame = mine !== undefined && sameSet(mine.set, set)
  const kept =
    isSame && isEmpty(comparison.changed) && isEmpty(comparison.removed) ? mine : newOwned(writer, set)
  return { object, managedFields: writeOwned([...yieldFields(others, comparison), kept]) }
}

const unionOf = (owned: readonly Owned[]): FieldSet => owned.reduce((all, { set }) => union(all, set), EMPTY)

/** Fields of the configuration win; keyed lists are merged item by item, the rest is replaced. */
function mergeValue(live: unknown, applied: unknown, shape: Shape): unknown {
  if (isGranular(shape, applied)) {
    const base = isFields(live) ? live : {}
    const changed = Object.entries(applied).map(
      ([key, value]) =>
        [
          key,
          mergeValue(Object.hasOwn(base, key) ? base[key] : undefined, value, fieldShape(shape, key)),
        ] as const,
    )
    return { ...base, ...Object.fromEntries(changed) }
  }
  const [now, wanted] = [itemsByKey(shape, live ?? []), itemsByKey(shape, applied)]
  if (now === undefined || wanted === undefined || shape.kind !== 'list') return applied
  const mergedOf = (key: string, item: unknown) => mergeValue(now.get(key), item, shape.items)
  const kept = [...now].map(([key, item]) => (wanted.has(key) ? mergedOf(key, wanted.get(key)) : item))
  const added = [...wanted].filter(([key]) => !now.has(key)).map(([, item]) => item)
  return [...kept, ...added]
}

function removeFields(value: unknown, gone: FieldSet, shape: Shape): unknown {
  const parts = partsOf(shape, value)
  if (parts === undefined) return value
  const kept = [...parts].flatMap(([key, [part, partShape]]) => {
    const below = gone.children.get(key)
    if (below === undefined) return [[key, part] as const]
    if (below.self) return []
    const left = removeFields(part, below, partShape)
    // A container that only held what is gone goes with it.
    return partsOf(partShape, left)?.size === 0 && partsOf(partShape, part)?.size !== 0
      ? []
      : [[key, left] as const]
  })
  if (isList(value)) return kept.map(([, item]) => item)
  return Object.fromEntries(kept.map(([key, field]) => [key.slice(2), field]))
}

function conflictError(conflicts: readonly { one: Owned; fields: FieldSet }[]): StatusError {
  const found = conflicts.flatMap(({ one, fields }) => {
    const { manager, subresource, apiVersion, operation } = one.entry
    const by = `"${manager}"${subresource === undefined ? '' : ` with subresource "${subresource}"`}`
    // Appliers are named alone.
    const full = operation === 'Apply' ? `"${manager}"` : `${by} using ${apiVersion}`
    return pathsOf(fields).map((field) => ({ by: full, field }))
  })
  const causes = found.map(({ by, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${by}`,
    field,
  }))
  return new StatusError(409, 'Conflict', conflictWords(found), { causes })
}

function conflictWords(found: readonly { by: string; field: string }[]): string {
  const [first] = found
  if (found.length === 1) return `Apply failed with 1 conflict: conflict with ${first?.by}: ${first?.field}`
  const managers = [...new Set(found.map(({ by }) => by))]
  const parts = managers.map((by) => {
    const fields = found.filter((one) => one.by === by).map(({ field }) => field)
    return fields.length === 1
      ? `conflict with ${by}: ${fields[0]}`
      : `conflicts with ${by}:\n${fields.map((field) => `- ${field}`).join('\n')}`
  })
  return `Apply failed with ${found.length} conflicts: ${parts.join('\n')}`
}

/** Where an item of the configuration has no key, apply refuses; the first such path, or undefined. */
export function keylessItem(value: unknown, shape: Shape, path = ''): string | undefined {
  if (shape.kind === 'list' && isList(value)) {
    for (const [at, item] of value.entries()) {
      if (shape.type === 'map' && itemKey(shape, item) === undefined) return `${path}[${at}]`
      const below = keylessItem(item, shape.items, `${path}[${at}]`)
      if (below !== undefined) return below
    }
    return undefined
  }
  if (!isFields(value)) return undefined
  for (const [key, field] of Object.entries(value)) {
    const below = keylessItem(field, fieldShape(shape, key), `${path}.${key}`)
    if (below !== undefined) return below
  }
  return undefined
}
