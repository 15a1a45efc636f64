/** Tar archives (POSIX ustar) of plain files: headers and padding; the bytes between are the caller's. */
const BLOCK = 512

const octal = (value: number, digits: number): string =>
  `${Math.max(0, Math.floor(value)).toString(8).padStart(digits, '0')}\0`

/** Two empty blocks. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK)

/** What follows `size` bytes of content. */
export const tarPadding = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK)

/**
 * The header of a file that only its owner may read. Throws RangeError for a path over 255 bytes or one that cannot be
 * split at a `/` into 155 and 100, and for 8 GiB and more: ustar has no place for them.
 */
export function tarHeader(path: string, size: number, modifiedMs: number): Uint8Array {
  if (size >= 8 ** 11) throw new RangeError('a file of 8 GiB and more does not go into a ustar archive')
  const { prefix, name } = splitPath(path)
  const header = Buffer.alloc(BLOCK)
  const put = (text: string, at: number) => header.write(text, at, 'latin1')
  header.write(name, 0, 'utf8')
  put(octal(0o600, 7), 100)
  put(octal(0, 7), 108)
  put(octal(0, 7), 116)
  put(octal(size, 11), 124)
  put(octal(modifiedMs / 1_000, 11), 136)
  put('        ', 148)
  put('0', 156)
  put('ustar\u000000', 257)
  header.write(prefix, 345, 'utf8')
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(`${octal(sum, 6)} `, 148)
  return header
}

function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const prefix = path.slice(0, at)
    const name = path.slice(at + 1)
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100 && name !== '')
      return { prefix, name }
  }
  throw new RangeError(`${path.slice(0, 50)}… is too long a path for a ustar archive`)
}

/** A whole archive of texts. */
export function tarOfTexts(
  files: Iterable<readonly [path: string, text: string]>,
  modifiedMs: number,
): Buffer {
  const parts: Uint8Array[] = []
  for (const [path, text] of files) {
    const content = Buffer.from(text, 'utf8')
    parts.push(tarHeader(path, content.length, modifiedMs), content, tarPadding(content.length))
  }
  return Buffer.concat([...parts, TAR_END])
}
