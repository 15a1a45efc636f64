/**
 * What the manager's stores tell of their changes so that they outlive the process: the contract between them and store/.
 * Stores change in memory first, at once and whole; what they noted becomes durable together a moment later, and no answer
 * and no line of a stream leaves the manager before that (manager.ts, channels/ccp.ts). When the disk refuses, memory is put
 * back as it was, and nobody ever saw what was refused.
 */

/** One kind of thing that is kept. Keys are unique in their room. */
export type Room =
  | 'identity'
  | 'policy'
  | 'policy-counters'
  | 'container-cluster'
  | 'inventory'
  | 'vm'
  | 'certificate'
  | 'principal-identity'
  | 'cluster-uid'
  | 'heartbeat'
  | 'setting'
  | 'user'

export interface Storage {
  /** As the last process left it; read once, when the stores are made. Values are JSON. */
  kept(room: Room): Iterable<readonly [key: string, value: unknown]>
  /** The content is that of a backup: whoever knew a later one must not take this for its continuation. */
  readonly isRestored: boolean
  /** Throws NSX's 507 or 503 while the disk takes no writes. To be asked before anything is changed. */
  check(): void
  /**
   * From the next commit on this JSON value is kept under the key; undefined: nothing is. It must not change any more. A
   * function gives it when it is written.
   */
  keep(room: Room, key: string, value: unknown): void
  /** How memory is put back should the disk refuse what was noted since the last commit. The last step goes first. */
  undo(step: () => void): void
  /** Something was noted that is not durable yet. */
  readonly isPending: boolean
  /** Resolves when it is; rejects with NSX's error when the disk refused it. */
  settled(): Promise<void>
  /** Called once, when nothing is pending any more, whatever became of it. */
  afterSettled(listener: () => void): void
  /** Called when the disk refused something, after memory was put back and before anybody hears of it. */
  onRefused(listener: () => void): void
  /** Why no writes are taken; undefined when they are. */
  readonly trouble: string | undefined
}

/** Nothing outlives the process, and nothing is waited for. */
export const IN_MEMORY: Storage = {
  kept: () => [],
  isRestored: false,
  check: () => {},
  keep: () => {},
  undo: () => {},
  isPending: false,
  settled: () => Promise.resolve(),
  afterSettled: (listener) => listener(),
  onRefused: () => {},
  trouble: undefined,
}

/** One value that is kept whole: settings of the manager itself. It is replaced, never changed. */
export interface KeptValue<T> {
  get(): T
  /** Throws what `check` throws. */
  set(value: T): void
}

/** `T` is JSON. What was kept is taken as it is: this program wrote it, and its sum is checked. */
export function keptValue<T>(storage: Storage, key: string, initial: T): KeptValue<T> {
  let current = initial
  for (const [name, value] of storage.kept('setting')) if (name === key) current = value as T
  return {
    get: () => current,
    set(value) {
      storage.check()
      const before = current
      current = value
      storage.keep('setting', key, value)
      storage.undo(() => {
        current = before
      })
    },
  }
}
