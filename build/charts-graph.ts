/** A chart's definition as states and ways between them. Pure: what is drawn is read from the machine that runs. */
import type { AnyStateMachine } from 'xstate'
import type { ChartState, ChartWay } from '../src/serve/ui/chart.ts'

export type GraphState = Omit<ChartState, 'box'> & {
  /** Path of the surrounding state; empty for the outermost. */
  readonly parent: string
  /** Path of the state that a region begins with. */
  readonly initial?: string
}

export interface Graph {
  readonly name: string
  readonly kind: GraphState['kind']
  readonly initial?: string
  readonly invokes: readonly string[]
  readonly ways: readonly ChartWay[]
  readonly states: readonly GraphState[]
}

type Node = AnyStateMachine['root']
type Way = Node['on'][string][number]

/** Everything of the machine that can be drawn, in the order of its definition. */
export function graphOf(machine: AnyStateMachine): Graph {
  const delays = machine.implementations.delays as Readonly<Record<string, unknown>>
  const {
    path: _path,
    name: _name,
    parent: _parent,
    entry: _entry,
    exit: _exit,
    ...root
  } = stateOf(machine.root, delays)
  return {
    ...root,
    name: machine.id,
    states: nodesBelow(machine.root).map((node) => stateOf(node, delays)),
  }
}

const nodesBelow = (node: Node): Node[] =>
  Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)])

const pathOf = (node: Node): string => node.path.join('.')

function stateOf(node: Node, delays: Readonly<Record<string, unknown>>): GraphState {
  const initial = node.type === 'compound' ? node.initial.target?.[0] : undefined
  return {
    path: pathOf(node),
    name: node.key,
    kind: node.type === 'history' ? 'atomic' : node.type,
    parent: node.path.slice(0, -1).join('.'),
    ...(initial === undefined ? {} : { initial: pathOf(initial) }),
    invokes: node.invoke.map(nameOfInvoke),
    entry: node.entry.map(nameOf).filter((name) => !isTimer(name)),
    exit: node.exit.map(nameOf).filter((name) => !isTimer(name)),
    ways: waysOf(node, delays),
  }
}

/** XState starts and cancels the timers of `after` by actions of its own. */
const isTimer = (name: string): boolean => name === 'xstate.cancel' || name === 'xstate.raise after'

const nameOfInvoke = ({ src, id }: Node['invoke'][number]): string =>
  typeof src === 'string' && !/^xstate\.invoke\./.test(src) ? src : id

function waysOf(node: Node, delays: Readonly<Record<string, unknown>>): ChartWay[] {
  const all = [...node.transitions.values()].flat().concat(node.always ?? [])
  const invokes = new Map(node.invoke.map((invoke) => [invoke.id, nameOfInvoke(invoke)]))
  return all.map((way, at) => {
    const earlier = all.slice(0, at).some((other) => other.eventType === way.eventType && other.guard)
    const condition = way.guard === undefined ? (earlier ? 'else' : '') : `[${nameOfGuard(way.guard)}]`
    const event = eventWords(way, invokes, delays)
    return {
      text: [event, condition].filter((part) => part !== '').join(' ') || 'at once',
      event: way.eventType,
      to: (way.target ?? []).map(pathOf),
      actions: way.actions.map(nameOf),
    }
  })
}

function eventWords(
  way: Way,
  invokes: ReadonlyMap<string, string>,
  delays: Readonly<Record<string, unknown>>,
): string {
  const type = way.eventType
  if (type === '') return ''
  const delay = (way as { delay?: number | string }).delay
  if (delay !== undefined) return delayWords(delay, delays)
  const [, outcome, id = ''] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(type) ?? []
  if (outcome !== undefined) return `${invokes.get(id) ?? id} ${outcome === 'done' ? 'done' : 'failed'}`
  return /^xstate\.done\.state\./.test(type) ? 'all done' : type === '*' ? 'any event' : type
}

function delayWords(delay: number | string, delays: Readonly<Record<string, unknown>>): string {
  const ms = typeof delay === 'number' ? delay : delays[delay]
  const name = typeof delay === 'number' ? '' : ` ${delay}`
  return typeof ms === 'number' ? `after${name} ${timeWords(ms)}` : `after${name}`
}

function timeWords(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 120_000) return `${ms / 1_000} s`
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${ms / 60_000} min`
}

/** Of an action: its name, or what XState's own does. */
function nameOf(action: unknown): string {
  if (typeof action === 'string') return action
  const { type, resolve, ...own } = action as { type?: string; resolve?: { name: string } } & Record<
    string,
    unknown
  >
  const kind = type ?? 'action'
  const event = own['event'] as { type?: string } | undefined
  if (kind === 'xstate.raise')
    return own['delay'] === undefined ? `raise ${event?.type ?? ''}`.trim() : 'xstate.raise after'
  if (kind === 'xstate.sendTo') return `send ${event?.type ?? ''}`.trim()
  return kind === 'xstate.cancel' ? kind : kind.replace(/^xstate\./, '')
}

function nameOfGuard(guard: unknown): string {
  if (typeof guard === 'string') return guard
  if (typeof guard !== 'function') return (guard as { type?: string }).type ?? 'condition'
  const { check, guards, stateValue } = guard as unknown as {
    check?: { name: string }
    guards?: readonly unknown[]
    stateValue?: unknown
  }
  if (check?.name === 'checkStateIn' && stateValue !== undefined)
    return `in ${JSON.stringify(stateValue).replace(/[{}"]/g, '')}`
  if (guards !== undefined) return guards.map(nameOfGuard).join(check?.name === 'checkOr' ? ' or ' : ' and ')
  return 'condition'
}
