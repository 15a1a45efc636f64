/** The webhooks of antrea-controller: which request goes to which, and what each answers. */
import type { AdmissionRequest, AdmissionResponse, Operation } from '../../apiserver/types.ts'
import type { GroupSpec, PolicySpec } from '../model.ts'
import type { Refusal } from './checks.ts'
import { type Decoded, decode, GoJsonError } from './go-json.ts'
import { GO_KINDS } from './go-types.ts'
import { checkGroup, type GroupLookup } from './groups.ts'
import { mutatePolicy } from './mutate.ts'
import { checkPolicy, policyWarnings } from './policies.ts'
import {
  checkEgress,
  checkPool,
  checkPoolDelete,
  type EgressSpec,
  type PoolLookup,
  type PoolSpec,
} from './pools.ts'
import { checkNewTier, checkTierDelete, checkTierUpdate, type TierLookup } from './tiers.ts'
import {
  type Collection,
  type CollectionSpec,
  checkCollection,
  checkTraceflow,
  type PodLookup,
  type SecretName,
  type TraceSpec,
} from './traces.ts'

/** The controller's own picture of the cluster; until it is synced every name is unknown, as in the real one. */
export interface Lookup {
  readonly tiers: TierLookup & { exists(name: string): boolean }
  readonly clusterGroups: GroupLookup
  readonly groups: GroupLookup
  readonly pods: PodLookup
  readonly pools: PoolLookup
  readonly refusesSelfChild: boolean
  /** Whether this user may get this Secret. */
  mayRead(user: AdmissionRequest['userInfo'], secret: SecretName): Promise<boolean>
}

/** A webhook of Antrea's configurations (crdmutator.antrea.io, crdvalidator.antrea.io). */
export interface Webhook {
  readonly name: string
  readonly path: string
  readonly mutating: boolean
  readonly resource: string
  readonly version: string
  readonly scope: 'Cluster' | 'Namespaced'
  readonly operations: readonly Operation[]
}

const WRITES = ['CREATE', 'UPDATE'] as const
const ALL = [...WRITES, 'DELETE'] as const
const webhook = (name: string, path: string, resource: string, more: Partial<Webhook> = {}): Webhook => ({
  name: `${name}.antrea.io`,
  path,
  resource,
  mutating: path.startsWith('/mutate/'),
  version: 'v1beta1',
  scope: 'Cluster',
  operations: WRITES,
  ...more,
})

export const WEBHOOKS: readonly Webhook[] = [
  webhook('acnpmutator', '/mutate/acnp', 'clusternetworkpolicies'),
  webhook('annpmutator', '/mutate/annp', 'networkpolicies', { scope: 'Namespaced' }),
  webhook('tiervalidator', '/validate/tier', 'tiers', { operations: ALL }),
  webhook('acnpvalidator', '/validate/acnp', 'clusternetworkpolicies'),
  webhook('annpvalidator', '/validate/annp', 'networkpolicies', { scope: 'Namespaced' }),
  webhook('clustergroupvalidator', '/validate/clustergroup', 'clustergroups'),
  webhook('groupvalidator', '/validate/group', 'groups', { scope: 'Namespaced' }),
  webhook('traceflowvalidator', '/validate/traceflow', 'traceflows'),
  webhook('egressvalidator', '/validate/egress', 'egresses'),
  webhook('externalippoolvalidator', '/validate/externalippool', 'externalippools', { operations: ALL }),
  webhook('ippoolvalidator', '/validate/ippool', 'ippools', { operations: ALL }),
  webhook(
    'supportbundlecollectionvalidator',
    '/validate/supportbundlecollection',
    'supportbundlecollections',
    { version: 'v1alpha1', operations: ALL },
  ),
]

/** Judges one request. Rejects with MutatorCrash where the real webhook breaks off. */
export async function review(
  hook: Webhook,
  request: AdmissionRequest,
  lookup: Lookup,
): Promise<AdmissionResponse> {
  try {
    const now = request.object === null ? undefined : specOf(request.kind.kind, request.object)
    const before = request.oldObject === null ? undefined : specOf(request.kind.kind, request.oldObject)
    if (hook.mutating) return mutate(now ?? {})
    const refusal = await validate(request, now ?? {}, before, lookup)
    if (refusal !== undefined) return { allowed: false, status: { code: 400, message: refusal } }
    const warnings = hook.path.endsWith('np') ? policyWarnings((now ?? {}) as PolicySpec) : []
    return warnings.length === 0 ? { allowed: true } : { allowed: true, warnings }
  } catch (error) {
    if (error instanceof GoJsonError) return { allowed: false, status: { code: 400, message: error.message } }
    throw error
  }
}

