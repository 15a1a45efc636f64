/** HTTP/1.1 over TLS with no more than a load needs: what the client costs must not be what is measured. */
import { connect, type TLSSocket } from 'node:tls'

export interface WireOptions {
  readonly port: number
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
}

export interface Wires {
  /** Sends it on a connection that is free, or when one gets free. Rejects unless the status is the expected one. */
  call(method: string, path: string, contentType: string, body: Buffer, expected: number): Promise<void>
  close(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

function open({ port, tls }: WireOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...tls, rejectUnauthorized: true })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** The head of an answer with its length, when it is complete. */
function readHead(bytes: Buffer): { status: number; length: number; bodyAt: number } | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
  return { status: Number(head.slice(9, 12)), length, bodyAt: end + HEAD_END.length }
}

/** Sends a request; resolves with the status when the whole answer is there. */
type Wire = (request: Buffer) => Promise<number>

/** One connection: a request, its whole answer, the next request. */
function wire(socket: TLSSocket): Wire {
  let done: ((status: number) => void) | undefined
  let fail: ((error: Error) => void) | undefined
  let left = -1
  let status = 0
  let head: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    if (left >= 0) left -= chunk.length
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      const found = readHead(head)
      if (found === undefined) return
      status = found.status
      left = found.length - (head.length - found.bodyAt)
    }
    if (left > 0) return
    left = -1
    head = Buffer.alloc(0)
    done?.(status)
  })
  socket.once('close', () => fail?.(new Error('the connection was closed')))
  return (request) =>
    new Promise((resolve, reject) => {
      done = resolve
      fail = reject
      socket.write(request)
    })
}

/** `count` connections. */
export async function openWires(options: WireOptions, count: number): Promise<Wires> {
  const sockets = await Promise.all(Array.from({ length: count }, () => open(options)))
  const free = sockets.map(wire)
  const waiting: ((one: Wire) => void)[] = []
  return {
    async call(method, path, contentType, body, expected) {
      const one = free.pop() ?? (await new Promise<Wire>((resolve) => waiting.push(resolve)))
      const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\ncontent-type: ${contentType}\r\ncontent-length: ${body.length}\r\n\r\n`
      const status = await one(Buffer.concat([Buffer.from(head), body]))
      const first = waiting.shift()
      if (first === undefined) free.push(one)
      else first(one)
      if (status !== expected) throw new Error(`${method} ${path} was answered with ${status}`)
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A GET whose answer goes on: `read` gets the chunks as they come, head and framing included. Resolves when it has begun. */
export async function openStream(
  options: WireOptions,
  path: string,
  read: (chunk: Buffer) => void,
): Promise<{ close(): void }> {
  const socket = await open(options)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n`)
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error(`${path}: the connection was closed`)))
    socket.once('data', (chunk: Buffer) => {
      const status = chunk.toString('latin1', 9, 12)
      if (status !== '200') return reject(new Error(`${path} was answered with ${status}`))
      read(chunk)
      socket.on('data', read)
      return resolve()
    })
  })
  return { close: () => socket.destroy() }
}
