/**
 * The policies that NSX did not make: native ones of Antrea, and Kubernetes NetworkPolicies. There may be tens of
 * thousands, so only what changed, or changes by time, is judged anew.
 */
import type { EvidenceRead } from '../../../machines/reporting.ts'
import type { ClusterNetworkPolicy, LabelSelector } from '../../kube/antrea.ts'
import type { KubeClient, Store } from '../../kube/index.ts'
import { RESOURCES } from '../../kube/resources.ts'
import { EVIDENCE_STALE_MS, REPORTED_OTHERS_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import { ownershipOf } from '../ownership.ts'
import type { AgentHealth } from './agents.ts'
import { createIndex, type Entry } from './entries.ts'
import type { FlowQuestion, Flows } from './flows.ts'
import { judgeKubePolicy, type KubePolicy } from './kubernetes.ts'
import { judgeNative } from './native.ts'
import { type Shown, settle } from './settle.ts'
import { createSpans, type Spans } from './spans.ts'
import type { WithStatus } from './status.ts'
import { createStandingTimes, type StandingTimes } from './times.ts'
import type { Realized, Verdict } from './types.ts'

export interface OthersStores {
  readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
  readonly antreaNetworkPolicies: Store
  readonly networkPolicies: Store
  readonly pods: Store
}

export interface OthersDeps {
  readonly clock: Clock
  readonly kube: Pick<KubeClient, 'listMetadata'>
  readonly stores: OthersStores
  readonly agents: AgentHealth
  readonly clusterId: string
  /** Asks agents for their flows; without it the evidence ends at `agents`. */
  readonly flows?: Flows
}

export interface OthersHandlers {
  /** Something that is told may be another now. */
  onChange(): void
  /** Evidence is to be read: a policy without a status came or changed. */
  onPolicies(): void
}

export interface Others {
  /** Begins to look; returns the end. */
  follow(handlers: OthersHandlers): () => void
  /** Asks what antrea-controller has computed. Rejects with the API server's errors; what was known ages then. */
  readEvidence(signal: AbortSignal): Promise<EvidenceRead>
  /** What is shown now, by path, and after which time it is to be looked at again. */
  judge(): { readonly items: ReadonlyMap<string, Realized>; readonly againMs: number | undefined }
  /** The object of this path is certainly no more. */
  isGone(path: string): boolean
}

interface Computed {
  readonly generation: number | undefined
  readonly sinceMs: number
}

/** What is expected is asked for after 1, 2, 4 … s, at last at the chart's own period. */
const EXPECTED_MS = 1_000
const EXPECTED_DOUBLINGS_MAX = 6

export function createOthers(deps: OthersDeps): Others {
  return new OtherPolicies(deps)
}

class OtherPolicies implements Others {
  private readonly deps: OthersDeps
  private readonly index = createIndex()
  private readonly times: StandingTimes
  private spans: Spans | undefined
  /** Nodes of each Kubernetes policy, until its Pods move. */
  private readonly nodes = new Map<string, readonly string[]>()
  private readonly computed = new Map<string, Computed>()
  private readMs: number | undefined
  private expectations = 0
  private readonly shown = new Map<string, Shown>()
  private readonly items = new Map<string, Realized>()
  private readonly dirty = new Set<string>()
  private readonly waiting = new Map<string, number>()
  private known = ''

  constructor(deps: OthersDeps) {
    this.deps = deps
    this.times = createStandingTimes(() => deps.clock.monotonicMs())
  }

  follow({ onChange, onPolicies }: OthersHandlers): () => void {
    const { stores, agents } = this.deps
    const spans = createSpans(stores.pods)
    this.spans = spans
    this.nodes.clear()
    for (const name of SOURCES) this.note(name, new Set([...this.index.keys(name), ...stores[name].keys()]))
    const ends = SOURCES.map((name) =>
      stores[name].subscribe((keys) => {
        if (this.note(name, keys)) onPolicies()
        onChange()
      }),
    )
    ends.push(
      stores.pods.subscribe((keys) => {
        const moved = [...spans.note(keys)].flatMap((namespace) => [...this.index.inNamespace(namespace)])
        if (moved.length === 0) return
        for (const path of moved) {
          this.nodes.delete(path)
          this.dirty.add(path)
        }
        onChange()
      }),
      agents.follow(() => {
        this.markAll('networkPolicies')
        onChange()
      }),
    )
    return () => {
      for (const end of ends) end()
    }
  }

  async readEvidence(signal: AbortSignal): Promise<EvidenceRead> {
    const { clock, kube } = this.deps
    // Agents age without a word: all that is built on them is judged anew at each reading.
    this.markAll('networkPolicies')
    const uids = this.index.uids('networkPolicies')
    if (uids.size === 0) {
      this.computed.clear()
      return { againMs: undefined }
    }
    const found = await kube.listMetadata(RESOURCES.computedNetworkPolicies, signal)
    const nowMs = clock.monotonicMs()
    this.readMs = nowMs
    const generations = new Map(found.map(({ metadata }) => [metadata.name, metadata.generation]))
    let isMissing = false
    for (const [uid, generation] of uids) {
      const now = generations.get(uid)
      if (now === undefined) this.computed.delete(uid)
      else if (this.computed.get(uid)?.generation !== now)
        this.computed.set(uid, { generation: now, sinceMs: nowMs })
      if (now !== generation) isMissing = true
    }
    for (const uid of this.computed.keys()) if (!uids.has(uid)) this.computed.delete(uid)
    if (await this.askAgents(signal)) isMissing = true
    this.markAll('networkPolicies')
    this.expectations = isMissing ? Math.min(this.expectations + 1, EXPECTED_DOUBLINGS_MAX) : 0
    return { againMs: isMissing ? EXPECTED_MS * 2 ** (this.expectations - 1) : undefined }
  }

  judge(): { items: ReadonlyMap<string, Realized>; againMs: number | undefined } {
    const nowMs = this.deps.clock.monotonicMs()
    const known = SOURCES.map((name) => this.isKnown(name)).join()
    if (known !== this.known) for (const name of SOURCES) this.markAll(name)
    this.known = known
    for (const [path, atMs] of this.waiting) if (atMs <= nowMs) this.dirty.add(path)
    for (const path of this.dirty) this.judgeOne(path, nowMs)
    this.dirty.clear()
    const nextMs = [...this.waiting.values()].reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    return { items: this.items, againMs: Number.isFinite(nextMs) ? Math.max(0, nextMs - nowMs) : undefined }
  }

  isGone(path: string): boolean {
    return this.index.at(path) === undefined && SOURCES.every((name) => this.isKnown(name))
  }

  /** True when evidence has to be read anew. */
  private note(name: SourceName, keys: Iterable<string>): boolean {
    const store = this.deps.stores[name]
    let needsEvidence = false
    for (const key of keys) {
      const object = store.get(key)
      const before = this.index.atKey(name, key)
      const entry = this.index.put(name, key, object)
      if (before !== undefined && before.path !== entry?.path) {
        this.dirty.add(before.path)
        this.nodes.delete(before.path)
      }
      if (name !== 'networkPolicies') this.times.note(`${name} ${key}`, object as WithStatus | undefined)
      if (entry === undefined) continue
      this.dirty.add(entry.path)
      if (name !== 'networkPolicies' || before?.generation === entry.generation) continue
      this.nodes.delete(entry.path)
      needsEvidence = true
    }
    return needsEvidence
  }

  private markAll(name: SourceName): void {
    for (const path of this.index.paths(name)) this.dirty.add(path)
  }

  private isKnown(name: SourceName): boolean {
    const { stores } = this.deps
    const needed = name === 'networkPolicies' ? [stores.networkPolicies, stores.pods] : [stores[name]]
    return needed.every((store) => store.synced && store.live)
  }

  private judgeOne(path: string, nowMs: number): void {
    const entry = this.index.at(path)
    const verdict = entry === undefined ? undefined : this.verdictOf(entry, nowMs)
    const isOver = !this.items.has(path) && this.items.size >= REPORTED_OTHERS_MAX
    if (verdict === undefined || isOver) {
      this.shown.delete(path)
      this.items.delete(path)
      this.waiting.delete(path)
      return
    }
    const shown = settle(this.shown.get(path), verdict, nowMs)
    this.shown.set(path, shown)
    this.items.set(path, shown.item)
    if (shown.againAtMs === undefined) this.waiting.delete(path)
    else this.waiting.set(path, shown.againAtMs)
  }

  private verdictOf(entry: Entry, nowMs: number): Verdict | undefined {
    const { stores, clusterId, agents } = this.deps
    const { name, key } = entry
    const object = stores[name].get(key)
    // Ours are told as NSX's policies.
    if (object === undefined || ownershipOf(object, clusterId) === 'ours') return undefined
    if (!this.isKnown(name)) return unknown(entry)
    if (name === 'networkPolicies') return this.kubeVerdict(entry, object as KubePolicy, nowMs)
    const policy = object as WithStatus
    return judgeNative(policy, entry, this.times.sinceMs(`${name} ${key}`, policy), nowMs, () =>
      agents.troubled(),
    )
  }

  private nodesOf(path: string, namespace = '', selector: LabelSelector | undefined): readonly string[] {
    const known = this.nodes.get(path)
    if (known !== undefined || this.spans === undefined) return known ?? []
    const nodes = this.spans.nodesOf(namespace, selector)
    this.nodes.set(path, nodes)
    return nodes
  }

  /** True when an agent has yet to answer for a policy that antrea-controller has computed. */
  private async askAgents(signal: AbortSignal): Promise<boolean> {
    const { flows, agents, stores } = this.deps
    if (flows === undefined) return false
    const questions: FlowQuestion[] = []
    for (const path of this.index.paths('networkPolicies')) {
      const entry = this.index.at(path)
      const policy =
        entry === undefined ? undefined : (stores.networkPolicies.get(entry.key) as KubePolicy | undefined)
      if (entry === undefined || policy === undefined) continue
      const { uid, generation } = entry
      if (this.computed.get(uid)?.generation !== generation) continue
      const { name, namespace = '' } = policy.metadata
      const nodes = this.nodesOf(path, namespace, policy.spec?.podSelector).filter(
        (node) => agents.problemOf(node) === undefined,
      )
      questions.push({ path, uid, generation, namespace, name, nodes })
    }
    flows.keep(questions)
    return (await flows.look(questions, signal)) > 0
  }

  private kubeVerdict(entry: Entry, policy: KubePolicy, nowMs: number): Verdict {
    const { metadata, spec } = policy
    const nodes = this.nodesOf(entry.path, metadata.namespace, spec?.podSelector)
    const computed = this.computed.get(metadata.uid ?? '')
    const isFresh = this.readMs !== undefined && nowMs - this.readMs <= EVIDENCE_STALE_MS
    return judgeKubePolicy(
      policy,
      {
        computedMs: isFresh && computed?.generation === metadata.generation ? computed?.sinceMs : undefined,
        nodes,
        agentProblem: (node) => this.deps.agents.problemOf(node),
        seenOn: this.deps.flows?.seenOn(entry.path, metadata.generation),
      },
      nowMs,
    )
  }
}

const SOURCES = ['clusterNetworkPolicies', 'antreaNetworkPolicies', 'networkPolicies'] as const
export type SourceName = (typeof SOURCES)[number]

const unknown = ({ path, kind, generation }: Entry): Verdict => ({
  item: { path, kind, state: 'UNKNOWN', problems: [] },
  revision: String(generation),
  isTransient: true,
})
