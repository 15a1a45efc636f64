/** The recorded corpus's short forms and placeholders, expanded and put back. */
import { readFileSync } from 'node:fs'
import type { HttpMethod } from '../../../src/world/index.ts'
import type { Called, TestCluster } from './cluster.ts'

export type Fields = Readonly<Record<string, unknown>>

export interface Thing {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly status?: unknown
  readonly [field: string]: unknown
}

const FIXTURES = new URL('../../fixtures/antrea/', import.meta.url)

export const readLines = <T>(file: string): T[] =>
  readFileSync(new URL(file, FIXTURES), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)

export const readObjects = (): Readonly<Record<string, Thing>> =>
  JSON.parse(readFileSync(new URL('objects.json', FIXTURES), 'utf8')) as Record<string, Thing>

const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  ClusterNetworkPolicy: 'clusternetworkpolicies',
  Egress: 'egresses',
}

export function collectionOf(apiVersion: string, kind: string, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `${root}${scope}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}`
}

export const pathOf = ({ apiVersion, kind, metadata }: Thing): string =>
  `${collectionOf(apiVersion, kind, metadata.namespace)}/${metadata.name}`

export const MERGE = 'application/merge-patch+json'

/** Creates an object, and its status when it has one. */
export async function put(
  call: (method: HttpMethod, path: string, body?: unknown, options?: { type?: string }) => Promise<Called>,
  thing: Thing,
): Promise<Called> {
  const { status, ...main } = thing
  const made = await call('POST', collectionOf(thing.apiVersion, thing.kind, thing.metadata.namespace), main)
  if (made.code >= 300 || status === undefined) return made
  return call('PATCH', `${pathOf(thing)}/status`, { status }, { type: MERGE })
}

interface ShortPod {
  readonly ns: string
  readonly name: string
  readonly labels?: Fields
  readonly node?: string
  readonly ips?: readonly string[]
  readonly phase?: string
  readonly hostNetwork?: boolean
  readonly serviceAccount?: string
  readonly ports?: readonly unknown[]
}

interface Short {
  readonly ns?: string
  readonly name: string
  readonly labels?: Fields
  readonly spec?: unknown
  readonly ips?: readonly string[]
  readonly podCIDRs?: readonly string[]
}

const CRD = 'crd.antrea.io/v1beta1'
const LISTS: Readonly<Record<string, readonly [apiVersion: string, kind: string]>> = {
  nodes: ['v1', 'Node'],
  namespaces: ['v1', 'Namespace'],
  pods: ['v1', 'Pod'],
  services: ['v1', 'Service'],
  tiers: [CRD, 'Tier'],
  clusterGroups: [CRD, 'ClusterGroup'],
  groups: [CRD, 'Group'],
  networkPolicies: ['networking.k8s.io/v1', 'NetworkPolicy'],
  acnps: [CRD, 'ClusterNetworkPolicy'],
  annps: [CRD, 'NetworkPolicy'],
  externalIPPools: [CRD, 'ExternalIPPool'],
  egresses: [CRD, 'Egress'],
}

export function expandShort(list: string, short: Short): Thing {
  const [apiVersion, kind] = LISTS[list] ?? ['', '']
  const metadata = {
    name: short.name,
    ...(short.ns === undefined ? {} : { namespace: short.ns }),
    ...(short.labels === undefined ? {} : { labels: short.labels }),
  }
  if (list === 'pods') return { apiVersion, kind, metadata, ...podOf(short as unknown as ShortPod) }
  const { ips, podCIDRs, spec } = short
  return {
    apiVersion,
    kind,
    metadata,
    ...(spec === undefined ? {} : { spec }),
    ...(ips === undefined
      ? {}
      : { status: { addresses: ips.map((address) => ({ type: 'InternalIP', address })) } }),
    ...(podCIDRs === undefined ? {} : { spec: { podCIDR: podCIDRs[0], podCIDRs } }),
  }
}

function podOf(pod: ShortPod): Fields {
  const { ips, phase, node, hostNetwork, serviceAccount, ports } = pod
  return {
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      ...(hostNetwork === true ? { hostNetwork } : {}),
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'example.invalid/app', ...(ports === undefined ? {} : { ports }) }],
    },
    ...(ips === undefined && phase === undefined
      ? {}
      : {
          status: {
            phase: phase ?? 'Running',
            ...(ips === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
            conditions: [{ type: 'Ready', status: 'True' }],
          },
        }),
  }
}

