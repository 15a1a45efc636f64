/**
 * `traceflow`: a packet's way through the cluster, traced by Antrea. The Traceflow is named from the request, so that the
 * next leader goes on with it; it is deleted when its answer was heard, when it is cancelled or late, and otherwise by the
 * sweep. Only src/operations comes in here.
 */
import { AdapterError, needsPerson } from '../../errors.ts'
import type { ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { KubeClient } from '../../kube/contract.ts'
import { RESOURCES } from '../../kube/resources.ts'
import { TRACEFLOW_POLL_MS, TRACEFLOW_RUNS_MAX, TRACEFLOW_TIMEOUT_MS_MAX } from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'
import { objectName, operationMeta, rememberedBy } from '../names.ts'
import { type PolicyNames, ruleIdOf } from '../policies.ts'
import type { Fields, Operation, Run, Work } from '../types.ts'
import { findEnds, readTraceConfig, type TraceLookup } from './config.ts'
import { createObservationReader, type Named, type ObservationNames, observationOf } from './observations.ts'
import { type Trace, type Traceflow, traceflowSpec } from './trace.ts'

export { type FoundPod, familyOf, type TraceLookup } from './config.ts'
export type { PodRef, Trace, TraceEnd, TracePacket } from './trace.ts'

export interface TraceflowDeps {
  readonly kube: KubeClient
  readonly clock: Clock
  readonly clusterId: string
  readonly lookup: TraceLookup
  readonly names: PolicyNames
  /** A ClusterNetworkPolicy by its name. */
  policy(name: string, signal: AbortSignal): Promise<ClusterNetworkPolicy | undefined>
}

export interface TraceflowOperation extends Operation {
  /** The work of a trace whose ends are known by name: what `accept` comes to. */
  trace(trace: Trace): Work
}

const KIND = 'traceflow'
/** Antrea's own default; it looks for Traceflows that are over each 10 s. */
export const TRACE_TIMEOUT_S = 20
/** Before our own deadline, so that the answer still says how far Antrea came. */
const LAST_WORDS_MS = 1_500

export function createTraceflow(deps: TraceflowDeps): TraceflowOperation {
  const { kube, clusterId, lookup } = deps
  const trace =
    (wanted: Trace): Work =>
    (run) =>
      follow(deps, run, async () => wanted)
  return {
    kind: KIND,
    runsMax: TRACEFLOW_RUNS_MAX,
    timeoutMsMax: TRACEFLOW_TIMEOUT_MS_MAX,
    trace,
    accept(body) {
      const config = readTraceConfig(body, clusterId)
      return (run) =>
        follow(deps, run, async () => {
          const ends = await findEnds(config, lookup, run.signal)
          const family =
            'ip' in ends.destination && ends.destination.ip.includes(':') ? ({ family: 6 } as const) : {}
          return { ...ends, packet: { ...config.packet, ...family }, timeoutS: TRACE_TIMEOUT_S }
        })
    },
    async clear(id, signal) {
      const found = await kube.get(RESOURCES.traceflows, objectName(clusterId, KIND, id), undefined, signal)
      if (found !== undefined && rememberedBy(found, clusterId, KIND) !== undefined)
        await kube.delete(RESOURCES.traceflows, found, { signal })
    },
    async remembered(signal) {
      const all = await kube.list(RESOURCES.traceflows, undefined, signal)
      return all.flatMap((object) => rememberedBy(object, clusterId, KIND) ?? [])
    },
  }
}

/** Finds the request's Traceflow or makes it, and says what it observes until it is over. */
async function follow(deps: TraceflowDeps, run: Run, plan: () => Promise<Trace>): Promise<Fields> {
  const { clock } = deps
  const { signal } = run
  const begun = await find(deps, run)
  let traceflow: Traceflow
  try {
    traceflow = begun ?? (await make(deps, run, await plan()))
  } catch (error) {
    // What Antrea's own admission refuses is the answer, in Antrea's words.
    if (error instanceof AdapterError && error.code === 'KUBE_ADMISSION_DENIED')
      return { phase: 'FAILED', reason: error.message }
    throw error
  }
  const reader = createObservationReader()
  let phase: string | undefined
  for (;;) {
    const { status = {} } = traceflow
    if (status.phase !== phase) {
      phase = status.phase
      run.say({ t: 'progress', phase: phase === undefined || phase === '' ? 'Pending' : phase })
    }
    const fresh = reader.next(Array.isArray(status.results) ? status.results : [])
    if (fresh.length > 0) {
      const names = await namesFor(
        deps,
        fresh.map(({ observation }) => observation),
        fresh.map(({ result }) => result.node),
        signal,
      )
      for (const { result, observation } of fresh)
        run.say({ t: 'observation', ...observationOf(result, observation, names) })
    }
    if (phase === 'Succeeded' || phase === 'Failed') return answerOf(traceflow, reader.count)
    if (clock.now() >= run.deadlineMs - LAST_WORDS_MS) return unfinished(phase, reader.count)
    await sleep(clock, TRACEFLOW_POLL_MS, signal)
    traceflow = (await find(deps, run)) ?? gone()
  }
}

async function find({ kube, clusterId }: TraceflowDeps, { id, signal }: Run): Promise<Traceflow | undefined> {
  const name = objectName(clusterId, KIND, id)
  const found = await kube.get<Traceflow>(RESOURCES.traceflows, name, undefined, signal)
  if (found !== undefined && rememberedBy(found, clusterId, KIND)?.id !== id)
    throw needsPerson(
      'TRACEFLOW_NAME_TAKEN',
      `the Traceflow ${name} is somebody else's and is left alone; delete it, then ask again`,
    )
  return found
}

async function make(deps: TraceflowDeps, run: Run, trace: Trace): Promise<Traceflow> {
  const { kube, clusterId } = deps
  const object: Traceflow = {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'Traceflow',
    metadata: operationMeta(clusterId, KIND, run),
    spec: traceflowSpec(trace),
  }
  try {
    return await kube.create(RESOURCES.traceflows, object, { signal: run.signal })
  } catch (error) {
    // An answer that was lost: it is there all the same.
    if (error instanceof AdapterError && error.code === 'KUBE_ALREADY_EXISTS')
      return (await find(deps, run)) ?? gone()
    if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND') throw absent()
    throw error
  }
}

const absent = () =>
  needsPerson(
    'TRACEFLOW_ABSENT',
    'this API server does not serve traceflows.crd.antrea.io; install the CRDs of this Antrea',
  )

function gone(): never {
  throw needsPerson(
    'TRACEFLOW_DELETED',
    'somebody deleted the Traceflow while it ran; ask again for another one',
  )
}

function answerOf({ status = {} }: Traceflow, observations: number): Fields {
  const { phase, reason, capturedPacket } = status
  return {
    phase: phase === 'Succeeded' ? 'SUCCEEDED' : 'FAILED',
    ...(reason === undefined || reason === '' ? {} : { reason: String(reason).slice(0, 2_000) }),
    observation_count: observations,
    ...(capturedPacket === undefined ? {} : { captured_packet: capturedPacket }),
  }
}

const unfinished = (phase: string | undefined, observations: number): Fields => ({
  phase: 'FAILED',
  reason:
    phase === 'Running'
      ? 'Antrea did not end this Traceflow within the time of the request.'
      : 'Antrea did not begin this Traceflow within the time of the request: antrea-controller does not run, or all of its 14 tags are taken by other Traceflows.',
  observation_count: observations,
})

/** Looks up what these observations name, each thing once. */
async function namesFor(
  deps: TraceflowDeps,
  observations: readonly Fields[],
  nodes: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<ObservationNames> {
  const nodeIds = new Map<string, string | undefined>()
  for (const node of new Set(nodes))
    if (typeof node === 'string') nodeIds.set(node, await deps.lookup.nodeUid(node, signal))
  const paths = new Map<string, string | undefined>()
  for (const { networkPolicy } of observations) {
    const name = clusterPolicyName(networkPolicy)
    if (name === undefined || paths.has(name)) continue
    const policy = await deps.policy(name, signal)
    paths.set(name, policy === undefined ? undefined : deps.names.policyPath(policy))
  }
  return {
    nodeId: (node) => nodeIds.get(node),
    policy(reference, rule): Named {
      const path = paths.get(clusterPolicyName(reference) ?? '')
      if (path === undefined) return {}
      const ruleId = rule === undefined ? undefined : ruleIdOf(rule)
      const rulePath = ruleId === undefined ? undefined : deps.names.rulePath(path, ruleId)
      return {
        policy_path: path,
        ...(ruleId === undefined ? {} : { rule_id: ruleId }),
        ...(rulePath === undefined ? {} : { rule_path: rulePath }),
      }
    },
  }
}

const CLUSTER_POLICY = /^AntreaClusterNetworkPolicy:(.+)$/

const clusterPolicyName = (reference: unknown): string | undefined =>
  typeof reference === 'string' ? CLUSTER_POLICY.exec(reference)?.[1] : undefined
