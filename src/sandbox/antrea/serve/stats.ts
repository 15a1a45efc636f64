/** stats.antrea.io/v1alpha1: traffic of policies, summed over what agents report since the controller started. In memory. */
import { STANDIN_RULE_NAMES_MAX } from '../../../limits.ts'
import type { Clock, ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { AggregatedResource } from '../../apiserver/types.ts'
import type { Engine, SourceRef, SourceType } from '../compute/index.ts'
import { createMeasurements, MEASUREMENT_RESOURCES } from './measurements.ts'
import { badRequest, json, noSuchPath, notAllowed, notFound, refuse } from './replies.ts'

const GROUP = 'stats.antrea.io'
const VERSION = `${GROUP}/v1alpha1`

interface StatsResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly source: SourceType
  /** Where a NodeStatsSummary has them. */
  readonly field: string
}

const RESOURCES: readonly StatsResource[] = [
  {
    name: 'antreaclusternetworkpolicystats',
    kind: 'AntreaClusterNetworkPolicyStats',
    namespaced: false,
    source: 'AntreaClusterNetworkPolicy',
    field: 'antreaClusterNetworkPolicies',
  },
  {
    name: 'antreanetworkpolicystats',
    kind: 'AntreaNetworkPolicyStats',
    namespaced: true,
    source: 'AntreaNetworkPolicy',
    field: 'antreaNetworkPolicies',
  },
  {
    name: 'networkpolicystats',
    kind: 'NetworkPolicyStats',
    namespaced: true,
    source: 'K8sNetworkPolicy',
    field: 'networkPolicies',
  },
]

export const STATS_RESOURCES: readonly AggregatedResource[] = [
  ...RESOURCES.map(({ name, kind, namespaced }) => ({
    name,
    kind,
    namespaced,
    singularName: name,
    verbs: ['get', 'list'],
  })),
  ...MEASUREMENT_RESOURCES,
].sort((a, b) => (a.name < b.name ? -1 : 1))

const COUNTERS = ['packets', 'bytes', 'sessions'] as const
type Traffic = { [counter in (typeof COUNTERS)[number]]: number }

interface Account {
  readonly ref: SourceRef
  readonly since: string
  readonly total: Traffic
  readonly rules: Map<string, Traffic>
}

export interface Statistics {
  /** Adds what a NodeStatsSummary reports; policies it names and that are not there are passed over. */
  add(summary: Readonly<Record<string, unknown>>): void
  serve(request: ServerRequest, parts: readonly string[]): Promise<ServerResponse>
}

export function createStatistics(
  engine: Engine,
  clock: Clock,
  timestamp: (clock: Clock) => string,
): Statistics {
  const accounts = new Map<string, Account>()
  const measurements = createMeasurements(clock, timestamp)
  engine.policies.subscribe(({ name, now }) => {
    if (now === undefined) accounts.delete(name)
    else if (!accounts.has(name))
      accounts.set(name, {
        ref: now.object.sourceRef,
        since: timestamp(clock),
        total: nothing(),
        rules: new Map(),
      })
  })

  const show = ({ ref, since, total, rules }: Account) => ({
    metadata: {
      name: ref.name,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      uid: ref.uid,
      creationTimestamp: since,
    },
    trafficStats: shown(total),
    ...(rules.size === 0
      ? {}
      : { ruleTrafficStats: [...rules].map(([name, traffic]) => ({ name, trafficStats: shown(traffic) })) }),
  })

  return {
    add(summary) {
      const { name } = fieldsOf(summary['metadata'])
      measurements.join(typeof name === 'string' ? name : '', summary['multicast'])
      for (const { field, source } of RESOURCES)
        for (const report of listOf(summary[field])) {
          const { uid } = fieldsOf(report['networkPolicy'])
          const account = typeof uid === 'string' ? accounts.get(uid) : undefined
          if (account?.ref.type === source) take(account, report)
        }
    },
    async serve(request, parts) {
      const isScoped = parts[0] === 'namespaces'
      const namespace = isScoped ? parts[1] : undefined
      const [plural, name, ...rest] = isScoped ? parts.slice(2) : parts
      const measured =
        isScoped || rest.length > 0 ? undefined : measurements.serve(request, plural ?? '', name)
      if (measured !== undefined) return measured
      const resource = RESOURCES.find((candidate) => candidate.name === plural)
      const isMisplaced = resource !== undefined && isScoped && !resource.namespaced
      if (resource === undefined || isMisplaced || rest.length > 0) return noSuchPath()
      if (request.method !== 'GET') return notAllowed()
      const mine = [...accounts.values()].filter(
        ({ ref }) => ref.type === resource.source && (namespace === undefined || ref.namespace === namespace),
      )
      if (name !== undefined) {
        const account = mine.find(({ ref }) => ref.name === name)
        if (account === undefined) return notFound(resource.name, GROUP, name)
        return json(200, { kind: resource.kind, apiVersion: VERSION, ...show(account) })
      }
      const refusal = refusedQuery(request.query, resource.name)
      if (refusal !== undefined) return refusal
      const items = matchesNoLabels(request.query.get('labelSelector') ?? '') ? mine.map(show) : []
      return json(200, { kind: `${resource.kind}List`, apiVersion: VERSION, metadata: {}, items })
    },
  }
}

/** A total with bytes in it counts alone; otherwise the rules are added up. */
function take(account: Account, report: Fields): void {
  const total = trafficOf(report['trafficStats'])
  if (total.bytes > 0) {
    add(account.total, total)
    return
  }
  for (const rule of listOf(report['ruleTrafficStats'])) {
    const traffic = trafficOf(rule['trafficStats'])
    const name = typeof rule['name'] === 'string' ? rule['name'] : ''
    const known = account.rules.get(name)
    if (known === undefined && account.rules.size >= STANDIN_RULE_NAMES_MAX) continue
    add(account.total, traffic)
    const sum = known ?? nothing()
    add(sum, traffic)
    account.rules.set(name, sum)
  }
}

const nothing = (): Traffic => ({ packets: 0, bytes: 0, sessions: 0 })

function add(sum: Traffic, more: Traffic): void {
  for (const counter of COUNTERS) sum[counter] += more[counter]
}

/** Zero counters are absent. */
const shown = (traffic: Traffic): Partial<Traffic> =>
  Object.fromEntries(Object.entries(traffic).filter(([, count]) => count !== 0))

function refusedQuery(query: URLSearchParams, resource: string): ServerResponse | undefined {
  const watch = query.get('watch')
  if (watch === 'true' || watch === '1')
    return refuse(
      405,
      'MethodNotAllowed',
      `watch is not supported on resources of kind "${resource}.${GROUP}"`,
    )
  const [field = ''] = (query.get('fieldSelector') ?? '').split(/[=!]/)
  return field === '' || field === 'metadata.name' || field === 'metadata.namespace'
    ? undefined
    : badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`)
}

/** Statistics carry no labels: only what asks for an absence matches. */
const matchesNoLabels = (selector: string): boolean =>
  selector.split(/,(?![^(]*\))/).every((part) => /^\s*$|!=|^\s*!|\snotin\s/.test(part))

type Fields = Readonly<Record<string, unknown>>
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

function trafficOf(value: unknown): Traffic {
  const fields = fieldsOf(value)
  const count = (counter: string) => {
    const found = fields[counter]
    return typeof found === 'number' && Number.isFinite(found) ? found : 0
  }
  return { packets: count('packets'), bytes: count('bytes'), sessions: count('sessions') }
}
