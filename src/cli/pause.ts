/** `pause`: for a while nothing is written to the cluster (ccp) or to NSX's inventory (mp). */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PAUSE_MS_DEFAULT, PAUSE_MS_MAX } from '../limits.ts'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { seconds } from './options.ts'
import { duration, plain, say } from './terminal.ts'

export const PAUSED_CHANNELS = ['ccp', 'mp', 'all'] as const

/** What /pause and /resume answer. */
export interface PauseState {
  readonly role: string
  readonly leader: string
  readonly pauses: Readonly<Partial<Record<'ccp' | 'mp', { readonly since: number; readonly until: number }>>>
}

export function channel(text: string): string {
  if ((PAUSED_CHANNELS as readonly string[]).includes(text)) return text
  throw new InvalidArgumentError('It must be ccp, mp or all.')
}

function limit(text: string): number {
  const value = seconds(text)
  if (value >= 1 && value * 1_000 <= PAUSE_MS_MAX) return value
  throw new InvalidArgumentError('It must be from 1s to 24h.')
}

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .argument('<channel>', 'ccp: policy to the cluster; mp: inventory to NSX; all: both', channel)
    .addOption(
      new Option('--for <time>', 'when it ends by itself, as 90s, 10m, 2h; at most 24h')
        .argParser(limit)
        .default(PAUSE_MS_DEFAULT / 1_000, '1h'),
    )
    .addHelpText(
      'after',
      '\nEverything is watched, compared and reported meanwhile; a warning says so in `status`, the metrics and NSX, and how much' +
        '\nwaits. What is half written is finished first, within 30 s. The lease is kept, health is reported, and requests of' +
        '\nNSX (a traceflow, logs) are answered. It is of the process: a restart writes again, and so does another instance' +
        '\nthat comes to lead.' +
        '\n\nExample:\n  antrea-nsx-adapter pause ccp --for 30m\n  antrea-nsx-adapter resume ccp',
    )
    .action(async (name: string, { socket, for: forSeconds }: { socket: string; for: number }) => {
      const path = `/pause?channel=${name}&seconds=${forSeconds}`
      say(words(await ask<PauseState>(socket, 'POST', path), createRealClock().now()))
    })
}

const WHAT = { ccp: 'policy to the cluster', mp: 'inventory to NSX' } as const

/** What is paused, a line each, and who writes all the same. */
export function words({ role, leader, pauses }: PauseState, now: number): string {
  const lines = (['ccp', 'mp'] as const).flatMap((name) => {
    const until = pauses[name]?.until
    if (until === undefined) return []
    return [`${name}: no ${WHAT[name]} for ${duration(until - now)}, until ${new Date(until).toISOString()}`]
  })
  if (lines.length === 0) return 'Nothing is paused.'
  if (role !== 'leading')
    lines.push(
      leader === ''
        ? 'This instance does not lead.'
        : `This instance does not lead: ${leader} does, and writes. Pause it there.`,
    )
  return lines.map(plain).join('\n')
}
