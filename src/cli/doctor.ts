/** `doctor`: everything the adapter stands on, checked. */
import type { Command } from 'commander'

export function configure(command: Command): void {
  command.addHelpText('after', '\nExample:\n  antrea-nsx-adapter doctor').action(() => {})
}
