/** What the manager keeps of each registered cluster while it is registered. */
import { jsonLine } from '../../protocol/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import type { Contents } from '../bundles/contents.ts'
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
import type { Storage } from '../storage.ts'
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
  readonly storage: Storage
  readonly contents: Contents
  readonly onForgotten: (nodeId: string) => void
}

export function createClusterStates(options: StatesOptions): ClusterStates {
  const { random, store, directory, storage } = options
  const states = new Map<string, ClusterState>()
  const identity = storeIdentity(storage, () => random.uuid())
  const uids = clusterUids(storage)
  const follow = () => {
    for (const cluster of directory.all())
      if (!states.has(cluster.nodeId)) states.set(cluster.nodeId, stateOf(options, cluster, uids))
    for (const [nodeId, { sessions, operations }] of states) {
      sessions.end(byeLine(), ({ fingerprint }) => !directory.isCurrent(nodeId, fingerprint))
      if (directory.byNodeId(nodeId) !== undefined) continue
      states.delete(nodeId)
      operations.forgetAll()
      uids.forget(nodeId)
      options.onForgotten(nodeId)
    }
  }
  directory.subscribe(follow)
  store.subscribe((change) => {
    for (const { view, sessions } of states.values())
      if (view.update(change)) sessions.live('ccp')?.streams.get('watch')?.wake()
  })
  follow()
  /** Everybody reads everything anew. */
  const beginAnew = (reason: string) => {
    for (const { view, sessions } of states.values()) {
      view.forgetHistory()
      sessions.end(jsonLine({ t: 'reset', reason }))
    }
  }
  // Versions were counted up and down again, and the disk knows neither.
  storage.onRefused(() => {
    identity.set({ ...identity.get(), epoch: random.uuid() })
    beginAnew('a change did not hold')
  })
  return {
    get: (nodeId) => states.get(nodeId),
    get source() {
      return identity.get().source
    },
    get epoch() {
      return identity.get().epoch
    },
    renewSource() {
      identity.set({ source: random.uuid(), epoch: random.uuid() })
      beginAnew('the policy store is another one')
    },
    streams: () => [...states.values()].flatMap(({ sessions }) => sessions.streams()),
    close() {
      for (const { sessions } of states.values()) sessions.end(byeLine())
    },
  }
}

interface StoreIdentity {
  readonly source: string
  readonly epoch: string
}

/**
 * Everything that was ever sent was durable before, so that a restart with the data goes on where it was: both are kept.
 * A store that is made, or restored from a backup, has new ones.
 */
function storeIdentity(storage: Storage, uuid: () => string) {
  let current = new Map(storage.kept('identity')).get('store') as StoreIdentity | undefined
  const set = (identity: StoreIdentity) => {
    current = identity
    storage.keep('identity', 'store', identity)
  }
  if (current === undefined || storage.isRestored) set({ source: uuid(), epoch: uuid() })
  return { get: () => current as StoreIdentity, set }
}

/** Uid of the Kubernetes cluster that each node_id belongs to: only a person clears it, by deleting the control plane. */
function clusterUids(storage: Storage) {
  const uids = new Map(storage.kept('cluster-uid') as Iterable<[string, string]>)
  const put = (nodeId: string, uid: string | undefined) => {
    const before = uids.get(nodeId)
    if (uid === before) return
    const apply = (one: string | undefined) =>
      void (one === undefined ? uids.delete(nodeId) : uids.set(nodeId, one))
    storage.keep('cluster-uid', nodeId, uid)
    storage.undo(() => apply(before))
    apply(uid)
  }
  return {
    of: (nodeId: string) => ({
      get: () => uids.get(nodeId),
      set(uid: string) {
        storage.check()
        put(nodeId, uid)
      },
    }),
    forget: (nodeId: string) => put(nodeId, undefined),
  }
}

function stateOf(
  options: StatesOptions,
  { nodeId, path }: RegisteredCluster,
  uids: ReturnType<typeof clusterUids>,
): ClusterState {
  const { clock, random, store, frames, heartbeatMs, historyCommitsMax, contents } = options
  const uuid = () => random.uuid()
  const sessions = createSessions({ clock, uuid, heartbeatMs, clusterUid: uids.of(nodeId) })
  const onUnsent = () => sessions.live('mp')?.streams.get('requests')?.wake()
  return {
    nodeId,
    view: createView({ store, frames, path, historyCommitsMax }),
    sessions,
    realization: createRealization(),
    operations: createOperations({ clock, uuid, onUnsent, contents }),
    resetAtMs: Number.NEGATIVE_INFINITY,
  }
}
