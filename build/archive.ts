/** The tar for the way to a machine without a network: the same files give the same bytes. */
import { spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

export interface ArchiveFile {
  /** In the archive, with forward slashes, at most 100 bytes (ustar). */
  readonly name: string
  readonly bytes: Uint8Array
  readonly executable?: boolean
}

const BLOCK = 512

/** A ustar archive (POSIX.1-1988): all of root's, of no time, in the order given. */
export function tar(files: readonly ArchiveFile[]): Buffer {
  const parts = files.flatMap(({ name, bytes, executable }) => [
    header(name, bytes.length, executable === true ? 0o755 : 0o644),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ])
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}

function header(name: string, size: number, mode: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for the archive`)
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  block.write(name, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  block.write('root', 265)
  block.write('root', 297)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** By xz where it is there, by gzip otherwise. Two threads and fixed blocks: the bytes do not depend on the machine's size. */
export function compress(bytes: Uint8Array): { readonly suffix: string; readonly bytes: Uint8Array } {
  const { status, stdout } = spawnSync('xz', ['-4', '-T2', '--block-size=64MiB', '-c'], {
    input: bytes,
    maxBuffer: bytes.length,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  if (status === 0) return { suffix: '.xz', bytes: stdout }
  return { suffix: '.gz', bytes: gzipSync(bytes, { level: 9 }) }
}

const SUMS = 'SHA256SUMS'

/**
 * The sums of these files in a file, and its signature in another: 64 bytes that
 * `openssl pkeyutl -verify -pubin -inkey PUBLIC.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig` verifies.
 * Without a key the other file says in words that nothing is signed.
 */
export function seals(files: readonly ArchiveFile[], key: KeyObject | undefined): readonly ArchiveFile[] {
  const bytes = Buffer.from(sums(files))
  return [
    { name: SUMS, bytes },
    key === undefined
      ? {
          name: 'UNSIGNED',
          bytes: Buffer.from('Nobody has signed these files: compare SHA256SUMS with its source.\n'),
        }
      : { name: `${SUMS}.sig`, bytes: sign(null, bytes, key) },
  ]
}

/** Throws in words when it is no ed25519 private key. */
export function readSignKey(file: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(readFileSync(file))
  } catch (cause) {
    throw new Error(`${file} is not a private key in PEM that can be read`, { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`${file} is a ${key.asymmetricKeyType} key; it must be ed25519`)
  return key
}

/** In the form that `sha256sum --check` reads. */
export const sums = (files: readonly ArchiveFile[]): string =>
  files.map(({ name, bytes }) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`).join('')
