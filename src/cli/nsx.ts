/** From the configuration to the managers: clients with the right credentials, for the daemon and for the commands. */
import type { AdapterOptions } from '../adapter/index.ts'
import type { LoadedConfig } from '../config/index.ts'
import { needsPerson } from '../errors.ts'
import type { Logger } from '../log/index.ts'
import { createNsxRest, type NsxLogin, type NsxRest } from '../nsx/index.ts'
import { type Clock, createReplaceableClient, type HttpClient, type Random } from '../world/index.ts'
import { createHttpClient, type HttpProxy, type TlsIdentity } from '../world/real.ts'
import { nsxIdentity, readSmallText } from './settings.ts'

type NsxConfig = LoadedConfig['config']['nsx']

/** A client of one manager, by whatever way the configuration says. */
const connectNsx = (nsx: NsxConfig, tls: TlsIdentity, origin: string): HttpClient => {
  const proxy = proxyOf(nsx)
  return createHttpClient({ origin, tls, ...(proxy === undefined ? {} : { proxy }) })
}

/** The managers as the daemon has them. */
export interface Managers {
  readonly given: Pick<AdapterOptions, 'nsxHttp' | 'nsxRest'>
  /** Shows another certificate from now on; what is under way ends by itself. */
  replace(tls: TlsIdentity): void
}

/** By the driver that the configuration names. */
export function createManagers(loaded: LoadedConfig, tls: TlsIdentity): Managers {
  const { nsx } = loaded.config
  const connect = (origin: string, identity: TlsIdentity) => connectNsx(nsx, identity, origin)
  const clients = nsx.url.map((origin) => createReplaceableClient(connect(origin, tls)))
  const [first] = clients
  return {
    given:
      nsx.driver === 'rest' || first === undefined
        ? { nsxRest: { clients, ...nsxRestSettings(loaded) } }
        : { nsxHttp: first },
    replace(identity) {
      for (const client of clients) client.replace(connect(client.origin, identity))
    },
  }
}

/** One a manager. */
export const connectNsxManagers = (nsx: NsxConfig, tls: TlsIdentity): HttpClient[] =>
  nsx.url.map((origin) => connectNsx(nsx, tls, origin))

/**
 * The managers that the configuration names, by their public API and as who it says. For commands that speak with NSX once;
 * whoever calls closes it. Throws the errors of `nsxIdentity`.
 */
export function openNsxRest(
  loaded: LoadedConfig,
  world: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
): NsxRest {
  return createNsxRest({
    ...world,
    ...nsxRestSettings(loaded),
    clients: connectNsxManagers(loaded.config.nsx, nsxIdentity(loaded)),
  })
}

/** What of the configuration concerns the public API alone. */
export function nsxRestSettings({ config }: LoadedConfig): {
  readonly login?: NsxLogin
  readonly requestsPerSecondMax?: number
} {
  const { auth, username, passwordFile, requestsPerSecond } = config.nsx
  const isNamed = auth !== 'certificate' && username !== undefined && passwordFile !== undefined
  return {
    ...(isNamed
      ? { login: { kind: auth, username, password: () => firstLine(passwordFile, 'nsx.passwordFile') } }
      : {}),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecondMax: requestsPerSecond }),
  }
}

export function proxyOf({ proxy, proxyAuthFile }: NsxConfig): HttpProxy | undefined {
  if (proxy === undefined) return undefined
  if (proxyAuthFile === undefined) return { url: proxy }
  return {
    url: proxy,
    // Read for each connection: the file may be written anew.
    authorization: () =>
      `Basic ${Buffer.from(firstLine(proxyAuthFile, 'nsx.proxyAuthFile'), 'utf8').toString('base64')}`,
  }
}

/** Throws needs-person CONFIG_UNREADABLE. */
function firstLine(file: string, what: string): string {
  const [line = ''] = readSmallText(file, what).split(/\r?\n/)
  if (line === '')
    throw needsPerson('CONFIG_UNREADABLE', `${file}: ${what} has nothing in its first line; write it there`)
  return line
}
