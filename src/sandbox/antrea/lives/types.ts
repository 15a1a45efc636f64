/** What the lives share. */
import type { Logger } from '../../../log/index.ts'
import type { Clock, HttpClient, Random } from '../../../world/index.ts'

export interface LifeDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal
}
