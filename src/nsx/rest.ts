/**
 * An NSX by its public API (docs/nsx-manager.md): every call goes to the least busy of the managers that answer, at the pace
 * that NSX allows, with what says who we are; where that manager cannot, to another one. What may have reached a manager
 * is sent again only when that does no harm (NsxCall.isRepeatable).
 */
import { type AdapterError, asAdapterError, TransportError, type TransportFault } from '../errors.ts'
import {
  NSX_REST_IN_FLIGHT_MAX,
  NSX_REST_MAX_PER_SECOND,
  NSX_REST_START_PER_SECOND,
  NSX_REST_STEP_PER_SECOND,
  NSX_REST_TRIES_MAX,
  NSX_SPARE_MS,
} from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type Clock, type HttpClient, type Random, until } from '../world/index.ts'
import type { EndpointView, NsxCall, NsxLogin, NsxRest } from './contract.ts'
import { createEndpoints, type Endpoints } from './endpoints/index.ts'
import type { NextStep } from './error-table.ts'
import { NsxAnswerError } from './errors.ts'
import { exchange } from './exchange.ts'
import { type Credentials, createBasic, createSessions, type Identity } from './identity/index.ts'
import { createLimiter, type Limiter } from './limiter.ts'

export interface NsxRestOptions {
  /** One a manager; those of one NSX, which hold the same. */
  readonly clients: readonly HttpClient[]
  /** Absent: the clients' certificate says who we are. */
  readonly login?: NsxLogin
  /** NSX_REST_MAX_PER_SECOND when absent. */
  readonly requestsPerSecondMax?: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Told when a manager is found to be down, or up again. */
  readonly onEndpoints?: (endpoints: readonly EndpointView[]) => void
}

interface Parts {
  readonly clock: Clock
  readonly random: Random
  readonly endpoints: Endpoints
  readonly limiter: Limiter
  readonly identity: Identity | undefined
}

/** The clients are its own from now on. */
export function createNsxRest(options: NsxRestOptions): NsxRest {
  const { login, clock, random, requestsPerSecondMax: maxPerSecond = NSX_REST_MAX_PER_SECOND } = options
  const endpoints = createEndpoints(options)
  const identity =
    login === undefined
      ? undefined
      : login.kind === 'session'
        ? createSessions(login, clock)
        : createBasic(login, clock)
  const limiter = createLimiter({
    clock,
    startPerSecond: Math.min(NSX_REST_START_PER_SECOND, maxPerSecond),
    maxPerSecond,
    stepPerSecond: NSX_REST_STEP_PER_SECOND,
    inFlightMax: NSX_REST_IN_FLIGHT_MAX,
  })
  const parts: Parts = { clock, random, endpoints, limiter, identity }
  return {
    driver: 'rest',
    origin: endpoints.origin,
    call: (wanted) => call(parts, wanted),
    probe: (signal) => endpoints.probe(signal),
    endpoints: () => endpoints.view(),
    renewed: () => identity?.renewed(),
    reset: () => endpoints.reset(),
    async close() {
      await identity?.close()
      await endpoints.close()
    },
  }
}

type Outcome<T> =
  | { readonly value: T }
  | { readonly error: AdapterError; readonly next: NextStep; readonly endpoint: number }

async function call<T>(parts: Parts, wanted: NsxCall): Promise<T> {
  const { endpoints, limiter } = parts
  const tried = new Set<number>()
  let hasSignedInAgain = false
  let last: AdapterError | undefined
  for (let tries = 1; ; tries += 1) {
    endpoints.lookAtThoseDown()
    const outcome = await limiter.run(async (): Promise<Outcome<T>> => {
      const endpoint = await endpoints.choose(tried, last, wanted.signal)
      return attempt(parts, endpoint, wanted, tries)
    }, wanted.signal)
    if ('value' in outcome) return outcome.value
    const { error, next, endpoint } = outcome
    last = error
    if (next === 'give-up' || tries >= NSX_REST_TRIES_MAX) throw error
    if (next === 'sign-in' && hasSignedInAgain) throw error
    if (next === 'sign-in') hasSignedInAgain = true
    if (next !== 'elsewhere') continue
    tried.add(endpoint)
    // It only asked to wait, and there is no other: then it is waited for.
    if (isSlowDown(error) && !endpoints.hasOther(tried)) tried.clear()
  }
}

