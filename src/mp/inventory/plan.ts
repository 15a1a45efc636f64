/**
 * What has to be sent so that NSX shows the cluster: desired objects and NSX's in, ordered steps out. Pure. Parents are
 * written before children and deleted after them; what another cluster reported is never touched.
 */
import { DELETE_GUARD_COUNT, DELETE_GUARD_SHARE } from '../../limits.ts'
import { INVENTORY_TYPES, type InventoryObject, type InventoryType } from '../../nsx/model.ts'
import { runSteps, type Steps } from '../../world/steps.ts'
import { differingFields, OBJECTS_A_STEP, stableText } from './plan-compare.ts'

export interface InventoryPlanInput {
  readonly clusterId: string
  readonly desired: ReadonlyMap<string, InventoryObject>
  /** External ids of objects that exist in the cluster but cannot be mapped yet: left as they are. */
  readonly waiting: ReadonlySet<string>
  /** What NSX holds, by external id. */
  readonly known: ReadonlyMap<string, InventoryObject>
  /** `type.field` of what NSX takes but does not give back. */
  readonly unreadable: ReadonlySet<string>
  /** Text of the step that NSX refused for good, by external id; the same step is not sent again. */
  readonly setAside: ReadonlyMap<string, string>
  /** Types whose sources are not complete: nothing is decided about them. */
  readonly undecided: ReadonlySet<InventoryType>
  /** Types whose sources may be behind the cluster: nothing of them is deleted. */
  readonly frozen: ReadonlySet<InventoryType>
  /** Deletes that an earlier comparison, long enough ago, asked for as well. */
  readonly confirmed: ReadonlySet<string>
  /**
   * External ids: only these are looked at. For a caller who knows that a complete plan (`isComplete`) was carried out
   * and nothing else changed since; the same comes out as without it.
   */
  readonly only?: ReadonlySet<string>
}

export type InventoryStep =
  | { readonly op: 'CREATE'; readonly object: InventoryObject; readonly desired: InventoryObject }
  | { readonly op: 'UPDATE'; readonly object: InventoryObject; readonly desired: InventoryObject }
  | { readonly op: 'DELETE'; readonly object: InventoryObject; readonly desired?: undefined }

/** Steps of one stage may go in any order and at once; the next stage waits for all of them. */
export interface InventoryStage {
  readonly deletes: boolean
  readonly steps: readonly InventoryStep[]
}

export interface InventoryPlan {
  readonly stages: readonly InventoryStage[]
  /** Deletes that wait for a second comparison (semantics §4). */
  readonly guarded: readonly string[]
  /** Objects that NSX holds as wanted. */
  readonly settled: readonly InventoryObject[]
  /** Carried out, it leaves nothing to do of what it looked at. */
  readonly isComplete: boolean
}

/** Types that may go together: none is another's parent. */
const GENERATIONS: readonly (readonly InventoryType[])[] = [
  ['ContainerClusterNode', 'ContainerProject'],
  ['ContainerApplication'],
  ['ContainerApplicationInstance'],
  [
    'ContainerIngressPolicy',
    'ContainerNetworkPolicy',
    'ContainerGateway',
    'ContainerEgress',
    'ContainerIpPool',
  ],
]

const isInventoryType = (type: string): type is InventoryType =>
  (INVENTORY_TYPES as readonly string[]).includes(type)

/** What a step is recognised by when it was refused; creating what could not be updated is another step. */
export const stepText = (step: InventoryStep): string => `${step.op} ${stableText(step.desired)}`

export const planInventory = (input: InventoryPlanInput): InventoryPlan => runSteps(planInTurns(input))

/** The same, yielding now and then; the input stays as it is until the end. */
export function* planInTurns(input: InventoryPlanInput): Steps<InventoryPlan> {
  const writes = yield* planWrites(input)
  const { deletes, guarded, isComplete } = yield* planDeletes(
    input,
    new Set(writes.steps.map(({ object }) => object.external_id)),
  )
  const stages = [
    ...GENERATIONS.map((types) => ({ deletes: false, steps: ofTypes(writes.steps, types) })),
    ...[...GENERATIONS].reverse().map((types) => ({ deletes: true, steps: ofTypes(deletes, types) })),
  ]
  return {
    stages: stages.filter(({ steps }) => steps.length > 0),
    guarded,
    settled: writes.settled,
    isComplete: isComplete && input.setAside.size === 0,
  }
}

const ofTypes = (steps: readonly InventoryStep[], types: readonly string[]) =>
  steps.filter(({ object }) => types.includes(object.resource_type))

function* planWrites(
  input: InventoryPlanInput,
): Steps<{ steps: InventoryStep[]; settled: InventoryObject[] }> {
  const { known, unreadable, setAside, undecided } = input
  const steps: InventoryStep[] = []
  const settled: InventoryObject[] = []
  let looked = 0
  for (const [id, desired] of among(input.desired, input.only)) {
    looked += 1
    if (looked % OBJECTS_A_STEP === 0) yield
    if (!isInventoryType(desired.resource_type) || undecided.has(desired.resource_type)) continue
    const step = writeStep(desired, known.get(id), unreadable)
    if (step === undefined) settled.push(desired)
    else if (!isSetAside(step, setAside) && !waitsForParent(desired, input)) steps.push(step)
  }
  return { steps, settled }
}

