/** A TLS server that can go away and come back on the same port, as a peer whose link breaks. */
import { needsPerson } from '../errors.ts'
import type { Logger } from '../log/index.ts'
import type { Handler } from '../world/index.ts'
import { type RunningServer, serve } from '../world/real.ts'
import type { Identity } from './pki.ts'

export interface SandboxServer {
  readonly port: number
  readonly url: string
  /** Refuses connections from now on and cuts what is open. */
  breakLink(): Promise<void>
  healLink(): Promise<void>
  close(): Promise<void>
}

export interface SandboxServerOptions {
  readonly handler: Handler
  readonly port: number
  readonly identity: Identity
  /** Verifies client certificates. */
  readonly clientCa: string
  /** Offers HTTP/2 beside HTTP/1.1, as kube-apiserver does. */
  readonly http2?: boolean
  readonly log: Logger
}

export const LOOPBACK = '127.0.0.1'

export async function serveSandbox(options: SandboxServerOptions): Promise<SandboxServer> {
  const listen = (port: number) =>
    serve({
      handler: options.handler,
      host: LOOPBACK,
      port,
      tls: { ...options.identity, ca: options.clientCa, requestCert: true },
      http2: options.http2 ?? false,
      log: options.log,
    })
  let running: RunningServer | undefined = await listen(options.port)
  const { port } = running
  const close = async () => {
    await running?.close()
    running = undefined
  }
  return {
    port,
    url: `https://${LOOPBACK}:${port}`,
    breakLink: close,
    async healLink() {
      running ??= await listen(port)
    },
    close,
  }
}

/** Says in words which port is taken: SANDBOX_CANNOT_LISTEN. */
export async function listenOr<T>(what: string, port: number, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson(
      'SANDBOX_CANNOT_LISTEN',
      `the ${what} cannot listen on ${LOOPBACK}:${port} (${words}); choose another port, or none for a free one`,
      { cause },
    )
  }
}
