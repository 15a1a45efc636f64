/** What a person reads: lines without control characters, colour only on a terminal, one line for an error. */
import { styleText } from 'node:util'
import { ConfigError } from '../config/problems.ts'
import { type AdapterError, asAdapterError } from '../errors.ts'

type Style = Parameters<typeof styleText>[0]

/** Text from outside may carry escape sequences; a terminal must not obey them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
export const plain = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')

/** One line, or several, to standard output. */
export const say = (text: string): void => void process.stdout.write(`${text}\n`)

export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, column) => Math.max(found[column] ?? 0, cell.length)),
    [],
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `3 d 4 h`, `12 s`: the two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const
  const first = units.findIndex(([, count]) => count > 0)
  if (first === -1) return '0 s'
  return units
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ')
}

/** Exit codes beside those of `status`. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** Tells an error in one line each (a configuration may have several) and sets the exit code. Never a stack. */
export function tell(error: unknown): void {
  const lines =
    error instanceof ConfigError
      ? error.problems.map(({ code, where, message }) => `${code}: ${where}: ${message}`)
      : [lineOf(asAdapterError(error))]
  for (const line of lines) process.stderr.write(`antrea-nsx-adapter: ${plain(line)}\n`)
  process.exitCode = EXIT.failed
}

const lineOf = (error: AdapterError): string =>
  error.code === 'INTERNAL'
    ? `INTERNAL: ${error.message}. This is a fault of the adapter; please report it with its log.`
    : `${error.code}: ${error.message}`