type Spec = Readonly<Record<string, Decoded>>

/** The spec as Go reads it: known fields of the right types. Throws GoJsonError. */
export function specOf(kind: string, object: unknown): Spec {
  const type = GO_KINDS[kind]
  if (type === undefined) return {}
  const decoded = decode(object, type) as { readonly spec?: Spec } | undefined
  return decoded?.spec ?? {}
}

function mutate(spec: Spec): AdmissionResponse {
  const patch = mutatePolicy(spec)
  if (patch.length === 0) return { allowed: true }
  return {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }
}

async function validate(
  request: AdmissionRequest,
  now: Spec,
  before: Spec | undefined,
  lookup: Lookup,
): Promise<Refusal> {
  const { namespace } = request
  // A name that the API server generated is only in the object.
  const metadata: { readonly name?: unknown } | null | undefined = request.object?.metadata
  const name = typeof metadata?.name === 'string' ? metadata.name : request.name
  switch (request.kind.kind) {
    case 'Tier':
      return validateTier(request, now, before ?? {}, lookup.tiers)
    case 'ClusterGroup':
      return checkGroup({ name }, now as GroupSpec, lookup.clusterGroups, lookup.refusesSelfChild)
    case 'Group':
      return checkGroup(
        { name, namespace: namespace ?? '' },
        now as GroupSpec,
        lookup.groups,
        lookup.refusesSelfChild,
      )
    case 'ClusterNetworkPolicy':
    case 'NetworkPolicy':
      return checkPolicy(now as PolicySpec, (tier) => lookup.tiers.exists(tier))
    case 'Traceflow':
      return checkTraceflow(name, now as TraceSpec, lookup.pods)
    case 'Egress':
      return checkEgress(name, now as EgressSpec, before as EgressSpec | undefined, lookup.pools)
    case 'ExternalIPPool':
      return request.operation === 'DELETE'
        ? undefined
        : checkPool(now as PoolSpec, before as PoolSpec | undefined, without(lookup.pools, name))
    case 'IPPool':
      return request.operation === 'DELETE'
        ? checkPoolDelete(listIn(request.oldObject, 'ipAddresses'))
        : checkPool(now as PoolSpec, before as PoolSpec | undefined, new Map())
    case 'SupportBundleCollection':
      return request.operation === 'DELETE' ? undefined : validateCollection(request, name, now, lookup)
    default:
      return `${request.kind.kind} is not a kind this webhook knows`
  }
}

function validateTier(request: AdmissionRequest, now: Spec, before: Spec, lookup: TierLookup): Refusal {
  const priorityOf = (spec: Spec) => Number(spec['priority'] ?? 0)
  if (request.operation === 'DELETE') return checkTierDelete(request.name, lookup)
  return request.operation === 'CREATE'
    ? checkNewTier(request.name, priorityOf(now), lookup)
    : checkTierUpdate(priorityOf(before), priorityOf(now), request.userInfo.username)
}

const without = (pools: PoolLookup, name: string): PoolLookup =>
  new Map([...pools].filter(([other]) => other !== name))

const statusIn = (object: unknown): Readonly<Record<string, unknown>> => {
  const status = (object as { readonly status?: unknown } | null)?.status
  return typeof status === 'object' && status !== null ? (status as Record<string, unknown>) : {}
}

function listIn(object: unknown, field: string): readonly unknown[] | undefined {
  const list = statusIn(object)[field]
  return Array.isArray(list) ? list : undefined
}

function validateCollection(
  request: AdmissionRequest,
  name: string,
  now: Spec,
  lookup: Lookup,
): Promise<Refusal> {
  const conditions = (listIn(request.oldObject, 'conditions') ?? []).filter(
    (condition) => typeof condition === 'object' && condition !== null,
  ) as NonNullable<NonNullable<Collection['status']>['conditions']>
  const before =
    request.oldObject === null
      ? undefined
      : { spec: specOf(request.kind.kind, request.oldObject) as CollectionSpec, status: { conditions } }
  return checkCollection(name, { spec: now as CollectionSpec }, before, request.userInfo.username, (secret) =>
    lookup.mayRead(request.userInfo, secret),
  )
}
