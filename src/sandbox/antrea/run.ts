/** One life of the controller, from start to stop: its copies, what it computes and what it writes. */
import type { Logger } from '../../log/index.ts'
import type { Clock, HttpClient, Random } from '../../world/index.ts'
import { type Lookup, type SecretName, SYSTEM_TIERS } from './admission/index.ts'
import { call } from './api.ts'
import { createEngine, type Engine, lookupOf, NOWHERE } from './compute/index.ts'
import { type Copy, follow, persist, type Stored } from './follow.ts'
import { startInfos } from './infos.ts'
import { type Collections, startCollections, startEgresses, startTraceflows } from './lives/index.ts'
import type { AntreaGroup, AntreaPolicy, KubeNode, KubePolicy, Pod, Service, Tier } from './model.ts'
import type { Profile } from './profiles.ts'
import type { NodeReport } from './serve/index.ts'
import { createStatusWriter, policyStatus, type StatusWrite, sameStatus } from './status.ts'

export interface RunDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly signal: AbortSignal
  readonly statusWritesPerSecond: number
  readonly connectedAgents: () => number
  readonly place?: { readonly node: string; readonly port: number }
  readonly profile: Profile
}

export interface Run {
  readonly engine: Engine
  readonly lookup: Lookup
  readonly collections: Collections
  report(uid: string, nodes: readonly NodeReport[]): void
  /** AntreaControllerInfo as it is now, without kind and metadata. */
  controllerInfo(): Readonly<Record<string, unknown>>
  /** Resolves when the copies are complete and the system tiers are there. */
  readonly ready: Promise<void>
}

const CRD = '/apis/crd.antrea.io/v1beta1'
/** Events that come together are worked off together. */
const SETTLE_MS = 5

export function startRun(deps: RunDeps): Run {
  const { clock, signal } = deps
  const reports = new Map<string, Map<string, NodeReport>>()
  const groupObjects = { cluster: new Map<string, AntreaGroup>(), namespaced: new Map<string, AntreaGroup>() }
  let isReady = false
  let isScheduled = false

  const engine = createEngine(
    {
      dirty() {
        if (!isReady || isScheduled || signal.aborted) return
        isScheduled = true
        clock.setTimeout(settle, SETTLE_MS)
      },
      unreadable: (error) =>
        deps.log?.warn({ err: error }, 'a policy or group of a strange form is left out'),
      policySettled: (uid, early) => writer.enqueue(uid, early),
      groupSettled: (key) => writer.enqueue(`group/${key}`),
    },
    deps.random,
  )
  const settle = () => {
    isScheduled = false
    if (signal.aborted) return
    try {
      engine.settle()
    } catch (error) {
      deps.log?.error({ err: error }, 'policies and groups could not be computed')
    }
  }
  const { world } = engine

  const wanted = (key: string, early: boolean): StatusWrite | undefined =>
    key.startsWith('group/') ? wantedForGroup(key.slice('group/'.length)) : wantedForPolicy(key, early)

  const wantedForPolicy = (uid: string, early: boolean): StatusWrite | undefined => {
    const policy = engine.policies.get(uid)
    if (policy === undefined) return undefined
    const { namespace, name } = policy.object.sourceRef
    const stored =
      namespace === undefined ? world.clusterPolicies.get(name) : world.policies.get(`${namespace}/${name}`)
    if (stored?.metadata.uid !== uid) return undefined
    const obstacle = engine.obstacle(uid)
    const status = policyStatus({
      generation: policy.object.metadata.generation,
      span: early ? NOWHERE : policy.span,
      reports: reports.get(uid) ?? new Map(),
      ...(obstacle === undefined ? {} : { obstacle }),
    })
    return unlessWritten(uid, stored, status, pathOf('networkpolicies', namespace, name))
  }

  const wantedForGroup = (key: string): StatusWrite | undefined => {
    const group = world.groups.get(key)
    if (group === undefined) return undefined
    const { namespace, name } = group
    const stored = (namespace === undefined ? groupObjects.cluster : groupObjects.namespaced).get(key)
    const status = { conditions: [{ type: 'GroupMembersComputed', status: 'True' }] }
    return stored && unlessWritten(`group/${key}`, stored, status, pathOf('groups', namespace, name))
  }

  /** What was written and is not in our copy yet counts as being there. */
  const written = new Map<string, { readonly over: string; readonly status: StatusWrite['status'] }>()
  const unlessWritten = (
    key: string,
    stored: AntreaPolicy | AntreaGroup,
    status: StatusWrite['status'],
    path: string,
  ): StatusWrite | undefined => {
    const { resourceVersion } = stored.metadata
    const mine = written.get(key)
    const there = mine?.over === resourceVersion ? mine.status : stored.status
    if (mine !== undefined && mine.over !== resourceVersion) written.delete(key)
    if (there !== undefined && sameStatus(there, status)) return undefined
    return { path, status, written: () => written.set(key, { over: resourceVersion, status }) }
  }

  const writer = createStatusWriter({ ...deps, writesPerSecond: deps.statusWritesPerSecond, wanted })

  const infos = startInfos(deps, engine)
  const { profile } = deps
  const egresses = startEgresses(deps, profile.ipPoolVersion, (name, now) =>
    engine.egressChanged(name, now && { uid: now.metadata.uid, appliedTo: now.spec?.appliedTo ?? {} }),
  )
  startTraceflows(deps)
  const clusterKnown = followCluster(deps, engine, infos.nodesChanged)
  const collections = startCollections(deps, world.nodes, clusterKnown)
  const ready = (async () => {
    await clusterKnown
    await untilAborted(egresses.synced, signal)
    await followPolicies(deps, engine, groupObjects, {
      changed: (uid) => writer.enqueue(uid),
      gone(key) {
        reports.delete(key)
        written.delete(key)
      },
    })
    if (signal.aborted) return
    isReady = true
    settle()
    await createSystemTiers(deps, world.tiers)
    infos.begin()
  })()

  return {
    engine,
    lookup: {
      ...lookupOf(world, groupObjects.cluster, groupObjects.namespaced),
      pods: world.pods,
      pools: egresses.pools,
      refusesSelfChild: profile.refusesSelfChild,
      mayRead: async (user, secret) => !profile.reviewsSecrets || mayRead(deps, user, secret),
    },
    collections,
    ready,
    controllerInfo: infos.controllerInfo,
    report(uid, nodes) {
      const policy = engine.policies.get(uid)
      // A report for a policy that is not there is accepted and forgotten.
      if (policy === undefined || policy.object.sourceRef.type === 'K8sNetworkPolicy') return
      const known = reports.get(uid) ?? new Map<string, NodeReport>()
      for (const report of nodes) if (report.nodeName !== '') known.set(report.nodeName, report)
      for (const node of known.keys()) if (!policy.span.has(node)) known.delete(node)
      reports.set(uid, known)
      writer.enqueue(uid)
    },
  }
}

