/** NSX by whichever driver, as the composition has it, and what people have to know of it. */
import { needsPerson } from '../errors.ts'
import type { Health } from '../health/index.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import { createNsxManager } from './client.ts'
import type { EndpointView, NsxManager, NsxRest } from './contract.ts'
import { createNsxRest, type NsxRestOptions } from './rest.ts'

export type NsxRestGiven = Pick<NsxRestOptions, 'clients' | 'login' | 'requestsPerSecondMax'>

export interface OpenNsxOptions {
  /** A manager with the channels; or … */
  readonly nsxHttp?: HttpClient
  /** … the public API alone. */
  readonly nsxRest?: NsxRestGiven
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
}

/** Nothing is sent yet. Throws when neither is given. */
export function openNsx(options: OpenNsxOptions): NsxManager | NsxRest {
  const { nsxHttp: http, nsxRest: rest, health, clock, random, log } = options
  const world = { clock, random, log }
  if (rest !== undefined) {
    health.set('NSX_PUBLIC_API', 'nsx.driver is rest')
    return createNsxRest({ ...rest, ...world, onEndpoints: (all) => tell(health, all) })
  }
  if (http !== undefined) return createNsxManager({ http, ...world })
  throw needsPerson('INTERNAL', 'neither a manager nor managers were given; please report it')
}

function tell(health: Health, all: readonly EndpointView[]): void {
  const words = all.map((endpoint) => `${endpoint.origin} ${endpoint.health}${because(endpoint)}`)
  health.set('NSX_PUBLIC_API', words.join(', '))
  const down = all.filter((endpoint) => endpoint.health === 'down')
  // When none answers, the link itself tells.
  if (down.length === 0 || down.length === all.length) {
    health.clear('NSX_MANAGER_DOWN')
    return
  }
  const which = down.map((endpoint) => `${endpoint.origin}${because(endpoint)}`)
  health.set('NSX_MANAGER_DOWN', `${down.length} of ${all.length}: ${which.join(', ')}`)
}

const because = ({ reason }: EndpointView): string => (reason === undefined ? '' : ` (${reason.code})`)
