/**
 * `log-level`: another level for a while, of antrea-controller and the agents by their own `/loglevel`, or of the adapter.
 * What the levels were is written down before they are changed, so that the next leader puts them back where this one
 * cannot; the adapter's own is over by itself. One change at a time has a process. Only src/operations comes in here.
 */
import { AdapterError, retry, waitFor } from '../../errors.ts'
import type { KubeClient } from '../../kube/contract.ts'
import {
  LOG_LEVEL_GIVEN_UP_MS,
  LOG_LEVEL_NODES_MAX,
  LOG_LEVEL_RUNS_MAX,
  OPERATION_TIMEOUT_MS_MAX,
} from '../../limits.ts'
import type { LogLevels } from '../../log/index.ts'
import { type Clock, sleep } from '../../world/index.ts'
import { createMemory, type Memory } from '../memory.ts'
import type { Fields, Operation, Run } from '../types.ts'
import { type WantedLevel, type WantedOfAdapter, type WantedOfAntrea, wantedLevelOf } from './request.ts'
import {
  type AntreaLevels,
  type LevelRevert,
  type LevelTarget,
  putBackEach,
  readEach,
  readRevert,
  setEach,
  type TargetState,
} from './targets.ts'

export { type AntreaPlaces, createAntreaLevels } from './antrea.ts'
export { KLOG_LEVEL_MAX, klogLevelOf, type WantedLevel } from './request.ts'
export { type AntreaLevels, type LevelTarget, readEach, type TargetState } from './targets.ts'

export interface LogLevelDeps {
  readonly kube: KubeClient
  readonly clock: Clock
  readonly clusterId: string
  /** The lease's own. */
  readonly namespace: string
  /** Absent: Antrea's processes cannot be asked here. */
  readonly antrea?: AntreaLevels
  /** Nodes that have an agent. */
  readonly agentNodes: (signal: AbortSignal) => Promise<readonly string[]>
  /** Of this process. */
  readonly own?: { readonly instance: string; readonly levels: LogLevels }
}

export interface LogLevelOperation extends Operation {
  change(wanted: WantedLevel): (run: Run) => Promise<Fields>
}

const KIND = 'log-level'
/** Before our own deadline, to put everything back and say so. */
const LAST_WORDS_MS = 5_000

export function createLogLevel(deps: LogLevelDeps): LogLevelOperation {
  const memory = createMemory<LevelRevert>(deps, KIND, readRevert)
  const change = (wanted: WantedLevel) => (run: Run) =>
    wanted.of === 'adapter' ? changeOwn(deps, wanted, run) : changeAntreas(deps, memory, wanted, run)
  return {
    kind: KIND,
    runsMax: LOG_LEVEL_RUNS_MAX,
    timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
    accept: (body) => change(wantedLevelOf(body)),
    change,
    clear: (id, signal) => clear(deps, memory, id, signal),
    remembered: (signal) => memory.all(signal),
  }
}

/** When it is put back, on the wall clock. */
const untilOf = ({ clock }: LogLevelDeps, { forMs }: WantedLevel, { deadlineMs }: Run): number =>
  Math.max(clock.now(), Math.min(clock.now() + forMs, deadlineMs - LAST_WORDS_MS))

async function changeOwn(deps: LogLevelDeps, wanted: WantedOfAdapter, run: Run): Promise<Fields> {
  const { clock, own } = deps
  if (own === undefined) throw none('the log of the adapter is not kept here')
  const { level, room } = wanted
  const target = `adapter/${own.instance}`
  const was = own.levels.of(room)
  const untilMs = untilOf(deps, wanted, run)
  const forMs = untilMs - clock.now()
  own.levels.set(level, forMs, room)
  const about = { target, ...(room === undefined ? {} : { room }) }
  run.say({ t: 'progress', phase: 'changed', until: untilMs, targets: [{ ...about, was, is: level }] })
  try {
    await sleep(clock, forMs, run.signal)
  } finally {
    own.levels.end(room)
  }
  return { phase: 'returned', targets: [{ ...about, was, is: own.levels.of(room) }] }
}

async function changeAntreas(
  deps: LogLevelDeps,
  memory: Memory<LevelRevert>,
  wanted: WantedOfAntrea,
  run: Run,
): Promise<Fields> {
  const { clock, antrea } = deps
  if (antrea === undefined) throw unasked()
  const { signal } = run
  const known = await memory.recall(run.id, signal)
  const begun = known ?? (await begin(deps, antrea, memory, wanted, run))
  const { revert, deadlineMs: untilMs } = begun
  const others = 'others' in begun ? begun.others : []
  if (clock.now() < untilMs) {
    const set = await setEach(antrea, revert, signal)
    run.say({ t: 'progress', phase: 'changed', until: untilMs, targets: [...set, ...others] })
    await sleep(clock, untilMs - clock.now(), signal)
  }
  const back = await putBackEach(antrea, revert, signal)
  if (back.every(isDone)) await memory.forget(run.id, signal)
  return { phase: back.every(isDone) ? 'returned' : 'returning', targets: [...back, ...others] }
}

