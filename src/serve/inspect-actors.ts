/** The charts that are alive, as XState's inspection tells of them: state, since when, last event, delays that run. */
import type { AnyActorRef, AnyStateMachine, InspectionEvent } from 'xstate'
import { stateWords } from '../diagnostics/index.ts'
import { INSPECT_ACTORS_MAX, INSPECT_TIMERS_MAX } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import { briefContext } from './inspect-context.ts'
import type { ActorView } from './ui/view.ts'

export interface LiveActors {
  /** For the `inspect` of every root actor; never throws, never waits. */
  readonly inspect: (event: InspectionEvent) => void
  /** All that live now, parents before their children. */
  view(): readonly ActorView[]
}

interface Actor {
  readonly ref: AnyActorRef
  readonly machine: AnyStateMachine
  readonly path: string
  readonly startedAt: number
  words: string
  since: number
  states: Map<string, number>
  events: number
  lastEvent: string
  lastAt: number
  /** When each delay was begun, by its id in XState: as many as the chart has delays. */
  readonly begun: Map<string, number>
}

/** Charts over the limit are not shown; all others are. */
export function createLiveActors(clock: Clock): LiveActors {
  const actors = new Map<AnyActorRef, Actor>()
  const take = (ref: AnyActorRef): Actor | undefined => {
    const known = actors.get(ref)
    const machine = machineOf(ref)
    if (known !== undefined || machine === undefined || actors.size >= INSPECT_ACTORS_MAX) return known
    const at = clock.now()
    const actor: Actor = {
      ref,
      machine,
      path: pathOf(ref),
      startedAt: at,
      words: '',
      since: at,
      states: new Map(),
      events: 0,
      lastEvent: '',
      lastAt: at,
      begun: new Map(),
    }
    actors.set(ref, actor)
    return actor
  }
  const heard: {
    readonly [K in InspectionEvent['type']]?: (event: Extract<InspectionEvent, { type: K }>) => void
  } = {
    '@xstate.event': ({ actorRef, event }) => {
      const actor = actors.get(actorRef as AnyActorRef)
      if (actor === undefined || event.type === 'xstate.init') return
      actor.events += 1
      actor.lastEvent = event.type
      actor.lastAt = clock.now()
    },
    '@xstate.action': ({ actorRef, action }) => {
      const { id, delay } = (action.params ?? {}) as { id?: unknown; delay?: unknown }
      if (action.type !== 'xstate.raise' || delay === undefined || typeof id !== 'string') return
      const { begun } = take(actorRef as AnyActorRef) ?? {}
      if (begun !== undefined && (begun.size < INSPECT_TIMERS_MAX || begun.has(id)))
        begun.set(id, clock.now())
    },
    '@xstate.snapshot': ({ actorRef, snapshot }) => {
      const { value, status } = snapshot as { value?: unknown; status?: string }
      if (value === undefined) return
      if (status !== 'active') return void actors.delete(actorRef as AnyActorRef)
      const actor = take(actorRef as AnyActorRef)
      if (actor !== undefined) note(actor, stateWords(value), clock.now())
    },
  }
  return {
    inspect: (event) => (heard[event.type] as ((event: InspectionEvent) => void) | undefined)?.(event),
    view: () =>
      [...actors.values()]
        .map((actor) => viewOf(actor))
        .sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path))),
  }
}

function note(actor: Actor, words: string, at: number): void {
  if (words === actor.words) return
  actor.words = words
  actor.since = at
  actor.states = new Map(words.split(' ').map((path) => [path, actor.states.get(path) ?? at]))
}

function viewOf(actor: Actor): ActorView {
  const { path, machine, words, since, states, startedAt, events, lastEvent, lastAt } = actor
  return {
    path,
    chart: machine.id,
    words,
    since,
    states: [...states].map(([state, at]) => ({ path: state, since: at })),
    startedAt,
    ...(lastEvent === '' ? {} : { last: { event: lastEvent, at: lastAt } }),
    events,
    timers: timersOf(actor),
    context: briefContext((actor.ref.getSnapshot() as { context?: unknown }).context),
  }
}

/** XState keeps what is scheduled; when it was begun on our clock was heard when it was. */
function timersOf({ ref, machine, begun }: Actor): ActorView['timers'] {
  return Object.values(ref.system.getSnapshot()._scheduledEvents)
    .filter(({ source }) => source === ref)
    .map(({ id, delay, startedAt, event }) => ({
      ...delayOf(machine, event.type),
      at: Math.round((begun.get(id) ?? startedAt) + delay),
    }))
    .sort((a, b) => a.at - b.at)
}

/** `xstate.after.connectLimit.ccp.link.connecting`: the delay's name, and the id of its state. */
function delayOf(machine: AnyStateMachine, event: string): { readonly name: string; readonly state: string } {
  const [, name, id = ''] = /^xstate\.after\.([^.]+)\.(.*)$/.exec(event) ?? []
  if (name === undefined) return { name: event, state: '' }
  try {
    return { name, state: machine.getStateNodeById(id).path.join('.') }
  } catch {
    return { name, state: id }
  }
}

function machineOf({ logic }: AnyActorRef & { readonly logic?: unknown }): AnyStateMachine | undefined {
  const machine = logic as AnyStateMachine | undefined
  return machine?.root?.states === undefined ? undefined : machine
}

function pathOf(actor: AnyActorRef): string {
  const parent = actor._parent
  return parent === undefined ? actor.id : `${pathOf(parent)}/${actor.id}`
}
