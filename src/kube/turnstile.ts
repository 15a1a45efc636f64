/** The turnstile before the watches of one API server: runs machines/turnstile.ts and lets those in whose turn it is. */
import { createActor, type InspectionEvent } from 'xstate'
import { turnstileMachine } from '../../machines/turnstile.ts'
import type { AdapterError } from '../errors.ts'
import { KUBE_TRIAL_PAUSES_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, Random } from '../world/index.ts'
import { waitInLine } from './line.ts'

export interface TurnstileOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly inspect?: (event: InspectionEvent) => void
}

/** What a watch tells of itself, and where it waits for its turn. */
export interface Turnstile {
  /** Resolves when a watch may dial; rejects with the signal's reason only. */
  enter(signal: AbortSignal): Promise<void>
  streaming(): void
  gone(): void
  /** A watch failed; undefined: a deadline of its own passed. */
  broke(error: AdapterError | undefined): void
}

/** Answers that say nothing of the peer's health; what only a person helps with is one as well. */
const WELL: ReadonlySet<string> = new Set(['KUBE_NOT_FOUND', 'KUBE_EXPIRED', 'KUBE_WATCH_LIST_UNSUPPORTED'])

const saysWell = (error: AdapterError | undefined): boolean =>
  error !== undefined &&
  (WELL.has(error.code) || (error.kind === 'needs-person' && error.code.startsWith('KUBE_')))

/** Open at first; `stop` leaves no timer. */
export function createTurnstile(options: TurnstileOptions): Turnstile & { stop(): void } {
  const { clock, random, log, inspect } = options
  const machine = turnstileMachine.provide({
    delays: { pause: ({ context }) => trialPauseMs(context.failures, random) },
  })
  const waiting = new Set<() => void>()
  /** A chart that is telling takes the next event only afterwards: until then the turn is given, and `ready` still seen. */
  let isGiven = false
  const tell = () => {
    for (const look of [...waiting]) look()
  }
  const start = () => {
    const actor = createActor(machine, {
      clock,
      id: 'turnstile',
      ...(inspect === undefined ? {} : { inspect }),
    })
    actor.subscribe({
      next: (state) => {
        if (!state.matches('ready')) isGiven = false
        tell()
      },
      error: (error) => {
        log.error({ err: error }, 'the turnstile before the watches broke and is started again')
        current = start()
        isGiven = false
        tell()
      },
    })
    return actor.start()
  }
  let current = start()
  return {
    enter: (signal) =>
      waitInLine(waiting, signal, (waiter) => {
        const state = current.getSnapshot()
        if (state.matches('open')) return waiter.resolve()
        if (isGiven || !state.matches('ready')) return
        isGiven = true
        // Out of the line first: what ENTER changes is told to all who wait.
        waiter.resolve()
        current.send({ type: 'ENTER' })
      }),
    streaming: () => current.send({ type: 'STREAMING' }),
    gone: () => current.send({ type: 'GONE' }),
    broke: (error) => current.send({ type: saysWell(error) ? 'ANSWERED' : 'LOST' }),
    stop: () => current.send({ type: 'STOP' }),
  }
}

/** Trial by trial (failures from 1), shortened by up to a quarter at random. */
const trialPauseMs = (failures: number, random: Random): number => {
  const at = Math.min(Math.max(1, failures), KUBE_TRIAL_PAUSES_MS.length) - 1
  return (KUBE_TRIAL_PAUSES_MS[at] ?? 0) * (1 - random.next() / 4)
}
