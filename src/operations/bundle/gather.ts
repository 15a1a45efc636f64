/** One component: collected where it is, sent as content, and taken away again at its source. */
import { createHash } from 'node:crypto'
import { type AdapterError, asAdapterError, waitFor } from '../../errors.ts'
import type { AgentClient } from '../../kube/agents/index.ts'
import type { KubeClient, WriteGate } from '../../kube/contract.ts'
import { BUNDLE_PROGRESS_MS } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { ApiDeps } from '../api.ts'
import type { Content, ContentSink, ContentSum, Fields, Run } from '../types.ts'
import { agentSource, type BundleSource, collect, controllerSource } from './antrea.ts'
import { clusterFiles, type MadeFile, madeOf } from './facts.ts'
import { logOf, podOf } from './instead.ts'
import { nameOf, type Part, type PartState, told } from './parts.ts'
import type { WantedBundle } from './request.ts'
import { wholeOf } from './whole.ts'

export interface GatherDeps extends ApiDeps {
  readonly kube: KubeClient
  readonly clock: Clock
  readonly gate: WriteGate
  /** Absent: no agent is asked. */
  readonly agents?: AgentClient
  /** Of the process that carries this out; absent: there is nothing to tell. */
  readonly ownFiles?: () => Promise<readonly MadeFile[]>
}

export interface Gathering {
  readonly deps: GatherDeps
  readonly wanted: WantedBundle
  readonly run: Run
  readonly sink: ContentSink
  /** Ends with the request, before its deadline. */
  readonly signal: AbortSignal
  /** Why Antrea is not to be asked for bundles. */
  readonly refusal: AdapterError | undefined
}

/** Antrea's bundle is asked for once more where another one came between. */
const TRIES = 2

/** Rejects only when the request is over, or the lease is lost. */
export async function gather(gathering: Gathering, part: Part): Promise<PartState> {
  const { signal, run } = gathering
  const failed = (thrown: unknown) => {
    if (run.signal.aborted) throw run.signal.reason
    const error = asAdapterError(signal.aborted ? signal.reason : thrown)
    if (error.code === 'LEASE_NOT_HELD') throw error
    return { code: error.code, message: error.message }
  }
  say(gathering, part, { state: 'collecting' })
  let state: PartState
  try {
    state = await gatherOne(gathering, part)
  } catch (thrown) {
    const problem = failed(thrown)
    const isAntreas = part.component === 'controller' || part.component === 'agent'
    try {
      state =
        isAntreas && !signal.aborted
          ? await gatherLog(gathering, part, problem)
          : { ...part, state: 'failed', problem }
    } catch (again) {
      failed(again)
      state = { ...part, state: 'failed', problem }
    }
  }
  say(gathering, part, { ...state })
  return state
}

const say = ({ run }: Gathering, part: Part, fields: Fields) =>
  run.say({ ...told({ ...fields, ...part }), t: 'progress' })

function gatherOne(gathering: Gathering, part: Part): Promise<PartState> {
  const { deps } = gathering
  switch (part.component) {
    case 'cluster':
      return gatherMade(gathering, part, async () => clusterFiles(deps))
    case 'adapter':
      if (deps.ownFiles === undefined)
        throw waitFor('BUNDLE_NO_ADAPTER', 'there is no running adapter here that could tell of itself')
      return gatherMade(gathering, part, deps.ownFiles)
    default:
      return gatherBundle(gathering, part, sourceOf(gathering, part))
  }
}

function sourceOf({ deps, refusal }: Gathering, { component, node = '' }: Part): BundleSource {
  if (refusal !== undefined) throw refusal
  if (component === 'controller') return controllerSource(deps)
  if (deps.agents === undefined)
    throw waitFor(
      'AGENTS_NOT_ASKED',
      'the agents take a bearer token on their own API, and there is none; see to agents.tokenFile',
    )
  return agentSource(deps.agents, node, deps.gate)
}

async function gatherBundle(gathering: Gathering, part: Part, source: BundleSource): Promise<PartState> {
  const { deps, wanted, sink, signal } = gathering
  const name = `${nameOf(part)}.tar.gz`
  const held = await sink.held(name, signal)
  if (held?.isComplete === true) return done(part, name, held.sum)
  let isThere = held?.sum !== undefined
  const asking = {
    ...source,
    async create(sinceS: number | undefined, over: AbortSignal) {
      try {
        await source.create(sinceS, over)
        isThere = true
      } catch (thrown) {
        // Where no answer came, it may have been taken.
        if (asAdapterError(thrown).kind === 'retry') isThere = true
        throw thrown
      }
    },
  }
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        const sum = await collect(asking, deps.clock, { sinceS: wanted.sinceS, held: held?.sum }, signal)
        const open = (reading: AbortSignal) => wholeOf(source.download, sum, source.who, deps.clock, reading)
        return done(part, name, await send(gathering, part, { name, sum, open }))
      } catch (thrown) {
        const { code } = asAdapterError(thrown)
        const isAnother = code === 'BUNDLE_CHANGED' || code === 'BUNDLE_NOT_COLLECTED'
        if (signal.aborted || !isAnother || tries >= TRIES) throw thrown
      }
    }
  } finally {
    // Antrea's process forgets it after an hour anyway. Not after the lease: the next leader may be collecting.
    if (isThere) await source.remove(new AbortController().signal).catch(() => {})
  }
}

async function gatherMade(
  gathering: Gathering,
  part: Part,
  files: () => Promise<readonly MadeFile[]>,
): Promise<PartState> {
  const { deps, sink, signal } = gathering
  const name = `${nameOf(part)}.tar.gz`
  const held = await sink.held(name, signal)
  if (held?.isComplete === true) return done(part, name, held.sum)
  const { bytes, missing } = await madeOf(await files(), deps.clock.now(), signal)
  const state = done(part, name, await send(gathering, part, contentOf(name, bytes)))
  return missing.length === 0 ? state : { ...state, missing: missing.map((one) => ({ ...one })) }
}

async function gatherLog(
  gathering: Gathering,
  part: Part,
  problem: PartState['problem'],
): Promise<PartState> {
  const { deps, wanted, signal } = gathering
  const pod = await podOf(deps, part.node, signal)
  if (pod === undefined) return { ...part, state: 'failed', ...(problem === undefined ? {} : { problem }) }
  const name = `${nameOf(part)}.log`
  const sum = await send(gathering, part, {
    name,
    open: (reading) => logOf(deps, pod, wanted.sinceS, reading),
  })
  return { ...done(part, name, sum), state: 'log', ...(problem === undefined ? {} : { problem }) }
}

const done = (part: Part, content: string, sum: ContentSum | undefined): PartState => ({
  ...part,
  state: 'done',
  content,
  ...sum,
})

/** Bytes that are there already. */
export const contentOf = (name: string, bytes: Uint8Array): Content => ({
  name,
  sum: { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length },
  async *open() {
    yield bytes
  },
})

/** How far it is, is said now and then. */
function send(gathering: Gathering, part: Part, content: Content): Promise<ContentSum> {
  const { clock } = gathering.deps
  let saidMs = clock.monotonicMs()
  return gathering.sink.take(content, gathering.signal, (bytes) => {
    if (clock.monotonicMs() - saidMs < BUNDLE_PROGRESS_MS) return
    saidMs = clock.monotonicMs()
    const of = content.sum === undefined ? {} : { of: content.sum.bytes }
    say(gathering, part, { state: 'sending', bytes, ...of })
  })
}
