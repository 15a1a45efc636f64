/** `metrics`: what the daemon counts. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Family, writeText } from '../metrics/index.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { plain, say } from './terminal.ts'

interface Options {
  readonly socket: string
  readonly output: 'text' | 'openmetrics' | 'json'
  readonly filter?: RegExp
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw new InvalidArgumentError('It must be a regular expression.')
  }
}

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addOption(
      new Option('-o, --output <format>', 'how it is printed')
        .choices(['text', 'openmetrics', 'json'])
        .default('text'),
    )
    .option('--filter <expression>', 'only metrics whose name matches', pattern)
    .addHelpText(
      'after',
      "\nThe same as GET /metrics on the daemon's socket. docs/metrics.md says what each means; the alert rules and the" +
        '\ndashboard of the archive are made for them.' +
        '\n\nExample:\n  antrea-nsx-adapter metrics --filter policy\n  antrea-nsx-adapter metrics -o json | jq length',
    )
    .action(async ({ socket, output, filter }: Options) => {
      const families = await ask<readonly Family[]>(socket, 'GET', '/metrics?format=json')
      const wanted = families.filter(({ name }) => filter === undefined || filter.test(name))
      if (output === 'json') say(JSON.stringify(wanted, null, 2))
      else say(plain(writeText(wanted, output === 'text' ? 'prometheus' : 'openmetrics').trimEnd()))
    })
}
