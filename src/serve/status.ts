/** GET /livez, /readyz, /metrics, /status, /diff, /explain, /transitions, /history, /adoption, /logs, /log-level and POST /approve, /adopt, /log-level, /pause, /resume. */
import type { History } from '../diagnostics/index.ts'
import { asAdapterError } from '../errors.ts'
import type { OwnLog } from '../log/index.ts'
import { sha256Hex } from '../protocol/index.ts'
import type { Clock, Handler, ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, json } from './answers.ts'
import { showDiff } from './diff.ts'
import { showExplanation } from './explain.ts'
import { type Check, kindOf, liveChecks, showHealth } from './health.ts'
import { showHistory, showTransitions } from './history.ts'
import { changeLevel, showLevel, showLog } from './logs.ts'
import { type MeasuredSource, showMetrics } from './metrics.ts'
import { type Pausing, pause, resume } from './pause.ts'
import { createTurns, type Looking } from './sight.ts'

/** The part of the status this endpoint itself looks at; everything else is passed on as it is. */
export interface StatusView {
  readonly ready: boolean
  readonly checks: readonly Check[]
  readonly warnings: readonly { readonly code: string; readonly detail: string; readonly severity: string }[]
}

export interface StatusSource {
  status(): StatusView
  /** How long no chart has moved. */
  idleMs(): number
  readonly history: History
  approve(): void
  /** Objects of another adapter, a line each. */
  adoption(): readonly string[]
  /** Takes over what was shown. */
  adopt(shown: readonly string[]): Promise<void>
  /** The log of this process, where it keeps one. */
  readonly own?: { readonly log: OwnLog; readonly clock: Clock }
  readonly metrics?: MeasuredSource
  readonly pausing?: Pausing
  /** What is looked at by `diff` and `explain`. */
  readonly looking?: Looking
  /** Answers what is at and below /inspect, where the charts are looked at. */
  readonly inspect?: Handler
}

/**
 * Answers whoever can reach the socket. What a browser sends on behalf of a page (an Origin, a foreign Host) is refused,
 * so that no web page reads or approves anything through a loopback port.
 */
export function createStatusHandler(source: StatusSource): Handler {
  const routes: Readonly<
    Record<string, (request: ServerRequest) => ServerResponse | Promise<ServerResponse>>
  > = {
    'GET /status': () => json(200, source.status()),
    'GET /transitions': (request) => showTransitions(source.history, request),
    'GET /history': (request) => showHistory(source.history, request),
    'GET /adoption': () => json(200, adoptionOf(source)),
    'POST /adopt': (request) => adopt(source, request),
    'POST /approve': () => {
      source.approve()
      return json(202, { approved: true })
    },
    ...routesOfLog(source),
    ...routesOfLooks(source),
    ...routesOfMeans(source),
  }
  return async (request) => {
    const isInspect = source.inspect !== undefined && /^\/inspect(\/|$)/.test(request.path)
    if (!isLocal(request) && !(isInspect && isOwnPage(request)))
      return fail(403, 'SERVE_FORBIDDEN', 'this endpoint is not for web pages')
    if (isInspect && source.inspect !== undefined) return source.inspect(request)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const health = method === 'GET' ? kindOf(request.path) : undefined
    if (health !== undefined) return healthOf(source, health, request)
    const route = routes[`${method} ${request.path}`]
    if (route !== undefined) return route(request)
    const other = Object.keys(routes).find((known) => known.endsWith(` ${request.path}`))
    if (other !== undefined) return fail(405, 'SERVE_METHOD', `this is ${other}`)
    return fail(
      404,
      'SERVE_NOT_FOUND',
      `there are GET /livez, GET /readyz, ${Object.keys(routes).join(', ')}`,
    )
  }
}

function routesOfLooks({
  looking,
}: StatusSource): Readonly<Record<string, (request: ServerRequest) => Promise<ServerResponse>>> {
  if (looking === undefined) return {}
  const turns = createTurns(looking.clock)
  return {
    'GET /diff': (request) => showDiff(looking, turns, request),
    'GET /explain': (request) => showExplanation(looking, turns, request),
  }
}

function routesOfMeans({
  metrics,
  pausing,
}: StatusSource): Readonly<
  Record<string, (request: ServerRequest) => ServerResponse | Promise<ServerResponse>>
> {
  return {
    ...(metrics === undefined
      ? {}
      : { 'GET /metrics': (request: ServerRequest) => showMetrics(metrics, request) }),
    ...(pausing === undefined
      ? {}
      : {
          'POST /pause': (request: ServerRequest) => pause(pausing, request),
          'POST /resume': (request: ServerRequest) => resume(pausing, request),
        }),
  }
}

function healthOf(
  source: StatusSource,
  health: NonNullable<ReturnType<typeof kindOf>>,
  request: ServerRequest,
): ServerResponse {
  if (health.kind === 'livez') return showHealth(health, { checks: liveChecks(source.idleMs()) }, request)
  return showHealth(health, source.status(), request)
}

const routesOfLog = ({
  own,
}: StatusSource): Readonly<Record<string, (request: ServerRequest) => ServerResponse>> =>
  own === undefined
    ? {}
    : {
        'GET /logs': (request) => showLog(own.log, own.clock, request),
        'GET /log-level': () => showLevel(own.log),
        'POST /log-level': (request) => changeLevel(own.log, request),
      }

const isLocal = ({ headers }: ServerRequest): boolean =>
  headers['origin'] === undefined && isLocalHost(headers['host'])

/** The page at /inspect asks for its modules with its own origin (HTML §8.1.4.2: module scripts are fetched in CORS mode). */
const isOwnPage = ({ headers }: ServerRequest): boolean =>
  headers['origin'] === `http://${headers['host']}` && isLocalHost(headers['host'])

const isLocalHost = (host = 'localhost'): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(host.replace(/:\d+$/, ''))

/** `id` stands for the list: who agrees to it sends it back. */
function adoptionOf(source: StatusSource): { readonly id: string; readonly objects: readonly string[] } {
  const objects = source.adoption()
  return { id: sha256Hex(objects.join('\n')), objects }
}

async function adopt(source: StatusSource, { query }: ServerRequest): Promise<ServerResponse> {
  const { id, objects } = adoptionOf(source)
  if (query.get('id') !== id)
    return fail(409, 'ADOPT_CHANGED', 'what can be adopted is not what was shown any more; look again')
  try {
    await source.adopt(objects)
    return json(200, { adopted: objects.length })
  } catch (error) {
    const { code, message } = asAdapterError(error)
    return fail(503, code, message)
  }
}
