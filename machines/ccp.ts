/** Policy down, realization up: the life of the CCP channel. */
import { setup } from 'xstate'
import type { Leader } from './adapter.ts'

export type CcpEvent =
  | { readonly type: 'LEAD'; readonly leader: Leader }
  | { readonly type: 'STANDBY' }
  | { readonly type: 'KUBE_READY' }
  | { readonly type: 'KUBE_LOST' }
  /** A person agrees to deletes that come from another policy store than before. */
  | { readonly type: 'APPROVE' }
  | { readonly type: 'STOP' }

export const ccpMachine = setup({ types: { events: {} as CcpEvent } }).createMachine({
  id: 'ccp',
  initial: 'standby',
  states: { standby: { on: { STOP: 'stopped' } }, stopped: { type: 'final' } },
})
