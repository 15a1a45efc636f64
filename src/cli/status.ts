/** `status`: one screen, worst first; the exit code is the health. */
import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import { briefState } from '../diagnostics/index.ts'
import type { StatusSnapshot } from '../status/index.ts'
import { sleep } from '../world/index.ts'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { policyTable, progressTable, refusedLines } from './status-parts.ts'
import { statusSchema } from './status-schema.ts'
import { duration, paint, plain, say, table, tell } from './terminal.ts'

/** 0 ready and well, 1 ready with warnings, 2 not ready, 3 no answer. */
export const HEALTH_EXIT = { well: 0, warnings: 1, notReady: 2, noAnswer: 3 } as const

const FORMATS = ['table', 'json', 'yaml'] as const
type Format = (typeof FORMATS)[number]

interface Options {
  readonly socket: string
  readonly output: Format
  readonly json?: boolean
  readonly watch?: boolean
  readonly schema?: boolean
}

/** Between two looks of --watch. */
const WATCH_MS = 2_000

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(FORMATS).default('table'))
    .option('--json', 'as -o json')
    .option('-w, --watch', 'again every two seconds, until Ctrl-C')
    .option('--schema', 'the JSON Schema of -o json; asks no daemon')
    .addHelpText(
      'after',
      '\nExit code: 0 ready and well, 1 ready with warnings, 2 not ready, 3 the daemon does not answer.' +
        '\nIn -o json and -o yaml times are milliseconds since 1970, and a condition is well when it is True.' +
        '\n\nExample:\n  antrea-nsx-adapter status\n  antrea-nsx-adapter status -o json | jq .policies.refused' +
        '\n  antrea-nsx-adapter status --watch',
    )
    .action(async (options: Options) => {
      if (options.schema === true) return say(JSON.stringify(statusSchema(), null, 2))
      if (options.watch !== true) return show(options)
      return watch(options)
    })
}

async function show({ socket, output, json }: Options): Promise<void> {
  try {
    const status = await ask<StatusSnapshot>(socket, 'GET', '/status')
    say(printed(status, json === true ? 'json' : output, createRealClock().now()))
    process.exitCode = exitCodeOf(status)
  } catch (error) {
    tell(error)
    process.exitCode = HEALTH_EXIT.noAnswer
  }
}

function printed(status: StatusSnapshot, format: Format, now: number): string {
  if (format === 'json') return JSON.stringify(status, null, 2)
  return format === 'yaml' ? stringify(status, { lineWidth: 0 }).trimEnd() : screen(status, now)
}

/** On a terminal the screen is drawn anew; into a file one status follows the other. The exit code is that of the last. */
async function watch(options: Options): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const clock = createRealClock()
  while (!stop.signal.aborted) {
    if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J\u001b[3J')
    await show(options)
    if (!process.stdout.isTTY) say('')
    await sleep(clock, WATCH_MS, stop.signal).catch(() => {})
  }
}

export function exitCodeOf({ ready, warnings }: StatusSnapshot): number {
  if (!ready) return HEALTH_EXIT.notReady
  return warnings.some(({ severity }) => severity !== 'info') ? HEALTH_EXIT.warnings : HEALTH_EXIT.well
}

const WORST_FIRST = ['error', 'warning', 'info'] as const
const MARKS = { error: ['red', '✗'], warning: ['yellow', '!'], info: ['blue', 'i'] } as const

/** The status in words; `now` is milliseconds since 1970. */
export function screen(status: StatusSnapshot, now: number): string {
  const headline = status.ready ? paint(['green', 'bold'], 'READY') : paint(['red', 'bold'], 'NOT READY')
  const lines = [`${headline}  ${status.role}, instance ${status.instance}, cluster ${status.cluster.name}`]
  if (status.role !== 'leading')
    lines.push(status.leader === '' ? '  nobody leads' : `  ${status.leader} leads`)
  const explained = new Set(status.warnings.map(({ code, title }) => `${code}: ${title}`))
  for (const reason of status.reasons)
    if (!explained.has(reason)) lines.push(`  ${paint('red', '✗')} ${reason}`)
  const warnings = [...status.warnings].sort(
    (a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity) || a.since - b.since,
  )
  for (const { code, title, severity, text, detail, since } of warnings) {
    const [colour, mark] = MARKS[severity]
    lines.push(`  ${paint(colour, mark)} ${paint('bold', code)}  ${title}, for ${duration(now - since)}`)
    if (detail !== '') lines.push(`      ${detail}`)
    lines.push(`      → ${text}`)
  }
  lines.push(...refusedLines(status, now))
  const components = Object.entries(status.components).map(([name, component]) => [
    name,
    component === undefined ? 'not started' : briefState(component.state),
    component === undefined ? '' : duration(now - component.since),
  ])
  const instances = status.instances.map(({ instance, role, self, seenMs, manager, reachedMs, version }) => [
    self ? `${instance} (this one)` : instance,
    role,
    self ? '' : seenMs === undefined ? 'not seen lately' : `${duration(seenMs)} ago`,
    manager === 'unknown' ? 'not known' : manager,
    reachedMs === undefined ? 'never' : `${duration(reachedMs)} ago`,
    version,
  ])
  const stores = Object.entries(status.stores)
    .sort(([, a], [, b]) => Number(a.live && a.synced) - Number(b.live && b.synced))
    .map(([name, { objects, synced, live }]) => [
      name,
      String(objects),
      !synced ? 'not read yet' : live ? 'live' : 'behind: its watch is down',
    ])
  lines.push('', table([['PART', 'STATE', 'SINCE'], ...components]))
  if (status.role === 'leading') lines.push('', progressTable(status, now))
  const policies = policyTable(status)
  if (policies !== undefined) lines.push('', policies)
  lines.push('', table([['INSTANCE', 'ROLE', 'SEEN', 'NSX', 'REACHED', 'VERSION'], ...instances]))
  lines.push('', table([['RESOURCE', 'OBJECTS', 'COPY'], ...stores]))
  lines.push('', `version ${status.version}, cluster id ${status.cluster.id}`)
  return lines.map(plainButColour).join('\n')
}

/** Colours are ours; everything else that a terminal would obey is not. */
const plainButColour = (line: string): string =>
  line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours' own sequences
    .split(/(\u001b\[\d+m)/)
    .map((part, index) => (index % 2 === 1 ? part : part.split('\n').map(plain).join('\n')))
    .join('')
