/** `status`: one screen, worst first; the exit code is the health. */
import type { Command } from 'commander'
import type { StatusSnapshot } from '../adapter.ts'
import { briefState } from '../diagnostics/index.ts'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { duration, paint, plain, say, table, tell } from './terminal.ts'

/** 0 ready and well, 1 ready with warnings, 2 not ready, 3 no answer. */
export const HEALTH_EXIT = { well: 0, warnings: 1, notReady: 2, noAnswer: 3 } as const

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .option('--json', 'the whole status as JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 ready and well, 1 ready with warnings, 2 not ready, 3 the daemon does not answer.' +
        '\n\nExample:\n  antrea-nsx-adapter status --json | jq .warnings',
    )
    .action(async ({ socket, json }: { socket: string; json?: boolean }) => {
      try {
        const status = await ask<StatusSnapshot>(socket, 'GET', '/status')
        say(json === true ? JSON.stringify(status, null, 2) : screen(status, createRealClock().now()))
        process.exitCode = exitCodeOf(status)
      } catch (error) {
        tell(error)
        process.exitCode = HEALTH_EXIT.noAnswer
      }
    })
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
