/** Credentials that may change under a running process: read again when the API server refuses them. */
import { AdapterError, asAdapterError } from '../errors.ts'
import { KUBE_CREDENTIALS_PERIOD_MS } from '../limits.ts'
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
   * `used`, so that asking again makes sense. When they cannot be read those in force stay. Never rejects.
   */
  renew(used: HttpClient): Promise<boolean>
  close(): Promise<void>
}

/** Throws what `load` throws at first. */
export async function createCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { load, connect, clock, log } = options
  const first = await load()
  let current = { access: first, http: connect(first) }
  let lastReadMs = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  let isClosed = false

  const read = async (): Promise<void> => {
    lastReadMs = clock.monotonicMs()
    try {
      const access = await load()
      if (isClosed || access.fingerprint === current.access.fingerprint) return
      const old = current.http
      current = { access, http: connect(access) }
      log.info({ origin: access.origin }, 'the credentials of the API server were renewed')
      await old.close()
    } catch (cause) {
      const error = cause instanceof AdapterError ? cause : asAdapterError(cause)
      log.warn({ code: error.code }, `the credentials cannot be read again: ${error.message}`)
    }
  }

  return {
    get current() {
      return current
    },
    async renew(used) {
      if (current.http !== used) return true
      if (reading === undefined) {
        if (clock.monotonicMs() - lastReadMs < KUBE_CREDENTIALS_PERIOD_MS) return false
        reading = read().finally(() => {
          reading = undefined
        })
      }
      await reading
      return current.http !== used
    },
    async close() {
      isClosed = true
      await current.http.close()
    },
  }
}
