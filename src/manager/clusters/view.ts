/**
 * What one cluster should hold: the policies that span it with everything they refer to, as a set with a version, and the
 * latest commits that led there (docs/protocol.md §2).
 */
import { MANAGER_BACKLOG_BYTES_MAX, TRANSACTION_BYTES_MAX } from '../../limits.ts'
import { jsonLine, setDigest } from '../../protocol/index.ts'
import type { Change, PolicyStore } from '../policy/index.ts'
import type { Entry, Frames } from './frames.ts'
import { createMembers, type Members } from './members.ts'

export interface Commit {
  readonly version: number
  readonly prev: number
  /** Its frames, `commit` last. Those of objects are the same texts for every cluster, and are held once. */
  readonly lines: readonly string[]
  /** Characters of all lines. */
  readonly length: number
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

export function createView(options: ViewOptions): ClusterView {
  const { store, frames: shared, path, historyCommitsMax } = options
  const members = createMembers(store, shared, path)
  let version = store.version
  let history: Commit[] = []
  let historyBytes = 0
  const digests = new Map<number, string>()
  const remember = (commit: Commit) => {
    history.push(commit)
    historyBytes += commit.length
    while (history.length > historyCommitsMax || historyBytes > MANAGER_BACKLOG_BYTES_MAX) {
      const oldest = history.shift()
      if (oldest === undefined) break
      historyBytes -= oldest.length
    }
  }
  return {
    get version() {
      return version
    },
    entries: members.entries,
    digest() {
      const known = digests.get(version)
      if (known !== undefined) return known
      const made = setDigest(members.entries())
      digests.set(version, made)
      for (const old of digests.keys()) if (digests.size > DIGESTS_KEPT) digests.delete(old)
      return made
    },
    digestAt: (at) => digests.get(at),
    entryAt: members.at,
    next(after) {
      if (after === version) return undefined
      return history.find((commit) => commit.prev === after) ?? 'gone'
    },
    update(change) {
      const frames = framesOf(members.update(change), members)
      if (frames.length === 0) return false
      const commit = { version: change.version, prev: version }
      version = change.version
      const lines = [...frames, jsonLine({ t: 'commit', ...commit })]
      const length = lines.reduce((sum, line) => sum + line.length, 0)
      if (length > TRANSACTION_BYTES_MAX) {
        history = []
        historyBytes = 0
      } else remember({ ...commit, lines, length })
      return true
    },
    forgetHistory() {
      history = []
      historyBytes = 0
      digests.clear()
    },
  }
}

/** The frames of what differs, puts before deletes. */
function framesOf(touched: ReadonlyMap<string, Entry | undefined>, members: Members): readonly string[] {
  const puts: string[] = []
  const dels: string[] = []
  for (const [key, before] of touched) {
    const after = members.at(key)
    if (after === undefined) {
      if (before !== undefined) dels.push(jsonLine({ t: 'del', kind: before.kind, path: before.path }))
    } else if (before?.hash !== after.hash) puts.push(after.line)
  }
  return [...puts, ...dels]
}
