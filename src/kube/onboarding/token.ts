/** A bound token of the adapter's own service account (authentication.k8s.io/v1 TokenRequest), and what a token says of itself. */
import { needsPerson, retry } from '../../errors.ts'
import { KUBE_CALL_TIMEOUT_MS, TOKEN_SECONDS } from '../../limits.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import { callJson } from '../call.ts'
import { RESOURCES, resourcePath } from '../resources.ts'

export interface Account {
  readonly namespace: string
  readonly name: string
}

const ANSWER_BYTES_MAX = 64 * 1_024

/** Rejects with the API server's refusal, KUBE_MALFORMED for an answer without a token. */
export async function requestToken(
  http: HttpClient,
  clock: Clock,
  { namespace, name }: Account,
  signal?: AbortSignal,
): Promise<string> {
  const subject = `POST serviceaccounts/token ${namespace}/${name}`
  const answer = (await callJson(http, clock, {
    method: 'POST',
    path: resourcePath(RESOURCES.serviceAccounts, namespace, name, 'token'),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    }),
    subject,
    timeoutMs: KUBE_CALL_TIMEOUT_MS,
    bytesMax: ANSWER_BYTES_MAX,
    ...(signal === undefined ? {} : { signals: [signal] }),
  })) as { status?: { token?: unknown } } | null
  const token = answer?.status?.token
  if (typeof token === 'string' && claimsOf(token) !== undefined) return token
  throw retry('KUBE_MALFORMED', `${subject}: the answer holds no token; it is asked again`, { subject })
}

export interface Claims {
  readonly account: Account
  /** Milliseconds since 1970, by the API server's clock. */
  readonly issuedMs: number
  readonly expiresMs: number
}

/** Of a bound token of a service account; undefined for anything else. Nothing is verified: it is our own. */
export function claimsOf(token: string): Claims | undefined {
  try {
    const [, payload = ''] = token.trim().split('.')
    const { sub, iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
      sub?: unknown
      iat?: unknown
      exp?: unknown
    }
    const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(sub)) ?? []
    if (namespace === undefined || name === undefined) return undefined
    if (typeof iat !== 'number' || typeof exp !== 'number') return undefined
    return { account: { namespace, name }, issuedMs: iat * 1_000, expiresMs: exp * 1_000 }
  } catch {
    return undefined
  }
}

/** Of what the kubeconfig's token file holds. Throws needs-person KUBE_TOKEN_RENEWAL for what cannot be renewed. */
export function renewableClaims(token: string, where: string): Claims {
  const claims = claimsOf(token)
  if (claims !== undefined) return claims
  throw needsPerson(
    'KUBE_TOKEN_RENEWAL',
    `${where} holds no bound token of a service account; write one by join --admin-kubeconfig, or set kube.renewToken to false`,
  )
}
