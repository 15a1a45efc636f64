/**
 * Credentials that may change under a running process: read again when the API server refuses them, when a file they came
 * from was replaced, and shortly before they are over.
 */
import { AdapterError, asAdapterError } from '../errors.ts'
import {
  KUBE_CREDENTIALS_PERIOD_MS,
  KUBE_CREDENTIALS_RENEW_MS,
  KUBE_RETIRED_CLIENTS_MAX,
  KUBE_RETIRED_MS,
} from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import type { Access } from './access.ts'

export interface CredentialsOptions {
  readonly load: () => Promise<Access>
  readonly connect: (access: Access) => HttpClient
  readonly clock: Clock
  readonly log: Logger
}

/** The client of the credentials in force. */
export interface Credentials {
  readonly current: { readonly access: Access; readonly http: HttpClient }
  /**
   * Reads them again, at most once in KUBE_CREDENTIALS_PERIOD_MS however many ask; true when they are others than
   * `used`, so that asking again makes sense. `refused` says that the API server does not take them any more: what is
   * open with them is closed at once, else its streams end by themselves. When they cannot be read those in force stay.
   * Never rejects.
   */
  renew(used: HttpClient, refused: boolean): Promise<boolean>
  /**
   * Looks whether a file was replaced or the end is near, at most once in KUBE_CREDENTIALS_PERIOD_MS, and reads them
   * again then. It costs some calls of stat and holds nothing up; for each request.
   */
  look(): void
  close(): Promise<void>
}

interface Retired {
  readonly http: HttpClient
  /** Monotonic; by then all its streams have been dialled anew. */
  readonly overMs: number
  readonly expiresMs: number
}

/** Throws what `load` throws at first. */
export async function createCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { load, connect, clock, log } = options
  const first = await load()
  let current = { access: first, http: connect(first) }
  let lastReadMs = Number.NEGATIVE_INFINITY
  let lastLookMs = clock.monotonicMs()
  let reading: Promise<void> | undefined
  let retired: Retired[] = []
  let isClosed = false

  const retire = ({ access, http }: typeof current) => {
    http.retire?.()
    const overMs = clock.monotonicMs() + KUBE_RETIRED_MS
    retired.push({ http, overMs, expiresMs: access.expiresMs ?? Number.POSITIVE_INFINITY })
    while (retired.length > KUBE_RETIRED_CLIENTS_MAX) void retired.shift()?.http.close()
  }
  const sweep = () => {
    const stays = ({ overMs, expiresMs }: Retired) => clock.monotonicMs() < overMs && clock.now() < expiresMs
    for (const each of retired) if (!stays(each)) void each.http.close()
    retired = retired.filter(stays)
  }
  const read = async (isRefused: () => boolean): Promise<void> => {
    lastReadMs = clock.monotonicMs()
    try {
      const access = await load()
      if (isClosed) return
      const old = current
      if (access.fingerprint === old.access.fingerprint) {
        // The same in another file: that one is looked at from now on.
        current = { access, http: old.http }
        return
      }
      current = { access, http: connect(access) }
      log.info({ origin: access.origin }, 'the credentials of the API server were renewed')
      if (isRefused() || old.http.retire === undefined) await old.http.close()
      else retire(old)
    } catch (cause) {
      const error = cause instanceof AdapterError ? cause : asAdapterError(cause)
      log.warn({ code: error.code }, `the credentials cannot be read again: ${error.message}`)
    }
  }
  /** Of those for whom they are being read. */
  let someoneRefused = false
  const readOnce = (): Promise<void> => {
    reading ??= read(() => someoneRefused).finally(() => {
      reading = undefined
      someoneRefused = false
    })
    return reading
  }

  return {
    get current() {
      return current
    },
    async renew(used, refused) {
      if (current.http !== used) return true
      if (reading === undefined && clock.monotonicMs() - lastReadMs < KUBE_CREDENTIALS_PERIOD_MS) return false
      someoneRefused ||= refused
      await readOnce()
      return current.http !== used
    },
    look() {
      const nowMs = clock.monotonicMs()
      if (isClosed || nowMs - lastLookMs < KUBE_CREDENTIALS_PERIOD_MS) return
      lastLookMs = nowMs
      sweep()
      const { isStale, expiresMs } = current.access
      const isEnding = expiresMs !== undefined && clock.now() > expiresMs - KUBE_CREDENTIALS_RENEW_MS
      if (isStale?.() === true || isEnding) void readOnce()
    },
    async close() {
      isClosed = true
      await Promise.all([current.http, ...retired.map(({ http }) => http)].map((http) => http.close()))
      retired = []
    },
  }
}
