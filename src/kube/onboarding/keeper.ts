/**
 * Credentials that the running adapter keeps good by itself: its own token is renewed before it is over, and the identity for
 * NSX follows the Secret. One round a period, each call with its deadline; what fails is tried in the next one and told.
 */
import { asAdapterError } from '../../errors.ts'
import type { Health } from '../../health/index.ts'
import { IDENTITY_PERIOD_MS, TOKEN_RENEW_SHARE, TOKEN_RETRY_MS } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import { type Clock, type HttpClient, sleep } from '../../world/index.ts'
import type { IdentitySecret } from './secret.ts'
import { renewableClaims, requestToken } from './token.ts'

/** Where the token is: the file that the kubeconfig names. */
export interface TokenPlace {
  /** For people. */
  readonly where: string
  read(): string
  /** Whole or not at all, for its owner alone. */
  write(token: string): void
}

export interface KeeperDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly log: Logger
  readonly health: Health
  readonly token?: TokenPlace
  readonly identity?: {
    readonly secret: Pick<IdentitySecret, 'where' | 'read'>
    /** Hears of what the Secret holds, at first and when it is another. Throws where it cannot be used. */
    readonly take: (texts: Readonly<Record<string, string>>) => void
  }
  /** After each round. Must not throw. */
  readonly onRound?: () => void
  readonly signal: AbortSignal
}

/** Resolves when the signal is aborted; never rejects. */
export async function keepCredentials(deps: KeeperDeps): Promise<void> {
  const { clock, signal } = deps
  const identity = deps.identity === undefined ? undefined : followIdentity(deps, deps.identity)
  const token = deps.token === undefined ? undefined : keepToken(deps, deps.token)
  while (!signal.aborted) {
    await identity?.()
    await token?.()
    deps.onRound?.()
    await sleep(clock, IDENTITY_PERIOD_MS, signal).catch(() => {})
  }
}

function followIdentity(
  { health, log, signal }: KeeperDeps,
  { secret, take }: NonNullable<KeeperDeps['identity']>,
): () => Promise<void> {
  let taken = ''
  const told = (words: string) => health.set('IDENTITY_UNREAD', words)
  return async () => {
    try {
      const texts = await secret.read(signal)
      if (texts === undefined) return told(`${secret.where} is not there; the certificate in force stays`)
      const now = JSON.stringify(Object.entries(texts).sort())
      if (now !== taken) take(texts)
      taken = now
      health.clear('IDENTITY_UNREAD')
    } catch (thrown) {
      if (signal.aborted) return
      const error = asAdapterError(thrown)
      told(`${error.code}: ${error.message}`)
      log.debug({ code: error.code }, 'the identity for NSX could not be read')
    }
  }
}

function keepToken({ http, clock, health, log, signal }: KeeperDeps, place: TokenPlace): () => Promise<void> {
  let notBeforeMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (clock.monotonicMs() < notBeforeMs) return
    try {
      const { account, issuedMs, expiresMs } = renewableClaims(place.read(), place.where)
      if (clock.now() < issuedMs + (expiresMs - issuedMs) * TOKEN_RENEW_SHARE) return
      place.write(await requestToken(http, clock, account, signal))
      log.info({ account }, 'the token for the API server was renewed')
      health.clear('KUBE_TOKEN_RENEWAL')
    } catch (thrown) {
      if (signal.aborted) return
      const error = asAdapterError(thrown)
      notBeforeMs = clock.monotonicMs() + TOKEN_RETRY_MS
      health.set('KUBE_TOKEN_RENEWAL', `${error.code}: ${error.message}`)
    }
  }
}
