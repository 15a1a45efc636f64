/**
 * What NSX's search says of objects without their bodies (fingerprints): unique_id and _revision of each, and which policies
 * a span gives to this cluster. Pure. Search is an index that follows the store: what it says is a reason to ask, never
 * what is held.
 */
import { REST_OVERLAP_MS } from '../../../limits.ts'

export interface Print {
  readonly path: string
  readonly parentPath: string
  /** unique_id and _revision: an object made anew at the same path begins at revision 0 again. */
  readonly mark: string
  /** `_last_modified_time` of the manager's clock. */
  readonly modifiedMs: number
}

/** Everything search says at one moment. */
export interface View {
  /** Paths of the policies with a span of this cluster. */
  readonly spanned: ReadonlySet<string>
  readonly prints: ReadonlyMap<string, Print>
  /** By path of a policy or service, the paths of its rules or entries. */
  readonly parts: ReadonlyMap<string, ReadonlySet<string>>
  /** How many results have no path: they are counted, and are nothing to us. */
  readonly others: number
  /** The latest change, and since when on our monotonic clock that is the latest. */
  readonly newestMs: number
  readonly newestSinceMs: number
  /** All of it was read for this view, not only what changed last. */
  readonly isWhole: boolean
}

export const PRINT_FIELDS = ['path', 'parent_path', 'unique_id', '_revision', '_last_modified_time'] as const
export const SPAN_FIELDS = ['path', 'parent_path', 'container_cluster_path'] as const

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}

/** Of a revision of an object; the same of a body and of what search says of it. */
export const markOf = (fields: Fields): string =>
  `${String(fields['unique_id'])}#${String(fields['_revision'])}`

/** Undefined for what has no path. */
export function printFrom(value: unknown): Print | undefined {
  const fields = fieldsOf(value)
  const { path, parent_path: parentPath, _last_modified_time: modifiedMs } = fields
  if (typeof path !== 'string') return undefined
  return {
    path,
    parentPath: typeof parentPath === 'string' ? parentPath : path.split('/').slice(0, -2).join('/'),
    mark: markOf(fields),
    modifiedMs: typeof modifiedMs === 'number' ? modifiedMs : 0,
  }
}

/** `antrea-nodes` is the collection's name before NSX 9. */
const CONTROL_PLANE = /\/(?:cluster-control-planes|antrea-nodes)\/([^/]+)$/

/** A span (SecurityPolicyContainerCluster) of the cluster whose control plane has this id. */
export const isOwnSpan = (value: unknown, planeId: string): boolean => {
  const { container_cluster_path: path, marked_for_delete: isMarked } = fieldsOf(value)
  return typeof path === 'string' && isMarked !== true && CONTROL_PLANE.exec(path)?.[1] === planeId
}

export const spannedPolicies = (spans: readonly unknown[], planeId: string): ReadonlySet<string> =>
  new Set(
    spans.filter((span) => isOwnSpan(span, planeId)).flatMap((span) => printFrom(span)?.parentPath ?? []),
  )

/** A view of everything; `before` only tells since when the latest change is the latest. */
export function wholeView(
  spanned: ReadonlySet<string>,
  all: readonly Print[],
  count: number,
  before: View | undefined,
  nowMs: number,
): View {
  const prints = new Map(all.map((print) => [print.path, print]))
  return {
    spanned,
    prints,
    parts: partsOf(prints.values()),
    others: count - prints.size,
    ...newestOf(all, before, nowMs),
    isWhole: true,
  }
}

function newestOf(prints: readonly Print[], before: View | undefined, nowMs: number) {
  const newestMs = prints.reduce((most, { modifiedMs }) => Math.max(most, modifiedMs), 0)
  return { newestMs, newestSinceMs: before?.newestMs === newestMs ? before.newestSinceMs : nowMs }
}

function partsOf(prints: Iterable<Print>): Map<string, Set<string>> {
  const parts = new Map<string, Set<string>>()
  for (const { path, parentPath } of prints) {
    if (!/\/(rules|service-entries)\/[^/]+$/.test(path)) continue
    const of = parts.get(parentPath)
    if (of === undefined) parts.set(parentPath, new Set([path]))
    else of.add(path)
  }
  return parts
}

/**
 * The view with the page of the newest changes, the latest first. Undefined when that page cannot tell all that changed:
 * there are others of the same time behind it, or not as many objects as there should be. Then all has to be read.
 */
export function withNewest(
  view: View,
  spanned: ReadonlySet<string>,
  page: readonly Print[],
  count: number,
  nowMs: number,
): View | undefined {
  const isSorted = page.every(({ modifiedMs }, at) => modifiedMs <= (page[at - 1]?.modifiedMs ?? Infinity))
  const changed = page.filter((print) => view.prints.get(print.path)?.mark !== print.mark)
  const oldestMs = page.at(-1)?.modifiedMs ?? 0
  const isOld = nowMs - view.newestSinceMs > REST_OVERLAP_MS && changed.length === 0
  const isCovering = page.length >= count || oldestMs < view.newestMs - REST_OVERLAP_MS || isOld
  if (!isSorted || !isCovering) return undefined
  if (changed.length === 0)
    return view.prints.size + view.others === count ? { ...view, spanned, isWhole: false } : undefined
  const prints = new Map(view.prints)
  for (const print of changed) prints.set(print.path, print)
  if (prints.size + view.others !== count) return undefined
  const newestMs = Math.max(view.newestMs, page[0]?.modifiedMs ?? 0)
  const newestSinceMs = newestMs === view.newestMs ? view.newestSinceMs : nowMs
  const parts = partsOf(prints.values())
  return { ...view, spanned, prints, parts, newestMs, newestSinceMs, isWhole: false }
}

/** What search says of an object with its rules or entries; '' when it says nothing of it. */
export function keyAt(view: View, path: string): string {
  const own = view.prints.get(path)
  if (own === undefined) return ''
  const parts = [...(view.parts.get(path) ?? [])].map(
    (part) => [part, view.prints.get(part)?.mark ?? ''] as const,
  )
  return keyOf(own.mark, parts)
}

/** The same for a body and for what search says, whatever the order. */
export const keyOf = (mark: string, parts: readonly (readonly [path: string, mark: string])[]): string =>
  [mark, ...parts.map(([path, of]) => `${path}@${of}`).sort()].join(' ')
