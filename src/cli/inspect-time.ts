/** A time that a person gives: a moment, an hour of today, or how long ago. Pure. */
import { needsPerson } from '../errors.ts'

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * `2026-11-25T10:00:00Z`, `10:00` or `10:00:30` (today, or yesterday when that is still to come, in this machine's zone),
 * `90s`, `5min`, `2h`, `1d` ago. Milliseconds since 1970. Throws needs-person INSPECT_BAD_TIME.
 */
export function timeOf(text: string, nowMs: number): number {
  const ago = /^(\d{1,9})\s*(s|m|min|h|d)(\s+ago)?$/.exec(text)
  if (ago !== null) return nowMs - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0)
  const hour = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d{1,3})?)?$/.exec(text)
  if (hour !== null) {
    const [, hours, minutes, seconds = '0', rest = '.0'] = hour
    const date = new Date(nowMs)
    date.setHours(Number(hours), Number(minutes), Number(seconds), Math.round(Number(`0${rest}`) * 1_000))
    if (date.getTime() > nowMs) date.setDate(date.getDate() - 1)
    return date.getTime()
  }
  const moment = /^\d{4}-\d{2}-\d{2}([T ]\S+)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(moment))
    throw needsPerson(
      'INSPECT_BAD_TIME',
      `${JSON.stringify(text)} is no time: give 2026-11-25T10:00:00Z, 10:00 of today, or 5min for five minutes ago`,
    )
  return moment
}
