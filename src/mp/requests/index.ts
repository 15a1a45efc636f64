/**
 * What the manager asks of the cluster (docs/protocol.md, Requests): the stream is read (stream.ts), each request is one
 * operation of src/operations under the operation chart, and a journal keeps what the manager has not heard yet. This file
 * gives the charts their ports. Only the channel's index.ts and tests come in here.
 *
 * A request is carried out once however often it is sent: here by its id, after a change of leader by what it left in the
 * cluster under a name made from its id. It gets exactly one final answer, at its deadline at the latest.
 */
import { fromCallback, fromPromise } from 'xstate'
import {
  type OperationContext,
  type OperationEvent,
  type OperationRequest,
  type Outcome,
  operationMachine,
  type Told,
} from '../../../machines/operation.ts'
import type { MpRequest } from '../../../machines/requests.ts'
import { type AdapterError, asAdapterError, needsPerson, retry } from '../../errors.ts'
import type { RequestFact, TellFact } from '../../health/index.ts'
import { createSlots, type Slots } from '../../kube/slots.ts'
import { BACKOFF_BASE_MS, MP_REQUESTS_MAX, OPERATION_REFUSALS_MAX } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import { type Fields, type Operation, sweepOperations } from '../../operations/index.ts'
import { backoffMs, type Clock, type Random } from '../../world/index.ts'
import type { Answers } from './answers.ts'
import { createJournal, type Journal } from './journal.ts'

export { type Answers, channelAnswers } from './answers.ts'
export { createResync, type Resync } from './resync.ts'
export { followRequests, type RequestListener, type StreamDeps } from './stream.ts'

export interface RequestsDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly answers: Answers
  readonly random: Random
  /** Hears of each request that is answered. */
  readonly tell?: TellFact
  readonly operations: readonly Operation[]
}

export interface Requests {
  /** Kinds that are carried out; told to the manager as capabilities. */
  readonly kinds: readonly string[]
  /** The chart of one request, its ports provided. */
  readonly logic: typeof operationMachine
  hasRoom(live: readonly string[]): boolean
  /** Answers a request there is no room for. */
  refuse(request: MpRequest): void
  sweep(live: readonly string[], signal: AbortSignal): Promise<void>
}

export function createRequests(deps: RequestsDeps): Requests {
  const { clock, random, log, operations } = deps
  const byKind = new Map(operations.map((operation) => [operation.kind, operation]))
  const slots = new Map<string, Slots>(operations.map(({ kind, runsMax }) => [kind, createSlots(runsMax)]))
  const timeoutOf = ({ kind, timeoutMs }: OperationRequest): number =>
    Math.min(timeoutMs, byKind.get(kind)?.timeoutMsMax ?? timeoutMs)
  const journals = new WeakMap<OperationContext['request'], Journal>()
  const begunMs = new WeakMap<OperationContext['request'], number>()
  const journalOf = ({ request, attached }: OperationContext): Journal => {
    const known = journals.get(request)
    if (known !== undefined) return known
    const made = createJournal(clock.now() + timeoutOf(request), attached?.session)
    journals.set(request, made)
    begunMs.set(request, clock.monotonicMs())
    return made
  }
  let refusals = 0

  const logic = operationMachine.provide({
    actors: {
      turn: fromCallback<OperationEvent, OperationContext>(({ input, sendBack }) => {
        journalOf(input).onMore = () => sendBack({ type: 'SAY' })
        const stop = new AbortController()
        // A kind that is not carried out waits for nobody.
        const turn = slots.get(input.request.kind)?.take(stop.signal) ?? Promise.resolve(() => {})
        let free = () => {}
        turn.then(
          (release) => {
            if (stop.signal.aborted) return release()
            free = release
            sendBack({ type: 'TURN' })
          },
          () => {},
        )
        return () => {
          stop.abort(retry('OPERATION_OVER', 'the request is over'))
          free()
        }
      }),
      run: fromPromise<unknown, OperationContext>(async ({ input, signal }) => {
        const { id, kind, body } = input.request
        const journal = journalOf(input)
        try {
          const operation = byKind.get(kind)
          if (operation === undefined) throw unsupported(kind, byKind.keys())
          const content = deps.answers.content?.(id, () => journal.session)
          const { deadlineMs, say } = journal
          const run = { id, deadlineMs, signal, say, ...(content === undefined ? {} : { content }) }
          return await operation.accept(body)(run)
        } catch (thrown) {
          throw asAdapterError(thrown)
        }
      }),
      clear: fromPromise<void, OperationContext>(async ({ input: { request }, signal }) => {
        await byKind.get(request.kind)?.clear(request.id, signal)
      }),
      tell: fromPromise<Told, OperationContext>(({ input, signal }) =>
        tell(deps, input, journalOf(input), signal),
      ),
    },
    actions: {
      beginAnswer: ({ context }) => {
        const journal = journalOf(context)
        journal.session = context.attached?.session
        journal.begin()
      },
      conclude: ({ context }) => {
        const answer = answerOf(context.outcome)
        journalOf(context).conclude(answer)
        const { id, kind } = context.request
        deps.tell?.({
          kind: 'request',
          request: id,
          asked: kind,
          ...toldOf(context.outcome),
          tookMs: Math.round(clock.monotonicMs() - (begunMs.get(context.request) ?? clock.monotonicMs())),
        })
        log.info(
          { request: id, kind, outcome: context.outcome?.kind, code: answer['code'] },
          'a request is answered',
        )
      },
      reportClearError: ({ context: { request }, event }) => {
        const { code, message } = asAdapterError((event as { error?: unknown }).error)
        log.warn({ request: request.id, code }, `what a request left is taken away later: ${message}`)
      },
      reportTellError: ({ context: { request, tellError } }) => {
        const words = tellError?.message ?? 'the manager did not answer in time'
        log.warn({ request: request.id, code: tellError?.code }, `a request could not be answered: ${words}`)
      },
      reportUnheard: ({ context: { request } }) =>
        log.warn({ request: request.id }, 'the answer of a request was not heard by anybody; it is given up'),
    },
    guards: { hasUnsaid: ({ context }) => journalOf(context).hasUnsaid() },
    delays: {
      deadline: ({ context: { request } }) => timeoutOf(request),
      runBackoff: ({ context }) => backoffMs(random, context.failures, BACKOFF_BASE_MS, context.error),
      tellBackoff: ({ context }) =>
        backoffMs(random, context.tellFailures, BACKOFF_BASE_MS, context.tellError),
    },
  })

  return {
    kinds: operations.map(({ kind }) => kind),
    logic,
    hasRoom: (live) => live.length < MP_REQUESTS_MAX,
    refuse({ id, session, attempt }) {
      if (refusals >= OPERATION_REFUSALS_MAX) return
      refusals += 1
      const message = `${MP_REQUESTS_MAX} requests wait already; ask again when they are answered.`
      const events = [{ seq: 1, t: 'error', code: 'TOO_MANY_REQUESTS', message }]
      deps.answers
        .post(id, { session, attempt, events })
        .catch((thrown: unknown) =>
          log.warn({ request: id, code: asAdapterError(thrown).code }, 'a refusal was not heard'),
        )
        .finally(() => {
          refusals -= 1
        })
    },
    sweep: (live, signal) => sweepOperations({ clock, log, operations }, (id) => live.includes(id), signal),
  }
}

