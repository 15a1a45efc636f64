/** The states of the managers as they are now, and who hears when one is found down or up again. */
import { AdapterError, retry } from '../../errors.ts'
import type { Logger } from '../../log/index.ts'
import type { Clock, HttpClient, Random } from '../../world/index.ts'
import type { EndpointView } from '../contract.ts'
import { answered, type EndpointState, failed, NEW_ENDPOINT } from './state.ts'

export interface BookOptions {
  readonly clients: readonly HttpClient[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly onEndpoints?: (endpoints: readonly EndpointView[]) => void
}

export interface Book {
  readonly states: readonly EndpointState[]
  readonly clients: readonly HttpClient[]
  stateOf(endpoint: number): EndpointState
  clientOf(endpoint: number): HttpClient
  put(endpoint: number, next: EndpointState): void
  answered(endpoint: number): void
  failed(endpoint: number, error: AdapterError): void
  view(): readonly EndpointView[]
  /** Why none answers; one that a person has to see to is told before one that passes. */
  whyDown(): AdapterError
}

export function createBook(options: BookOptions): Book {
  const { clients, clock, random, log } = options
  const states: EndpointState[] = clients.map(() => NEW_ENDPOINT)
  const clientOf = (endpoint: number): HttpClient => clients[endpoint] as HttpClient
  const stateOf = (endpoint: number): EndpointState => states[endpoint] ?? NEW_ENDPOINT
  const view = () =>
    states.map(({ health, inFlight, reason }, index) => ({
      origin: clientOf(index).origin,
      health,
      inFlight,
      ...(reason === undefined ? {} : { reason: { code: reason.code, message: reason.message } }),
    }))
  const put = (endpoint: number, next: EndpointState) => {
    const before = stateOf(endpoint)
    states[endpoint] = next
    if (before.health === next.health) return
    const { origin } = clientOf(endpoint)
    if (next.health === 'down')
      log.warn({ code: next.reason?.code }, `${origin} does not answer: ${next.reason?.message}`)
    else log.info({}, `${origin} answers`)
    options.onEndpoints?.(view())
  }
  return {
    states,
    clients,
    stateOf,
    clientOf,
    put,
    view,
    answered: (endpoint) => put(endpoint, answered(stateOf(endpoint), clock.monotonicMs())),
    failed: (endpoint, error) =>
      put(endpoint, failed(stateOf(endpoint), clock.monotonicMs(), random.next(), error)),
    whyDown: () => whyDown(states, clients),
  }
}

function whyDown(states: readonly EndpointState[], clients: readonly HttpClient[]): AdapterError {
  const reasons = states.flatMap(({ reason }) => reason ?? [])
  const worst = reasons.find(({ kind }) => kind === 'needs-person') ?? reasons[0]
  if (worst === undefined)
    return retry(
      'NSX_NOT_HEALTHY',
      `${clients.map(({ origin }) => origin).join(', ')}: no manager answers; it is tried again`,
    )
  const { kind, code } = worst
  if (states.length === 1) return new AdapterError(kind, code, worst.message)
  const words = `none of ${states.length} managers answers: ${reasons.map(({ message }) => message).join('; ')}`
  // Where one of them may come back by itself, it is waited for.
  const isAlike = reasons.every((reason) => reason.kind === kind)
  return isAlike ? new AdapterError(kind, code, words) : retry(code, words)
}
