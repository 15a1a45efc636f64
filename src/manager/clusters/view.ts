/**
 * What one cluster should hold: the policies that span it with everything they refer to, as a set with a version, and the
 * latest commits that led there (docs/protocol.md §2).
 */
import { MANAGER_BACKLOG_BYTES_MAX, TRANSACTION_BYTES_MAX } from '../../limits.ts'
import { jsonLine, setDigest } from '../../protocol/index.ts'
import type { Change, PolicyObject, PolicyStore } from '../policy/index.ts'
import type { Entry, Frames } from './frames.ts'

export interface Commit {
  readonly version: number
  readonly prev: number
  /** Its frames, `commit` last. */
  readonly text: string
}

export interface ClusterView {
  /** Of the last change that concerned this cluster. */
  readonly version: number
  entries(): readonly Entry[]
  digest(): string
  /** Only of versions whose digest somebody asked for. */
  digestAt(version: number): string | undefined
  entryAt(path: string): Entry | undefined
  /** The commit that follows `version`: undefined when it is the newest, 'gone' when history does not reach back. */
  next(version: number): Commit | 'gone' | undefined
  /** Takes a change in. Returns whether it concerned this cluster. */
  update(change: Change): boolean
  /** Nobody may continue from what was. */
  forgetHistory(): void
}

export interface ViewOptions {
  readonly store: PolicyStore
  readonly frames: Frames
  /** The cluster's ClusterControlPlane. */
  readonly path: string
  readonly historyCommitsMax: number
}

const DIGESTS_KEPT = 16
type EntrySet = ReadonlyMap<string, Entry>

export function createView(options: ViewOptions): ClusterView {
  const { store } = options
  let entries: EntrySet = closure(options)
  let version = store.version
  let history: Commit[] = []
  let historyBytes = 0
  const digests = new Map<number, string>()
  const remember = (commit: Commit) => {
    history.push(commit)
    historyBytes += commit.text.length
    while (history.length > options.historyCommitsMax || historyBytes > MANAGER_BACKLOG_BYTES_MAX) {
      const oldest = history.shift()
      if (oldest === undefined) break
      historyBytes -= oldest.text.length
    }
  }
  return {
    get version() {
      return version
    },
    entries: () => [...entries.values()],
    digest() {
      const known = digests.get(version)
      if (known !== undefined) return known
      const made = setDigest(entries.values())
      digests.set(version, made)
      for (const old of digests.keys()) if (digests.size > DIGESTS_KEPT) digests.delete(old)
      return made
    },
    digestAt: (at) => digests.get(at),
    entryAt: (path) => entries.get(path),
    next(after) {
      if (after === version) return undefined
      return history.find((commit) => commit.prev === after) ?? 'gone'
    },
    update(change) {
      if (!concerns(change, entries)) return false
      const wanted = closure(options)
      const frames = difference(entries, wanted)
      entries = wanted
      if (frames === undefined) return false
      const commit = { version: change.version, prev: version }
      version = change.version
      const text = `${frames}${jsonLine({ t: 'commit', ...commit })}`
      if (text.length > TRANSACTION_BYTES_MAX) {
        history = []
        historyBytes = 0
      } else remember({ ...commit, text })
      return true
    },
    forgetHistory() {
      history = []
      historyBytes = 0
      digests.clear()
    },
  }
}

const DECIDING: ReadonlySet<string> = new Set(['SecurityPolicy', 'Rule', 'SecurityPolicyContainerCluster'])

/** An object outside the set enters it only by a policy, rule or span, which then changes itself. */
function concerns({ changed }: Change, entries: EntrySet): boolean {
  for (const [path, { before, after }] of changed) {
    const object = after ?? before
    if (object !== undefined && DECIDING.has(object.kind)) return true
    if (entries.has(path) || entries.has(object?.parentPath ?? '')) return true
  }
  return false
}

/** Spans name the cluster; their policies, and what these refer to at any depth, are the set. Sorted by nothing. */
function closure({ store, frames, path }: ViewOptions): EntrySet {
  const found = new Map<string, Entry>()
  const queue: PolicyObject[] = store
    .referrers(path)
    .filter(({ kind }) => kind === 'SecurityPolicyContainerCluster')
    .flatMap((span) => store.get(span.parentPath) ?? [])
  for (let object = queue.pop(); object !== undefined; object = queue.pop()) {
    if (found.has(object.path)) continue
    const framed = frames.of(object)
    if (framed === undefined) continue
    found.set(object.path, framed.entry)
    for (const target of framed.targets) {
      const next = found.has(target) ? undefined : store.get(target)
      if (next !== undefined) queue.push(next)
    }
  }
  return found
}

/** The frames from one set to the next: puts before deletes; undefined when nothing differs. */
function difference(before: EntrySet, after: EntrySet): string | undefined {
  const puts = [...after.values()].filter((entry) => isOther(before.get(entry.path), entry))
  const dels = [...before.values()].filter(({ path }) => !after.has(path))
  if (puts.length === 0 && dels.length === 0) return undefined
  return [
    ...puts.map(({ line }) => line),
    ...dels.map(({ kind, path }) => jsonLine({ t: 'del', kind, path })),
  ].join('')
}

const isOther = (before: Entry | undefined, after: Entry): boolean =>
  before !== after && before?.hash !== after.hash