/** Both kinds have a cluster-wide and a namespaced form. */
const pathOf = (plural: 'networkpolicies' | 'groups', namespace: string | undefined, name: string): string =>
  namespace === undefined
    ? `${CRD}/cluster${plural}/${encodeURIComponent(name)}`
    : `${CRD}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`

/** Keeps `target` as the API server has it, and tells of each change after it. */
function mirror<T extends Stored>(
  deps: RunDeps,
  path: string,
  target: Map<string, T>,
  changed: (key: string, now: T | undefined, before: T | undefined) => void,
): Copy<T> {
  return follow<T>(
    deps,
    path,
    (key, now, before) => {
      if (now === undefined) target.delete(key)
      else target.set(key, now)
      changed(key, now, before)
    },
    deps.signal,
  )
}

/** What policies and groups are computed from comes first: nodes of a group are chosen when it comes. */
async function followCluster(deps: RunDeps, engine: Engine, nodesChanged: () => void): Promise<void> {
  const { world } = engine
  const sameLabels = (a: Stored | undefined, b: Stored | undefined) =>
    JSON.stringify(a?.metadata.labels) === JSON.stringify(b?.metadata.labels) &&
    (a === undefined) === (b === undefined)
  await Promise.all(
    [
      mirror<KubeNode>(deps, '/api/v1/nodes', world.nodes, () => {
        engine.nodesChanged()
        nodesChanged()
      }),
      mirror<Stored>(deps, '/api/v1/namespaces', world.namespaces, (key, now, before) => {
        if (!sameLabels(now, before)) engine.namespaceChanged(key)
      }),
      mirror<Service>(deps, '/api/v1/services', world.services, (key) => engine.serviceChanged(key)),
      mirror<Tier>(deps, `${CRD}/tiers`, world.tiers, (key) => engine.tierChanged(key)),
      mirror<Pod>(deps, '/api/v1/pods', world.pods, (_, now, before) => engine.podChanged(now, before)),
    ].map(({ synced }) => untilAborted(synced, deps.signal)),
  )
}

