/** `transitions`: what the statecharts went through, from the daemon or from its file. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { readHistoryFile, type Transition } from '../diagnostics/index.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { readable, timeOf, wordsOf } from './history.ts'
import { plain, say } from './terminal.ts'

const LIMIT_MAX = 10_000

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .option('-n, --limit <count>', 'the newest so many', positive, 50)
    .option('--machine <path>', 'only this chart and what is below it, for example adapter/ccp')
    .option('--file <file>', 'read the diagnostics file in place of asking the daemon')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter transitions --machine adapter/ccp -n 20')
    .action(show)
}

interface Options {
  readonly socket: string
  readonly limit: number
  readonly machine?: string
  readonly file?: string
  readonly json?: boolean
}

async function show({ socket, limit, machine, file, json }: Options): Promise<void> {
  const rows =
    file === undefined ? await fromDaemon(socket, limit, machine) : await fromFile(file, limit, machine)
  for (const row of rows) say(json === true ? JSON.stringify(row) : transitionLine(row))
}

async function fromDaemon(
  socket: string,
  limit: number,
  machine: string | undefined,
): Promise<readonly Transition[]> {
  const query = new URLSearchParams({ limit: String(limit), ...(machine === undefined ? {} : { machine }) })
  return (await ask<{ transitions: Transition[] }>(socket, 'GET', `/transitions?${query}`)).transitions
}

const fromFile = (file: string, limit: number, machine: string | undefined): Promise<readonly Transition[]> =>
  readable(file, () => readHistoryFile(file).read({ limit, ...(machine === undefined ? {} : { machine }) }))

/** `2026-11-25 01:02:03.456  adapter/ccp  syncing → watching  (SYNCED)`. */
export const transitionLine = (transition: Transition): string =>
  plain(`${timeOf(transition.at)}  ${wordsOf({ kind: 'transition', ...transition })}`)

function positive(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > LIMIT_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${LIMIT_MAX}.`)
  return count
}
