/** XState's inspection, read as transitions: which chart went from where to where, and why. */
import type { AnyActorRef, InspectionEvent } from 'xstate'
import type { SessionFact, TellFact } from '../health/index.ts'
import type { Clock } from '../world/index.ts'

export interface Transition {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The actor's path in the tree: `adapter/ccp`. */
  readonly machine: string
  /** State values in words (`leading`, `link.watching enforcement.settled`); empty when the chart has just started. */
  readonly from: string
  readonly to: string
  /** The event's type. */
  readonly event: string
  /** It was the chart's last: it has ended, was stopped, or broke. */
  readonly ended?: true
}

/**
 * An `inspect` function for the root actor that calls `report` for every change of a chart's state value. Actors that
 * are no charts (promises, callbacks) are left out.
 */
export function inspectTransitions(
  clock: Clock,
  report: (transition: Transition) => void,
): (event: InspectionEvent) => void {
  const last = new WeakMap<AnyActorRef, string>()
  const over = new WeakSet<AnyActorRef>()
  return (inspected) => {
    if (inspected.type !== '@xstate.snapshot') return
    const { value, status } = inspected.snapshot as { value?: unknown; status?: string }
    if (value === undefined) return
    const actor = inspected.actorRef as AnyActorRef
    const isOver = status !== undefined && status !== 'active'
    const to = stateWords(value)
    const from = last.get(actor) ?? ''
    if ((from === to && !isOver) || over.has(actor)) return
    last.set(actor, to)
    if (isOver) over.add(actor)
    const transition = { at: clock.now(), machine: pathOf(actor), from, to, event: inspected.event.type }
    report(isOver ? { ...transition, ended: true } : transition)
  }
}

type Channel = SessionFact['channel']

/** What a channel's chart remembers of its link (machines/link.ts). */
interface LinkView {
  readonly session?: { readonly session: string } | undefined
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/**
 * An `inspect` function that tells when a channel's chart (by its path, `adapter/ccp`) got a session, and when it has lost it
 * and why: both stand in the chart's context.
 */
export function inspectSessions(
  clock: Clock,
  channels: Readonly<Record<string, Channel>>,
  tell: TellFact,
): (event: InspectionEvent) => void {
  const open = new Map<Channel, { readonly session: string; readonly sinceMs: number }>()
  return (inspected) => {
    if (inspected.type !== '@xstate.snapshot') return
    const { context, status } = inspected.snapshot as { context?: LinkView; status?: string }
    const channel = context === undefined ? undefined : channels[pathOf(inspected.actorRef as AnyActorRef)]
    if (channel === undefined || context === undefined) return
    const before = open.get(channel)
    const now = status === undefined || status === 'active' ? context.session?.session : undefined
    if (before?.session === now) return
    if (before !== undefined) {
      open.delete(channel)
      const { code, message } = context.error ?? {}
      tell({
        kind: 'session',
        channel,
        state: 'ended',
        session: before.session,
        openMs: Math.round(clock.monotonicMs() - before.sinceMs),
        ...(code === undefined ? {} : { code }),
        ...(message === undefined ? {} : { message }),
      })
    }
    if (now === undefined) return
    open.set(channel, { session: now, sinceMs: clock.monotonicMs() })
    tell({ kind: 'session', channel, state: 'opened', session: now })
  }
}

/** `{a: {b: 'c'}, d: 'e'}` → `a.b.c d.e`; a plain state is its name. */
export function stateWords(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  return Object.entries(value)
    .flatMap(([region, inner]) => {
      const words = stateWords(inner)
      return words === '' ? [region] : words.split(' ').map((word) => `${region}.${word}`)
    })
    .join(' ')
}

function pathOf(actor: AnyActorRef): string {
  const parent = actor._parent
  return parent === undefined ? actor.id : `${pathOf(parent)}/${actor.id}`
}
