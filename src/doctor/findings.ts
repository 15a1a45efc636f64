/** Findings in short. Pure. */
import { AdapterError } from '../errors.ts'
import type { Finding, Problem } from './types.ts'

export const failed = (code: string, cause: string, fix: string): Problem => ({
  severity: 'failed',
  code,
  cause,
  fix,
})

export const warned = (code: string, cause: string, fix: string): Problem => ({
  severity: 'warning',
  code,
  cause,
  fix,
})

export const found = (detail: string, ...problems: readonly (Problem | undefined)[]): Finding => ({
  detail,
  problems: problems.filter((problem) => problem !== undefined),
})

export const skipped = (why: string): Finding => ({ detail: why, skipped: true })

/** Something thrown, with its own code where it has one. */
export function problemOf(error: unknown, fix: string): Problem {
  if (error instanceof AdapterError) return failed(error.code, error.message, fix)
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return failed(
    'DOCTOR_BROKEN',
    typeof code === 'string' && typeof message === 'string' && !message.includes(code)
      ? `${code}: ${message}`
      : String(message ?? error),
    fix,
  )
}

/** `0600` */
export const modeText = (mode: number): string => `0${(mode & 0o777).toString(8).padStart(3, '0')}`

/** What a shell takes as one word. */
export const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

const MIB = 1024 * 1024

export const sizeText = (bytes: number): string =>
  bytes >= 1024 * MIB
    ? `${(bytes / (1024 * MIB)).toFixed(1)} GiB`
    : bytes >= MIB
      ? `${Math.round(bytes / MIB)} MiB`
      : `${Math.ceil(bytes / 1024)} KiB`

export const daysText = (ms: number): string => {
  const days = Math.floor(Math.abs(ms) / 86_400_000)
  return days === 1 ? '1 day' : `${days} days`
}
