/** What a request for a support bundle asks for. Pure. */
import { needsPerson } from '../../errors.ts'
import { BUNDLE_NODES_MAX } from '../../limits.ts'
import { secondsOf } from '../logs/index.ts'

export const BUNDLE_COMPONENTS = ['controller', 'agent', 'cluster', 'adapter'] as const
export type BundleComponent = (typeof BUNDLE_COMPONENTS)[number]

export interface WantedBundle {
  readonly components: ReadonlySet<BundleComponent>
  /** By name or by NSX's external id, the uid; all without it. */
  readonly nodes?: readonly string[]
  /** Logs that are younger; all without it. */
  readonly sinceS?: number
}

/** Names in one request that are looked at; those over BUNDLE_NODES_MAX are left out and counted. */
const NAMES_MAX = 10_000
const SINCE_SECONDS_MAX = 365 * 86_400

const invalid = (message: string) => needsPerson('REQUEST_INVALID', `${message}; correct the request`)

/** Throws needs-person REQUEST_INVALID. */
export function wantedBundleOf(body: unknown): WantedBundle {
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body)))
    throw invalid('the body of a support-bundle request must be an object')
  const { nodes, since, components = [...BUNDLE_COMPONENTS] } = (body ?? {}) as Record<string, unknown>
  if (!Array.isArray(components) || components.length === 0 || !components.every(isComponent))
    throw invalid(`components must be a list of ${BUNDLE_COMPONENTS.join(', ')}`)
  if (nodes !== undefined && !isNames(nodes))
    throw invalid(
      `nodes must be a list of names or ids of Nodes, at most ${BUNDLE_NODES_MAX} of them are asked`,
    )
  const sinceS = since === undefined ? undefined : secondsOf(since)
  if (since !== undefined && (sinceS === undefined || sinceS > SINCE_SECONDS_MAX))
    throw invalid('since must be a duration as 30m, 2h, 7d, at most 365d')
  return {
    components: new Set(components),
    ...(nodes === undefined || nodes.length === 0 ? {} : { nodes: [...new Set(nodes)] }),
    ...(sinceS === undefined ? {} : { sinceS }),
  }
}

const isComponent = (value: unknown): value is BundleComponent =>
  (BUNDLE_COMPONENTS as readonly unknown[]).includes(value)

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= NAMES_MAX &&
  value.every((one) => typeof one === 'string' && one !== '' && one.length <= 253)
