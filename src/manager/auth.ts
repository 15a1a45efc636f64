/** Who asks: basic authentication, a session's cookie with its token, or a registered certificate. */
import { MANAGER_LOGIN_IDLE_MS, MANAGER_LOGINS_MAX } from '../limits.ts'
import type { Clock, Peer, Random, ServerRequest, ServerResponse } from '../world/index.ts'
import { passwordCheck } from './password.ts'
import { EMPTY, NsxApiError, type Principal, type Route, readForm } from './rest/index.ts'
import type { ManagerUser } from './types.ts'

export interface AuthOptions {
  readonly clock: Clock
  readonly random: Random
  readonly users: readonly ManagerUser[]
  /** The registered cluster or the principal identity that this certificate is of. */
  readonly ownerOf: (peer: Peer) => Principal | undefined
}

export interface Auth {
  /** Throws 401 without credentials, 403 with wrong ones. */
  principalOf(request: ServerRequest): Promise<Principal>
  readonly routes: readonly Route[]
}

interface Login {
  readonly user: string
  readonly token: string
  usedAtMs: number
}

const FORM_BYTES_MAX = 16_384
const COOKIE = 'JSESSIONID='

/** Who asks by name and password. */
interface Given {
  readonly name: string
  readonly password: string
}

interface Parts extends AuthOptions {
  readonly isRight: (given: Given) => Promise<boolean>
}

export function createAuth(given: AuthOptions): Auth {
  const logins = new Map<string, Login>()
  const options: Parts = { ...given, isRight: passwordCheck(given.users) }
  return {
    principalOf: (request) => principalOf(options, logins, request),
    routes: [
      {
        method: 'POST',
        pattern: '/api/session/create',
        access: 'public',
        run: ({ request }) => login(options, logins, request),
      },
      {
        method: 'POST',
        pattern: '/api/session/destroy',
        access: 'public',
        run: ({ request }) => {
          const held = sessionOf(options, logins, request)
          if (held.login === undefined) throw held.error ?? badCredentials()
          logins.delete(held.id)
          return EMPTY
        },
      },
    ],
  }
}

/** Any right credential suffices: clients send several at once, and some of them wrong. */
async function principalOf(
  options: Parts,
  logins: Map<string, Login>,
  request: ServerRequest,
): Promise<Principal> {
  const basic = basicUser(request)
  if (basic !== undefined && (await options.isRight(basic))) return { kind: 'user', name: basic.name }
  const session = sessionOf(options, logins, request)
  if (session.login !== undefined) return { kind: 'user', name: session.login.user }
  const owner = options.ownerOf(request.peer)
  if (owner !== undefined) return owner
  if (session.error !== undefined) throw session.error
  if (basic !== undefined || session.id !== '' || request.peer.certificateSha256 !== undefined)
    throw badCredentials()
  throw new NsxApiError(
    401,
    403,
    'Authentication is required: use basic authentication, a session or a registered certificate.',
  )
}

const badCredentials = () =>
  new NsxApiError(403, 403, 'The credentials were incorrect or the account specified has been locked.')

function basicUser(request: ServerRequest): Given | undefined {
  const [scheme, encoded = ''] = (request.headers['authorization'] ?? '').split(' ', 2)
  if (scheme?.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

interface Held {
  readonly id: string
  readonly login: Login | undefined
  readonly error: NsxApiError | undefined
}

/** The session of the request's cookie, which some clients send back with all of its attributes. */
function sessionOf({ clock }: AuthOptions, logins: Map<string, Login>, request: ServerRequest): Held {
  const cookies = (request.headers['cookie'] ?? '').split(/[;,]/).map((part) => part.trim())
  const id = cookies.find((part) => part.startsWith(COOKIE))?.slice(COOKIE.length) ?? ''
  const login = logins.get(id)
  if (login === undefined) return { id, login: undefined, error: undefined }
  const now = clock.monotonicMs()
  if (now - login.usedAtMs > MANAGER_LOGIN_IDLE_MS) {
    logins.delete(id)
    return { id, login: undefined, error: undefined }
  }
  if (request.headers['x-xsrf-token'] !== login.token)
    return { id, login: undefined, error: new NsxApiError(403, 98, 'The XSRF token is missing or wrong.') }
  login.usedAtMs = now
  return { id, login, error: undefined }
}

/** The Authorization header is not looked at: a public client sends a wrong one next to the right form. */
async function login(
  options: Parts,
  logins: Map<string, Login>,
  request: ServerRequest,
): Promise<ServerResponse> {
  const form = await readForm(request, FORM_BYTES_MAX)
  const given = { name: form.get('j_username') ?? '', password: form.get('j_password') ?? '' }
  if (!(await options.isRight(given))) throw badCredentials()
  const now = options.clock.monotonicMs()
  for (const [id, held] of logins) if (now - held.usedAtMs > MANAGER_LOGIN_IDLE_MS) logins.delete(id)
  if (logins.size >= MANAGER_LOGINS_MAX)
    throw new NsxApiError(503, 98, 'Too many sessions are open; end some and try again.')
  const id = options.random.uuid().replaceAll('-', '').toUpperCase()
  const token = options.random.uuid()
  logins.set(id, { user: given.name, token, usedAtMs: now })
  return {
    status: 200,
    headers: {
      'set-cookie': `${COOKIE}${id}; Path=/; Secure; HttpOnly`,
      'x-xsrf-token': token,
    },
  }
}
