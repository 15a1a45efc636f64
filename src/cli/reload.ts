/** A changed configuration or certificate while the daemon runs: what can be swapped is swapped, the rest is named. */

import { CONFIG_LEAVES, type Config, type LoadedConfig, valueAt } from '../config/index.ts'
import { ConfigError } from '../config/problems.ts'
import { asAdapterError } from '../errors.ts'
import type { Logger, LogLevels } from '../log/index.ts'
import type { Clock } from '../world/index.ts'
import type { TlsIdentity } from '../world/real.ts'
import type { Managers } from './nsx.ts'

export interface ReloadDeps {
  /** As when the daemon started. Throws ConfigError or needs-person. */
  read(): LoadedConfig
  identity(loaded: LoadedConfig): TlsIdentity
  readonly managers: Managers
  /** Called when NSX is shown another certificate. */
  readonly onRenewed: () => void
  readonly levels: LogLevels
  readonly clock: Clock
  readonly log: Logger
}

export interface Reloading {
  /** What NSX is shown now. */
  tls(): TlsIdentity
  /** Reads all of it again. What is wrong is told, and nothing is changed then. */
  reload(): void
  /** Looks at the certificate's files alone: who renews them need not tell. While they do not agree nothing is changed. */
  renew(): void
  /** How it went when all of it was last read, and when that was last right, milliseconds since 1970. */
  last(): { readonly isSuccessful: boolean; readonly lastSuccess: number }
  /** From now on NSX is shown this certificate, whatever the files hold: it is the Secret's, of which they are copies. */
  take(pair: Pick<TlsIdentity, 'cert' | 'key'>): void
}

/** Settings that are taken at once. */
const SWAPPED = new Set(['log.level', 'nsx.cert', 'nsx.key', 'nsx.ca'])

export function createReloading(first: LoadedConfig, tls: TlsIdentity, deps: ReloadDeps): Reloading {
  const { managers, levels, log, clock } = deps
  const last = { isSuccessful: true, lastSuccess: clock.now() }
  let loaded = first
  let shown = tls
  let given: Pick<TlsIdentity, 'cert' | 'key'> = {}
  /** What is wrong with the renewed files, told once. */
  let wrong = ''
  const show = (next: TlsIdentity) => {
    if (next.cert === shown.cert && next.key === shown.key && next.ca === shown.ca) return
    shown = next
    managers.replace(next)
    deps.onRenewed()
    log.info({}, 'the certificate for NSX was replaced')
  }
  return {
    last: () => last,
    tls: () => shown,
    reload() {
      try {
        const next = deps.read()
        const identity = deps.identity(next)
        const changed = changedSettings(loaded.config, next.config)
        levels.configure(next.config.log.level)
        show({ ...identity, ...given })
        // The password is read when it is used, and may be another one.
        if (next.config.nsx.auth !== 'certificate') deps.onRenewed()
        const later = changed.filter((setting) => !SWAPPED.has(setting))
        // Compared with what runs, so that what waits for a restart is told at each reload.
        loaded = withSwapped(loaded, next)
        Object.assign(last, { isSuccessful: true, lastSuccess: clock.now() })
        log.info({ changed }, 'the configuration was read again')
        if (later.length > 0)
          log.warn({ code: 'CONFIG_NEEDS_RESTART' }, `${later.join(', ')}: takes a restart of the service`)
      } catch (error) {
        last.isSuccessful = false
        log.error({ code: 'CONFIG_RELOAD' }, `nothing is changed: ${wordsOf(error)}`)
      }
    },
    renew() {
      try {
        show({ ...deps.identity(loaded), ...given })
        wrong = ''
      } catch (error) {
        const words = wordsOf(error)
        if (words !== wrong) log.warn({ code: 'CONFIG_RELOAD' }, `the certificate for NSX stays: ${words}`)
        wrong = words
      }
    },
    take({ cert, key }) {
      if (cert === undefined || key === undefined) return
      given = { cert, key }
      show({ ...shown, ...given })
    },
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof ConfigError
    ? error.problems.map(({ where, message }) => `${where}: ${message}`).join('; ')
    : asAdapterError(error).message

const changedSettings = (before: Config, now: Config): string[] =>
  CONFIG_LEAVES.filter(
    // Some are lists.
    ({ path }) => JSON.stringify(valueAt(before, path)) !== JSON.stringify(valueAt(now, path)),
  ).map(({ path }) => path.join('.'))

/** What runs: of the new one only what was swapped. */
const withSwapped = ({ config, origin }: LoadedConfig, { config: next }: LoadedConfig): LoadedConfig => ({
  origin,
  config: {
    ...config,
    log: next.log,
    nsx: { ...config.nsx, cert: next.nsx.cert, key: next.nsx.key, ca: next.nsx.ca },
  },
})
