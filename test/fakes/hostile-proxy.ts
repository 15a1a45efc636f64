/** A TCP proxy that does to its links what bad networks do: it knows nothing of TLS or HTTP, only bytes and time. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Clock, Timer } from '../../src/world/index.ts'

export type Behaviour =
  | { readonly kind: 'pass' }
  /** After so many bytes to the client nothing passes any more in either direction, and nothing is closed. */
  | { readonly kind: 'hold'; readonly afterBytes: number }
  /** After so many bytes to the client both ends get an RST; 0 at once when the link is accepted. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Every byte to the client is a segment of its own. */
  | { readonly kind: 'bytes' }
  /** One byte to the client each period. */
  | { readonly kind: 'drip'; readonly periodMs: number }
  /** What goes to the client is so late. */
  | { readonly kind: 'delay'; readonly byMs: number }
  /** What goes to the server is so late, and comes there although the client has long gone. */
  | { readonly kind: 'late'; readonly byMs: number }
  /** A link on which nothing passed for so long is dropped: silently, or with an RST. */
  | { readonly kind: 'idle'; readonly afterMs: number; readonly how: 'hold' | 'reset' }

export interface HostileProxy {
  readonly port: number
  /** Links that were accepted. */
  accepted: number
  /** Links that were dropped because they were idle. */
  idle: number
  /** Links whose client is still there. */
  readonly open: number
  /** From now on, for links to come and, unless `onlyNew`, for those that are open. */
  behave(behaviour: Behaviour, onlyNew?: boolean): void
  close(): Promise<void>
}

interface Link {
  behave(behaviour: Behaviour): void
  destroy(): void
}

const LINGER_MS = 3_000
const PASS: Behaviour = { kind: 'pass' }

/** Listens on loopback and passes links on to `port`. Times are those of `clock`. */
export async function startHostileProxy(port: number, clock: Clock): Promise<HostileProxy> {
  const links = new Set<Link>()
  const clients = new Set<Socket>()
  let now: Behaviour = PASS
  const server = createServer((client) => {
    proxy.accepted += 1
    clients.add(client)
    client.on('close', () => clients.delete(client))
    const link = createLink(client, connect(port, '127.0.0.1'), clock, () => {
      proxy.idle += 1
    })
    links.add(link)
    link.behave(now)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: HostileProxy = {
    port: (server.address() as AddressInfo).port,
    accepted: 0,
    idle: 0,
    get open() {
      return clients.size
    },
    behave(behaviour, onlyNew = false) {
      now = behaviour
      if (!onlyNew) for (const link of links) link.behave(behaviour)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const link of links) link.destroy()
      }),
  }
  return proxy
}

function createLink(client: Socket, upstream: Socket, clock: Clock, onIdle: () => void): Link {
  let behaviour: Behaviour = PASS
  let sent = 0
  let held = false
  let waiting: Buffer[] = []
  /** Pieces on their way to the server. */
  let underway = 0
  let timer: Timer | undefined
  client.setNoDelay(true)
  upstream.setNoDelay(true)

  const reset = () => {
    clock.clearTimeout(timer)
    client.resetAndDestroy()
    upstream.resetAndDestroy()
  }
  const hold = () => {
    held = true
    clock.clearTimeout(timer)
    client.pause()
    upstream.pause()
  }
  const watchIdle = () => {
    if (behaviour.kind !== 'idle') return
    const { afterMs, how } = behaviour
    clock.clearTimeout(timer)
    timer = clock.setTimeout(() => {
      onIdle()
      if (how === 'hold') hold()
      else reset()
    }, afterMs)
  }
  const dripOn = (periodMs: number) => {
    clock.clearTimeout(timer)
    timer = clock.setTimeout(() => {
      const all = Buffer.concat(waiting)
      waiting = all.length > 1 ? [all.subarray(1)] : []
      if (all.length > 0) client.write(all.subarray(0, 1))
      dripOn(periodMs)
    }, periodMs)
  }
  const down = (bytes: Buffer) => {
    if (held) return
    watchIdle()
    if (behaviour.kind === 'hold' || behaviour.kind === 'reset') {
      const room = Math.max(0, behaviour.afterBytes - sent)
      sent += bytes.length
      if (room > 0) client.write(bytes.subarray(0, room))
      if (bytes.length >= room) {
        if (behaviour.kind === 'hold') hold()
        else setImmediate(reset)
      }
      return
    }
    if (behaviour.kind === 'drip') waiting.push(bytes)
    else if (behaviour.kind === 'delay') clock.setTimeout(() => client.write(bytes), behaviour.byMs)
    else if (behaviour.kind === 'bytes') for (const byte of bytes) client.write(Buffer.of(byte))
    else client.write(bytes)
  }
  client.on('data', (bytes: Buffer) => {
    if (held) return
    watchIdle()
    if (behaviour.kind !== 'late') {
      upstream.write(bytes)
      return
    }
    underway += 1
    clock.setTimeout(() => {
      underway -= 1
      upstream.write(bytes)
      // A server that learns at once that nobody waits any more gives up what it began.
      if (client.destroyed && underway === 0) clock.setTimeout(() => upstream.end(), LINGER_MS)
    }, behaviour.byMs)
  })
  upstream.on('data', down)
  client.on('error', () => {})
  upstream.on('error', () => {})
  // A client that goes is seen by the server, unless the link is held: then neither end learns of the other.
  client.on('close', () => {
    if (held || underway > 0) return
    clock.clearTimeout(timer)
    upstream.destroy()
  })
  upstream.on('close', () => {
    if (!held) client.destroy()
  })
  return {
    behave(next) {
      if (held || client.destroyed) return
      behaviour = next
      sent = 0
      clock.clearTimeout(timer)
      if (next.kind === 'reset' && next.afterBytes === 0) reset()
      else if (next.kind === 'hold' && next.afterBytes === 0) hold()
      else if (next.kind === 'drip') dripOn(next.periodMs)
      else watchIdle()
      if (next.kind !== 'drip' && waiting.length > 0) {
        client.write(Buffer.concat(waiting))
        waiting = []
      }
    },
    destroy() {
      clock.clearTimeout(timer)
      client.destroy()
      upstream.destroy()
    },
  }
}
