/** Where the answers of requests go. */
import type { NsxManager } from '../../nsx/index.ts'
import type { ContentSink, Fields } from '../../operations/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import { createContentSink } from './content.ts'

export interface Acknowledged {
  readonly acknowledged?: unknown
}

/** Consecutive events of one request. */
export interface AnswerEvents {
  readonly session: string
  readonly attempt: number
  readonly events: readonly Fields[]
}

export interface Answers {
  /** Rejects with the manager's error. */
  post(request: string, body: AnswerEvents, signal?: AbortSignal): Promise<Acknowledged | undefined>
  /** Absent: nobody takes content. */
  content?(request: string, session: () => string | undefined): ContentSink
}

interface Deps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly random: Random
  readonly clusterId: string
}

/** To the manager, by the channel (docs/protocol.md, Requests). */
export const channelAnswers = (deps: Deps): Answers => ({
  post: (request, body, signal) =>
    deps.nsx.call<Acknowledged | undefined>({
      method: 'POST',
      path: `/mp/v1/clusters/${encodeURIComponent(deps.clusterId)}/requests/${encodeURIComponent(request)}/events`,
      body,
      ...(signal === undefined ? {} : { signal }),
    }),
  content: (request, session) => createContentSink({ ...deps, id: request, session }),
})
