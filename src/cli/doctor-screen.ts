/** What `doctor` finds, for eyes: one line a check, below it what is wrong, and while it runs what it waits for. */
import type { Group, Result, State } from '../doctor/index.ts'
import { paint, plain } from './terminal.ts'

const MARKS: Readonly<Record<State, readonly ['green' | 'yellow' | 'red' | 'gray', string]>> = {
  ok: ['green', '✓'],
  warning: ['yellow', '!'],
  failed: ['red', '✗'],
  skipped: ['gray', '–'],
}

const GROUP_TITLES: Readonly<Record<Group, string>> = {
  configuration: 'Configuration',
  machine: 'This machine',
  kubernetes: 'Kubernetes',
  antrea: 'Antrea',
  nsx: 'NSX',
}

/** Problems told of one check; a cluster without any right has a hundred. */
const PROBLEMS_SHOWN = 12

/** A group's title stands above its first check. */
export function createDoctorScreen(width: number): (result: Result) => readonly string[] {
  let group: Group | undefined
  return (result) => {
    const title =
      result.group === group
        ? []
        : [...(group === undefined ? [] : ['']), paint('bold', GROUP_TITLES[result.group])]
    group = result.group
    return [...title, ...linesOf(result, width)]
  }
}

function linesOf({ name, state, detail, problems }: Result, width: number): string[] {
  const [colour, mark] = MARKS[state]
  const lines = [
    `  ${paint(colour, mark)} ${name.padEnd(NAME_WIDTH)}  ${paint(state === 'skipped' ? 'gray' : 'reset', plain(detail))}`,
  ]
  const shown = problems.slice(0, PROBLEMS_SHOWN)
  let fix: string | undefined
  for (const [at, problem] of shown.entries()) {
    const tint = problem.severity === 'failed' ? 'red' : 'yellow'
    const sign = problem.severity === 'failed' ? '✗' : '!'
    // The same remedy for several in a row is told once, after the last.
    const isSame = shown[at + 1]?.fix === problem.fix
    lines.push(
      ...wrap(`${paint(tint, sign)} ${paint('bold', problem.code)}: ${plain(problem.cause)}`, 6, width),
    )
    fix = problem.fix
    if (!isSame) lines.push(...wrap(`${paint('cyan', '→')} ${plain(fix)}`, 8, width))
  }
  if (problems.length > shown.length)
    lines.push(`      … and ${problems.length - shown.length} more: -o json`)
  return lines
}

const NAME_WIDTH = 18

/** At words, as wide as the terminal; a word that is longer stays whole, so that it can be copied. */
function wrap(text: string, indent: number, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && visible(line) + 1 + visible(word) > width - indent) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one, at) => `${' '.repeat(at === 0 ? indent : indent + 2)}${one}`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours' own sequences
const visible = (text: string): number => text.replace(/\u001b\[[\d;]*m/g, '').length

export function summary(results: readonly Result[], tookMs: number): string {
  const count = (state: State) => results.filter((result) => result.state === state).length
  const parts = [
    paint('green', `${count('ok')} well`),
    count('warning') === 0 ? '' : paint('yellow', `${count('warning')} to look at`),
    count('failed') === 0 ? '' : paint('red', `${count('failed')} failed`),
    count('skipped') === 0 ? '' : `${count('skipped')} not looked at`,
  ]
  return `${parts.filter((part) => part !== '').join(', ')}, in ${(tookMs / 1_000).toFixed(1)} s`
}

/** One line that is written over and over, beside the output, where somebody looks on. */
export function createProgressLine(stream: NodeJS.WriteStream): {
  tell(running: readonly string[], done: number, all: number): void
  clear(): void
} {
  const isSeen = stream.isTTY === true
  let isThere = false
  const clear = () => {
    if (isThere) stream.write('\r\u001b[K')
    isThere = false
  }
  return {
    tell(running, done, all) {
      if (!isSeen || done === all) return
      clear()
      stream.write(`  ${done}/${all}  ${running.join(', ')}`.slice(0, (stream.columns ?? 80) - 1))
      isThere = true
    },
    clear,
  }
}
