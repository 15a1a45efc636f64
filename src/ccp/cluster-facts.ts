/**
 * Reads what the translation must know of the cluster: the schemas of the two kinds that are written, and the IP families
 * of the Pods. Both are followed; a change is told once it is one.
 */
import { asAdapterError } from '../errors.ts'
import { type KubeClient, type KubeObject, RESOURCES, type Store } from '../kube/index.ts'
import { CRD_LOOK_PERIOD_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type Clock, sleep } from '../world/index.ts'
import { type ClusterFacts, type FieldTree, specFieldsOf, UNKNOWN_CLUSTER } from './translate/index.ts'

interface NodeObject extends KubeObject {
  readonly spec?: { readonly podCIDRs?: readonly string[] }
}

export interface ClusterFactsDeps {
  readonly kube: Pick<KubeClient, 'get'>
  readonly nodes: Store
  readonly clock: Clock
  readonly log: Logger
}

export interface ClusterFactsReader {
  /** The same object as long as nothing changed. */
  current(): ClusterFacts
  /** Resolves when the schemas were asked for once, whether or not they came; at most a call's deadline later. */
  asked(): Promise<void>
  /** Follows until the returned function is called; tells of changes after the first answer. */
  follow(onChange: () => void): () => void
}

const KINDS = [RESOURCES.clusterNetworkPolicies, RESOURCES.clusterGroups] as const

/** Nothing is read before `asked` or `follow`. */
export function createClusterFacts(deps: ClusterFactsDeps): ClusterFactsReader {
  let schemas: Schemas = new Map()
  let facts = UNKNOWN_CLUSTER
  let first: Promise<void> | undefined
  const look = () => {
    const next = factsOf(schemas, deps.nodes)
    const isSame =
      next.features.policy === facts.features.policy &&
      next.features.group === facts.features.group &&
      next.families.join() === facts.families.join()
    if (!isSame) facts = next
    return !isSame
  }
  const read = async (signal?: AbortSignal) => {
    schemas = await readSchemas(deps, schemas, signal)
  }
  const asked = () => {
    first ??= read().then(() => void look())
    return first
  }
  const tell = async (onChange: () => void, signal: AbortSignal) => {
    await asked()
    if (!signal.aborted) onChange()
    for (;;) {
      await sleep(deps.clock, CRD_LOOK_PERIOD_MS, signal)
      await read(signal)
      if (!signal.aborted && look()) onChange()
    }
  }
  return {
    current: () => facts,
    asked,
    follow(onChange) {
      const stop = new AbortController()
      // It ends by being stopped; what can fail in between is seen to where it is read.
      tell(onChange, stop.signal).catch(() => {})
      const leave = deps.nodes.subscribe(() => {
        if (look()) onChange()
      })
      return () => {
        leave()
        stop.abort()
      }
    },
  }
}

interface Schema {
  readonly resourceVersion: string | undefined
  readonly fields: FieldTree | undefined
}
type Schemas = ReadonlyMap<string, Schema>

/** What cannot be read stays as it was: unknown at first, and then a pruned field is found by the write itself. */
async function readSchemas(
  { kube, log }: ClusterFactsDeps,
  before: Schemas,
  signal?: AbortSignal,
): Promise<Schemas> {
  const next = new Map(before)
  for (const { plural, group, version } of KINDS)
    try {
      const crd = await kube.get(RESOURCES.customResourceDefinitions, `${plural}.${group}`, undefined, signal)
      const resourceVersion = crd?.metadata.resourceVersion
      if (resourceVersion !== undefined && resourceVersion === next.get(plural)?.resourceVersion) continue
      next.set(plural, { resourceVersion, fields: specFieldsOf(crd, version) })
    } catch (error) {
      const { code, message } = asAdapterError(error)
      if (!signal?.aborted) log.warn({ code }, `the schema of ${plural} could not be read: ${message}`)
    }
  return next
}

function factsOf(schemas: Schemas, nodes: Store): ClusterFacts {
  return {
    features: {
      policy: schemas.get(RESOURCES.clusterNetworkPolicies.plural)?.fields,
      group: schemas.get(RESOURCES.clusterGroups.plural)?.fields,
    },
    families: familiesOf(nodes),
  }
}

/** Those of the Nodes' podCIDRs; both where no Node has any: then nothing says that one is missing. */
function familiesOf(nodes: Store): ClusterFacts['families'] {
  const cidrs = [...nodes.values()].flatMap((node) => (node as NodeObject).spec?.podCIDRs ?? [])
  const found = ([4, 6] as const).filter((family) =>
    cidrs.some((cidr) => cidr.includes(':') === (family === 6)),
  )
  return nodes.synced && found.length > 0 ? found : UNKNOWN_CLUSTER.families
}
