/**
 * Elsewhere than on this machine: only health and metrics, only over TLS, and only for who shows a certificate of the client
 * CA or the bearer token. Logs, charts, what is refused and every command stay on the unix socket.
 */
import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto'
import type { Clock, Handler, Peer, ServerRequest, ServerResponse } from '../world/index.ts'
import { fail } from './answers.ts'
import { type Check, kindOf, liveChecks, showHealth } from './health.ts'
import { type MeasuredSource, showMetrics } from './metrics.ts'

export interface RemoteSource {
  status(): { readonly checks: readonly Check[] }
  idleMs(): number
  readonly metrics: MeasuredSource
}

/** Whom this endpoint answers. */
export interface RemoteAccess {
  isAllowed(request: Pick<ServerRequest, 'headers' | 'peer'>): boolean
}

/** Both ways, where both are there, are as good: a scraper has a token, a probe of another cluster a certificate. */
export function createRemoteAccess(
  clock: Clock,
  by: { readonly certificates: boolean; readonly token: () => string | undefined },
): RemoteAccess {
  return {
    isAllowed({ headers, peer }) {
      if (by.certificates && isCertified(peer, clock.now())) return true
      const token = by.token()
      return token !== undefined && isBearer(headers['authorization'], token)
    },
  }
}

/** TLS has verified it at the handshake; a connection that is kept may outlive the certificate. */
function isCertified({ verified, certificatePem }: Peer, now: number): boolean {
  if (verified !== true || certificatePem === undefined) return false
  const { validFromDate, validToDate } = new X509Certificate(certificatePem)
  return validFromDate.getTime() <= now && now <= validToDate.getTime()
}

/** Of equal length whatever was sent, so that neither content nor length of the token shows in the time it takes. */
function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? ''
  const sum = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(sum(given), sum(token))
}

export function createRemoteHandler(source: RemoteSource, access: RemoteAccess): Handler {
  return async (request): Promise<ServerResponse> => {
    if (!access.isAllowed(request)) {
      const refusal = fail(
        401,
        'SERVE_UNAUTHORIZED',
        'show a client certificate of serve.tls.clientCa, or the token of serve.tokenFile',
      )
      return { ...refusal, headers: { ...refusal.headers, 'www-authenticate': 'Bearer' } }
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return fail(405, 'SERVE_METHOD', 'here is only GET')
    const health = kindOf(request.path)
    if (health !== undefined)
      return health.kind === 'livez'
        ? showHealth(health, { checks: liveChecks(source.idleMs()) }, request)
        : showHealth(health, { checks: source.status().checks }, request)
    if (request.path === '/metrics') return showMetrics(source.metrics, request)
    return fail(404, 'SERVE_REMOTE', 'here are only /livez, /readyz and /metrics; all else is on the socket')
  }
}
