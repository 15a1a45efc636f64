/** States, events and charts in words for a terminal. Pure. */
import { briefState } from '../diagnostics/index.ts'
import type { Chart, ChartWay } from '../serve/ui/index.ts'
import { table } from './terminal.ts'

const BAD = /(^|\.)(refused|failed|broken|blocked|barred|failing|silent)$/
const WAITS =
  /(^|\.)(waiting|retrying|lost|expired|late|doubtful|probing|unheard|unreached|long|lately|timedOut)$/

/** A tree stays within a terminal's width. */
const STATE_CHARS_MAX = 72

/** 2: something is broken; 1: something waits; 0. */
export const severityOf = (words: string): number =>
  Math.max(...words.split(' ').map((word) => (BAD.test(word) ? 2 : WAITS.test(word) ? 1 : 0)))

/** `streaming, fresh`: the state around all, and the words that say how each region goes. */
export function stateText(words: string): string {
  const paths = words.split(' ').map((word) => word.split('.'))
  const [first = []] = paths
  const split = first.findIndex((name, at) => paths.some((path) => path[at] !== name))
  const common = first.slice(0, split)
  const around = paths.length === 1 ? undefined : common.findLast((name) => name !== 'term')
  const brief = briefState(words)
  if (around !== undefined) return `${around}, ${brief}`
  if (brief === words && paths.length > 3) return 'all running'
  return brief.length > STATE_CHARS_MAX ? `${brief.slice(0, STATE_CHARS_MAX - 1)}…` : brief
}

/** `reporting.pausing → reporting.quiet`: only what changed. */
export function changeText(from: string, to: string): string {
  if (from === '') return `begins: ${to}`
  const [before, after] = [from.split(' '), to.split(' ')]
  const left = before.filter((word) => !after.includes(word)).join(' ')
  const entered = after.filter((word) => !before.includes(word)).join(' ')
  return `${left || '·'} → ${entered || '·'}`
}

/** An event as the chart words it: `xstate.done.actor.0.ccp.enforcement.planning` → `plan done`. */
export function eventText(event: string, chart: Chart | undefined): string {
  if (event === 'xstate.init') return 'started'
  if (event === 'xstate.stop') return 'stopped'
  if (!event.startsWith('xstate.')) return event
  const way = chart?.pieces
    .flatMap(({ states }) => states.flatMap(({ ways }) => ways))
    .find((one) => one.event === event)
  if (way !== undefined) return way.text.replace(/( \[.*\]| else)$/, '')
  return event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
}

/** The chart of an actor by its path: `adapter/watches/watch.pods` runs `watch`. */
export function chartOf(path: string, charts: readonly Chart[]): Chart | undefined {
  const name = path.split('/').at(-1) ?? path
  const parts = [name, name.split('.').at(-1), ...name.split(/[.:]/)]
  return parts.map((part) => charts.find((chart) => chart.name === part)).find((chart) => chart !== undefined)
}

/** A chart as text: its states within each other, and each state's ways out. */
export function chartText({ name, pieces, ways, invokes }: Chart): string {
  const lines = [
    `chart ${name}${invokes.length === 0 ? '' : `   runs ${invokes.join(', ')}`}`,
    ...waysText(ways, '  '),
  ]
  for (const state of pieces.flatMap(({ states }) => states)) {
    const indent = '  '.repeat(state.path.split('.').length)
    const kind =
      state.kind === 'parallel' ? '  (all regions at once)' : state.kind === 'final' ? '  (the end)' : ''
    const runs = state.invokes.length === 0 ? '' : `   runs ${state.invokes.join(', ')}`
    lines.push(`${indent}${state.name}${kind}${runs}`, ...waysText(state.ways, `${indent}    `))
  }
  return lines.join('\n')
}

const waysText = (ways: readonly ChartWay[], indent: string): string[] =>
  ways.length === 0
    ? []
    : table(
        ways.map(({ text, to, actions }) => [
          text,
          to.length === 0 ? 'stays' : `→ ${to.join(', ')}`,
          actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
        ]),
      )
        .split('\n')
        .map((line) => `${indent}${line}`)
