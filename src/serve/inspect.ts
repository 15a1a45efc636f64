/** GET /inspect and what is below it: the page, the charts, what lives now, what went before, and what comes. Read-only. */
import type { InspectionEvent } from 'xstate'
import type { History, Transition } from '../diagnostics/index.ts'
import { asAdapterError } from '../errors.ts'
import type { Fact } from '../health/index.ts'
import { INSPECT_HISTORY_ROWS_MAX } from '../limits.ts'
import type { Clock, ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, json } from './answers.ts'
import { createLiveActors } from './inspect-actors.ts'
import { createLanes, type Lanes } from './inspect-lanes.ts'
import { createLiveStream } from './inspect-stream.ts'
import type { NowView, PastView, SpanView, StatusBrief, StatusPart } from './ui/view.ts'

/** What the live view hears. All of it must be told as it happens; nothing here throws or waits. */
export interface Inspection {
  readonly inspect: (event: InspectionEvent) => void
  transition(transition: Transition): void
  fact(fact: Fact): void
  /** Those who look on are told that the adapter stops, some 20 ms before this resolves. */
  close(): Promise<void>
  /** Answers everything at and below /inspect. Who may ask is the caller's matter. */
  handler(source: InspectSource): (request: ServerRequest) => Promise<ServerResponse>
}

export interface InspectSource {
  status(): StatusPart
  readonly history: History
}

type Route = (request: ServerRequest) => ServerResponse | Promise<ServerResponse>

export function createInspection(clock: Clock): Inspection {
  const actors = createLiveActors(clock)
  const lanes = createLanes(clock)
  let status: () => StatusPart = () => ({ ready: false, reasons: [], warnings: [] })
  const now = (): NowView => ({
    kind: 'now',
    at: clock.now(),
    actors: actors.view(),
    ...partsOf(lanes, status()),
  })
  const stream = createLiveStream(clock, now)
  return {
    inspect(event) {
      actors.inspect(event)
      lanes.inspect(event)
    },
    transition: (transition) => stream.transition(transition),
    fact: (fact) => lanes.fact(fact),
    close: () => stream.close('the adapter stops'),
    handler(source) {
      status = () => source.status()
      const routes: Readonly<Record<string, Route>> = {
        '/inspect/now': () => json(200, now()),
        '/inspect/live': ({ method, signal }) => live(method === 'HEAD' ? '' : stream.read(signal)),
        '/inspect/transitions': (request) => transitions(source.history, request),
        '/inspect/at': (request) => standing(source.history, request),
        '/inspect/span': () => span(source.history),
      }
      return async (request) => {
        if (request.method !== 'GET' && request.method !== 'HEAD')
          return fail(405, 'SERVE_METHOD', 'what is below /inspect is only read: GET')
        const route = routes[request.path]
        if (route !== undefined) return route(request)
        // Loaded when somebody looks: the charts are large.
        const { pageAnswer } = await import('./ui/index.ts')
        return (
          pageAnswer(request) ??
          fail(404, 'SERVE_NOT_FOUND', `there are /inspect, ${Object.keys(routes).join(', ')}`)
        )
      }
    },
  }
}

function live(body: AsyncIterable<string> | '' | undefined): ServerResponse {
  if (body === undefined)
    return fail(
      503,
      'INSPECT_BUSY',
      'as many look on as are let in: close one of the pages, or try again later',
    )
  return {
    status: 200,
    headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
    body,
  }
}

const partsOf = (lanes: Lanes, status: StatusPart): Pick<NowView, 'lanes' | 'status'> => ({
  lanes: lanes.view(status),
  status: briefOf(status),
})

/** Of the status only this is shown beside the charts. */
const briefOf = ({
  ready,
  reasons,
  warnings,
  role,
  instance,
  version,
  leader,
  cluster,
}: StatusBrief): StatusBrief =>
  ({ ready, reasons, warnings, role, instance, version, leader, cluster }) as StatusBrief

/** A moment in the query; undefined when absent, NaN when it is none. */
const momentOf = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  return text === null ? undefined : /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
}

const badMoment = (name: string) =>
  fail(400, 'SERVE_BAD_QUERY', `${name} must be milliseconds since 1970, a whole number`)

/** `?limit=&until=&machine=`: the newest so many up to then, oldest first. */
async function transitions(history: History, { query }: ServerRequest): Promise<ServerResponse> {
  const limit = Number(query.get('limit') ?? INSPECT_HISTORY_ROWS_MAX)
  if (!Number.isInteger(limit) || limit < 1 || limit > INSPECT_HISTORY_ROWS_MAX)
    return fail(400, 'SERVE_BAD_QUERY', `limit must be a whole number from 1 to ${INSPECT_HISTORY_ROWS_MAX}`)
  const untilMs = momentOf(query, 'until')
  if (Number.isNaN(untilMs)) return badMoment('until')
  const machine = query.get('machine')
  return answered(async () => ({
    transitions: await history.read({
      limit,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(machine === null ? {} : { machine }),
    }),
  }))
}

/** `?at=`: how the charts stood then. */
async function standing(history: History, { query }: ServerRequest): Promise<ServerResponse> {
  const at = momentOf(query, 'at')
  if (at === undefined || Number.isNaN(at)) return badMoment('at')
  return answered(async (): Promise<PastView> => {
    const { atMs, transitions: rows, warnings } = await history.standing(at)
    return {
      at: atMs,
      transitions: rows,
      warnings: warnings.map(({ at: since, ...warning }) => ({ ...warning, since })),
    }
  })
}

const span = (history: History): Promise<ServerResponse> =>
  answered(async (): Promise<SpanView> => {
    const { oldestMs, newestMs, rows } = await history.span()
    return {
      ...(oldestMs === undefined ? {} : { oldest: oldestMs }),
      ...(newestMs === undefined ? {} : { newest: newestMs }),
      transitions: rows.transition ?? 0,
    }
  })

async function answered(ask: () => Promise<unknown>): Promise<ServerResponse> {
  try {
    return json(200, await ask())
  } catch (error) {
    return fail(503, 'DIAGNOSTICS_LOST', asAdapterError(error).message)
  }
}
