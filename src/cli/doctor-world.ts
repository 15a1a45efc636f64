/** The machine as `doctor` sees it: files, sockets, names, programs. */
import { execFile } from 'node:child_process'
import type { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { constants } from 'node:fs'
import { access, readFile, stat, statfs } from 'node:fs/promises'
import { createServer, connect as dial } from 'node:net'
import { connect as dialTls, type TLSSocket } from 'node:tls'
import type Database from 'better-sqlite3'
import type { FileFacts, Presented, PresentedCertificate, World } from '../doctor/index.ts'
import { DOCTOR_OUTPUT_BYTES_MAX, DOCTOR_PROGRAM_MS } from '../limits.ts'
import { createRealClock } from '../world/real.ts'
import { ask } from './endpoint.ts'
import { readSmallText } from './settings.ts'

const CONNECT_MS = 5_000

/** Nothing is opened before it is asked for. */
export function createDoctorWorld(): World {
  return {
    clock: createRealClock(),
    env: process.env,
    uid: process.getuid?.() ?? -1,
    stat: fileFacts,
    read: readSmallText,
    async space(path) {
      const { bavail, bsize, ffree } = await statfs(path)
      return { freeBytes: bavail * bsize, freeFiles: ffree }
    },
    isWritable: (path) =>
      access(path, constants.W_OK | constants.X_OK).then(
        () => true,
        () => false,
      ),
    examineDatabase: examine,
    openFiles,
    run,
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    connect: connectTcp,
    handshake,
    tryListen,
    askDaemon: (socketPath, path) => ask<unknown>(socketPath, 'GET', path, CONNECT_MS),
  }
}

async function fileFacts(path: string): Promise<FileFacts | undefined> {
  try {
    const found = await stat(path)
    const kind = found.isFile()
      ? 'file'
      : found.isDirectory()
        ? 'folder'
        : found.isSocket()
          ? 'socket'
          : 'other'
    return { kind, mode: found.mode & 0o7777, uid: found.uid, bytes: found.size }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** SQLite's own look at a file; the first complaint is enough. Loaded when it is asked for: on old systems it cannot be. */
async function examine(path: string): Promise<string> {
  let database: Database.Database | undefined
  try {
    const { default: Sqlite } = await import('better-sqlite3')
    database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 1_000 })
    const [first] = database.pragma('quick_check(1)') as readonly { readonly quick_check?: string }[]
    return first?.quick_check ?? 'nothing'
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    return code === undefined ? message : `${code}: ${message}`
  } finally {
    database?.close()
  }
}

/** The soft limit of this process (proc(5)). */
async function openFiles(): Promise<number | undefined> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1]
  return soft === undefined ? undefined : soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft)
}

function run(program: string, words: readonly string[], signal: AbortSignal): ReturnType<World['run']> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: DOCTOR_PROGRAM_MS,
      maxBuffer: DOCTOR_OUTPUT_BYTES_MAX,
      env: { ...process.env, LC_ALL: 'C' },
      signal,
    }
    execFile(program, [...words], options, (error, stdout) => {
      if (error === null) return resolve({ code: 0, stdout })
      if (error.code === 'ENOENT' || error.code === 'EACCES') return resolve(undefined)
      if (signal.aborted) return reject(signal.reason)
      return resolve({ code: typeof error.code === 'number' ? error.code : 1, stdout })
    })
  })
}

const timedOut = (host: string, port: number) =>
  Object.assign(new Error(`${host}:${port} did not answer within ${CONNECT_MS / 1_000} s`), {
    code: 'DOCTOR_TIMEOUT',
  })

function connectTcp(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dial({ host, port, signal, timeout: CONNECT_MS })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => socket.destroy(timedOut(host, port)))
    socket.once('error', reject)
  })
}

/** Nothing of what is shown is believed, and no certificate of ours is shown. */
function handshake(
  { host, port, servername, ca }: Parameters<World['handshake']>[0],
  signal: AbortSignal,
): Promise<Presented> {
  return new Promise((resolve, reject) => {
    const socket = dialTls({
      host,
      port,
      rejectUnauthorized: false,
      ...(servername === undefined ? {} : { servername }),
      ...(ca === undefined ? {} : { ca }),
    })
    const onAbort = () => socket.destroy(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.setTimeout(CONNECT_MS, () => socket.destroy(timedOut(host, port)))
    socket.once('secureConnect', () => {
      resolve(presentedOf(socket))
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort)
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
    })
  })
}

function presentedOf(socket: TLSSocket): Presented {
  const chain: PresentedCertificate[] = []
  let at: ReturnType<TLSSocket['getPeerX509Certificate']> = socket.getPeerX509Certificate()
  while (at !== undefined && chain.length < CHAIN_MAX) {
    chain.push(certificateOf(at))
    const next: X509Certificate | undefined = at.issuerCertificate
    at = next === undefined || next.fingerprint256 === at.fingerprint256 ? undefined : next
  }
  const distrust = socket.authorized ? undefined : distrustOf(socket)
  return {
    chain,
    protocol: socket.getProtocol() ?? 'TLS',
    ...(distrust === undefined ? {} : { distrust }),
  }
}

/** More than that nobody sends. */
const CHAIN_MAX = 10

const certificateOf = (certificate: X509Certificate): PresentedCertificate => ({
  subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
  issuer: certificate.issuer?.replaceAll('\n', ', ') ?? '',
  names: certificate.subjectAltName ?? '',
  sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  validFromMs: certificate.validFromDate.getTime(),
  validToMs: certificate.validToDate.getTime(),
})

const distrustOf = (socket: TLSSocket): string => {
  const why = socket.authorizationError as string | Error | undefined
  return why === undefined ? 'it is not trusted' : typeof why === 'string' ? why : why.message
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code = 'ERROR' }: NodeJS.ErrnoException) => resolve(code))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}
