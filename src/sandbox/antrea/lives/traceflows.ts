/** What antrea-controller does with Traceflows: a tag, Running, and the end (pkg/controller/traceflow). */
import { sleep } from '../../../world/index.ts'
import type { TraceSpec } from '../admission/index.ts'
import { follow, type Stored } from '../follow.ts'
import { timestamp } from '../status.ts'
import { patchStatus } from './patch.ts'
import type { LifeDeps } from './types.ts'
import { createWorker } from './worker.ts'

export interface Observation {
  readonly component?: string
  readonly componentInfo?: string
  readonly action?: string
  readonly [field: string]: unknown
}

export interface TraceResult {
  readonly node?: string
  readonly role?: string
  readonly timestamp?: number
  readonly observations?: readonly Observation[]
}

export interface Traceflow extends Stored {
  readonly spec?: TraceSpec & { readonly packet?: unknown }
  readonly status?: {
    readonly phase?: string
    readonly dataplaneTag?: number
    readonly startTime?: string
    readonly results?: readonly TraceResult[]
    readonly capturedPacket?: Readonly<Record<string, unknown>>
  }
}

export const TRACEFLOWS = '/apis/crd.antrea.io/v1beta1/traceflows'

/** Six bits of a packet, two of which are taken. */
const TAGS: readonly number[] = Array.from({ length: 14 }, (_, index) => 7 + 4 * index)
const TIMEOUT_S = 20
/** How often the controller looks for Traceflows that are over. */
const LOOK_MS = 10_000

const isResult = (result: unknown): result is TraceResult => typeof result === 'object' && result !== null
const LAST_ACTIONS: ReadonlySet<unknown> = new Set([
  'Delivered',
  'Dropped',
  'Rejected',
  'ForwardedOutOfNetwork',
])

/** True when the results are all there can be. */
export function isComplete({ spec = {}, status }: Traceflow): boolean {
  const results = (status?.results ?? []).filter(isResult)
  if (spec.liveTraffic === true && spec.droppedOnly === true) return results.length > 0
  const observations = results.flatMap((result) => result.observations ?? [])
  const isEnded = observations.some(({ action }) => LAST_ACTIONS.has(action))
  const needsSender = spec.liveTraffic !== true || (spec.source?.pod ?? '') !== ''
  return isEnded && (!needsSender || observations.some(({ component }) => component === 'SpoofGuard'))
}

export function startTraceflows(deps: LifeDeps): void {
  const { clock, signal } = deps
  const holders = new Map<number, string>()

  const tagOf = (name: string) => [...holders].find(([, holder]) => holder === name)?.[0]
  const release = (name: string) => {
    const tag = tagOf(name)
    if (tag !== undefined) holders.delete(tag)
  }
  const allocate = (name: string): number => {
    const tag = tagOf(name) ?? TAGS.find((candidate) => !holders.has(candidate))
    if (tag === undefined) throw new Error('no data plane tag is free')
    holders.set(tag, name)
    return tag
  }

  const isOver = ({ spec = {}, status }: Traceflow): boolean => {
    const startMs = Date.parse(status?.startTime ?? '')
    return clock.now() >= startMs + (spec.timeout ?? TIMEOUT_S) * 1_000
  }

  const write = (name: string, status: Readonly<Record<string, unknown>>) =>
    patchStatus(deps, `${TRACEFLOWS}/${encodeURIComponent(name)}`, status)

  /** Go writes every field of the captured packet that is a struct. */
  const ended = ({ status }: Traceflow, more: Readonly<Record<string, unknown>>) => ({
    ...more,
    dataplaneTag: null,
    ...(status?.capturedPacket === undefined
      ? {}
      : { capturedPacket: { transportHeader: {}, ...status.capturedPacket } }),
  })

  const sync = async (name: string): Promise<void> => {
    const traceflow = copy.objects.get(name)
    const phase = traceflow?.status?.phase ?? ''
    if (traceflow === undefined || (phase !== '' && phase !== 'Running')) return release(name)
    if (phase === '') {
      await write(name, { phase: 'Running', startTime: timestamp(clock), dataplaneTag: allocate(name) })
      return
    }
    if (isComplete(traceflow)) await write(name, ended(traceflow, { phase: 'Succeeded' }))
    else if (isOver(traceflow))
      await write(name, ended(traceflow, { phase: 'Failed', reason: 'Traceflow timeout' }))
    else return
    release(name)
  }
  const worker = createWorker(deps, sync)

  const copy = follow<Traceflow>(
    deps,
    TRACEFLOWS,
    (name, now, before) => {
      if (now?.metadata.uid !== before?.metadata.uid) release(name)
      // One that ran when the controller came keeps its tag.
      const tag = now?.status?.dataplaneTag
      if (now?.status?.phase === 'Running' && tag !== undefined && !holders.has(tag)) holders.set(tag, name)
      worker.enqueue(name)
    },
    signal,
  )

  const look = async () => {
    while (!signal.aborted) {
      await sleep(clock, LOOK_MS, signal)
      for (const [name, { status }] of copy.objects) if (status?.phase === 'Running') worker.enqueue(name)
    }
  }
  look().catch(() => {})
}