const ORDER = [
  'nodes',
  'namespaces',
  'tiers',
  'pods',
  'services',
  'clusterGroups',
  'groups',
  'networkPolicies',
  'acnps',
  'annps',
  'externalIPPools',
  'egresses',
]

export async function createGiven(
  cluster: TestCluster,
  names: Names,
  given: Readonly<Record<string, readonly Short[]>>,
): Promise<void> {
  for (const list of ORDER) {
    for (const short of given[list] ?? []) {
      const made = await put(cluster.call, names.out(expandShort(list, short)) as Thing)
      if (made.code >= 300) throw new Error(`${list} ${short.name}: ${JSON.stringify(made.body)}`)
      names.learn(made.body)
    }
    // A tier has to be known before a policy may name it.
    if (list === 'tiers' && (given[list] ?? []).length > 0) await cluster.rest()
  }
}

export interface ShortChange {
  readonly op: 'create' | 'delete' | 'patch' | 'status' | 'replace'
  readonly list: string
  readonly item: Short
  readonly patch?: unknown
}

export async function change(cluster: TestCluster, names: Names, { op, list, item, patch }: ShortChange) {
  const thing = expandShort(list, item)
  const path = pathOf(thing)
  const must = async (made: Promise<Called>) => {
    const { code, body } = await made
    if (code >= 300) throw new Error(`${op} ${path}: ${code} ${JSON.stringify(body)}`)
    names.learn(body)
    return body
  }
  if (op === 'create') return must(put(cluster.call, thing))
  if (op === 'delete')
    return must(
      cluster.call('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 }),
    )
  if (op === 'patch') return must(cluster.call('PATCH', path, patch, { type: MERGE }))
  if (op === 'status') return must(cluster.call('PATCH', `${path}/status`, patch, { type: MERGE }))
  const now = (await must(cluster.call('GET', path))) as Fields
  return must(cluster.call('PUT', path, { ...now, spec: item.spec }))
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIMES = new Set([
  'creationTimestamp',
  'lastTransitionTime',
  'lastHeartbeatTime',
  'deletionTimestamp',
  'startTime',
  'expiredAt',
  'timestamp',
])

/** uids as the corpus names them: learnt from what is created and read, and put back where a request holds one. */
export class Names {
  readonly #byUid = new Map<string, string>()

  learn(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const { apiVersion = '', kind = '', metadata, items } = value as Partial<Thing> & { items?: unknown[] }
    if (kind.endsWith('List') && Array.isArray(items))
      for (const item of items) this.learn({ apiVersion, kind: kind.slice(0, -4), ...(item as object) })
    const uid = metadata?.['uid']
    if (typeof uid !== 'string' || kind === 'Status' || /controlplane|stats|meta/.test(apiVersion)) return
    const tag =
      kind !== 'NetworkPolicy' ? kind : apiVersion === CRD ? 'AntreaNetworkPolicy' : 'K8sNetworkPolicy'
    const scope = metadata?.namespace === undefined ? '' : `${metadata.namespace}/`
    this.#byUid.set(uid, `<uid:${tag}/${scope}${metadata?.name}>`)
  }

  text(text: string): string {
    return text
      .replace(UUID, (uid) => this.#byUid.get(uid) ?? uid)
      .replace(/(antrea\.kube-system\.svc|127\.0\.0\.1|localhost):\d+/g, '$1:<port>')
  }

  /** As recorded. */
  in(value: unknown, key?: string): unknown {
    if (typeof value === 'number' && key === 'timestamp') return '<time>'
    if (typeof value === 'string')
      return key === 'resourceVersion' ? '<rv>' : TIMES.has(key ?? '') ? '<time>' : this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.in(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([field]) => field !== 'managedFields')
        .map(([field, inner]) => [field, this.in(inner, field)]),
    )
  }

  /** Placeholders back to uids. The newest object of a name has it. */
  out(value: unknown): unknown {
    if (typeof value === 'string')
      return value.replace(
        /<uid:[^>]+>/g,
        (name) => [...this.#byUid].filter(([, known]) => known === name).at(-1)?.[0] ?? name,
      )
    if (Array.isArray(value)) return value.map((item) => this.out(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [String(this.out(key)), this.out(inner)]),
    )
  }
}
