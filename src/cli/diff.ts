/** `diff`: what the next comparison would write, before it does. Nothing is written. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { retry } from '../errors.ts'
import { DIFF_STEPS_MAX, LOOK_TIMEOUT_MS } from '../limits.ts'
import type { DiffLine } from '../serve/index.ts'
import { createDiffScreen } from './diff-screen.ts'
import { addSocketOption } from './endpoint.ts'
import { askLines } from './endpoint-lines.ts'
import { say, tell } from './terminal.ts'

interface Options {
  readonly socket: string
  readonly output: 'text' | 'json' | 'jsonl'
  readonly limit: number
  readonly offset: number
}

/** As kubectl diff and diff itself have it. */
export const DIFF_EXIT = { none: 0, differs: 1, failed: 2 } as const
const STEPS_SHOWN = 200
/** The daemon's own deadline comes first. */
const CALL_TIMEOUT_MS = LOOK_TIMEOUT_MS + 15_000

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addArgument(
      new Argument('[channel]', "ccp: NSX's policy into the cluster; mp: the cluster's inventory into NSX")
        .choices(['ccp', 'mp'])
        .default('ccp'),
    )
    .addOption(
      new Option('-o, --output <format>', 'jsonl: an object a line, as it comes')
        .choices(['text', 'json', 'jsonl'])
        .default('text'),
    )
    .option('--limit <steps>', 'so many steps at most; the figures are of all of them', count, STEPS_SHOWN)
    .option('--offset <steps>', 'begin after so many steps', count, 0)
    .addHelpText(
      'after',
      '\nThe daemon makes the plan from the complete copies that it holds, by the planner that it writes with, and writes nothing.' +
        '\nSteps run stage by stage. What holds a step back is told below them: the guard before large deletes, groups that are' +
        '\nnot computed yet, policies that cannot be translated. The latter are told and count as no difference.' +
        '\nAn instance in standby knows the inventory, and the policy if it has led before.' +
        '\n\nExit code: 0 no difference, 1 differences, 2 an error.' +
        '\n\nExamples:\n  antrea-nsx-adapter diff' +
        '\n  antrea-nsx-adapter diff mp --limit 1000' +
        '\n  antrea-nsx-adapter diff -o json | jq ".steps[] | {op, kind, name}"',
    )
    .action((channel: 'ccp' | 'mp', options: Options) => show(channel, options))
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) > DIFF_STEPS_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${DIFF_STEPS_MAX}.`)
  return Number(text)
}

async function show(channel: 'ccp' | 'mp', { socket, output, limit, offset }: Options): Promise<void> {
  try {
    const query = new URLSearchParams({ channel, limit: String(limit), offset: String(offset) })
    const lines = askLines<DiffLine>(socket, `/diff?${query}`, CALL_TIMEOUT_MS)
    process.exitCode = (await print(lines, output, channel)) ? DIFF_EXIT.differs : DIFF_EXIT.none
  } catch (error) {
    tell(error)
    process.exitCode = DIFF_EXIT.failed
  }
}

/** Whether there are differences. A plan whose end did not come is an error, not an answer. */
async function print(
  lines: AsyncIterable<DiffLine>,
  output: Options['output'],
  channel: 'ccp' | 'mp',
): Promise<boolean> {
  const screen = createDiffScreen(channel === 'mp')
  const all: DiffLine[] = []
  let differs: boolean | undefined
  for await (const line of lines) {
    if (line.t === 'end') differs = line.differs
    if (output === 'jsonl') say(JSON.stringify(line))
    else if (output === 'json') all.push(line)
    else for (const text of screen(line)) say(text)
  }
  if (differs === undefined) throw retry('DIFF_CUT', 'the plan ended before its end; ask again')
  if (output === 'json') say(JSON.stringify(documentOf(all, differs), null, 2))
  return differs
}

/** One document of the lines. */
export function documentOf(lines: readonly DiffLine[], differs: boolean): object {
  const without = ({ t: _, ...rest }: DiffLine) => rest
  const head = lines.find(({ t }) => t === 'head')
  return {
    ...(head === undefined ? {} : without(head)),
    differs,
    steps: lines.filter(({ t }) => t === 'step').map(without),
    holds: lines.filter(({ t }) => t === 'hold').map(without),
  }
}
