/** Where the daemon listens: its unix socket, loopback where wanted, and elsewhere over TLS, with files that may be renewed. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Config, LoadedConfig } from '../config/index.ts'
import type { ListenAt } from '../daemon.ts'
import { asAdapterError, needsPerson } from '../errors.ts'
import { REMOTE_CONNECTIONS_MAX, REMOTE_PATIENCE_MS, TOKEN_CHARS_MIN } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { CertificateEnd } from '../metrics/index.ts'
import { createRemoteAccess } from '../serve/index.ts'
import type { Clock, Handler } from '../world/index.ts'
import { type RunningServer, type ServeOptions, serve } from '../world/real.ts'
import { readSmallText } from './settings.ts'

type Tls = NonNullable<ServeOptions['tls']>

/** What `serve.tls` and `serve.tokenFile` hold now. */
interface Secured {
  readonly tls: Tls
  readonly token: string | undefined
}

export interface ListeningPlaces {
  readonly endpoints: readonly ListenAt[]
  listen(handler: Handler, at: ListenAt): Promise<RunningServer>
  /** Looks at the files again; what is wrong with them is told once, and the former ones go on. */
  renew(): void
  certificates(): readonly CertificateEnd[]
}

/** Throws needs-person CONFIG_UNREADABLE, CONFIG_CERTIFICATE or CONFIG_TOKEN. */
export function createListening(loaded: LoadedConfig, clock: Clock, log: Logger): ListeningPlaces {
  const { serve: settings } = loaded.config
  let secured = readSecured(loaded)
  let server: RunningServer | undefined
  let wrong = ''
  const access =
    secured === undefined
      ? undefined
      : createRemoteAccess(clock, {
          certificates: settings.tls.clientCa !== undefined,
          token: () => secured?.token,
        })
  const take = (next: Secured | undefined) => {
    const before = secured
    secured = next
    if (next === undefined || (before !== undefined && isAlike(before.tls, next.tls))) return
    server?.renewTls(next.tls)
    log.info({}, 'the certificate of serve.listen was replaced')
  }
  return {
    endpoints: endpointsOf(settings).map((at) =>
      access === undefined || 'socketPath' in at ? at : { ...at, access },
    ),
    async listen(handler, at) {
      const { tls } = secured ?? {}
      if (tls === undefined || 'socketPath' in at) return serve({ handler, ...at, log })
      const { host, port } = at
      const limits = { connectionsMax: REMOTE_CONNECTIONS_MAX, patienceMs: REMOTE_PATIENCE_MS }
      server = await serve({ handler, host, port, tls, log, ...limits })
      return server
    },
    renew() {
      try {
        take(readSecured(loaded))
        wrong = ''
      } catch (error) {
        const words = asAdapterError(error).message
        if (words !== wrong) log.warn({ code: 'CONFIG_RELOAD' }, `serve.listen goes on as it was: ${words}`)
        wrong = words
      }
    },
    certificates() {
      if (secured === undefined) return []
      const { cert, ca } = secured.tls
      return [
        { peer: 'serve', role: 'server', notAfter: notAfter(cert) },
        ...(ca === undefined ? [] : [{ peer: 'serve', role: 'ca', notAfter: notAfter(ca) } as const]),
      ]
    },
  }
}

const isAlike = (a: Tls, b: Tls): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca

const notAfter = (pem: string): number => new X509Certificate(pem).validToDate.getTime()

/** Undefined: no TLS is configured. Throws as createListening. */
export function readSecured({ config, origin }: LoadedConfig): Secured | undefined {
  const { tls, tokenFile } = config.serve
  if (tls.cert === undefined || tls.key === undefined) return undefined
  const wrong = (setting: 'cert' | 'key' | 'clientCa', words: string) =>
    needsPerson('CONFIG_CERTIFICATE', `${origin(`serve.tls.${setting}`)}: serve.tls.${setting} ${words}`)
  const attempt = <T>(work: () => T, otherwise: () => Error): T => {
    try {
      return work()
    } catch {
      throw otherwise()
    }
  }
  const cert = readSmallText(tls.cert, 'serve.tls.cert')
  const key = readSmallText(tls.key, 'serve.tls.key')
  const certificate = attempt(
    () => new X509Certificate(cert),
    () => wrong('cert', `(${tls.cert}) holds no certificate in PEM`),
  )
  const privateKey = attempt(
    () => createPrivateKey(key),
    () => wrong('key', `(${tls.key}) holds no private key in PEM without a passphrase`),
  )
  if (!certificate.checkPrivateKey(privateKey))
    throw wrong('key', `(${tls.key}) is not the key of serve.tls.cert (${tls.cert})`)
  const ca = tls.clientCa === undefined ? undefined : readSmallText(tls.clientCa, 'serve.tls.clientCa')
  if (ca !== undefined)
    attempt(
      () => new X509Certificate(ca),
      () => wrong('clientCa', `(${tls.clientCa}) holds no certificate in PEM`),
    )
  return {
    tls: { cert, key, ...(ca === undefined ? {} : { ca }) },
    token: tokenFile === undefined ? undefined : readToken(tokenFile),
  }
}

/** RFC 6750 §2.1: a bearer token is one word. */
function readToken(file: string): string {
  const token = readSmallText(file, 'serve.tokenFile').trim()
  if (token.length < TOKEN_CHARS_MIN || !/^[A-Za-z0-9\-._~+/]+=*$/.test(token))
    throw needsPerson(
      'CONFIG_TOKEN',
      `${file}: serve.tokenFile must hold one word of at least ${TOKEN_CHARS_MIN} characters of A-Z a-z 0-9 - . _ ~ + / =, for example of \`openssl rand -base64 32\``,
    )
  return token
}

function endpointsOf({ socket, listen }: Config['serve']): ListenAt[] {
  if (listen === undefined) return [{ socketPath: socket }]
  const at = listen.lastIndexOf(':')
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '')
  return [{ socketPath: socket }, { host, port: Number(listen.slice(at + 1)) }]
}
