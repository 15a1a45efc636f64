/** What an agent tells of the policies it holds: `/networkpolicies` (pkg/agent/apiserver/handlers). */
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

/** In any case; undefined where there is no such name. */
export const typeNamed = (name: string | null): string | undefined => TYPES[(name ?? '').toUpperCase()]

export const wrongType = () => refuse(400, 'BadRequest', 'invalid policy source type')

interface Wanted {
  readonly type: string | undefined
  readonly namespace: string | null
  readonly source: string | null
}

export function isWanted({ sourceRef }: WirePolicy, { type, namespace, source }: Wanted): boolean {
  return (
    (type === undefined || sourceRef.type === type) &&
    (namespace === null || (sourceRef.namespace ?? '') === namespace) &&
    (source === null || sourceRef.name === source)
  )
}

export function listPolicies({ query }: ServerRequest, held: readonly HeldPolicy[]): ServerResponse {
  const named = query.get('type')
  const type = typeNamed(named)
  if (named !== null && type === undefined) return wrongType()
  const wanted = { type, namespace: query.get('namespace'), source: query.get('source') }
  const items = held.map(({ policy }) => policy).filter((policy) => isWanted(policy, wanted))
  return json(200, { kind: 'NetworkPolicyList', apiVersion: CONTROLPLANE, metadata: {}, items })
}
