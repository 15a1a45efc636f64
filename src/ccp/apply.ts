/** Executes a plan's steps: one function a kind of step, stage after stage, each write with its preconditions. */
import { type AdapterError, asAdapterError, needsPerson, retry } from '../errors.ts'
import {
  createObject,
  type ObjectKind,
  refusesContent,
  removeObject,
  replaceObject,
  runTasks,
} from '../kube/apply/index.ts'
import type { ClusterGroup, ClusterNetworkPolicy, KubeClient, KubeObject, Tier } from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import type { ResourceType } from '../kube/types.ts'
import { KUBE_WRITES_IN_FLIGHT_MAX } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { ownershipOf } from './ownership.ts'
import {
  isAsWritten,
  isGroupAsWritten,
  objectRef,
  type Refusal,
  STAGES,
  type Stage,
  type Step,
} from './plan/index.ts'
import { groupSpecHash, policySpecHash } from './translate/index.ts'

export interface ApplyDeps {
  readonly kube: KubeClient
  readonly log: Logger
  readonly clusterId: string
  /** An object is now as given (undefined: gone); `base` is what it was made from. */
  readonly onWritten: (
    type: ResourceType,
    name: string,
    base: KubeObject | undefined,
    now: KubeObject | undefined,
  ) => void
  /** The API server refuses this object for what it says. */
  readonly onRefused: (ref: string, refusal: Refusal) => void
  /** The last form of a policy that was as we wrote it, where that is remembered. */
  readonly formerPolicy?: (name: string) => ClusterNetworkPolicy | undefined
  /** Whether "tier does not exist" is still a cache that lags. */
  readonly isTierFresh: (name: string) => boolean
  /** A step begins; what it gives back hears of its end. */
  readonly onStep?: (step: Step) => (error?: AdapterError) => void
}

export type ApplyOutcome =
  | { readonly kind: 'done'; readonly writes: number }
  /** Something was refused for good: the rest has to be planned anew around it. */
  | { readonly kind: 'again'; readonly writes: number }
  | { readonly kind: 'failed'; readonly writes: number; readonly error: AdapterError }

/** These write objects that do not depend on each other's order. */
const CONCURRENT: ReadonlySet<Stage> = new Set(['children', 'parents', 'delete-groups', 'delete-children'])

/**
 * Runs the steps until the first that fails with retry or wait-for: nothing that comes later, deletes above all, is
 * tried then. A refusal for good is noted; what is independent of it in the same stage goes on, and the plan that is made
 * around it does with all else. So it is with a right that is missing, but for deletes: what they leave there is in use.
 */
export async function applySteps(
  steps: readonly Step[],
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const run = { writes: 0, refused: false, failure: undefined as AdapterError | undefined }
  const forbidden = new Forbidden()
  const refuse = (step: Step, error: AdapterError) => {
    run.refused = true
    noteRefusal(step, error, deps)
  }
  const one = async (step: Step) => {
    const known = forbidden.of(step)
    if (known !== undefined) {
      refuse(step, known)
      return
    }
    const end = deps.onStep?.(step)
    try {
      await execute(step, deps, signal)
      run.writes += 1
      forbidden.forget(step)
      end?.()
    } catch (cause) {
      const error = lateTier(step, asAdapterError(cause), deps)
      end?.(error)
      forbidden.note(step, error)
      if (isRefusal(step, error)) refuse(step, error)
      else run.failure ??= error
    }
  }
  for (const stage of STAGES) {
    await runTasks(
      steps.filter((step) => step.stage === stage),
      {
        key: refOf,
        execute: one,
        atOnceMax: CONCURRENT.has(stage) ? KUBE_WRITES_IN_FLIGHT_MAX : 1,
        isOver: () => run.failure !== undefined || signal.aborted,
      },
    )
    const { writes, failure } = run
    if (signal.aborted)
      return { kind: 'failed', writes, error: retry('APPLY_STOPPED', 'the plan was given up') }
    if (failure !== undefined) return { kind: 'failed', writes, error: failure }
    if (run.refused) return { kind: 'again', writes }
  }
  return { kind: 'done', writes: run.writes }
}

const isRefusal = (step: Step, error: AdapterError): boolean =>
  refusesContent(error) || error.code === 'TIER_MISSING' || (isForbidden(error) && 'object' in step)

const isForbidden = ({ code, kind }: AdapterError): boolean =>
  code === 'KUBE_FORBIDDEN' && kind === 'needs-person'

/** A right may be missing for one object by name; after so many in a row it is missing for their kind. */
const FORBIDDEN_IN_A_ROW = 3

/** What the API server lets nobody write, by kind of step: the rest of a stage of thousands is not sent to be told so. */
class Forbidden {
  private readonly inARow = new Map<Step['kind'], { readonly times: number; readonly error: AdapterError }>()

  /** Why this step needs no try; undefined: it does. */
  of({ kind }: Step): AdapterError | undefined {
    const known = this.inARow.get(kind)
    return known !== undefined && known.times >= FORBIDDEN_IN_A_ROW ? known.error : undefined
  }

  note(step: Step, error: AdapterError): void {
    if (!isForbidden(error) || !('object' in step)) return
    this.inARow.set(step.kind, { times: (this.inARow.get(step.kind)?.times ?? 0) + 1, error })
  }

  forget({ kind }: Step): void {
    this.inARow.delete(kind)
  }
}

