/** TLS connections that are reset when they are given up, for undici. */
import { connect as connectTcp } from 'node:net'
import { buildConnector } from 'undici'
import { TransportError } from '../errors.ts'

export type DialOptions = buildConnector.BuildOptions & {
  /** Over TCP, and again over TLS. */
  readonly timeout: number
}

/**
 * A connector whose sockets end with an RST. A socket that is only closed leaves what it had still to send to the kernel,
 * which goes on sending it for minutes (tcp(7), tcp_orphan_retries): a write that was given up in a network that fell
 * silent would arrive when the network is back. After an RST nothing is sent any more (SO_LINGER with 0, socket(7)).
 */
export function dialAndReset(options: DialOptions): buildConnector.connector {
  const overTls = buildConnector({ ...options, allowH2: false })
  return (wanted, callback) => {
    const raw = connectTcp({ host: wanted.hostname, port: Number(wanted.port) || 443 })
    const where = `https://${wanted.host ?? wanted.hostname}`
    const timer = setTimeout(
      () => raw.destroy(new TransportError('timeout', `${where}: no connection in time`)),
      options.timeout,
    )
    const failed = (error: Error) => {
      clearTimeout(timer)
      callback(error, null)
    }
    raw.once('error', failed)
    raw.once('connect', () => {
      clearTimeout(timer)
      raw.off('error', failed)
      // It stays: an error of a socket that nobody listens to would end the process. TLS on top of it tells it.
      raw.on('error', () => {})
      overTls({ ...wanted, httpSocket: raw }, (...outcome) => {
        const [error, socket] = outcome
        if (error !== null) {
          raw.destroy()
          callback(error, null)
          return
        }
        const destroy = socket.destroy.bind(socket)
        socket.destroy = (reason?: Error) => {
          raw.resetAndDestroy()
          // It would else wait for what is still to be sent.
          raw.destroy()
          return destroy(reason)
        }
        callback(null, socket)
      })
    })
  }
}
