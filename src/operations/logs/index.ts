/**
 * `logs`: lines of antrea-controller, of the agents and of the adapter itself, through the API server (`pods/log`, in
 * kube-system alone), merged by time. What is there already comes first, then with `follow` what is written from then on.
 * It changes nothing and leaves nothing. Only src/operations comes in here.
 */
import { AdapterError, waitFor } from '../../errors.ts'
import {
  LOGS_FOLLOWED_MAX,
  LOGS_PODS_MAX,
  LOGS_RUNS_MAX,
  LOGS_TOLD_BYTES_MAX,
  OPERATION_TIMEOUT_MS_MAX,
} from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'
import type { ApiDeps } from '../api.ts'
import type { Fields, Operation, Run } from '../types.ts'
import { type FollowEvent, followPods } from './follow.ts'
import { createGatherer } from './gather.ts'
import { followOwn, type OwnSource, ownLines, ownSourceName } from './own.ts'
import { type PastOfPod, readPast } from './past.ts'
import { type AntreaPod, findPods } from './pods.ts'
import { type WantedLogs, wantedLogsOf } from './request.ts'
import { createNewest, inPortions, type LogLine } from './told.ts'

export { isAtLeast, levelOfLine } from './level.ts'
export { timeOfMs } from './lines.ts'
export type { OwnSource } from './own.ts'
export { type AntreaPod, findPods } from './pods.ts'
export { LOG_COMPONENTS, type LogComponent, secondsOf, type WantedLogs } from './request.ts'
export { createCursor, type Reading, readLog } from './stream.ts'
export type { LogLine } from './told.ts'

export interface LogsDeps extends ApiDeps {
  /** Absent: there is no process whose log could be shown. */
  readonly own?: OwnSource
  /** Of lines told for one request; LOGS_TOLD_BYTES_MAX when absent. */
  readonly toldBytesMax?: number
  /** Waited for before lines that are followed are told; for who writes to something that may be full. */
  readonly ready?: () => Promise<void>
}

export interface LogsOperation extends Operation {
  /** As the request says it, for who has it in another form. */
  logs(wanted: WantedLogs): (run: Run) => Promise<Fields>
}

/** Before our own deadline, so that the answer still comes. */
const LAST_WORDS_MS = 1_500
const NAMED_MAX = 20

export function createLogs(deps: LogsDeps): LogsOperation {
  const logs = (wanted: WantedLogs) => (run: Run) => show(deps, wanted, run)
  return {
    kind: 'logs',
    runsMax: LOGS_RUNS_MAX,
    timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
    accept: (body) => logs(wantedLogsOf(body)),
    logs,
    // It only reads.
    clear: async () => {},
    remembered: async () => [],
  }
}

async function show(deps: LogsDeps, wanted: WantedLogs, run: Run): Promise<Fields> {
  const { clock } = deps
  const own = wanted.components.has('adapter') ? deps.own : undefined
  const found = await findPods(deps, wanted, run.signal)
  const pods = found.slice(0, wanted.follow ? LOGS_FOLLOWED_MAX : LOGS_PODS_MAX)
  if (pods.length === 0 && own === undefined) throw none()
  run.say({
    t: 'progress',
    sources: [...pods.map(sourceOf), ...(own === undefined ? [] : [{ source: ownSourceName(own) }])],
  })
  // Before it is read, so that no line falls between what was and what comes.
  const early: LogLine[] = []
  const follower: { take: (line: LogLine) => void } = { take: (line) => void early.push(line) }
  const unfollow =
    own === undefined || !wanted.follow ? () => {} : followOwn(own, wanted, (line) => follower.take(line))
  try {
    const newest = createNewest(wanted.limit, deps.toldBytesMax ?? LOGS_TOLD_BYTES_MAX)
    const nowMs = clock.now()
    if (own !== undefined && !wanted.previous)
      for (const line of ownLines(own, wanted, nowMs)) newest.add(line)
    const ownGone = own?.recent.gone ?? 0
    const past = await readPast(deps, pods, wanted, newest, run.signal)
    refuseIfNothing(past, own !== undefined)
    const lines = newest.lines()
    for (const portion of inPortions(lines)) run.say({ t: 'observation', lines: portion })
    const answer = {
      sources: past.map(pastOf),
      line_count: lines.length,
      // Older lines that fit and were not told.
      lines_left_out: newest.left,
      ...(ownGone === 0 ? {} : { own_lines_gone: ownGone }),
      ...missingOf(found, pods, wanted),
    }
    if (!wanted.follow) return answer
    const told = await follow(deps, wanted, run, past, early, follower)
    return {
      ...answer,
      line_count: lines.length + told.lines,
      lines_left_out: newest.left + told.lost,
      ended: 'deadline',
    }
  } finally {
    unfollow()
  }
}