const PRUNED: ReadonlySet<string> = new Set(['FIELD_PRUNED', 'KUBE_UNKNOWN_FIELD'])

/** A tier that antrea-controller has not seen for long is not a cache that lags. */
function lateTier(step: Step, error: AdapterError, deps: ApplyDeps): AdapterError {
  if (error.code !== 'TIER_NOT_KNOWN') return error
  if (step.kind !== 'create-policy' && step.kind !== 'replace-policy') return error
  if (deps.isTierFresh(step.object.spec.tier)) return error
  return needsPerson('TIER_MISSING', error.message, { cause: error })
}

function noteRefusal(step: Step, error: AdapterError, deps: ApplyDeps): void {
  const { name } = nameOf(step)
  const code = codeOf(error)
  deps.log.warn({ code: error.code, step: step.kind, name }, error.message)
  if (step.kind === 'create-tier')
    deps.onRefused(objectRef('tier', name), { specHash: '', code, message: error.message })
  if (!('object' in step) || step.kind === 'create-tier') return
  const isPolicy = step.kind === 'create-policy' || step.kind === 'replace-policy'
  const specHash = isPolicy ? policySpecHash(step.object.spec) : groupSpecHash(step.object.spec)
  deps.onRefused(objectRef(isPolicy ? 'policy' : 'group', name), { specHash, code, message: error.message })
}

function codeOf(error: AdapterError): Refusal['code'] {
  if (PRUNED.has(error.code)) return 'FIELD_PRUNED'
  return isForbidden(error) ? 'WRITE_FORBIDDEN' : 'WRITE_REFUSED'
}

/** The object that a step is about. */
export const refOf = (step: Step): string => {
  const kind = step.kind.endsWith('tier') ? 'tier' : step.kind.endsWith('group') ? 'group' : 'policy'
  return objectRef(kind, nameOf(step).name)
}

const nameOf = (step: Step): { name: string } => ('object' in step ? step.object : step.base).metadata

type Executors = {
  readonly [K in Step['kind']]: (
    step: Extract<Step, { kind: K }>,
    deps: ApplyDeps,
    signal: AbortSignal,
  ) => Promise<void>
}

const EXECUTORS: Executors = {
  'create-tier': createTier,
  'create-group': ({ object }, deps, signal) => create(GROUPS, object, deps, signal),
  'replace-group': ({ base, object }, deps, signal) => replace(GROUPS, base, object, undefined, deps, signal),
  'create-policy': ({ object }, deps, signal) => create(POLICIES, object, deps, signal),
  'replace-policy': ({ base, object }, deps, signal) =>
    replace(POLICIES, base, object, deps.formerPolicy?.(object.metadata.name), deps, signal),
  'delete-policy': ({ base }, deps, signal) => remove(POLICIES, base, deps, signal),
  'delete-group': ({ base }, deps, signal) => remove(GROUPS, base, deps, signal),
}

const execute = (step: Step, deps: ApplyDeps, signal: AbortSignal): Promise<void> =>
  (EXECUTORS[step.kind] as (step: Step, deps: ApplyDeps, signal: AbortSignal) => Promise<void>)(
    step,
    deps,
    signal,
  )

type Kind<T extends KubeObject> = Omit<ObjectKind<T>, 'isOurs'>

const GROUPS: Kind<ClusterGroup> = {
  type: RESOURCES.clusterGroups,
  specHash: ({ spec }) => groupSpecHash(spec),
  isAsWritten: isGroupAsWritten,
}
const POLICIES: Kind<ClusterNetworkPolicy> = {
  type: RESOURCES.clusterNetworkPolicies,
  specHash: ({ spec }) => policySpecHash(spec),
  isAsWritten,
}

const owned = <T extends KubeObject>(kind: Kind<T>, { clusterId }: ApplyDeps): ObjectKind<T> => ({
  ...kind,
  isOurs: (object) => ownershipOf(object, clusterId) === 'ours',
})

/** Antrea answers a tier that exists with 400, not with 409: so it is looked for first. */
async function createTier(
  { object }: { object: Tier },
  { kube, onWritten }: ApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  const { name } = object.metadata
  const there = await kube.get<Tier>(RESOURCES.tiers, name, undefined, signal)
  if (there !== undefined && there.spec.priority !== object.spec.priority)
    throw retry(
      'TIER_CONFLICT',
      `tier ${name} exists with priority ${there.spec.priority}; the plan is made anew`,
    )
  onWritten(
    RESOURCES.tiers,
    name,
    undefined,
    there ?? (await kube.create(RESOURCES.tiers, object, { signal })),
  )
}

async function create<T extends KubeObject>(
  kind: Kind<T>,
  object: T,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  const stored = await createObject(owned(kind, deps), object, { kube: deps.kube, signal })
  deps.onWritten(kind.type, object.metadata.name, undefined, stored)
}

async function replace<T extends KubeObject>(
  kind: Kind<T>,
  base: T,
  object: T,
  former: T | undefined,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  const stored = await replaceObject(owned(kind, deps), base, object, former, { kube: deps.kube, signal })
  deps.onWritten(kind.type, object.metadata.name, base, stored)
}

async function remove<T extends KubeObject>(
  kind: Kind<T>,
  base: T,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  await removeObject(owned(kind, deps), base, { kube: deps.kube, signal })
  deps.onWritten(kind.type, base.metadata.name, base, undefined)
}
