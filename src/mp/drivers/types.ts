import type { Operation } from '../../operations/index.ts'
import type { Session } from '../../protocol/index.ts'
import type { MpDeps } from '../deps.ts'
import type { PostHealth } from '../health/index.ts'
import type { Answers, RequestListener } from '../requests/index.ts'

/** As machines/adapter.ts has it. */
export interface MpLeader {
  readonly leaseCreated: number
  readonly transitions: number
}

export interface MpDriver {
  /** Of these, what is carried out when NSX asks; may be wrapped. */
  operations(all: readonly Operation[]): readonly Operation[]
  /** `kinds`: those it carries out. Rejects with an AdapterError. */
  connect(leader: MpLeader, kinds: readonly string[], signal: AbortSignal): Promise<Session>
  /** Hears what NSX asks until the signal is aborted or it fails; then `onFailed`, and never rejects. */
  follow(session: string, listener: RequestListener, signal: AbortSignal): Promise<void>
  /** Resolves when NSX answers on a fresh connection. */
  probe(signal: AbortSignal): Promise<void>
  close(session: string): Promise<void>
  readonly postHealth: PostHealth
  readonly answers: Answers
}

export type DriverDeps = Pick<
  MpDeps,
  | 'clock'
  | 'random'
  | 'log'
  | 'clusterId'
  | 'clusterName'
  | 'clusterUid'
  | 'instance'
  | 'adapterVersion'
  | 'gate'
>
