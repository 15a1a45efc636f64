/**
 * `support-bundle`: Antrea's own bundles of antrea-controller (through the API server) and of the agents (by their own
 * API), the cluster's state and the adapter's, each a content of its own, with a manifest that says what is there and what
 * is not. What could not be had is said and keeps nothing else waiting; where Antrea gives no bundle, its log comes in place.
 *
 * What is asked of Antrea's processes is written down first (memory.ts), and deleted there when it was read. A next leader
 * goes on: what is complete stays, what was half sent goes on by its sum. Only src/operations comes in here.
 */
import { type AdapterError, asAdapterError, waitFor } from '../../errors.ts'
import { OPEN_GATE, type WriteGate } from '../../kube/contract.ts'
import {
  AGENTS_AT_ONCE,
  BUNDLE_COMPONENTS_AT_ONCE,
  BUNDLE_RUNS_MAX,
  OPERATION_TIMEOUT_MS_MAX,
} from '../../limits.ts'
import { inParallel } from '../../world/index.ts'
import type { ClusterView } from '../cluster.ts'
import { createMemory, type Memory } from '../memory.ts'
import type { Fields, Operation, Run, Work } from '../types.ts'
import { agentSource, controllerSource } from './antrea.ts'
import { contentOf, type GatherDeps, gather } from './gather.ts'
import { type Part, type PartState, type Plan, planOf, told } from './parts.ts'
import { type WantedBundle, wantedBundleOf } from './request.ts'

export { type MadeFile, masked, type OwnFiles, ownFilesOf } from './facts.ts'
export { BUNDLE_COMPONENTS, type BundleComponent, type WantedBundle } from './request.ts'

export interface BundleDeps extends Omit<GatherDeps, 'gate'> {
  /** Of the lease; open where there is none. */
  readonly gate?: WriteGate
  readonly clusterId: string
  readonly cluster: ClusterView
  readonly version: string
  /** The lease's namespace, where it is written down what is asked of Antrea; nothing is without it. */
  readonly namespace?: string
}

export interface SupportBundleOperation extends Operation {
  /** As the request says it, for who has it in another form. */
  bundle(wanted: WantedBundle): Work
}

const KIND = 'support-bundle'
/** Before our own deadline, so that what is there is still answered. */
const LAST_WORDS_MS = 5_000
const NAMED_MAX = 20

/** Processes that were asked for a bundle. */
interface Asked {
  readonly controller: boolean
  readonly agents: readonly string[]
}

function readAsked(value: unknown): Asked | undefined {
  const { controller, agents } = (value ?? {}) as { controller?: unknown; agents?: unknown }
  const isNames = Array.isArray(agents) && agents.every((one): one is string => typeof one === 'string')
  return typeof controller === 'boolean' && isNames ? { controller, agents } : undefined
}

export function createSupportBundle(given: BundleDeps): SupportBundleOperation {
  const deps = { ...given, gate: given.gate ?? OPEN_GATE }
  const { clusterId, namespace } = deps
  const memory =
    namespace === undefined
      ? undefined
      : createMemory({ kube: deps.kube, clusterId, namespace }, KIND, readAsked)
  /** Requests that this process carried out: each of their bundles was deleted when it was read. */
  const tidied = new Set<string>()
  const bundle =
    (wanted: WantedBundle): Work =>
    async (run) => {
      const answer = await gatherAll(deps, wanted, run, memory)
      tidied.add(run.id)
      return answer
    }
  return {
    kind: KIND,
    runsMax: BUNDLE_RUNS_MAX,
    timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
    accept: (body) => bundle(wantedBundleOf(body)),
    bundle,
    async clear(id, signal) {
      if (memory === undefined) return
      if (!tidied.delete(id)) await tidy(deps, (await memory.recall(id, signal))?.revert, signal)
      await memory.forget(id, signal)
    },
    remembered: async (signal) => (await memory?.all(signal)) ?? [],
  }
}

type FullDeps = BundleDeps & GatherDeps