/** All of it, or what it has of these. */
function* among<T>(
  all: ReadonlyMap<string, T>,
  only: ReadonlySet<string> | undefined,
): Generator<readonly [string, T], void> {
  if (only === undefined) yield* all
  for (const id of only ?? []) {
    const one = all.get(id)
    if (one !== undefined) yield [id, one]
  }
}

/** A parent that NSX refused is not there: what refers to it would be refused as well. */
const waitsForParent = (desired: InventoryObject, { setAside, known }: InventoryPlanInput): boolean =>
  setAside.size > 0 && parentsOf(desired).some((parent) => setAside.has(parent) && !known.has(parent))

const isSetAside = (step: InventoryStep, setAside: ReadonlyMap<string, string>): boolean => {
  const refused = setAside.get(step.object.external_id)
  return refused !== undefined && refused === stepText(step)
}

function writeStep(
  desired: InventoryObject,
  known: InventoryObject | undefined,
  unreadable: ReadonlySet<string>,
): InventoryStep | undefined {
  if (known === undefined || known.resource_type !== desired.resource_type)
    return { op: 'CREATE', object: desired, desired }
  const fields = differingFields(desired, known, unreadable)
  if (fields.length === 0) return undefined
  const { resource_type, external_id } = desired
  const changed = Object.fromEntries(fields.map((field) => [field, desired[field]]))
  return { op: 'UPDATE', object: { resource_type, external_id, ...changed }, desired }
}

/** External ids an object refers to: its namespace, its node, its services. */
export function parentsOf(object: InventoryObject): string[] {
  const { container_project_id: project, cluster_node_id: node, container_application_ids: services } = object
  return [project, node, ...(Array.isArray(services) ? services : [])].filter(
    (id): id is string => typeof id === 'string' && id !== '',
  )
}

function* planDeletes(
  input: InventoryPlanInput,
  written: ReadonlySet<string>,
): Steps<{ deletes: InventoryStep[]; guarded: string[]; isComplete: boolean }> {
  let looked = 0
  const candidates: InventoryObject[] = []
  for (const [, object] of among(input.known, input.only)) {
    looked += 1
    // Nothing is compared here, which is ten times cheaper.
    if (looked % (10 * OBJECTS_A_STEP) === 0) yield
    if (object.container_cluster_id === input.clusterId && isGone(object, input)) candidates.push(object)
  }
  const unconfirmed = candidates.filter(({ external_id }) => !input.confirmed.has(external_id))
  const isGuarded = unconfirmed.length > 1 && needsSecondLook(unconfirmed.length, yield* countOwned(input))
  const going = new Set(
    (isGuarded ? candidates.filter(({ external_id }) => input.confirmed.has(external_id)) : candidates).map(
      ({ external_id }) => external_id,
    ),
  )
  const used = going.size === 0 ? new Set<string>() : yield* stillUsed(input, going, written)
  const deletes = candidates
    .filter(({ external_id }) => going.has(external_id) && !used.has(external_id))
    .map(
      ({ resource_type, external_id }): InventoryStep => ({
        op: 'DELETE',
        object: { resource_type, external_id },
      }),
    )
    .filter((step) => !isSetAside(step, input.setAside))
  return {
    deletes,
    guarded: isGuarded ? unconfirmed.map(({ external_id }) => external_id) : [],
    isComplete: deletes.length === candidates.length,
  }
}

function* countOwned({ known, clusterId }: InventoryPlanInput): Steps<number> {
  let owned = 0
  let looked = 0
  for (const object of known.values()) {
    looked += 1
    if (looked % (10 * OBJECTS_A_STEP) === 0) yield
    if (object.container_cluster_id === clusterId) owned += 1
  }
  return owned
}

function isGone(object: InventoryObject, input: InventoryPlanInput): boolean {
  const { external_id: id, resource_type: type } = object
  if (input.desired.has(id) || input.waiting.has(id)) return false
  return isInventoryType(type) && !input.undecided.has(type) && !input.frozen.has(type)
}

/** More than max(3, 20 %), or all of several (semantics §4). */
export const needsSecondLook = (deletes: number, owned: number): boolean =>
  deletes > Math.max(DELETE_GUARD_COUNT, owned * DELETE_GUARD_SHARE) || (deletes > 1 && deletes === owned)

/**
 * Ids that something which stays still refers to, as NSX will hold it after this plan's writes: such a parent goes in a
 * later plan, when its children are gone or changed.
 */
function* stillUsed(
  input: InventoryPlanInput,
  going: ReadonlySet<string>,
  written: ReadonlySet<string>,
): Steps<Set<string>> {
  const used = new Set<string>()
  let looked = 0
  for (const [id, object] of input.known) {
    looked += 1
    if (looked % (4 * OBJECTS_A_STEP) === 0) yield
    if (going.has(id)) continue
    const after = written.has(id) ? { ...object, ...input.desired.get(id) } : object
    for (const parent of parentsOf(after)) used.add(parent)
  }
  return used
}
