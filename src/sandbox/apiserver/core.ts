/** What every part of the server works with: store, resources, clock, and the request at hand. */
import type { Logger } from '../../log/index.ts'
import type { Clock, Random, ServerRequest } from '../../world/index.ts'
import type { Collection } from './collection.ts'
import type { Resource, Version } from './resource.ts'
import { resourceText } from './status.ts'
import type { Store } from './store.ts'
import type { AdmissionHook, AggregatedApi, StoredObject, UserInfo } from './types.ts'

export interface Registry {
  find(group: string, plural: string): Resource | undefined
  /** In the order they came. */
  all(): readonly Resource[]
  /** Adds it, or replaces it by plural and group. */
  put(resource: Resource): void
  drop(group: string, plural: string): void
}

export interface Core {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly store: Store
  readonly registry: Registry
  readonly hooks: readonly AdmissionHook[]
  readonly aggregated: readonly AggregatedApi[]
}

/** A request for a resource that is served, by a user who may do it. */
export interface Call {
  readonly request: ServerRequest
  readonly user: UserInfo
  readonly verb: string
  readonly resource: Resource
  readonly version: Version
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** Sent as Warning headers. */
  readonly warnings: string[]
}

/** A finished answer; `object` becomes JSON. */
export interface Answer {
  readonly code: number
  readonly object: StoredObject
}

export const collectionOf = (core: Core, resource: Resource): Collection =>
  core.store.collection(resourceText(resource))

/** RFC 3339 in whole seconds, as metav1.Time. */
export const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

export const nowText = (core: Core): string => timeText(core.clock.now())

export function createRegistry(): Registry {
  const resources = new Map<string, Resource>()
  return {
    find: (group, plural) => resources.get(resourceText({ group, plural })),
    all: () => [...resources.values()],
    put: (resource) => void resources.set(resourceText(resource), resource),
    drop: (group, plural) => void resources.delete(resourceText({ group, plural })),
  }
}