async function gatherAll(
  deps: FullDeps,
  wanted: WantedBundle,
  run: Run,
  memory: Memory<Asked> | undefined,
): Promise<Fields> {
  const { clock } = deps
  if (run.content === undefined)
    throw waitFor(
      'CONTENT_NOT_TAKEN',
      'a support bundle needs somebody who takes content, and there is nobody',
    )
  const plan = await planOf(wanted, deps.cluster, run.signal)
  if (plan.parts.length === 0)
    throw waitFor('BUNDLE_NOTHING', 'there is nothing to collect: no agent of this cluster is called so')
  const refusal = await writeDown(memory, plan, run)
  run.say({ t: 'progress', components: plan.parts.map((part) => told({ ...part })), ...restOf(plan) })
  const over = new AbortController()
  const onAbort = () => over.abort(run.signal.reason)
  run.signal.addEventListener('abort', onAbort, { once: true })
  if (run.signal.aborted) onAbort()
  const late = waitFor('BUNDLE_LATE', 'it was not there within the time of the request; ask again with more')
  const leftMs = Math.max(0, run.deadlineMs - clock.now() - LAST_WORDS_MS)
  const timer = clock.setTimeout(() => over.abort(late), leftMs)
  try {
    const gathering = { deps, wanted, run, sink: run.content, signal: over.signal, refusal }
    const states = await inParallel(plan.parts, BUNDLE_COMPONENTS_AT_ONCE, (part) => gather(gathering, part))
    return await answerOf(deps, run, plan, states)
  } finally {
    clock.clearTimeout(timer)
    run.signal.removeEventListener('abort', onAbort)
  }
}

/** Why Antrea is not asked: nothing may be written down. */
async function writeDown(
  memory: Memory<Asked> | undefined,
  { parts }: Plan,
  { id, deadlineMs, signal }: Run,
): Promise<AdapterError | undefined> {
  const asked = {
    controller: parts.some(({ component }) => component === 'controller'),
    agents: parts.flatMap(({ component, node }) =>
      component === 'agent' && node !== undefined ? [node] : [],
    ),
  }
  if (memory === undefined || (!asked.controller && asked.agents.length === 0)) return undefined
  try {
    await memory.remember({ id, deadlineMs }, asked, signal)
    return undefined
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (signal.aborted || error.kind === 'retry' || error.code === 'LEASE_NOT_HELD') throw error
    return error
  }
}

async function answerOf(
  { clock, version, clusterId }: FullDeps,
  run: Run,
  plan: Plan,
  states: readonly PartState[],
): Promise<Fields> {
  const [first] = states
  if (states.every(({ state }) => state === 'failed'))
    throw waitFor(
      first?.problem?.code ?? 'BUNDLE_NOTHING',
      `nothing could be collected; of ${first === undefined ? 'all' : nameWords(first)}: ${first?.problem?.message ?? ''}`,
    )
  const answer = {
    components: states.map((state) => told({ ...state })),
    partial:
      states.some(({ state, missing }) => state !== 'done' || missing !== undefined) ||
      plan.leftOut.length > 0,
    ...restOf(plan),
  }
  const manifest = {
    request: run.id,
    cluster: clusterId,
    made_at: new Date(clock.now()).toISOString(),
    adapter_version: version,
    ...answer,
  }
  const content = contentOf('manifest.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  await run.content?.take(content, run.signal, () => {})
  return { ...answer, manifest: content.name }
}

const nameWords = ({ component, node }: Part): string =>
  node === undefined ? component : `${component} ${node}`

const restOf = ({ leftOut, unknownNodes }: Plan): Fields => ({
  ...(leftOut.length === 0 ? {} : { nodes_left_out: leftOut.length, left_out: leftOut.slice(0, NAMED_MAX) }),
  ...(unknownNodes.length === 0 ? {} : { unknown_nodes: unknownNodes.slice(0, NAMED_MAX) }),
})

/** What an earlier leader asked for and did not delete. What cannot be reached now deletes itself within the hour. */
async function tidy(deps: FullDeps, asked: Asked | undefined, signal: AbortSignal): Promise<void> {
  if (asked === undefined) return
  const { agents } = deps
  const sources = [
    ...(asked.controller ? [controllerSource(deps)] : []),
    ...(agents === undefined ? [] : asked.agents.map((node) => agentSource(agents, node, deps.gate))),
  ]
  await inParallel(sources, AGENTS_AT_ONCE, async (source) => {
    try {
      await source.remove(signal)
    } catch (thrown) {
      const error = asAdapterError(thrown)
      if (signal.aborted || error.code === 'LEASE_NOT_HELD') throw error
    }
  })
}
