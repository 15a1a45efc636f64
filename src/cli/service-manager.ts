/**
 * What systemd is told of the daemon (sd_notify(3)): READY once it runs, one sentence of health, and the watchdog's
 * food, which only a live event loop and moving charts give.
 */
import { execFile } from 'node:child_process'
import type { StatusSnapshot } from '../status/index.ts'
import { type Clock, sleep } from '../world/index.ts'
import { plain } from './terminal.ts'

/** Sends assignments (`READY=1`) in one message. Resolves when it is sent or given up; never rejects. */
export type Notify = (...assignments: readonly string[]) => Promise<void>

const NOTIFY_TIMEOUT_MS = 5_000

/**
 * undefined: nobody listens. Node cannot open the datagram socket itself, so systemd's own program does, as a child of
 * this process: the unit needs NotifyAccess=all. The program waits until systemd has read the message.
 */
export function notifierOf(environment: Readonly<Record<string, string | undefined>>): Notify | undefined {
  const { NOTIFY_SOCKET: socket, PATH: path = '/usr/bin:/bin' } = environment
  if (socket === undefined) return undefined
  return (...assignments) =>
    new Promise((resolve) => {
      const options = { env: { NOTIFY_SOCKET: socket, PATH: path }, timeout: NOTIFY_TIMEOUT_MS }
      execFile('systemd-notify', assignments, options, () => resolve())
    })
}

/** How long systemd waits for the watchdog's food, in milliseconds; undefined: it does not, or means another process. */
export function watchdogOf(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: of } = environment
  if (!/^[1-9]\d*$/.test(microseconds) || (of !== undefined && of !== String(pid))) return undefined
  return Number(microseconds) / 1_000
}

export interface Watched {
  readonly clock: Clock
  status(): StatusSnapshot
  /** Counts what the charts go through: the lease alone moves every few seconds, on a leader and on a standby. */
  transitions(): number
}

const LOOK_MS = 500
/** Three meals within systemd's patience: one may be late, one lost. */
const MEALS = 3

/** Tells until the signal is aborted. */
export async function keepTold(
  notify: Notify,
  { clock, status, transitions }: Watched,
  watchdogMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined
  let fedMs = clock.monotonicMs()
  let seen = transitions()
  while (!signal.aborted) {
    const news: string[] = []
    const words = sentence(status())
    if (told === undefined) news.push('READY=1')
    if (words !== told) news.push(`STATUS=${words}`)
    const isHungry = watchdogMs !== undefined && clock.monotonicMs() - fedMs >= watchdogMs / MEALS
    if (isHungry && transitions() !== seen) {
      news.push('WATCHDOG=1')
      fedMs = clock.monotonicMs()
      seen = transitions()
    }
    told = words
    if (news.length > 0) await notify(...news)
    await sleep(clock, LOOK_MS, signal).catch(() => {})
  }
}

/** One line for `systemctl status`: the worst first. */
export function sentence({ ready, role, reasons, warnings }: StatusSnapshot): string {
  const bad = warnings.filter(({ severity }) => severity !== 'info')
  const worst = bad.find(({ severity }) => severity === 'error') ?? bad[0]
  const more = bad.length > 1 ? `, and ${bad.length - 1} more` : ''
  const words = !ready
    ? `Not ready: ${reasons[0] ?? role}`
    : worst === undefined
      ? `Ready, ${role}`
      : `Ready, ${role}, but ${worst.code}: ${worst.title}${more}`
  return plain(words).replaceAll('\n', ' ')
}
