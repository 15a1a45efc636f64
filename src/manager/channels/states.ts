/** What the manager keeps of each registered cluster while it is registered. */
import { jsonLine } from '../../protocol/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import {
  type ClusterDirectory,
  type ClusterView,
  createRealization,
  createView,
  type Frames,
  type Realization,
  type RegisteredCluster,
} from '../clusters/index.ts'
import type { PolicyStore } from '../policy/index.ts'
import { createOperations, type Operations } from './operations.ts'
import { byeLine, createSessions, type Sessions } from './sessions.ts'
import type { LineStream } from './stream.ts'

export interface ClusterState {
  readonly nodeId: string
  readonly view: ClusterView
  readonly sessions: Sessions
  readonly realization: Realization
  readonly operations: Operations
  /** Monotonic time of the last reset for a wrong digest. */
  resetAtMs: number
}

export interface ClusterStates {
  get(nodeId: string): ClusterState | undefined
  /** Of the policy store: a strict continuation keeps both. */
  readonly source: string
  readonly epoch: string
  renewSource(): void
  streams(): readonly LineStream[]
  close(): void
}

export interface StatesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly store: PolicyStore
  readonly frames: Frames
  readonly directory: ClusterDirectory
  readonly heartbeatMs: number
  readonly historyCommitsMax: number
  readonly onForgotten: (nodeId: string) => void
}

export function createClusterStates(options: StatesOptions): ClusterStates {
  const { random, store, directory } = options
  const states = new Map<string, ClusterState>()
  let source = random.uuid()
  let epoch = random.uuid()
  const follow = () => {
    for (const cluster of directory.all())
      if (!states.has(cluster.nodeId)) states.set(cluster.nodeId, stateOf(options, cluster))
    for (const [nodeId, { sessions }] of states) {
      sessions.end(byeLine(), ({ fingerprint }) => !directory.isCurrent(nodeId, fingerprint))
      if (directory.byNodeId(nodeId) !== undefined) continue
      states.delete(nodeId)
      options.onForgotten(nodeId)
    }
  }
  directory.subscribe(follow)
  store.subscribe((change) => {
    for (const { view, sessions } of states.values())
      if (view.update(change)) sessions.live('ccp')?.streams.get('watch')?.wake()
  })
  follow()
  return {
    get: (nodeId) => states.get(nodeId),
    get source() {
      return source
    },
    get epoch() {
      return epoch
    },
    renewSource() {
      source = random.uuid()
      epoch = random.uuid()
      for (const { view, sessions } of states.values()) {
        view.forgetHistory()
        sessions.end(jsonLine({ t: 'reset', reason: 'the policy store is another one' }))
      }
    },
    streams: () => [...states.values()].flatMap(({ sessions }) => sessions.streams()),
    close() {
      for (const { sessions } of states.values()) sessions.end(byeLine())
    },
  }
}

function stateOf(options: StatesOptions, { nodeId, path }: RegisteredCluster): ClusterState {
  const { clock, random, store, frames, heartbeatMs, historyCommitsMax } = options
  const uuid = () => random.uuid()
  const sessions = createSessions({ clock, uuid, heartbeatMs })
  const onUnsent = () => sessions.live('mp')?.streams.get('requests')?.wake()
  return {
    nodeId,
    view: createView({ store, frames, path, historyCommitsMax }),
    sessions,
    realization: createRealization(),
    operations: createOperations({ clock, uuid, onUnsent }),
    resetAtMs: Number.NEGATIVE_INFINITY,
  }
}
