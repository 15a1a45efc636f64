/** `approve`: a person agrees to deletes that wait for a person. */
import type { Command } from 'commander'
import type { StatusSnapshot } from '../status/index.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { say } from './terminal.ts'

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addHelpText(
      'after',
      '\nDeletes wait for a person when the manager has another policy store than before (CCP_APPROVAL). Look at `status`' +
        '\nand at NSX first: what is not in NSX now goes from the cluster.\n\nExample:\n  antrea-nsx-adapter approve',
    )
    .action(async ({ socket }: { socket: string }) => {
      const { warnings } = await ask<StatusSnapshot>(socket, 'GET', '/status')
      const waiting = warnings.find(({ code }) => code === 'CCP_APPROVAL')
      if (waiting === undefined) return say('Nothing waits for a person.')
      await ask(socket, 'POST', '/approve')
      say(`Approved: ${waiting.detail}`)
    })
}
