/** Watches of the computed objects: what is there as ADDED, a BOOKMARK, then every change, for one Node or for all. */
import { STANDIN_WATCHER_EVENTS_MAX } from '../../../limits.ts'
import type { Clock, Timer } from '../../../world/index.ts'
import type { ComputedGroup } from '../compute/engine.ts'
import type { Change, Spanned, SpanStore } from '../compute/store.ts'
import type { Member, WirePolicy } from '../compute/wire.ts'
import { CONTROLPLANE } from '../compute/wire.ts'
import type { WireCollection } from '../lives/index.ts'

export interface Filter {
  readonly node?: string
  readonly name?: string
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: Readonly<Record<string, unknown>>
}

/** How one resource is shown. */
export interface Shape<T> {
  readonly kind: string
  /** The object for one Node, or for all; without kind and apiVersion. */
  show(object: T, node: string | undefined): Readonly<Record<string, unknown>>
  /** The object of a MODIFIED event with its kind, or undefined when this watcher need not hear of it. */
  change(before: T, now: T, node: string | undefined): Readonly<Record<string, unknown>> | undefined
  gone(object: T): Readonly<Record<string, unknown>>
  /** Fields that even an empty object shows, in bookmarks. */
  readonly empty?: Readonly<Record<string, unknown>>
}

const typed = (kind: string, object: object) => ({ kind, apiVersion: CONTROLPLANE, ...object })

export const POLICY: Shape<WirePolicy> = {
  kind: 'NetworkPolicy',
  show: (policy) => ({ ...policy }),
  change: (_, now) => typed('NetworkPolicy', now),
  gone: ({ metadata, sourceRef }) => ({ metadata, sourceRef }),
}

const shownMembers = (group: ComputedGroup, node: string | undefined): Member[] =>
  [...group.members.values()].filter((member) => node === undefined || member.node === node)

/** An applied-to group shows an agent only the members on its own Node; an address group shows all. */
const groupShape = (kind: string, ownMembersOnly: boolean): Shape<ComputedGroup> => {
  const scope = (node: string | undefined) => (ownMembersOnly ? node : undefined)
  const metadata = ({ name, uid }: ComputedGroup) => ({ metadata: { name, uid } })
  const wire = (members: readonly Member[]) => members.map((member) => member.wire)
  return {
    kind,
    show: (group, node) => {
      const members = shownMembers(group, scope(node))
      return { ...metadata(group), ...(members.length === 0 ? {} : { groupMembers: wire(members) }) }
    },
    change: (before, now, node) => {
      const added = shownMembers(now, scope(node)).filter(({ key }) => !before.members.has(key))
      const removed = shownMembers(before, scope(node)).filter(({ key }) => !now.members.has(key))
      if (added.length + removed.length === 0) return undefined
      return typed(`${kind}Patch`, {
        ...metadata(now),
        ...(added.length === 0 ? {} : { addedGroupMembers: wire(added) }),
        ...(removed.length === 0 ? {} : { removedGroupMembers: wire(removed) }),
      })
    },
    gone: metadata,
  }
}

export const APPLIED_TO_GROUP = groupShape('AppliedToGroup', true)
export const ADDRESS_GROUP = groupShape('AddressGroup', false)

const egressShape = groupShape('EgressGroup', true)

/** Its patches have no metadata, and Go's own names for the members: the type has no JSON tags. */
export const EGRESS_GROUP: Shape<ComputedGroup> = {
  ...egressShape,
  change(before, now, node) {
    const patch = egressShape.change(before, now, node)
    if (patch === undefined) return undefined
    return typed('EgressGroupPatch', {
      name: now.name,
      uid: now.uid,
      AddedGroupMembers: patch['addedGroupMembers'] ?? null,
      RemovedGroupMembers: patch['removedGroupMembers'] ?? null,
    })
  },
}

const EMPTY_COLLECTION = { expiredAt: null, fileServer: { url: '' }, authentication: {} }

export const COLLECTION: Shape<WireCollection> = {
  kind: 'SupportBundleCollection',
  show: (collection) => ({ ...collection }),
  change: (_, now) => typed('SupportBundleCollection', now),
  gone: ({ metadata }) => ({ metadata, ...EMPTY_COLLECTION }),
  empty: EMPTY_COLLECTION,
}

const isSeen = <T>(item: Spanned<T> | undefined, filter: Filter): item is Spanned<T> =>
  item !== undefined && (filter.node === undefined || item.span.has(filter.node))

/** What a watcher with this filter is told of a change. */
export function eventOf<T>(shape: Shape<T>, change: Change<T>, filter: Filter): WatchEvent | undefined {
  if (filter.name !== undefined && filter.name !== change.name) return undefined
  const before = isSeen(change.before, filter) ? change.before : undefined
  const now = isSeen(change.now, filter) ? change.now : undefined
  if (now === undefined) {
    if (before === undefined) return undefined
    return { type: 'DELETED', object: typed(shape.kind, shape.gone(before.object)) }
  }
  if (before === undefined) {
    return { type: 'ADDED', object: typed(shape.kind, shape.show(now.object, filter.node)) }
  }
  const object = shape.change(before.object, now.object, filter.node)
  return object === undefined ? undefined : { type: 'MODIFIED', object }
}

export interface WatchOptions {
  readonly filter: Filter
  readonly clock: Clock
  readonly timeoutMs: number
  /** Ends the stream: the client went away, or the controller stops. */
  readonly signal: AbortSignal
  readonly position: () => number
}

/**
 * The lines of a watch. It subscribes before it returns, so nothing is missed between the first state and the changes. A
 * watcher that does not keep up is cut off and has to begin anew.
 */
export function watchLines<T>(
  store: SpanStore<T>,
  shape: Shape<T>,
  options: WatchOptions,
): AsyncIterable<string> {
  const queue: string[] = []
  let wake: () => void = () => {}
  let ended = false
  let timer: Timer | undefined
  let unsubscribe: () => void = () => {}
  const release = () => {
    ended = true
    unsubscribe()
    options.clock.clearTimeout(timer)
    options.signal.removeEventListener('abort', release)
    wake()
  }
  const push = (event: object) => {
    if (queue.length >= STANDIN_WATCHER_EVENTS_MAX) release()
    else queue.push(`${JSON.stringify(event)}\n`)
    wake()
  }
  for (const [name, now] of store.entries()) {
    const event = eventOf(shape, { name, now }, options.filter)
    if (event !== undefined) push(event)
  }
  push({
    type: 'BOOKMARK',
    object: typed(shape.kind, {
      metadata: { resourceVersion: String(options.position()) },
      ...shape.empty,
    }),
  })
  unsubscribe = store.subscribe((change) => {
    const event = eventOf(shape, change, options.filter)
    if (event !== undefined) push(event)
  })
  timer = options.clock.setTimeout(release, options.timeoutMs)
  // Whoever reads this may be gone and never ask again: everything is let go here.
  options.signal.addEventListener('abort', release, { once: true })
  if (options.signal.aborted || ended) release()
  const next = async (): Promise<IteratorResult<string, undefined>> => {
    while (!ended) {
      const line = queue.shift()
      if (line !== undefined) return { done: false, value: line }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    release()
    return { done: true, value: undefined }
  }
  const leave = async (): Promise<IteratorResult<string, undefined>> => {
    release()
    return { done: true, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}
