/**
 * Sessions of NSX's API: `POST /api/session/create` with a form, then the cookie JSESSIONID and the header X-XSRF-TOKEN with
 * each call. A session lives on the manager that gave it alone, and ends after 30 idle minutes.
 */
import { retry } from '../../errors.ts'
import { NSX_CALL_TIMEOUT_MS } from '../../limits.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import type { NsxLogin } from '../contract.ts'
import { NsxAnswerError } from '../errors.ts'
import { sendWhole } from '../exchange.ts'
import { createGuard } from './guard.ts'
import type { Credentials, Identity } from './types.ts'

export function createSessions(login: NsxLogin, clock: Clock): Identity {
  const guard = createGuard(login, clock)
  /** Of each manager, also while it is being made: all who want one wait for the same. */
  const sessions = new Map<HttpClient, Promise<Credentials>>()
  /** What each promise came to. */
  const made = new Map<HttpClient, Credentials>()

  const signIn = async (http: HttpClient): Promise<Credentials> => {
    const password = guard.password()
    try {
      const credentials = await create(http, clock, login.username, password)
      made.set(http, credentials)
      return credentials
    } catch (thrown) {
      const isRefusal = thrown instanceof NsxAnswerError && (thrown.status === 401 || thrown.status === 403)
      if (!isRefusal) throw thrown
      throw guard.refused(password, `${http.origin} does not let ${login.username} in: ${thrown.message}`)
    }
  }

  return {
    async credentials(http) {
      const known = sessions.get(http)
      if (known !== undefined) return known
      const session = signIn(http)
      sessions.set(http, session)
      session.catch(() => {
        if (sessions.get(http) === session) sessions.delete(http)
      })
      return session
    },
    refused(http, credentials) {
      // Another call may have seen to it already.
      if (made.get(http) === credentials) {
        made.delete(http)
        sessions.delete(http)
      }
      return true
    },
    renewed: () => guard.renewed(),
    async close() {
      const open = [...made]
      sessions.clear()
      made.clear()
      await Promise.all(open.map(([http, credentials]) => destroy(http, clock, credentials)))
    },
  }
}

async function create(
  http: HttpClient,
  clock: Clock,
  username: string,
  password: string,
): Promise<Credentials> {
  const path = '/api/session/create'
  const answer = await sendWhole(http, clock, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ j_username: username, j_password: password }).toString(),
    headersTimeoutMs: NSX_CALL_TIMEOUT_MS,
  })
  const cookie = /(?:^|[\s,;])JSESSIONID=([^;,\s]+)/.exec(answer.headers['set-cookie'] ?? '')?.[1]
  const token = answer.headers['x-xsrf-token']
  if (cookie === undefined || token === undefined)
    throw retry(
      'NSX_PROTOCOL',
      `${http.origin}${path} gave no session; check that this address is an NSX Manager and that it allows sessions`,
    )
  return { headers: { cookie: `JSESSIONID=${cookie}`, 'x-xsrf-token': token } }
}

/** Part of a stop, which has some three seconds in all. */
const DESTROY_MS = 500

/** What fails ends by itself after 30 minutes. */
const destroy = (http: HttpClient, clock: Clock, { headers }: Credentials): Promise<unknown> =>
  sendWhole(http, clock, {
    method: 'POST',
    path: '/api/session/destroy',
    headers,
    headersTimeoutMs: DESTROY_MS,
  }).catch(() => {})
