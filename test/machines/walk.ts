/** Walks a chart's graph: which states are reached, and what each of them does on an event. */
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  initialTransition,
  transition,
} from 'xstate'

export interface Walked {
  /** Ids of the state nodes that were active in some reached state. */
  readonly reached: ReadonlySet<string>
  readonly snapshots: readonly AnyMachineSnapshot[]
}

/** Over it the walk ends with an error: contexts that count would make it endless. */
const SNAPSHOTS_MAX = 5_000

/** Every `after` of the machine as an event, with its own id, and every event of an invoked child. */
export function syntheticEvents(machine: AnyStateMachine): AnyEventObject[] {
  const events = new Set<string>()
  const visit = (node: AnyStateMachine['root']) => {
    for (const type of node.ownEvents) if (/^xstate\.(after|done|error)\./.test(type)) events.add(type)
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return [...events].map((type) => ({ type }))
}

/** All ids of states that an actor can rest in: a state that is left by `always` alone is none. */
export function restingStates(machine: AnyStateMachine): Set<string> {
  const ids = new Set<string>()
  const visit = (node: AnyStateMachine['root']) => {
    const passes = node.config.always !== undefined
    if (!passes) ids.add(node.id)
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return ids
}

/** From the initial state with all these events; two states with equal value and `same` context count as one. */
export function walk(
  machine: AnyStateMachine,
  events: readonly AnyEventObject[],
  same: (snapshot: AnyMachineSnapshot) => unknown,
): Walked {
  const [first] = initialTransition(machine) as [AnyMachineSnapshot, unknown]
  const seen = new Map<string, AnyMachineSnapshot>()
  const reached = new Set<string>()
  const todo = [first]
  while (todo.length > 0) {
    const snapshot = todo.pop()
    if (snapshot === undefined) break
    const key = JSON.stringify([snapshot.value, same(snapshot)])
    if (seen.has(key)) continue
    if (seen.size >= SNAPSHOTS_MAX) throw new Error('the walk does not end; name less of the context')
    seen.set(key, snapshot)
    for (const id of nodeIds(snapshot)) reached.add(id)
    if (snapshot.status !== 'active') continue
    for (const event of events) todo.push(next(machine, snapshot, event))
  }
  return { reached, snapshots: [...seen.values()] }
}

/** The state after one event; nothing is executed. */
export const next = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
): AnyMachineSnapshot => (transition(machine, snapshot, event) as [AnyMachineSnapshot, unknown])[0]

const nodeIds = (snapshot: AnyMachineSnapshot): string[] =>
  (snapshot as unknown as { _nodes: { id: string }[] })._nodes.map(({ id }) => id)
