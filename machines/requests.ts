/**
 * What the manager asks, as a region of the MP chart: standby → serving, as long as the leadership. It starts one
 * operation (operation.ts) a request, however often that is sent, and sweeps what earlier leaders left in the cluster.
 * The region is data: mp.ts provides its ports.
 */
import type { Attached, OperationRequest } from './operation.ts'

export interface MpRequest extends OperationRequest, Attached {
  readonly type: 'REQUEST'
}

export type RequestsEvent =
  /** From `follow`: the manager asks; again, where it has no answer yet. */
  | MpRequest
  /** From `follow`: nobody wants the answer any more. */
  | { readonly type: 'CANCEL'; readonly id: string }

/** The actor that carries a request out. */
export const operationId = (request: string): string => `operation:${request}`

const OPERATION_OVER = /^xstate\.(?:done|error)\.actor\.operation:(.*)$/s

/** The request among these whose operation has ended or broken with this event. */
export function requestOver(
  requests: readonly string[],
  { type }: { readonly type: string },
): string | undefined {
  const id = OPERATION_OVER.exec(type)?.[1]
  return id !== undefined && requests.includes(id) ? id : undefined
}

/**
 * Ports. Actor `sweepRequests` (promise). Actions `takeRequest`, `cancelRequest`, `detachRequests`, `endRequests`,
 * `forgetRequest`, `reportBrokenRequest`. Guards `isOpen`, `isClosed` (the link), `isRequestOver`. Delays `sweepPeriod`,
 * `sweepLimit`.
 */
export const requestsRegion = {
  id: 'requests',
  initial: 'standby',
  on: {
    STOP: { target: '.closed', actions: 'endRequests' },
    // The ends of operations, whose ids are not known here, are no events that could be named.
    '*': { guard: 'isRequestOver', actions: ['reportBrokenRequest', 'forgetRequest'] },
  },
  states: {
    standby: { on: { LEAD: 'serving' } },
    serving: {
      on: {
        STANDBY: { target: 'standby', actions: 'endRequests' },
        REQUEST: { actions: 'takeRequest' },
        CANCEL: { actions: 'cancelRequest' },
      },
      type: 'parallel',
      states: {
        hearing: {
          initial: 'off',
          states: {
            off: { always: { guard: 'isOpen', target: 'on' } },
            on: { always: { guard: 'isClosed', target: 'off' }, exit: 'detachRequests' },
          },
        },
        sweep: {
          initial: 'sweeping',
          states: {
            sweeping: {
              invoke: {
                src: 'sweepRequests',
                input: ({ context }: { context: { readonly requests: readonly string[] } }) =>
                  context.requests,
                onDone: 'resting',
                onError: 'resting',
              },
              after: { sweepLimit: 'resting' },
            },
            resting: { after: { sweepPeriod: 'sweeping' } },
          },
        },
      },
    },
    closed: { type: 'final' },
  },
} as const
