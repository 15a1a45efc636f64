/** Two values as what differs between them, field by field. Pure. */
import { DIFF_DEPTH_MAX, DIFF_FIELDS_MAX, DIFF_VALUE_CHARS_MAX } from '../limits.ts'

/** Texts of values; `before` absent: it comes, `after` absent: it goes. */
export interface Change {
  readonly field: string
  readonly before?: string
  readonly after?: string
}

export interface Changes {
  /** At most DIFF_FIELDS_MAX. */
  readonly changes: readonly Change[]
  /** How many more there are. */
  readonly more: number
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Rules are told apart by their names, other items of lists by what they are: one that moved is told as moved, one that is
 * new with its whole value. A value that is long is cut.
 */
export function changesOf(before: unknown, after: unknown, at: string): Changes {
  const all: Change[] = []
  let more = 0
  const note = (change: Change) => {
    if (all.length < DIFF_FIELDS_MAX) all.push(change)
    else more += 1
  }
  compare(before, after, at, 0, note)
  return { changes: all, more }
}

type Note = (change: Change) => void

function compare(before: unknown, after: unknown, at: string, depth: number, note: Note): void {
  if (before === after) return
  const isDeep = depth < DIFF_DEPTH_MAX
  // A new object is told by its fields, what is new inside one as a whole.
  const isNew = before === undefined && depth < 2
  if (isDeep && (isFields(before) || isNew) && isFields(after)) {
    compareFields(isFields(before) ? before : {}, after, at, depth, note)
    return
  }
  if (isDeep && (Array.isArray(before) || before === undefined) && Array.isArray(after)) {
    compareLists(Array.isArray(before) ? before : [], after, at, depth, note)
    return
  }
  const [was, is] = [textOf(before), textOf(after)]
  if (was === is && before !== undefined && after !== undefined && was.length < DIFF_VALUE_CHARS_MAX) return
  note({
    field: at,
    ...(before === undefined ? {} : { before: was }),
    ...(after === undefined ? {} : { after: is }),
  })
}

function compareFields(before: Fields, after: Fields, at: string, depth: number, note: Note): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const own = (fields: Fields) => (Object.hasOwn(fields, name) ? fields[name] : undefined)
    compare(own(before), own(after), `${at}.${name}`, depth + 1, note)
  }
}

/** `name` of a rule; undefined where an item has none. */
const nameOf = (item: unknown): string | undefined =>
  isFields(item) && typeof item['name'] === 'string' ? item['name'] : undefined

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  at: string,
  depth: number,
  note: Note,
): void {
  const isNamed = [...before, ...after].every((item) => nameOf(item) !== undefined)
  const keyOf = (item: unknown) => (isNamed ? (nameOf(item) ?? '') : stable(item))
  const was = new Map(before.map((item) => [keyOf(item), item]))
  const is = new Map(after.map((item) => [keyOf(item), item]))
  for (const [key, item] of was)
    if (!is.has(key)) note({ field: place(at, key, isNamed), before: textOf(item) })
  for (const [key, item] of is) {
    if (!was.has(key)) note({ field: place(at, key, isNamed), after: textOf(item) })
    else if (isNamed) compare(was.get(key), item, place(at, key, true), depth + 1, note)
  }
  const common = (all: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
    [...all.keys()].filter((key) => other.has(key))
  const [orderBefore, orderAfter] = [common(was, is), common(is, was)]
  if (isNamed && orderBefore.join('\n') !== orderAfter.join('\n'))
    note({ field: `${at} (order)`, before: cut(orderBefore.join(', ')), after: cut(orderAfter.join(', ')) })
}

const place = (at: string, key: string, isNamed: boolean): string => (isNamed ? `${at}[${key}]` : `${at}[]`)

/** Keys in one order, so that equal values have equal texts. What nests thousands of levels deep has none. */
function stable(value: unknown): string {
  const sorted = (_: string, inner: unknown) =>
    isFields(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner
  try {
    return JSON.stringify(value, sorted) ?? ''
  } catch {
    return '(nested too deeply to be told)'
  }
}

const textOf = (value: unknown): string =>
  cut(typeof value === 'string' ? value : value === undefined ? '' : stable(value))

const cut = (text: string): string =>
  text.length > DIFF_VALUE_CHARS_MAX ? `${text.slice(0, DIFF_VALUE_CHARS_MAX)}…` : text
