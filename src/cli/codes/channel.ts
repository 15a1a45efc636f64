/** The channels' streams (docs/protocol.md). */
import type { Entries } from './types.ts'

export const CHANNEL: Entries = {
  LINE_TOO_LONG: [
    'A line of the stream is over its limit',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  LINE_TRUNCATED: [
    'The stream ended inside a line',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  LINE_MALFORMED: [
    'A line of the stream is not JSON',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  WATCH_AHEAD_TOO_LARGE: [
    'Too much changed while the snapshot was read',
    'Everything is read again; what is in force stays. NSX changes faster than the link carries it.',
  ],
  PROTOCOL_FRAME: [
    'A frame does not keep to docs/protocol.md',
    'The stream was thrown away; the same three times in a row and it is looked at every 10 minutes only. Nothing was deleted.',
  ],
  PROTOCOL_HASH: [
    'An object does not have the hash it came with',
    'The stream was thrown away. Something between may change bodies; if not, the manager is at fault.',
  ],
  PROTOCOL_NO_BODY: [
    'An object came without its body',
    'The stream was thrown away. The manager is at fault.',
  ],
  PROTOCOL_REQUEST: [
    'A request from NSX does not keep to docs/protocol.md',
    'It is answered with an error. The manager is at fault.',
  ],
  SNAPSHOT_TRUNCATED: [
    'A snapshot ended early',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_MALFORMED: [
    'A snapshot does not keep to docs/protocol.md',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_COUNTS: [
    'A snapshot does not hold as many objects as it says',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_DIGEST: [
    'A snapshot does not have the digest it says',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_TOO_LARGE: [
    'A snapshot is over its limit',
    'It was thrown away; nothing was deleted. Span fewer policies to this cluster.',
  ],
  TRANSACTION_UNKNOWN: [
    'A commit holds a kind of frame that is not known',
    'A full sync follows. Nothing to do, unless it lasts: then update the adapter.',
  ],
  TRANSACTION_OPEN: [
    'The stream ended inside a commit',
    'What came without its commit was thrown away; a full sync follows.',
  ],
  TRANSACTION_TOO_LARGE: ['A commit is over its limit', 'A full sync follows. Nothing to do.'],
  STREAM_ENDED: ['The manager closed the stream', 'It is opened again with a full sync. Nothing to do.'],
  STREAM_BYE: [
    'The manager announced that it moves',
    'It is connected to again when it asked for it. Nothing to do.',
  ],
  BYE: [
    'The manager announced that it moves',
    'It is connected to again when it asked for it. Nothing to do.',
  ],
  SESSION_ENDED: ['The session with the manager is over', 'A new one is opened. Nothing to do.'],
  STREAM_RESET: ['The manager asked for a full sync', 'It follows at once. Nothing to do.'],
  STREAM_GAP: ['A commit does not follow the one before', 'A full sync follows. Nothing to do.'],
  APPLY_STOPPED: [
    'Applying was ended',
    'The lease or the link was lost meanwhile; the next pass goes on from what is in the cluster.',
  ],
  TIER_MISSING: ['A tier that policies need is not there yet', 'It is made first; policies wait for it.'],
}