async function follow(
  deps: LogsDeps,
  wanted: WantedLogs,
  run: Run,
  past: readonly PastOfPod[],
  early: LogLine[],
  follower: { take: (line: LogLine) => void },
): Promise<{ readonly lines: number; readonly lost: number }> {
  const { clock } = deps
  const tell = (lines: readonly LogLine[]) => run.say({ t: 'observation', lines })
  const gatherer = createGatherer(clock, tell, deps.ready ?? (async () => {}))
  let lost = 0
  const take = (line: LogLine) => {
    if (!gatherer.offer(line)) lost += 1
  }
  for (const line of early) take(line)
  early.length = 0
  follower.take = take
  const over = new AbortController()
  const onAbort = () => over.abort(run.signal.reason)
  if (run.signal.aborted) onAbort()
  run.signal.addEventListener('abort', onAbort, { once: true })
  const telling = gatherer.run(over.signal)
  const say = (event: FollowEvent) => run.say({ t: 'progress', ...event })
  const find = (signal: AbortSignal) => findPods(deps, wanted, signal)
  const begin = past.map(({ pod, cursor, askedMs }) => ({ pod, cursor, fromMs: askedMs }))
  const following = followPods({ ...deps, wanted, gatherer, find, tell: say }, begin, over.signal)
  try {
    await Promise.race([following, untilDeadline(clock, run, over.signal)])
  } finally {
    run.signal.removeEventListener('abort', onAbort)
    over.abort(new Error('the request is over'))
    await Promise.allSettled([following, telling])
  }
  return { lines: gatherer.told, lost }
}

const untilDeadline = (clock: Clock, { deadlineMs }: Run, signal: AbortSignal): Promise<void> =>
  sleep(clock, Math.max(0, deadlineMs - clock.now() - LAST_WORDS_MS), signal)

const sourceOf = ({ source, component, name, node, container, restarts }: AntreaPod): Fields => ({
  source,
  component,
  pod: name,
  node,
  container,
  restarts,
})

const pastOf = ({ pod: { source }, reading, problem }: PastOfPod): Fields => ({
  source,
  lines_read: reading.lines,
  ...(reading.isCut ? { cut: true } : {}),
  ...(problem === undefined ? {} : { problem: { code: problem.code, message: problem.message } }),
})

/** Where not one log can be read, that is the answer. */
function refuseIfNothing(past: readonly PastOfPod[], hasOwn: boolean): void {
  const [first] = past
  if (hasOwn || first?.problem === undefined || past.some(({ problem }) => problem === undefined)) return
  const { code, kind, message } = first.problem
  // Tried often enough already: not once more by whoever asked.
  throw new AdapterError(kind === 'retry' ? 'wait-for' : kind, code, message)
}

const none = () =>
  waitFor(
    'LOGS_NONE',
    'no Pod of Antrea is in kube-system that has what is asked for; look at component, nodes and container, and at the labels app=antrea of its Pods',
  )

/** Nodes asked for whose agent is not there, and Pods over the limit. */
function missingOf(found: readonly AntreaPod[], pods: readonly AntreaPod[], { nodes }: WantedLogs): Fields {
  const there = new Set(found.map(({ node }) => node))
  const missing = [...(nodes ?? [])].filter((node) => !there.has(node))
  const left = found.slice(pods.length).map(({ source }) => source)
  return {
    ...(missing.length === 0 ? {} : { missing_nodes: missing }),
    ...(left.length === 0 ? {} : { sources_left_out: left.length, left_out: left.slice(0, NAMED_MAX) }),
  }
}
