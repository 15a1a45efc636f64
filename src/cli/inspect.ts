/** `inspect`: the charts that live, on a terminal: now, as they come, and as they were. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { needsPerson } from '../errors.ts'
import { INSPECT_HISTORY_ROWS_MAX } from '../limits.ts'
import { type Chart, type NowView, readCharts, type TransitionView } from '../serve/ui/index.ts'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { followLive } from './inspect-follow.ts'
import { pastOf } from './inspect-past.ts'
import { timeOf } from './inspect-time.ts'
import { actorText, pastText, treeText } from './inspect-tree.ts'
import { changeText, chartOf, chartText, eventText } from './inspect-words.ts'
import { paint, plain, say } from './terminal.ts'

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addOption(
      new Option('-f, --follow', 'then each transition as it comes, until Ctrl-C').conflicts([
        'at',
        'history',
        'chart',
      ]),
    )
    .addOption(
      new Option(
        '--at <time>',
        'as it was: 2026-11-25T10:00:00Z, 10:00 of today, or 5min for five minutes ago',
      ).conflicts('chart'),
    )
    .addOption(
      new Option(
        '--history',
        'the transitions that are kept, the newest last; with --at up to then',
      ).conflicts('chart'),
    )
    .option('-n, --limit <count>', 'with --history: so many', limit, 50)
    .option('--file <file>', 'with --at or --history: the diagnostics file, in place of asking the daemon')
    .option(
      '--actor <name>',
      'only this one, in full: by its path or the end of it, for example ccp or watch.pods',
    )
    .option('--chart <name>', "a chart's states and transitions as text, without a daemon; list names them")
    .addOption(
      new Option('-o, --output <form>', 'how it is written').choices(['table', 'json']).default('table'),
    )
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  antrea-nsx-adapter inspect' +
        '\n  antrea-nsx-adapter inspect --actor ccp' +
        '\n  antrea-nsx-adapter inspect --follow --actor mp' +
        '\n  antrea-nsx-adapter inspect --at 10min' +
        '\n  antrea-nsx-adapter inspect --history --actor lease -n 20' +
        '\n  antrea-nsx-adapter inspect --chart watch',
    )
    .action(run)
}

interface Options {
  readonly socket: string
  readonly follow?: boolean
  readonly at?: string
  readonly history?: boolean
  readonly limit: number
  readonly file?: string
  readonly actor?: string
  readonly chart?: string
  readonly output: 'table' | 'json'
}

async function run(options: Options): Promise<void> {
  const charts = readCharts()
  if (options.chart !== undefined) return showChart(options.chart, charts, options.output)
  if (options.history === true) return showHistory(options, charts)
  if (options.at !== undefined) return showPast(options, timeOf(options.at, createRealClock().now()), charts)
  const now = await ask<NowView>(options.socket, 'GET', '/inspect/now')
  const isJson = options.output === 'json'
  if (isJson && options.follow !== true) return say(JSON.stringify(onlyOf(now, options.actor), null, 2))
  say(isJson ? JSON.stringify(onlyOf(now, options.actor)) : nowText(now, options.actor, charts))
  if (options.follow !== true) return
  await followLive(options.socket, (line) => {
    if (line.kind !== 'transition' || !isAbout(line.machine, options.actor)) return
    say(isJson ? JSON.stringify(line) : lineText(line, charts))
  })
}

/** By its whole path, or by the end of it. */
const isAbout = (path: string, name: string | undefined): boolean =>
  name === undefined || path === name || path.endsWith(`/${name}`) || path.split('/').at(-1) === name

function onlyOf(now: NowView, name: string | undefined): NowView {
  const actors = now.actors.filter(({ path }) => isAbout(path, name))
  if (actors.length === 0)
    throw noActor(
      name ?? '',
      now.actors.map(({ path }) => path),
    )
  return { ...now, actors }
}

const noActor = (name: string, paths: readonly string[]) =>
  needsPerson(
    'INSPECT_NO_ACTOR',
    `nothing is called ${name}; there are ${paths.map((path) => path.split('/').at(-1)).join(', ')}`,
  )

function nowText(now: NowView, name: string | undefined, charts: readonly Chart[]): string {
  if (name !== undefined)
    return onlyOf(now, name)
      .actors.map((actor) => actorText(actor, charts, now.at))
      .join('\n\n')
  const { ready, role = '', instance = '', reasons } = now.status
  const head = ready ? paint(['green', 'bold'], 'READY') : paint(['red', 'bold'], 'NOT READY')
  const why = reasons.map((reason) => `  ${plain(reason)}`)
  return [`${head}  ${plain(`${role}, ${instance}`)}`, ...why, '', treeText(now.actors, charts, now.at)].join(
    '\n',
  )
}

function showChart(name: string, charts: readonly Chart[], output: Options['output']): void {
  const names = charts.map((chart) => chart.name)
  if (name === 'list') {
    say(output === 'json' ? JSON.stringify(names) : names.join('\n'))
    return
  }
  const chart = charts.find((one) => one.name === name)
  if (chart === undefined)
    throw needsPerson('INSPECT_NO_CHART', `there is no chart ${name}; there are ${names.join(', ')}`)
  say(output === 'json' ? JSON.stringify(chart, null, 2) : chartText(chart))
}

async function showPast(options: Options, atMs: number, charts: readonly Chart[]): Promise<void> {
  const past = await pastOf(options.socket, options.file).at(atMs)
  const transitions = past.transitions.filter(({ machine }) => isAbout(machine, options.actor))
  if (options.output === 'json') return say(JSON.stringify({ ...past, transitions }, null, 2))
  if (transitions.length === 0)
    throw past.transitions.length > 0 && options.actor !== undefined
      ? noActor(
          options.actor,
          past.transitions.map(({ machine }) => machine),
        )
      : needsPerson('INSPECT_NO_ACTOR', `nothing is kept of ${timeText(atMs)}: see --history for what is`)
  say(`as of ${timeText(atMs)}\n`)
  say(pastText({ ...past, transitions }, charts))
  for (const { code, detail, severity } of past.warnings)
    say(paint(severity === 'error' ? 'red' : 'yellow', plain(`! ${code}  ${detail}`)))
}

async function showHistory(options: Options, charts: readonly Chart[]): Promise<void> {
  const most = options.actor === undefined ? options.limit : INSPECT_HISTORY_ROWS_MAX
  const untilMs = options.at === undefined ? undefined : timeOf(options.at, createRealClock().now())
  const transitions = await pastOf(options.socket, options.file).transitions(most, untilMs)
  const rows = transitions.filter(({ machine }) => isAbout(machine, options.actor)).slice(-options.limit)
  for (const row of rows) say(options.output === 'json' ? JSON.stringify(row) : lineText(row, charts))
}

const timeText = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '')

/** `2026-11-25 01:02:03.456  adapter/ccp  enforcement.planning → enforcement.settled  (plan done)`. */
function lineText({ at, machine, from, to, event, ended }: TransitionView, charts: readonly Chart[]): string {
  const words = ended === true ? 'ends' : changeText(from, to)
  return plain(`${timeText(at)}  ${machine}  ${words}  (${eventText(event, chartOf(machine, charts))})`)
}

function limit(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > INSPECT_HISTORY_ROWS_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${INSPECT_HISTORY_ROWS_MAX}.`)
  return count
}
