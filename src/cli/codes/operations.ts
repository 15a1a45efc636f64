/** What NSX or a person asks of the cluster: traceflow, statistics and their like (docs/operations.md). */
import type { Entries } from './types.ts'

export const OPERATIONS: Entries = {
  REQUEST_KIND_UNSUPPORTED: [
    'This adapter does not carry out such a request',
    'The message lists the kinds it does; update the adapter for newer ones.',
  ],
  REQUEST_INVALID: [
    'The request does not say what it must',
    'The message names the field and what it must be; ask again with it.',
  ],
  OPERATION_MEMORY_BROKEN: [
    'What was written down of an operation cannot be read',
    'Somebody edited the ConfigMap. Undo by hand what it stands for, then delete it.',
  ],
  OPERATION_OVER: ['The request is over', 'Nothing to do: it was answered, cancelled or given up.'],
}
