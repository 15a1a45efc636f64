/** Several NSX Managers of one NSX that misbehave on request, and the client over them, on a fake clock. */
import { SILENT } from '../../../src/log/index.ts'
import { createNsxRest, type EndpointView, type NsxLogin } from '../../../src/nsx/index.ts'
import type { ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

export const json = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export const refusal = (status: number, errorCode: number, headers: Record<string, string> = {}) =>
  json(status, { httpStatus: 'X', error_code: errorCode, error_message: `says ${status}` }, headers)

export type Answer = (
  request: ServerRequest,
) => ServerResponse | undefined | Promise<ServerResponse | undefined>

export const HEALTH = '/api/v1/reverse-proxy/node/health'

export interface FakeManager {
  readonly name: string
  /** In place of what it would answer; undefined lets it. */
  answer: Answer
  isHealthy: boolean
  readonly seen: string[]
  readonly faults: ReturnType<typeof connectInProcess>['faults']
  resets: number
  /** Sessions that live here. */
  readonly sessions: Set<string>
}

interface Options {
  readonly managers?: number
  readonly login?: NsxLogin
  readonly password?: string
  readonly requestsPerSecondMax?: number
}

export function startManagers({ managers = 3, login, password = 'right', ...rest }: Options = {}) {
  const clock = createFakeClock()
  // Not shuffled, so that the first is the one that is chosen.
  const random = { ...createSeededRandom(3), next: () => 0 }
  let count = 0
  const made = Array.from({ length: managers }, (_, index) => {
    const manager: Omit<FakeManager, 'faults'> = {
      name: `m${index}`,
      answer: () => undefined,
      isHealthy: true,
      seen: [],
      resets: 0,
      sessions: new Set(),
    }
    const route = async (request: ServerRequest): Promise<ServerResponse> => {
      const { method, path, headers } = request
      manager.seen.push(`${method} ${path}`)
      if (path === HEALTH) return json(manager.isHealthy ? 200 : 503, { healthy: manager.isHealthy })
      const own = await manager.answer(request)
      if (own !== undefined) return own
      if (path === '/api/session/create') {
        const form = new URLSearchParams(Buffer.from(await request.body(10_000)).toString())
        if (form.get('j_password') !== password) return refusal(403, 403)
        count += 1
        manager.sessions.add(`s${count}`)
        return {
          status: 200,
          headers: {
            'set-cookie': `JSESSIONID=s${count}; Path=/; Secure; HttpOnly`,
            'x-xsrf-token': `t${count}`,
          },
        }
      }
      const session = /JSESSIONID=(\w+)/.exec(headers['cookie'] ?? '')?.[1] ?? ''
      if (path === '/api/session/destroy') {
        manager.sessions.delete(session)
        return { status: 200 }
      }
      const isKnown = manager.sessions.has(session) && headers['x-xsrf-token'] === session.replace('s', 't')
      if (login?.kind === 'session' && !isKnown) return refusal(403, 98)
      if (login?.kind === 'basic') {
        const wanted = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
        if (headers['authorization'] !== wanted) return refusal(403, 403)
      }
      return json(200, { from: manager.name })
    }
    const { client, faults } = connectInProcess(route, {
      origin: `https://m${index}.test`,
      peer: { address: 'test' },
      clock,
    })
    const all: FakeManager = Object.assign(manager, { faults })
    const http = {
      ...client,
      reset() {
        all.resets += 1
        client.reset()
      },
    }
    return { manager: all, http }
  })
  const told: (readonly EndpointView[])[] = []
  const nsx = createNsxRest({
    clients: made.map(({ http }) => http),
    ...(login === undefined ? {} : { login }),
    ...rest,
    clock,
    random,
    log: SILENT,
    onEndpoints: (all) => told.push(all),
  })
  const get = (path = '/x') => nsx.call<{ from: string }>({ method: 'GET', path })
  const outcome = (work: Promise<{ from: string }>): Promise<string> =>
    work.then(
      ({ from }) => from,
      (error: { kind: string; code: string }) => `${error.kind} ${error.code}`,
    )
  /** Of one call, with the clock going on as long as it takes. */
  const outcomeOf = async (work: Promise<{ from: string }>, withinMs = 60_000): Promise<string> => {
    let result: string | undefined
    void outcome(work).then((words) => {
      result = words
    })
    for (let ms = 0; result === undefined && ms < withinMs; ms += 50) await clock.advance(50)
    return result ?? 'nothing'
  }
  return { clock, nsx, managers: made.map(({ manager }) => manager), get, outcomeOf, told }
}