interface Begun {
  readonly revert: LevelRevert
  readonly deadlineMs: number
  /** Those whose level stays as it is, and why. */
  readonly others: readonly TargetState[]
}

/** Reads what the levels are and writes it down. */
async function begin(
  deps: LogLevelDeps,
  antrea: AntreaLevels,
  memory: Memory<LevelRevert>,
  wanted: WantedOfAntrea,
  run: Run,
): Promise<Begun> {
  const { signal } = run
  const { targets, left } = await targetsOf(deps, wanted, signal)
  const held = heldBy(await memory.inForce(signal), run.id)
  const read = await readEach(
    antrea,
    targets.filter((target) => !held.has(target)),
    signal,
  )
  const good = read.flatMap(({ target, was }) => (was === undefined ? [] : [{ target, was }]))
  const others: TargetState[] = [
    ...read.filter(({ was }) => was === undefined).map(asProblem),
    ...targets.filter((target) => held.has(target)).map(isHeld),
    ...left.map(isTooMany),
  ]
  if (good.length === 0) throw refusalOf(others)
  const deadlineMs = untilOf(deps, wanted, run)
  const revert = { level: wanted.level, targets: good }
  await memory.remember({ id: run.id, deadlineMs }, revert, signal)
  // Somebody may have done the same at the same time; then both make way, and one comes first the next time.
  const now = heldBy(await memory.inForce(signal), run.id)
  if (good.some(({ target }) => now.has(target))) {
    await memory.forget(run.id, signal)
    throw retry('LOG_LEVEL_HELD', 'another request changes the same levels at this moment; it is tried again')
  }
  return { revert, deadlineMs, others }
}

async function targetsOf(
  deps: LogLevelDeps,
  { controller, agents }: WantedOfAntrea,
  signal: AbortSignal,
): Promise<{ readonly targets: readonly LevelTarget[]; readonly left: readonly LevelTarget[] }> {
  const nodes = agents === 'all' ? [...(await deps.agentNodes(signal))].sort() : [...agents]
  const all: LevelTarget[] = [
    ...(controller ? (['controller'] as const) : []),
    ...nodes.map((node) => `agent/${node}` as const),
  ]
  return { targets: all.slice(0, LOG_LEVEL_NODES_MAX), left: all.slice(LOG_LEVEL_NODES_MAX) }
}

/** Puts back what the request changed. What cannot be reached yet is tried again by the next sweep, for a day. */
async function clear(
  { antrea, clock }: LogLevelDeps,
  memory: Memory<LevelRevert>,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const known = await memory.recall(id, signal)
  if (known === undefined) return
  if (antrea === undefined) throw unasked()
  const failed = (await putBackEach(antrea, known.revert, signal)).filter((state) => !isDone(state))
  const [first] = failed
  if (first === undefined || clock.now() > known.deadlineMs + LOG_LEVEL_GIVEN_UP_MS)
    return memory.forget(id, signal)
  throw retry(
    'LOG_LEVEL_NOT_RETURNED',
    `the log level of ${failed
      .map(({ target }) => target)
      .join(', ')
      .slice(0, 500)} is not put back yet: ${first.problem?.message ?? ''}`,
  )
}

const isDone = ({ problem }: TargetState): boolean => problem === undefined

const heldBy = (
  all: readonly { readonly id: string; readonly revert: LevelRevert | undefined }[],
  id: string,
): ReadonlySet<string> =>
  new Set(
    all
      .filter((one) => one.id !== id)
      .flatMap(({ revert }) => revert?.targets.map(({ target }) => target) ?? []),
  )

const asProblem = (state: TargetState): TargetState =>
  state.problem !== undefined
    ? state
    : { target: state.target, problem: { code: 'LOG_LEVEL_NONE', message: 'there is no such process' } }

const isHeld = (target: LevelTarget): TargetState => ({
  target,
  problem: {
    code: 'LOG_LEVEL_HELD',
    message: 'another request has changed its level and will put it back; cancel that one, or wait',
  },
})

const isTooMany = (target: LevelTarget): TargetState => ({
  target,
  problem: {
    code: 'LOG_LEVEL_TOO_MANY',
    message: `one request changes ${LOG_LEVEL_NODES_MAX} processes at most; name the others in another one`,
  },
})

/** Where not one level can be changed, that is the answer. */
function refusalOf(others: readonly TargetState[]): AdapterError {
  const [first] = others
  if (first?.problem === undefined) return none('there is no agent in this cluster')
  const { code, message } = first.problem
  return new AdapterError('wait-for', code, `${first.target}: ${message}`)
}

const none = (what: string) => waitFor('LOG_LEVEL_NONE', `${what}; nothing was changed`)

const unasked = () =>
  waitFor(
    'AGENTS_NOT_ASKED',
    "Antrea's processes take a bearer token on their own APIs, and this adapter has none; see to agents.tokenFile",
  )
