/** SupportBundleCollections: which Nodes collect, what they report, and how it ends (pkg/controller/supportbundlecollection). */
import { sleep } from '../../../world/index.ts'
import { type CollectionSpec, hasCondition } from '../admission/index.ts'
import { call } from '../api.ts'
import { createSpanStore, type SpanStore } from '../compute/index.ts'
import { compile } from '../compute/selectors.ts'
import { follow, type Stored } from '../follow.ts'
import type { Condition, KubeNode, LabelSelector } from '../model.ts'
import { sameStatus, timestamp } from '../status.ts'
import { patchStatus } from './patch.ts'
import type { LifeDeps } from './types.ts'
import { createWorker } from './worker.ts'

interface Choice {
  readonly nodeNames?: readonly string[]
  readonly nodeSelector?: LabelSelector
}

interface Collection extends Stored {
  readonly metadata: Stored['metadata'] & { readonly creationTimestamp?: string }
  readonly spec?: CollectionSpec & {
    readonly nodes?: Choice
    readonly externalNodes?: Choice & { readonly namespace?: string }
    readonly expirationMinutes?: number
    readonly sinceTime?: string
  }
  readonly status?: {
    readonly collectedNodes?: number
    readonly desiredNodes?: number
    readonly conditions?: readonly Condition[]
  }
}

/** controlplane.antrea.io SupportBundleCollection, with the file server's credentials in clear. */
export interface WireCollection {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly expiredAt: string
  readonly sinceTime?: string
  readonly fileServer: { readonly url: string; readonly hostPublicKey?: string }
  readonly authentication: Readonly<Record<string, unknown>>
}

/** One Node's word. */
export interface BundleReport {
  readonly nodeName: string
  readonly completed: boolean
  readonly error: string
}

export interface Collections {
  readonly store: SpanStore<WireCollection>
  report(name: string, nodes: readonly BundleReport[]): void
}

/** One that is being collected. What was reported is only here. */
interface Running {
  readonly uid: string
  readonly nodes: ReadonlySet<string>
  /** Where at most one may run: all Nodes, or the ExternalNodes of a namespace. */
  readonly places: readonly string[]
  readonly expiresMs: number
  readonly reports: Map<string, BundleReport>
}

const PATH = '/apis/crd.antrea.io/v1alpha1/supportbundlecollections'
const CONFLICT_RETRY_MS = 10_000
const EXPIRATION_MINUTES = 60

export function startCollections(
  deps: LifeDeps,
  nodes: ReadonlyMap<string, KubeNode>,
  nodesKnown: Promise<unknown>,
): Collections {
  const { clock, signal } = deps
  const store = createSpanStore<WireCollection>()
  const running = new Map<string, Running>()
  const objects = new Map<string, Collection>()

  const forget = (name: string) => {
    running.delete(name)
    store.remove(name)
  }

  const sync = async (name: string): Promise<void> => {
    const collection = objects.get(name)
    if (collection === undefined || hasCondition(collection.status, 'Completed')) return forget(name)
    if (running.get(name)?.uid !== collection.metadata.uid) forget(name)
    const mine = running.get(name)
    if (mine === undefined) await begin(name, collection)
    else await progress(collection, mine)
  }
  const worker = createWorker(deps, sync)

  const begin = async (name: string, collection: Collection): Promise<void> => {
    const { spec = {}, metadata } = collection
    const minutes = spec.expirationMinutes ?? EXPIRATION_MINUTES
    const expiresMs = Date.parse(metadata.creationTimestamp ?? '') + minutes * 60_000
    if (clock.now() >= expiresMs)
      return write(collection, 0, 0, {
        Started: { status: 'False', reason: 'Expired' },
        CollectionFailure: { status: 'True', reason: 'Expired' },
        Completed: { status: 'True' },
      })
    const places = placesOf(collection)
    if ([...running.values()].some((other) => other.places.some((place) => places.includes(place)))) {
      worker.enqueueAfter(name, CONFLICT_RETRY_MS)
      return write(collection, 0, 0, {
        Started: {
          status: 'False',
          reason: 'Conflict',
          message:
            'another SupportBundleCollection is processing on Nodes or on ExternalNodes in the same namespace, retry in 10s',
        },
      })
    }
    const authentication = await readSecret(deps, spec)
    const chosen = spec.nodes === undefined ? [] : chooseNodes(spec.nodes, nodes)
    const mine = { uid: metadata.uid, nodes: new Set(chosen), places, expiresMs, reports: new Map() }
    if (chosen.length > 0) {
      running.set(name, mine)
      store.put(name, wireOf(collection, authentication, expiresMs), mine.nodes)
      expireLater(name, mine)
    }
    await progress(collection, mine)
  }

  const expireLater = (name: string, mine: Running): void =>
    void sleep(clock, mine.expiresMs - clock.now(), signal).then(
      () => running.get(name) === mine && worker.enqueue(name),
      () => {},
    )

  const progress = async (collection: Collection, mine: Running): Promise<void> => {
    const reports = [...mine.reports.values()]
    const collected = reports.filter(({ completed }) => completed).length
    const failed = reports.filter(({ completed }) => !completed)
    const isExpired = clock.now() >= mine.expiresMs
    const isDone = collected + failed.length === mine.nodes.size
    if (isDone || isExpired) forget(collection.metadata.name)
    await write(collection, collected, mine.nodes.size, {
      Started: { status: 'True' },
      ...(collected > 0 ? { BundleCollected: { status: 'True' } } : {}),
      ...(failed.length > 0
        ? { CollectionFailure: { status: 'True', reason: 'InternalError', message: failureOf(failed) } }
        : isExpired && !isDone
          ? { CollectionFailure: { status: 'True', reason: 'Expired' } }
          : {}),
      ...(isDone || isExpired ? { Completed: { status: 'True' } } : {}),
    })
  }

  const write = async (
    { metadata: { name }, status = {} }: Collection,
    collectedNodes: number,
    desiredNodes: number,
    told: Readonly<Record<string, Omit<Condition, 'type'>>>,
  ): Promise<void> => {
    const conditions = ['BundleCollected', 'CollectionFailure', 'Completed', 'Started'].map((type) => ({
      type,
      ...(told[type] ?? { status: 'False' }),
    }))
    const wanted = { collectedNodes, desiredNodes, conditions }
    if (sameStatus({ ...status, conditions: sorted(status.conditions) }, wanted)) return
    const lastTransitionTime = timestamp(clock)
    await patchStatus(deps, `${PATH}/${encodeURIComponent(name)}`, {
      ...wanted,
      conditions: conditions.map((condition) => ({ ...condition, lastTransitionTime })),
    })
  }

  void nodesKnown.then(() => {
    if (signal.aborted) return
    follow<Collection>(
      deps,
      PATH,
      (name, now) => {
        if (now === undefined) objects.delete(name)
        else objects.set(name, now)
        worker.enqueue(name)
      },
      signal,
    )
  })

  return {
    store,
    report(name, reports) {
      const mine = running.get(name)
      if (mine === undefined) return
      for (const report of reports)
        if (mine.nodes.has(report.nodeName)) mine.reports.set(report.nodeName, report)
      worker.enqueue(name)
    },
  }
}

