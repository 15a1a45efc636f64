/** `resume`: ends a pause before its time. */
import type { Command } from 'commander'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { channel, type PauseState, words } from './pause.ts'
import { say } from './terminal.ts'

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .argument('[channel]', 'ccp, mp or all', channel, 'all')
    .addHelpText(
      'after',
      '\nWhat changed or drifted meanwhile is put right at once; what is not paused stays as it is.' +
        '\n\nExample:\n  antrea-nsx-adapter resume ccp',
    )
    .action(async (name: string, { socket }: { socket: string }) => {
      say(words(await ask<PauseState>(socket, 'POST', `/resume?channel=${name}`), createRealClock().now()))
    })
}
