/** Of `inspect`, `console` and the page at /inspect. */
import type { Entries } from './types.ts'

export const INSPECT: Entries = {
  INSPECT_BUSY: [
    'As many look at the charts as are let in',
    'Close one of the pages or commands that follow, or ask once without --follow.',
  ],
  INSPECT_NO_CHART: ['There is no chart of this name', 'The message lists the names.'],
  INSPECT_NO_ACTOR: [
    'Nothing of this name lives, or lived then',
    'Run `antrea-nsx-adapter inspect` for the names; an actor is named by its path or the end of it.',
  ],
  INSPECT_BAD_TIME: [
    'This is no time',
    'Give a time as 2026-11-25T10:00:00Z, as 10:00 or 10:00:30 of today, or how long ago as 90s, 5min, 2h.',
  ],
  INSPECT_ENDED: [
    'The daemon ended what it told',
    'The message says why; run the command again when the daemon is there.',
  ],
  CONSOLE_CANNOT_LISTEN: [
    'The console cannot listen on that port',
    'Choose another with --port, or none, so that a free one is taken.',
  ],
  CONSOLE_TOKEN_USED: [
    'The console was opened with this address already, or it is too old',
    'An address lets one browser in. End the command with Ctrl-C, run it again and open the new address.',
  ],
  CONSOLE_NOT_OPENED: [
    'A browser asked without having been let in',
    'Open the address that `antrea-nsx-adapter console` printed.',
  ],
  CONSOLE_FORBIDDEN: [
    'The console was asked under another name than it printed, or on behalf of another page',
    'Open the address as it was printed.',
  ],
  CONSOLE_READ_ONLY: [
    'The console only shows',
    'What changes something is a command: see `antrea-nsx-adapter --help`.',
  ],
}
