/** `man`: the manual page, made from the commands themselves. */
import type { Command, Option } from 'commander'
import { say } from './terminal.ts'
import { VERSION } from './version.ts'

export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      '\nExample:\n  antrea-nsx-adapter man > /usr/local/share/man/man1/antrea-nsx-adapter.1',
    )
    .action(() => say(manualPage(command.parent ?? command)))
}

/** In roff, with the macros of man(7). */
function manualPage(program: Command): string {
  return [
    `.TH ANTREA\\-NSX\\-ADAPTER 1 "" "antrea-nsx-adapter ${escaped(VERSION)}"`,
    '.SH NAME',
    `antrea\\-nsx\\-adapter \\- ${escaped(program.description())}`,
    '.SH SYNOPSIS',
    '.B antrea\\-nsx\\-adapter',
    '.I command',
    '[options]',
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => sectionOf(command, command.name())),
    '.SH FILES',
    '.TP',
    '.I /etc/antrea\\-nsx\\-adapter/config.yaml',
    'the configuration; each setting also has an environment variable and a flag',
    '.TP',
    '.I /run/antrea\\-nsx\\-adapter/adapter.sock',
    "the daemon's socket, that commands ask",
  ].join('\n')
}

function sectionOf(command: Command, name: string): string[] {
  return [
    `.SS ${escaped(name)}`,
    escaped(command.description()),
    ...command.options.flatMap(optionLines),
    ...command.commands.flatMap((one) => sectionOf(one, `${name} ${one.name()}`)),
  ]
}

const optionLines = ({ flags, description }: Option): string[] => [
  '.TP',
  `.B ${escaped(flags)}`,
  escaped(description),
]

/** A line that begins with a point or an apostrophe would be a macro; a hyphen would be typeset. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/\s+/g, ' ')
    .replace(/^([.'])/, '\\&$1')
