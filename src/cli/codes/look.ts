/** What looking at the adapter can say: `diff`, `explain`, `doctor`. */
import type { Entries } from './types.ts'

export const LOOK: Entries = {
  CCP_NO_COPY: [
    'This instance holds no complete set of what NSX wants',
    'It has not led since it was started. Ask the instance that leads; `status` names it.',
  ],
  CHANNEL_NOT_STARTED: ['The channels are not started yet', 'Ask again in a moment.'],
  SERVE_BUSY: ['Several others are looking at plans already', 'Ask again in a moment.'],
  SERVE_LATE: [
    'A plan for an onlooker took too long to be made',
    'Ask again; `status` says what is slow or unreachable.',
  ],
  DIFF_CUT: ['A plan ended before its end', 'Ask again; the log of the daemon says more.'],
  DAEMON_OLDER: ['The daemon is of another version than this command', 'Restart the service.'],
  DAEMON_REFUSED: ['The daemon did not do it', 'The message says why.'],
  EXPLAIN_SEVERAL: [
    'Several things are called so',
    'The message names them; say which by its whole path or as KIND/NAME.',
  ],
  STATISTICS_LATE: ['The counters did not come in time', '`antrea-nsx-adapter statistics` asks for longer.'],
}