async function followPolicies(
  deps: RunDeps,
  engine: Engine,
  groups: { cluster: Map<string, AntreaGroup>; namespaced: Map<string, AntreaGroup> },
  status: { changed(uid: string): void; gone(key: string): void },
): Promise<void> {
  const { world } = engine
  const policyChanged = (_: string, now: AntreaPolicy | undefined, before: AntreaPolicy | undefined) => {
    if (before !== undefined && before.metadata.uid !== now?.metadata.uid) status.gone(before.metadata.uid)
    if (!sameSpec(now, before)) engine.policyChanged(now, before)
    else if (now !== undefined) status.changed(now.metadata.uid)
  }
  const groupChanged = (key: string, now: AntreaGroup | undefined, before: AntreaGroup | undefined) => {
    if (now === undefined) status.gone(`group/${key}`)
    // Of a namespaced group even a change that changes nothing is looked at, with consequences (takeGroup).
    if (key.includes('/') || !sameSpec(now, before)) engine.groupChanged(key, now, before)
  }
  await Promise.all(
    [
      mirror<AntreaGroup>(deps, `${CRD}/clustergroups`, groups.cluster, groupChanged),
      mirror<AntreaGroup>(deps, `${CRD}/groups`, groups.namespaced, groupChanged),
    ].map(({ synced }) => untilAborted(synced, deps.signal)),
  )
  await Promise.all(
    [
      mirror<AntreaPolicy>(deps, `${CRD}/clusternetworkpolicies`, world.clusterPolicies, policyChanged),
      mirror<AntreaPolicy>(deps, `${CRD}/networkpolicies`, world.policies, policyChanged),
      mirror<KubePolicy>(
        deps,
        '/apis/networking.k8s.io/v1/networkpolicies',
        world.kubePolicies,
        (_, now, before) => {
          if (!sameSpec(now, before)) engine.kubePolicyChanged(now, before)
        },
      ),
    ].map(({ synced }) => untilAborted(synced, deps.signal)),
  )
}

/** Labels and status do not raise the generation. */
const sameSpec = (a: Stored | undefined, b: Stored | undefined): boolean =>
  a?.metadata.uid === b?.metadata.uid &&
  a?.metadata.generation !== undefined &&
  a.metadata.generation === b?.metadata.generation

const untilAborted = (promise: Promise<void>, signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => {
        const done = () => {
          signal.removeEventListener('abort', done)
          resolve()
        }
        signal.addEventListener('abort', done, { once: true })
        void promise.then(done)
      })

const TIER_WORDS: Readonly<Record<string, string>> = {
  emergency: 'Emergency tier',
  securityops: 'SecurityOps tier',
  networkops: 'NetworkOps tier',
  platform: 'Platform tier',
  application: 'Application tier, the default',
  baseline: 'Baseline tier, which comes after Kubernetes network policies',
}

/** Repeated until the webhook, which is our own, lets them in. */
async function createSystemTiers(deps: RunDeps, tiers: ReadonlyMap<string, Tier>): Promise<void> {
  for (const [name, priority] of SYSTEM_TIERS) {
    // The webhook would take it for a second tier of the same priority.
    if (tiers.has(name)) continue
    const body = {
      apiVersion: 'crd.antrea.io/v1beta1',
      kind: 'Tier',
      metadata: { name },
      spec: { priority, description: `[READ-ONLY]: System generated ${TIER_WORDS[name]}` },
    }
    await persist(
      deps,
      deps.signal,
      () => call(deps.http, 'POST', `${CRD}/tiers`, { body, signal: deps.signal }),
      (status) => status === 201 || status === 409,
    )
  }
}

/** An API server that does not review access, as the embedded one, has no rules to ask for. */
async function mayRead(
  { http, signal }: RunDeps,
  { username, groups }: { readonly username: string; readonly groups: readonly string[] },
  { namespace, name }: SecretName,
): Promise<boolean> {
  const answer = await call(http, 'POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: username,
        groups,
        resourceAttributes: { verb: 'get', version: 'v1', resource: 'secrets', namespace, name },
      },
    },
    signal,
  })
  if (answer.status === 404) return true
  return (answer.body as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true
}
