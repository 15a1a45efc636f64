/** Newline-delimited JSON: bytes in, parsed lines out, whatever the chunking. */
import { retry } from '../errors.ts'

/**
 * Yields one parsed value a line. Throws AdapterError LINE_TOO_LONG or LINE_MALFORMED (kind retry) at the first line
 * that breaks the rules, and LINE_TRUNCATED when the stream ends in the middle of one. Empty lines are skipped.
 */
export async function* jsonLines(
  body: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<unknown, void> {
  let parts: Uint8Array[] = []
  let held = 0
  let number = 0
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end)
      start = end + 1
      number += 1
      if (held + piece.length > lineBytesMax) throw tooLong(number, lineBytesMax)
      const line = parts.length === 0 ? piece : Buffer.concat([...parts, piece])
      parts = []
      held = 0
      if (line.length > 0) yield parseLine(line, number)
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start))
      held += chunk.length - start
      if (held > lineBytesMax) throw tooLong(number + 1, lineBytesMax)
    }
  }
  if (held > 0)
    throw retry(
      'LINE_TRUNCATED',
      `the stream ended in the middle of line ${number + 1}; it is read again from the start`,
    )
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parseLine(line: Uint8Array, number: number): unknown {
  try {
    return JSON.parse(decoder.decode(line))
  } catch (cause) {
    throw retry(
      'LINE_MALFORMED',
      `line ${number} of the stream is not JSON; the stream is thrown away and read again`,
      { cause },
    )
  }
}

const tooLong = (number: number, bytesMax: number) =>
  retry(
    'LINE_TOO_LONG',
    `line ${number} of the stream is longer than ${bytesMax} bytes; the stream is thrown away and read again`,
  )

/** One line, with its line feed. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`
