/** XState's inspection, read as transitions: which chart went from where to where, and why. */
import type { AnyActorRef, InspectionEvent } from 'xstate'
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
  return (inspected) => {
    if (inspected.type !== '@xstate.snapshot') return
    const value = (inspected.snapshot as { value?: unknown }).value
    if (value === undefined) return
    const to = stateWords(value)
    const from = last.get(inspected.actorRef as AnyActorRef) ?? ''
    if (from === to) return
    last.set(inspected.actorRef as AnyActorRef, to)
    report({
      at: clock.now(),
      machine: pathOf(inspected.actorRef as AnyActorRef),
      from,
      to,
      event: inspected.event.type,
    })
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
