/** The actors as a tree on a terminal, and one of them in full. Pure but for colours. */
import type { ActorView, Chart, PastView } from '../serve/ui/index.ts'
import { chartOf, eventText, severityOf, stateText } from './inspect-words.ts'
import { duration, paint, plain, table } from './terminal.ts'

type Cells = readonly string[]

interface Leaf {
  readonly path: string
  readonly words: string
  readonly cells: Cells
}

/** Each chart that lives: state, since when, the last event, what comes next by itself. */
export function treeText(actors: readonly ActorView[], charts: readonly Chart[], nowMs: number): string {
  const leaves = actors.map(({ path, chart, words, since, last, timers }): Leaf => {
    const [next] = timers
    const drawn = charts.find(({ name }) => name === chart)
    return {
      path,
      words,
      cells: [
        duration(nowMs - since),
        last === undefined ? '' : `${eventText(last.event, drawn)}, ${duration(nowMs - last.at)} ago`,
        next === undefined ? '' : `${next.name} in ${duration(next.at - nowMs)}`,
      ],
    }
  })
  return rowsText(['ACTOR', 'STATE', 'FOR', 'LAST EVENT', 'NEXT'], leaves)
}

/** The same of a moment of the past, of which the last transitions are known. */
export function pastText({ at, transitions }: PastView, charts: readonly Chart[]): string {
  const leaves = transitions
    .map(
      ({ machine, to, at: since, event }): Leaf => ({
        path: machine,
        words: to,
        cells: [duration(at - since), eventText(event, chartOf(machine, charts))],
      }),
    )
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return rowsText(['ACTOR', 'STATE', 'FOR', 'BY'], leaves)
}

const COLOURS = { 1: 'yellow', 2: 'red' } as const

/** Colour does not count in a column's width, so it is put on whole lines. */
function rowsText(head: Cells, leaves: readonly Leaf[]): string {
  const paths = leaves.map(({ path }) => path)
  const lines = table([
    head,
    ...leaves.map(({ path, words, cells }) => [
      branch(path, paths),
      plain(stateText(words)),
      ...cells.map(plain),
    ]),
  ]).split('\n')
  return lines
    .map((line, at) => {
      const severity = at === 0 ? 0 : severityOf(leaves[at - 1]?.words ?? '')
      return severity === 0 ? line : paint(COLOURS[severity as 1 | 2], line)
    })
    .join('\n')
}

/** `├─ ccp`, as deep as it lies below others that are shown. */
function branch(path: string, paths: readonly string[]): string {
  const parts = path.split('/')
  const name = parts.at(-1) ?? path
  if (parts.length === 1) return plain(name)
  const isLast = (prefix: string) => {
    const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const siblings = paths.filter(
      (other) => other.startsWith(parent) && !other.slice(parent.length).includes('/'),
    )
    return siblings.at(-1) === prefix
  }
  const above = parts
    .slice(1, -1)
    .map((_, at) => (isLast(parts.slice(0, at + 2).join('/')) ? '   ' : '│  '))
    .join('')
  return plain(`${above}${isLast(path) ? '└─' : '├─'} ${name}`)
}

/** One actor in full. */
export function actorText(actor: ActorView, charts: readonly Chart[], nowMs: number): string {
  const { path, chart: name, words, states, startedAt, last, events, timers, context } = actor
  const chart = charts.find((one) => one.name === name)
  const taken = (state: string) =>
    words.split(' ').some((word) => word === state || word.startsWith(`${state}.`))
  const ways = (chart?.pieces ?? [])
    .flatMap((piece) => piece.states)
    .filter((state) => taken(state.path))
    .flatMap((state) =>
      state.ways
        .filter(({ to }) => to.length > 0)
        .map(({ text, to }) => [text, `${state.path} → ${to.join(', ')}`]),
    )
  const part = (title: string, rows: readonly Cells[]) =>
    rows.length === 0
      ? []
      : [
          '',
          title,
          ...table(rows.map((row) => row.map(plain)))
            .split('\n')
            .map((line) => `  ${line}`),
        ]
  return [
    plain(`${path}   chart ${name}, for ${duration(nowMs - startedAt)}`),
    plain(
      last === undefined
        ? '  no event yet'
        : `  ${events} events, the last ${eventText(last.event, chart)} ${duration(nowMs - last.at)} ago`,
    ),
    ...part(
      'WHERE IT STANDS',
      states.map((state) => [state.path, `for ${duration(nowMs - state.since)}`]),
    ),
    ...part(
      'WHAT COMES BY ITSELF',
      timers.map((timer) => [timer.name, `in ${duration(timer.at - nowMs)}`, timer.state]),
    ),
    ...part('WHAT LEADS ON FROM HERE', ways),
    ...part('WHAT IT REMEMBERS', Object.entries(context)),
  ].join('\n')
}