const isSlowDown = (error: AdapterError): boolean =>
  error instanceof NsxAnswerError && (error.status === 429 || error.status === 503)

/** Sends it once, to this manager, and notes what that says of it. */
async function attempt<T>(
  parts: Parts,
  endpoint: number,
  wanted: NsxCall,
  tries: number,
): Promise<Outcome<T>> {
  const { clock, endpoints, identity } = parts
  const { http, sinceMs, answered, end } = endpoints.begin(endpoint)
  let wasSent = false
  let credentials: Credentials | undefined
  try {
    credentials = identity === undefined ? undefined : await until(identity.credentials(http), wanted.signal)
    const onSend = () => {
      wasSent = true
    }
    const { value } = await exchange<T>(http, clock, wanted, {
      onSend,
      ...(credentials === undefined ? {} : { headers: credentials.headers }),
    })
    answered()
    return { value }
  } catch (thrown) {
    if (wanted.signal?.aborted === true) throw wanted.signal.reason
    const error = asAdapterError(thrown)
    const isHarmless = !wasSent || (wanted.isRepeatable ?? wanted.method === 'GET')
    const failure: Failure = { endpoint, http, error, isHarmless, sinceMs, credentials, tries }
    return { error, endpoint, next: noted(parts, failure) }
  } finally {
    end()
  }
}

interface Failure {
  readonly endpoint: number
  readonly http: HttpClient
  readonly error: AdapterError
  /** To send it again. */
  readonly isHarmless: boolean
  readonly sinceMs: number
  readonly credentials: Credentials | undefined
  readonly tries: number
}

/** What a failed call says of its manager, and what may be done with the call. */
function noted(parts: Parts, failure: Failure): NextStep {
  const { error } = failure
  if (error instanceof TransportError) return afterTransport(parts, failure, error.fault)
  if (error instanceof NsxAnswerError) return afterAnswer(parts, failure, error)
  // Something answers there that is no NSX Manager: a proxy's page.
  if (error.code === 'NSX_NOT_JSON') {
    parts.endpoints.spare(failure.endpoint, NSX_SPARE_MS)
    return failure.isHarmless ? 'elsewhere' : 'give-up'
  }
  return 'give-up'
}

function afterTransport(
  { endpoints }: Parts,
  { endpoint, error, isHarmless, sinceMs }: Failure,
  fault: TransportFault,
): NextStep {
  if (fault === 'too-large') return 'give-up'
  // We gave its sockets up ourselves.
  if (fault === 'closed') return isHarmless ? 'again' : 'give-up'
  // The call is slow, not the manager: it would be slow elsewhere.
  if (fault === 'timeout' && !endpoints.isSilent(endpoint, sinceMs)) return 'give-up'
  endpoints.lost(endpoint, error, fault === 'timeout')
  return isHarmless ? 'elsewhere' : 'give-up'
}

function afterAnswer(
  { endpoints, limiter, identity, random }: Parts,
  { endpoint, http, isHarmless, credentials, tries }: Failure,
  error: NsxAnswerError,
): NextStep {
  endpoints.answered(endpoint)
  const { next, retryAfterMs } = error
  if (isSlowDown(error)) {
    const waitMs = retryAfterMs ?? SLOW_DOWN_BASE_MS * 2 ** tries * (0.5 + random.next() / 2)
    // The pace is halved in any case; all calls wait only where no other manager can be asked meanwhile.
    limiter.refused(endpoints.hasFresh(endpoint) ? 0 : waitMs)
  }
  if (next === 'elsewhere' || isSlowDown(error)) endpoints.spare(endpoint, retryAfterMs ?? NSX_SPARE_MS)
  if (next === 'elsewhere') return isHarmless || error.isFromNsx ? 'elsewhere' : 'give-up'
  if (next !== 'sign-in') return next
  if (identity !== undefined && credentials !== undefined)
    return identity.refused(http, credentials) ? 'sign-in' : 'give-up'
  // One manager may not know a certificate yet that another one does.
  return error.status === 500 ? 'elsewhere' : 'give-up'
}

/** As nsx-operator's: 100 ms, doubled with each try. */
const SLOW_DOWN_BASE_MS = 100
