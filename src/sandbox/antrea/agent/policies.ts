/** What an agent tells of the policies it holds: `/networkpolicies` and `/ovsflows` (pkg/agent/apiserver/handlers). */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import { CONTROLPLANE, type WirePolicy } from '../compute/index.ts'
import { json, refuse } from '../serve/index.ts'

export interface HeldPolicy {
  readonly policy: WirePolicy
  /** Monotonic. */
  readonly installedMs: number
}

/** The names that antctl takes, in any case. */
const TYPES: Readonly<Record<string, string>> = {
  K8SNP: 'K8sNetworkPolicy',
  ACNP: 'AntreaClusterNetworkPolicy',
  ANNP: 'AntreaNetworkPolicy',
}

const wrongType = () => refuse(400, 'BadRequest', 'invalid policy source type')

interface Wanted {
  readonly type: string | undefined
  readonly namespace: string | null
  readonly source: string | null
}

function isWanted({ sourceRef }: WirePolicy, { type, namespace, source }: Wanted): boolean {
  return (
    (type === undefined || sourceRef.type === type) &&
    (namespace === null || (sourceRef.namespace ?? '') === namespace) &&
    (source === null || sourceRef.name === source)
  )
}

export function listPolicies({ query }: ServerRequest, held: readonly HeldPolicy[]): ServerResponse {
  const named = query.get('type')
  const type = named === null ? undefined : TYPES[named.toUpperCase()]
  if (named !== null && type === undefined) return wrongType()
  const wanted = { type, namespace: query.get('namespace'), source: query.get('source') }
  const items = held.map(({ policy }) => policy).filter((policy) => isWanted(policy, wanted))
  return json(200, { kind: 'NetworkPolicyList', apiVersion: CONTROLPLANE, metadata: {}, items })
}

/** Those of one policy; 404 while the agent has none of it. */
export function listFlows(
  { query }: ServerRequest,
  deps: {
    readonly held: () => readonly HeldPolicy[]
    readonly hasFlows: (policy: HeldPolicy) => boolean
  },
): ServerResponse {
  const source = query.get('networkpolicy')
  const type = TYPES[(query.get('type') ?? '').toUpperCase()]
  if (source === null || type === undefined) return wrongType()
  const wanted = { type, namespace: query.get('namespace'), source }
  const found = deps.held().filter((one) => isWanted(one.policy, wanted) && deps.hasFlows(one))
  if (found.length === 0) return refuse(404, 'NotFound', 'no flows of this policy')
  // One for each rule, and the one that drops what no rule allows.
  const flows = found.flatMap(({ policy }) =>
    Array.from({ length: (policy.rules ?? []).length + 1 }, (_, at) => ({
      flow: `table=IngressRule, priority=${200 - at},ip actions=conjunction`,
    })),
  )
  return json(200, flows)
}
