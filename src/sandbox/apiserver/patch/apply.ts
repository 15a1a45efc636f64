/** Server-side apply (KEP-555) in its plain form: one version of the resource, typed by its shape. */
import { type Fields, isFields, isList } from '../json.ts'
import { fieldShape, isGranular, itemsByKey, type Shape } from '../schema/shape.ts'
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
  const owned = ownersOf(live, shape, writer)
  const mine = owned.find((one) => isWriter(one, writer))
  const others = owned.filter((one) => one !== mine)
  const applied = ownableConfiguration(configuration)
  const set = Object.keys(applied).length === 0 ? EMPTY : ownedBy(shape, applied)
  const merged = mergeValue(live, configuration, shape) as Fields
  const dropped = difference(difference(mine?.set ?? EMPTY, set), unionOf(others))
  const object = (isEmpty(dropped) ? merged : removeFields(merged, dropped, shape, unionOf(others))) as Fields
  const comparison = compare(ownable(live), ownable(object), shape)
  const conflicts = others
    .map((one) => ({ one, fields: intersection(one.set, comparison.changed) }))
    .filter(({ fields }) => !isEmpty(fields))
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
  const isChanged = !isEmpty(comparison.changed) || !isEmpty(comparison.removed)
  const isNew = live['metadata'] === undefined
  const kept = isChanged || isNew ? newOwned(writer, set) : untimed(writer, set, mine?.entry.time)
  return { object, managedFields: writeOwned([...yieldFields(others, comparison), kept]) }
}

/** Where an apply changes no value its entry keeps its time, and has none when it is new. */
const untimed = (writer: Writer, set: FieldSet, time: string | undefined): Owned => {
  const { entry } = newOwned(writer, set)
  const { time: _now, ...rest } = entry
  return { entry: time === undefined ? rest : { ...rest, time }, set }
}

/** Fields nobody owns in an object that is there were written by somebody before the first apply. */
function ownersOf(live: Fields, shape: Shape, writer: Writer): readonly Owned[] {
  const owned = readOwned(live)
  if (owned.length > 0 || live['metadata'] === undefined) return owned
  const { subresource: _sub, ...rest } = writer
  const before: Writer = { ...rest, manager: 'before-first-apply', operation: 'Update' }
  return [newOwned(before, compare({}, ownable(live), shape).changed)]
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

/** `kept` are the fields of others: a container one of them owns stays, be it empty. */
function removeFields(value: unknown, gone: FieldSet, shape: Shape, kept: FieldSet): unknown {
  const parts = partsOf(shape, value)
  if (parts === undefined) return value
  const left = [...parts].flatMap(([key, [part, partShape]]) => {
    const below = gone.children.get(key)
    if (below === undefined) return [[key, part] as const]
    if (below.self) return []
    const theirs = kept.children.get(key) ?? EMPTY
    const rest = removeFields(part, below, partShape, theirs)
    // A container that only held what is gone goes with it.
    return !theirs.self && partsOf(partShape, rest)?.size === 0 && partsOf(partShape, part)?.size !== 0
      ? []
      : [[key, rest] as const]
  })
  if (isList(value)) return left.map(([, item]) => item)
  return Object.fromEntries(left.map(([key, field]) => [key.slice(2), field]))
}

function conflictError(conflicts: readonly { one: Owned; fields: FieldSet }[]): StatusError {
  const found = conflicts.flatMap(({ one, fields }) => {
    const { manager, subresource, apiVersion, operation } = one.entry
    const by = `"${manager}"${subresource === undefined ? '' : ` with subresource "${subresource}"`}`
    // Appliers are named without their version.
    const full = operation === 'Apply' ? by : `${by} using ${apiVersion}`
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
    return `conflicts with ${by}:\n${fields.map((field) => `- ${field}`).join('\n')}`
  })
  return `Apply failed with ${found.length} conflicts: ${parts.join('\n')}`
}