const unsupported = (kind: string, kinds: Iterable<string>) =>
  needsPerson(
    'REQUEST_KIND_UNSUPPORTED',
    `This adapter does not carry out ${kind.slice(0, 100)}; ask for one of: ${[...kinds].join(', ')}.`,
  )

/** One call. What the manager does not take is no answer; a session that ended waits for the next one. */
async function tell(
  deps: RequestsDeps,
  { request, attached }: OperationContext,
  journal: Journal,
  signal: AbortSignal,
): Promise<Told> {
  if (attached === undefined) throw retry('SESSION_ENDED', 'there is no session to answer in')
  const { events, final } = journal.batch()
  try {
    const answer = await deps.answers.post(request.id, { ...attached, events }, signal)
    const heard = answer?.acknowledged
    if (typeof heard !== 'number' || !journal.acknowledge(heard))
      throw retry('NSX_PROTOCOL', `the manager acknowledged ${String(heard)}, not the last event`)
    return final ? 'final' : 'more'
  } catch (thrown) {
    const error = asAdapterError(thrown)
    // The manager lost what it had heard: it hears all of it again.
    if (error.code === 'EVENT_SEQUENCE') journal.begin()
    if (isForgotten(error)) return 'gone'
    throw error
  }
}

/** The manager does not know the request, or does not take what is said: nobody waits for more. */
const isForgotten = ({ code, kind }: AdapterError): boolean =>
  code === 'NSX_NOT_FOUND' || (kind === 'needs-person' && code === 'NSX_BAD_REQUEST')

const toldOf = (outcome: Outcome | undefined): Pick<RequestFact, 'outcome' | 'code' | 'message'> => {
  const error = outcome !== undefined && 'error' in outcome ? outcome.error : undefined
  return {
    outcome: outcome?.kind ?? 'timed-out',
    ...(error === undefined ? {} : { code: error.code, message: error.message }),
  }
}

function answerOf(outcome: Outcome | undefined): Fields {
  if (outcome?.kind === 'done') return { t: 'result', ...(outcome.result as Fields) }
  if (outcome?.kind === 'failed')
    return { t: 'error', code: outcome.error.code, message: outcome.error.message }
  if (outcome?.kind === 'cancelled')
    return { t: 'error', code: 'CANCELLED', message: 'The request was cancelled.' }
  const last = outcome?.kind === 'timed-out' ? outcome.error : undefined
  const why = last === undefined ? '' : ` The last try failed with ${last.code}: ${last.message}`
  return { t: 'error', code: 'TIMED_OUT', message: `The request was not done within its time.${why}` }
}
