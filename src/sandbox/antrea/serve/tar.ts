/** A tar archive of text files (POSIX ustar), with nothing in it that depends on the time. */
const BLOCK = 512

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`

function headerOf(path: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const put = (text: string, at: number) => header.write(text, at, 'latin1')
  put(path.slice(0, 99), 0)
  put(octal(0o644, 7), 100)
  put(octal(0, 7), 108)
  put(octal(0, 7), 116)
  put(octal(size, 11), 124)
  put(octal(0, 11), 136)
  put('        ', 148)
  put('0', 156)
  put('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(`${octal(sum, 6)} `, 148)
  return header
}

/** Paths longer than 99 characters are cut. */
export function tarOf(files: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = []
  for (const [path, text] of files) {
    const content = Buffer.from(text, 'utf8')
    parts.push(headerOf(path, content.length), content)
    parts.push(Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK))
  }
  parts.push(Buffer.alloc(2 * BLOCK))
  return Buffer.concat(parts)
}
