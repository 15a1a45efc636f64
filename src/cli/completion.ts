/** `completion`: scripts for shells, made from the commands themselves. */
import { Argument, type Command } from 'commander'
import { say } from './terminal.ts'

export function configure(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExample:\n  antrea-nsx-adapter completion bash > /usr/share/bash-completion/completions/antrea-nsx-adapter',
    )
    .action((shell: 'bash' | 'zsh' | 'fish') => {
      const words = wordsOf(command.parent ?? command)
      say(shell === 'fish' ? fishScript(words) : bashScript(words, shell === 'zsh'))
    })
}

/** What can follow a row of words: `config show`. */
interface Words {
  readonly after: string
  readonly commands: readonly Named[]
  readonly options: readonly (Named & { readonly takesValue: boolean })[]
}

interface Named {
  readonly name: string
  readonly summary: string
}

function wordsOf(command: Command, before: readonly string[] = []): Words[] {
  const own: Words = {
    after: before.join(' '),
    commands: command.commands.map((one) => ({ name: one.name(), summary: one.description() })),
    options: [
      ...command.options.flatMap(({ long, description, required, optional }) =>
        long == null ? [] : [{ name: long, summary: description, takesValue: required || optional }],
      ),
      { name: '--help', summary: 'how it is used', takesValue: false },
    ],
  }
  return [own, ...command.commands.flatMap((one) => wordsOf(one, [...before, one.name()]))]
}

/** Words that are no options, in front of the cursor, choose the row; after an option that takes a value come files. */
function bashScript(rows: readonly Words[], isZsh: boolean): string {
  const cases = rows.map(
    ({ after, commands, options }) =>
      `    '${after}') words='${[...commands, ...options].map(({ name }) => name).join(' ')}' ;;`,
  )
  const rowNames = rows.map(({ after }) => after).filter((after) => after !== '')
  const valued = [...new Set(rows.flatMap(({ options }) => options.filter((one) => one.takesValue)))]
  return `${isZsh ? 'autoload -Uz bashcompinit && bashcompinit\n' : ''}_antrea_nsx_adapter() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} row='' next word words=''
  case $prev in
    ${[...new Set(valued.map(({ name }) => name))].join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${row:+$row }$word"
    case $next in
      ${rowNames.map((name) => `'${name}'`).join('|')}) row=$next ;;
    esac
  done
  case $row in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _antrea_nsx_adapter antrea-nsx-adapter`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fishScript(rows: readonly Words[]): string {
  const lines = rows.flatMap(({ after, commands, options }) => {
    const names = commands.map(({ name }) => name).join(' ')
    const seen = after
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
    const here = [...seen, ...(names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`])].join(
      '; and ',
    )
    const when = here === '' ? '' : ` -n ${quoted(here)}`
    return [
      ...commands.map(
        ({ name, summary }) => `complete -c antrea-nsx-adapter -f${when} -a ${name} -d ${quoted(summary)}`,
      ),
      ...options.map(
        ({ name, summary, takesValue }) =>
          `complete -c antrea-nsx-adapter${when} -l ${name.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`,
      ),
    ]
  })
  return lines.join('\n')
}
