/** Small files of credentials: read at once, bounded, and never one that could hold the process up. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { needsPerson } from '../errors.ts'
import { KUBECONFIG_BYTES_MAX } from '../limits.ts'

/**
 * A regular file's bytes. Throws needs-person KUBECONFIG_MISSING, KUBECONFIG_UNREADABLE or KUBECONFIG_TOO_LARGE; `what` is for the message:
 * `the kubeconfig`. A FIFO or a device is refused: reading it may never end.
 */
export function readSmallFile(path: string, what: string): Buffer {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = fstatSync(file)
    if (!found.isFile())
      throw needsPerson('KUBECONFIG_UNREADABLE', `${what} ${path} is not a file; name a file`)
    return readBounded(file, path, what)
  } catch (error) {
    throw fileError(error, path, what)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readBounded(file: number, path: string, what: string): Buffer {
  const buffer = Buffer.alloc(KUBECONFIG_BYTES_MAX + 1)
  let size = 0
  while (size < buffer.length) {
    const count = readSync(file, buffer, size, buffer.length - size, null)
    if (count === 0) return Buffer.from(buffer.subarray(0, size))
    size += count
  }
  throw needsPerson(
    'KUBECONFIG_TOO_LARGE',
    `${what} ${path} is over ${KUBECONFIG_BYTES_MAX} bytes; name the right file`,
  )
}

function fileError(error: unknown, path: string, what: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return needsPerson('KUBECONFIG_MISSING', `${what} ${path} does not exist; create it or name another`, {
      subject: path,
      cause: error,
    })
  if (/^E[A-Z]+$/.test(code))
    return needsPerson(
      'KUBECONFIG_UNREADABLE',
      `${what} ${path} cannot be read (${code}); let the user the adapter runs as read it`,
      { subject: path, cause: error },
    )
  return error
}

/**
 * The token in a file, read again whenever the file is another one than before (a projected token is replaced as a
 * whole, some minutes before the old one expires). While it cannot be read the last good one is given, as client-go does.
 * Throws as readSmallFile when it cannot be read at first.
 */
export function createTokenFile(path: string): () => string {
  const what = 'the token file'
  const versionOf = (): string => {
    const { ino, dev, size, mtimeMs } = statSync(path)
    return `${dev}:${ino}:${size}:${mtimeMs}`
  }
  const read = () => tokenText(readSmallFile(path, what).toString('utf8'), `${what} ${path}`)
  let token = read()
  let version = ''
  return () => {
    try {
      const found = versionOf()
      if (found === version) return token
      token = read()
      version = found
    } catch {
      // The old one may still be good; when it is not, the API server says so.
    }
    return token
  }
}

/** A bearer token as it goes into a header (RFC 6750 §2.1). */
export function tokenText(text: string, what: string): string {
  const token = text.trim()
  if (!/^[\x21-\x7e]+$/.test(token))
    throw needsPerson('KUBECONFIG_CREDENTIALS', `${what} does not hold a token; put one in`)
  return token
}

/** What tells these files from those that stood there before; a file that cannot be seen is told from one that can. */
export function fileVersions(paths: readonly string[]): string {
  return paths.map(versionOf).join(' ')
}

function versionOf(path: string): string {
  try {
    const { ino, dev, size, mtimeMs } = statSync(path)
    return `${dev}:${ino}:${size}:${mtimeMs}`
  } catch {
    return 'none'
  }
}