const sorted = (conditions: readonly Condition[] = []): Condition[] =>
  [...conditions].sort((a, b) => (a.type < b.type ? -1 : 1))

function placesOf({ spec = {} }: Collection): string[] {
  return [
    ...(spec.nodes === undefined ? [] : ['nodes']),
    ...(spec.externalNodes === undefined ? [] : [`namespace/${spec.externalNodes.namespace ?? ''}`]),
  ]
}

/** Neither names nor a selector: all Nodes. */
function chooseNodes(choice: Choice, nodes: ReadonlyMap<string, KubeNode>): string[] {
  const { nodeNames = [], nodeSelector } = choice
  if (nodeNames.length === 0 && nodeSelector === undefined) return [...nodes.keys()]
  const matches = nodeSelector === undefined ? () => false : compile(nodeSelector)
  const byLabel = [...nodes.values()].filter(({ metadata }) => matches(metadata.labels ?? {}))
  return [
    ...new Set([
      ...nodeNames.filter((name) => nodes.has(name)),
      ...byLabel.map((node) => node.metadata.name),
    ]),
  ]
}

/** Which keys of the Secret each way of authentication takes. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  BearerToken: ['token'],
  APIKey: ['apikey'],
  BasicAuthentication: ['username', 'password'],
}

/** Throws while the Secret or one of its keys is missing. */
async function readSecret(
  { http, signal }: LifeDeps,
  { authentication = {} }: CollectionSpec,
): Promise<Readonly<Record<string, unknown>>> {
  const { authType = '', authSecret = {} } = authentication
  const { namespace = '', name = '' } = authSecret
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
  const answer = await call(http, 'GET', path, { signal })
  const data = (answer.body as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data ?? {}
  const values = (SECRET_KEYS[authType] ?? []).map((key) => {
    const encoded = data[key]
    if (answer.status !== 200 || encoded === undefined)
      throw new Error(`Secret ${namespace}/${name} or its key ${key} is not there`)
    return Buffer.from(encoded, 'base64').toString('utf8')
  })
  const [first = '', second = ''] = values
  if (authType === 'BearerToken') return { bearerToken: first }
  if (authType === 'APIKey') return { apiKey: first }
  return { basicAuthentication: { username: first, password: second } }
}

function wireOf(
  { metadata: { name, uid }, spec = {} }: Collection,
  authentication: Readonly<Record<string, unknown>>,
  expiresMs: number,
): WireCollection {
  const { url = '', hostPublicKey } = spec.fileServer ?? {}
  return {
    metadata: { name, uid },
    expiredAt: timestamp({ now: () => expiresMs }),
    ...(spec.sinceTime === undefined ? {} : { sinceTime: spec.sinceTime }),
    fileServer: { url, ...(hostPublicKey === undefined ? {} : { hostPublicKey }) },
    authentication,
  }
}

/** Nodes with the same error go together. */
function failureOf(failed: readonly BundleReport[]): string {
  const byError = new Map<string, string[]>()
  for (const { nodeName, error } of failed) byError.set(error, [...(byError.get(error) ?? []), nodeName])
  const words = [...byError]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([error, names]) => `"${error}":[${names.sort().join(' ')}]`)
  return `Failed Agent count: ${failed.length}, ${words.join(', ')}`
}
