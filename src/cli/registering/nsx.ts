/** NSX as an administrator sees it, and as the cluster's certificate does. */
import { needsPerson } from '../../errors.ts'
import { SILENT } from '../../log/index.ts'
import { createNsxManager, createNsxRest, type NsxApi, type NsxManager } from '../../nsx/index.ts'
import {
  type KeyPair,
  type ObservedNsx,
  observeNsx,
  type RegistrationRecord,
} from '../../nsx/registration/index.ts'
import type { Clock, HttpClient, Random } from '../../world/index.ts'
import { createHttpClient, type HttpClientOptions, type TlsIdentity } from '../../world/real.ts'
import { readSmallText } from '../settings.ts'
import { type NsxOptions, passwordOf } from './options.ts'

export type NsxAt = Pick<RegistrationRecord, 'urls' | 'caPem' | 'thumbprints' | 'proxy'>

export interface AdminOfNsx {
  readonly api: NsxApi
  readonly at: NsxAt
  observe(signal: AbortSignal): Promise<ObservedNsx>
  /** The first manager as this certificate sees it. */
  withCertificate<T>(pair: KeyPair, use: (nsx: NsxApi) => Promise<T>): Promise<T>
  /** `channel` where a manager serves docs/protocol.md to this certificate, else `rest`. */
  driverFor(pair: KeyPair, signal: AbortSignal): Promise<'channel' | 'rest'>
  close(): Promise<void>
}

/** What options say, and what is kept of an earlier registration where they say nothing. Throws needs-person CONFIG_UNREADABLE, REGISTRATION_URL. */
export function nsxAt(options: NsxOptions, kept: NsxAt | undefined): NsxAt {
  const urls = options.nsxUrl ?? kept?.urls ?? []
  if (urls.length === 0)
    throw needsPerson('REGISTRATION_URL', 'where NSX is has to be said: --nsx-url https://nsx.example.com')
  const isSaid = options.nsxCa !== undefined || options.nsxThumbprint !== undefined
  const caPem = options.nsxCa === undefined ? undefined : readSmallText(options.nsxCa, '--nsx-ca')
  return {
    urls,
    caPem: isSaid ? caPem : kept?.caPem,
    thumbprints: isSaid ? (options.nsxThumbprint ?? []) : (kept?.thumbprints ?? []),
    proxy: options.nsxProxy ?? kept?.proxy,
  }
}

interface World {
  readonly clock: Clock
  readonly random: Random
}

/** Nothing is sent yet. Throws what `nsxAt` and the password's file throw. */
export function openNsx(options: NsxOptions, at: NsxAt, { clock, random }: World): AdminOfNsx {
  const password = passwordOf(options)
  const proxy = proxyOf(at)
  const trust = trustOf(at)
  const connect = (origin: string, tls: TlsIdentity): HttpClient =>
    createHttpClient({ origin, tls, ...proxy })
  const api = createNsxRest({
    clients: at.urls.map((url) => connect(url, trust)),
    login: { kind: options.nsxAuth, username: options.nsxUsername, password: () => password },
    clock,
    random,
    log: SILENT,
  })
  const bare = at.urls.map((url) => connect(url, trust))
  const shown = { at, trust, proxy, clock, random }
  return {
    api,
    at,
    observe: (signal) => observeNsx(api, bare, clock, signal),
    withCertificate: (pair, use) => withManager(shown, pair, use),
    driverFor: (pair, signal) => askDriver(shown, pair, signal),
    async close() {
      await Promise.all([api.close(), ...bare.map((http) => http.close())])
    },
  }
}

interface Showing extends World {
  readonly at: NsxAt
  readonly trust: TlsIdentity
  readonly proxy: Pick<HttpClientOptions, 'proxy'>
}

async function withManager<T>(
  { at, trust, proxy, clock, random }: Showing,
  { cert, key }: KeyPair,
  use: (nsx: NsxManager) => Promise<T>,
): Promise<T> {
  const http = createHttpClient({ origin: at.urls[0] ?? '', tls: { ...trust, cert, key }, ...proxy })
  try {
    return await use(createNsxManager({ http, clock, random, log: SILENT }))
  } finally {
    await http.close()
  }
}

const askDriver = (showing: Showing, pair: KeyPair, signal: AbortSignal): Promise<'channel' | 'rest'> =>
  withManager(showing, pair, async (nsx) => {
    try {
      await nsx.hello('ccp', signal)
      return 'channel'
    } catch {
      return 'rest'
    }
  })

/** `channel` where the first manager of the record serves docs/protocol.md to its certificate, else `rest`. */
export const driverFor = (
  record: RegistrationRecord,
  world: World,
  signal: AbortSignal,
): Promise<'channel' | 'rest'> =>
  askDriver({ ...world, at: record, trust: trustOf(record), proxy: proxyOf(record) }, record.shown, signal)

const proxyOf = ({ proxy }: NsxAt): Pick<HttpClientOptions, 'proxy'> =>
  proxy === undefined ? {} : { proxy: { url: proxy } }

const trustOf = ({ caPem, thumbprints }: NsxAt): TlsIdentity => ({
  ...(caPem === undefined ? {} : { ca: caPem }),
  ...(thumbprints.length === 0 ? {} : { thumbprints }),
})
