/**
 * The agents' part of Traceflows: each that runs is sent from its source Pod's Node and watched on its way. What the
 * policies are is asked of the controlplane API, so that it serves any controller.
 */
import type { Logger } from '../../../log/index.ts'
import { type Clock, type HttpClient, type Random, sleep } from '../../../world/index.ts'
import { call, expect, messageOf } from '../api.ts'
import { CONTROLPLANE, type WireMember, type WirePolicy } from '../compute/index.ts'
import { follow, pause } from '../follow.ts'
import { type Observation, TRACEFLOWS, type Traceflow } from '../lives/index.ts'
import type { EndpointSlice, KubeNode, Pod, Service } from '../model.ts'
import type { PolicyView } from './decide.ts'
import { wayOf } from './observe.ts'
import { aimOf, NoPacket } from './packet.ts'

export interface TracerDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly signal: AbortSignal
  readonly pods: ReadonlyMap<string, Pod>
  readonly nodes: ReadonlyMap<string, KubeNode>
  /** Whether this Node's agent runs. */
  readonly isAwake: (node: string) => boolean
}

export interface Tracer {
  /** Looks again at what runs and was not sent: an agent has come. */
  lookAgain(): void
}

/** The real agents wait until flows are installed everywhere; a packet that stays on its Node needs less. */
const LOCAL_DELAY_MS = 100
const REMOTE_DELAY_MS = 2_000
const WRITES_MAX = 5

export function startTracer(deps: TracerDeps): Tracer {
  const sent = new Set<string>()

  const look = (traceflow: Traceflow): void => {
    const { uid } = traceflow.metadata
    const { spec = {}, status } = traceflow
    // There is no live traffic here: those wait until they time out.
    if (status?.phase !== 'Running' || spec.liveTraffic === true || sent.has(uid)) return
    const node = nodeOf(deps, spec.source)
    if (node === undefined || !deps.isAwake(node)) return
    sent.add(uid)
    send(deps, traceflow, node).catch((error: unknown) => {
      if (deps.signal.aborted) return
      deps.log?.debug({ err: error, traceflow: traceflow.metadata.name }, 'a packet was not sent')
      sent.delete(uid)
    })
  }
  const copy = follow<Traceflow>(
    deps,
    TRACEFLOWS,
    (_, now, before) => {
      if (before !== undefined && before.metadata.uid !== now?.metadata.uid) sent.delete(before.metadata.uid)
      if (now !== undefined) look(now)
    },
    deps.signal,
  )
  return {
    lookAgain() {
      for (const traceflow of copy.objects.values()) look(traceflow)
    },
  }
}

const nodeOf = (
  { pods }: TracerDeps,
  end: { readonly namespace?: string; readonly pod?: string } | undefined,
): string | undefined => pods.get(`${end?.namespace}/${end?.pod}`)?.spec?.nodeName

async function send(deps: TracerDeps, traceflow: Traceflow, node: string): Promise<void> {
  const { clock, random, signal, pods, nodes } = deps
  const { source, destination } = traceflow.spec ?? {}
  const isLocal = nodeOf(deps, destination) === node
  await sleep(clock, isLocal ? LOCAL_DELAY_MS : REMOTE_DELAY_MS, signal)
  try {
    const [services, slices, view] = await Promise.all([
      listOf<Service>(deps, '/api/v1/services'),
      listOf<EndpointSlice>(deps, '/apis/discovery.k8s.io/v1/endpointslices'),
      readView(deps),
    ])
    const aim = aimOf(traceflow, { pods, services, slices }, random)
    const name = { namespace: source?.namespace ?? '', name: source?.pod ?? '' }
    const { sender, receiver } = wayOf(aim, name, node, { pods, nodes, view })
    if (deps.isAwake(node)) await report(deps, traceflow, node, 'sender', sender)
    if (receiver !== undefined && deps.isAwake(receiver.node))
      await report(deps, traceflow, receiver.node, 'receiver', receiver.observations)
  } catch (error) {
    if (!(error instanceof NoPacket)) throw error
    const reason = `Node: ${node}, error: ${error.message}`
    await change(deps, traceflow, (status) => ({ ...status, phase: 'Failed', reason }))
  }
}

function report(
  deps: TracerDeps,
  traceflow: Traceflow,
  node: string,
  role: 'sender' | 'receiver',
  observations: readonly Observation[],
): Promise<void> {
  const timestamp = Math.floor(deps.clock.now() / 1_000)
  return change(deps, traceflow, (status) => ({
    ...status,
    results: [...(status.results ?? []), { node, role, timestamp, observations }],
  }))
}

type Status = NonNullable<Traceflow['status']>

/** Reads the status and writes it back, again after a conflict, as agents do that report at the same time. */
async function change(
  deps: TracerDeps,
  { metadata: { name, uid } }: Traceflow,
  make: (status: Status) => object,
): Promise<void> {
  const { http, signal } = deps
  const path = `${TRACEFLOWS}/${encodeURIComponent(name)}`
  for (let tries = 1; ; tries += 1) {
    const answer = await call(http, 'GET', path, { signal })
    const live = answer.body as Traceflow
    if (answer.status === 404 || live.metadata?.uid !== uid || live.status?.phase !== 'Running') return
    const body = { ...live, status: make(live.status) }
    const written = await call(http, 'PUT', `${path}/status`, { body, signal })
    if (written.status < 300 || written.status === 404) return
    if (written.status !== 409 || tries >= WRITES_MAX) throw new Error(messageOf(written.body))
    await pause(deps, tries, signal)
  }
}

async function listOf<T>({ http, signal }: TracerDeps, path: string): Promise<readonly T[]> {
  const { body } = await expect(http, 'GET', path, { signal })
  return (body as { readonly items?: readonly T[] | null }).items ?? []
}

interface WireGroup {
  readonly metadata: { readonly name: string }
  readonly groupMembers?: readonly WireMember[]
}

async function readView(deps: TracerDeps): Promise<PolicyView> {
  const groups = async (resource: string) => {
    const items = await listOf<WireGroup>(deps, `/apis/${CONTROLPLANE}/${resource}`)
    return new Map(items.map(({ metadata, groupMembers = [] }) => [metadata.name, groupMembers]))
  }
  return {
    policies: await listOf<WirePolicy>(deps, `/apis/${CONTROLPLANE}/networkpolicies`),
    appliedToGroups: await groups('appliedtogroups'),
    addressGroups: await groups('addressgroups'),
  }
}
