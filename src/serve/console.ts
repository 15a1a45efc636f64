/**
 * What a browser on this machine is given by the `console` command: the page at /inspect and what it asks for, passed on
 * from the daemon's socket, to whoever opened the address with the one-time token. Nothing is changed through it.
 *
 * Who else can reach a loopback port: other users of the machine, and pages of the web through the browser. The first have
 * neither token nor cookie; of the second, names that resolve to loopback are refused by Host, other origins by Origin and
 * Sec-Fetch-Site, and the cookie is not sent for them (SameSite=Strict). There is no CORS.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { CONSOLE_CALL_TIMEOUT_MS, CONSOLE_SILENCE_MS, CONSOLE_TOKEN_MS } from '../limits.ts'
import type { Clock, Handler, HttpClient, Random, ServerRequest, ServerResponse } from '../world/index.ts'
import { fail } from './answers.ts'

export interface ConsoleOptions {
  /** The daemon's status endpoint. */
  readonly upstream: HttpClient
  readonly clock: Clock
  readonly random: Random
  /** Where this is listened on; known when it is. */
  readonly port: () => number
}

export interface Console {
  readonly handler: Handler
  /** Path and query that let one browser in, once. */
  readonly path: string
}

/** 244 random bits. */
const secretOf = (random: Random): string => `${random.uuid()}${random.uuid()}`.replaceAll('-', '')

export function createConsole({ upstream, clock, random, port }: ConsoleOptions): Console {
  const token = secretOf(random)
  const session = secretOf(random)
  const begunMs = clock.monotonicMs()
  let isUsed = false
  // Cookies know no port: two consoles of one machine must not take each other's.
  const cookieName = () => `antrea-nsx-adapter-console-${port()}`
  const open = ({ query, method }: ServerRequest): ServerResponse => {
    if (!isSame(query.get('token'), token))
      return words(
        403,
        'CONSOLE_NOT_OPENED',
        'This address does not open the console: take the one that was printed.',
      )
    if (isUsed || clock.monotonicMs() - begunMs > CONSOLE_TOKEN_MS)
      return words(
        403,
        'CONSOLE_TOKEN_USED',
        'This address was used already, or is too old. Run antrea-nsx-adapter console again for a new one.',
      )
    // Who looks ahead at a link asks by HEAD.
    if (method !== 'GET') return { status: 204, headers: SAFETY }
    isUsed = true
    return {
      status: 200,
      headers: {
        ...SAFETY,
        'content-type': 'text/html; charset=utf-8',
        'set-cookie': `${cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`,
      },
      body: OPENED,
    }
  }
  const handler: Handler = async (request) => {
    const { method, path, headers } = request
    const refusal = refusalOf(request, port())
    if (refusal !== undefined) return words(403, 'CONSOLE_FORBIDDEN', refusal)
    if (method !== 'GET' && method !== 'HEAD')
      return words(405, 'CONSOLE_READ_ONLY', 'The console only shows: GET.')
    if (path === '/open') return open(request)
    if (headers['sec-fetch-site'] === 'cross-site')
      return words(403, 'CONSOLE_FORBIDDEN', 'This was asked for by a page of another site.')
    if (!isSame(cookieOf(headers['cookie'], cookieName()), session))
      return words(401, 'CONSOLE_NOT_OPENED', 'Open the address that antrea-nsx-adapter console printed.')
    if (path === '/') return { status: 303, headers: { ...SAFETY, location: '/inspect' } }
    if (!PATH.test(path)) return words(404, 'SERVE_NOT_FOUND', 'There is /inspect.')
    return passOn(upstream, request)
  }
  return { handler, path: `/open?token=${token}` }
}

const SAFETY: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/**
 * Goes on by itself: a redirect of a navigation that another site began would come without the cookie, and a navigation of
 * this page does not (RFC 6265bis §5.2.1).
 */
const OPENED = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta http-equiv="refresh" content="0; url=/inspect">
  <title>antrea-nsx-adapter</title>
  <p><a href="/inspect">To the charts</a></p>
</html>
`

const words = (status: number, code: string, message: string): ServerResponse => {
  const answer = fail(status, code, message)
  return { ...answer, headers: { ...SAFETY, ...answer.headers } }
}

/** Compared by digests, so that neither length nor place of a difference shows in the time. */
function isSame(given: string | null | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given ?? ''), digest(secret))
}

/** Why it is not answered at all; undefined when it is. */
function refusalOf({ headers }: ServerRequest, port: number): string | undefined {
  const host = headers['host'] ?? ''
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)
    return `The console is at 127.0.0.1:${port}, and answers to no other name.`
  const { origin } = headers
  return origin === undefined || origin === `http://${host}`
    ? undefined
    : 'This was asked for by another page.'
}

const cookieOf = (header: string | undefined, name: string): string | undefined =>
  (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1)

/** Plain names alone: nothing in between may read another path out of it. */
const PATH = /^\/inspect(\/[a-z0-9][a-z0-9.-]*)*$/

const PASSED = [
  'content-type',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'etag',
  'cache-control',
]

async function passOn(upstream: HttpClient, request: ServerRequest): Promise<ServerResponse> {
  const { method, path, query, headers, signal } = request
  const known = headers['if-none-match']
  try {
    const answer = await upstream.request({
      method,
      path: query.size === 0 ? path : `${path}?${query}`,
      headers: known === undefined ? {} : { 'if-none-match': known },
      lane: path === '/inspect/live' ? 'stream' : 'call',
      headersTimeoutMs: CONSOLE_CALL_TIMEOUT_MS,
      bodyTimeoutMs: CONSOLE_SILENCE_MS,
      signal,
    })
    const passed = PASSED.flatMap((name) => {
      const value = answer.headers[name]
      return value === undefined ? [] : [[name, value] as const]
    })
    return { status: answer.status, headers: Object.fromEntries(passed), body: answer.body }
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error)
    return words(502, 'DAEMON_UNREACHABLE', `The daemon does not answer (${because}). It is asked again.`)
  }
}
