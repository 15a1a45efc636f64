/**
 * Carries a plan out: batches of one stage side by side, stages one after the other. A batch passes or fails as a whole,
 * so one that is refused for good is halved until the object that NSX does not take stands alone and is set aside.
 */
import { type AdapterError, asAdapterError } from '../../errors.ts'
import type { WriteGate } from '../../kube/contract.ts'
import {
  INVENTORY_BATCH_BYTES_MAX,
  INVENTORY_BATCH_OBJECTS_MAX,
  INVENTORY_BATCHES_IN_FLIGHT_MAX,
  INVENTORY_REFUSALS_MAX,
} from '../../limits.ts'
import type { NsxApi } from '../../nsx/index.ts'
import type { InventoryObject } from '../../nsx/model.ts'
import { type Clock, inParallel } from '../../world/index.ts'
import type { InventoryBook } from './book.ts'
import type { InventoryPlan, InventoryStep } from './plan.ts'

export interface ApplyDeps {
  readonly nsx: NsxApi
  readonly clock: Clock
  readonly clusterId: string
  readonly gate: WriteGate
  readonly book: InventoryBook
  /** Hears of each object that was taken or refused. */
  readonly onStep?: (step: InventoryStep, error?: AdapterError) => void
}

export interface ApplyResult {
  readonly created: number
  readonly updated: number
  readonly deleted: number
  /** Objects that NSX refused for good in this run. */
  readonly refused: number
  /** True when deletes of the plan were left out, because something was refused first: plan again. */
  readonly isCutShort: boolean
}

/**
 * Sends the plan's steps. Never two batches in flight with one external id: an id is in a plan once, and a stage waits for
 * the one before it. Before each batch the gate is asked, and its signal ends what is in flight. Rejects with the first
 * error that concerns more than one object (retry, wait-for, or a refusal of the caller itself), after what was in flight
 * has ended; what then has an unknown outcome is doubtful in the book.
 */
export async function applyPlan(
  plan: InventoryPlan,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<ApplyResult> {
  const count = { CREATE: 0, UPDATE: 0, DELETE: 0, refused: 0 }
  const onTaken = (steps: readonly InventoryStep[]) => {
    for (const step of steps) {
      deps.book.settle(step, deps.clock.monotonicMs())
      count[step.op] += 1
      deps.onStep?.(step)
    }
  }
  const onRefused = (step: InventoryStep, error: AdapterError) => {
    deps.book.refuse(step, error.message)
    deps.onStep?.(step, error)
    // It may be that the object is not there any more: looked at before it is given up.
    if (step.op === 'UPDATE') deps.book.doubt([step])
    count.refused += 1
    const taken = count.CREATE + count.UPDATE + count.DELETE
    // Nothing is taken at all: it is not the objects.
    if (taken === 0 && count.refused >= INVENTORY_REFUSALS_MAX) throw error
  }
  let isCutShort = false
  for (const stage of plan.stages) {
    if (stage.deletes && count.refused > 0) {
      isCutShort = true
      break
    }
    await inParallel(batchesOf(stage.steps), INVENTORY_BATCHES_IN_FLIGHT_MAX, (batch) =>
      sendBatch(batch, deps, signal, onTaken, onRefused),
    )
  }
  return {
    created: count.CREATE,
    updated: count.UPDATE,
    deleted: count.DELETE,
    refused: count.refused,
    isCutShort,
  }
}

async function sendBatch(
  steps: readonly InventoryStep[],
  deps: ApplyDeps,
  signal: AbortSignal,
  onTaken: (steps: readonly InventoryStep[]) => void,
  onRefused: (step: InventoryStep, error: AdapterError) => void,
): Promise<void> {
  const [only] = steps
  if (only === undefined) return
  try {
    await post(steps, deps, signal)
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (!isRefusalOfContent(error)) {
      if (isOutcomeUnknown(error)) deps.book.doubt(steps)
      throw error
    }
    if (steps.length === 1) return onRefused(only, error)
    const half = steps.length >> 1
    await sendBatch(steps.slice(0, half), deps, signal, onTaken, onRefused)
    await sendBatch(steps.slice(half), deps, signal, onTaken, onRefused)
    return
  }
  onTaken(steps)
}

async function post(steps: readonly InventoryStep[], deps: ApplyDeps, signal: AbortSignal): Promise<void> {
  deps.gate.check()
  signal.throwIfAborted()
  await deps.nsx.call({
    method: 'POST',
    path: `/api/v1/inventory/container/${encodeURIComponent(deps.clusterId)}?action=updates`,
    body: {
      container_inventory_objects: steps.map(({ op, object }) => ({
        container_object: onWire(object),
        object_update_type: op,
      })),
    },
    signal: AbortSignal.any([signal, deps.gate.signal]),
  })
}

/** NSX sets these two types' `container_cluster_id` itself and calls it read-only (vendor SDK 9.1.1). */
const CLUSTER_ID_READ_ONLY: ReadonlySet<string> = new Set([
  'ContainerApplication',
  'ContainerApplicationInstance',
])

function onWire(object: InventoryObject): object {
  if (!CLUSTER_ID_READ_ONLY.has(object.resource_type)) return object
  const { container_cluster_id: _, ...rest } = object
  return rest
}

/** About who asks, not about what was sent: halving a batch would not help. */
const ABOUT_THE_CALLER = /^(NSX_UNAUTHORIZED|NSX_FORBIDDEN|TRANSPORT_|CLUSTER_|VERSION_|CERTIFICATE_)/

const isRefusalOfContent = (error: AdapterError): boolean =>
  error.kind === 'needs-person' && !ABOUT_THE_CALLER.test(error.code)

/** Answered or stopped before the manager could have acted. */
const NOT_SENT =
  /^(LEASE_NOT_HELD|NSX_THROTTLED|NSX_UNAUTHORIZED|NSX_FORBIDDEN|NSX_NOT_FOUND|TRANSPORT_(REFUSED|DNS|TLS|UNTRUSTED|PROXY))$/

const isOutcomeUnknown = (error: AdapterError): boolean => !NOT_SENT.test(error.code)

/** An object without a spec is some 2 KiB with 30 tags. */
const OBJECT_BYTES = 2_048

/** In order, at most so many objects and about so many bytes a batch. */
export function batchesOf(steps: readonly InventoryStep[]): InventoryStep[][] {
  const batches: InventoryStep[][] = []
  let batch: InventoryStep[] = []
  let bytes = 0
  for (const step of steps) {
    const { spec } = step.object
    const size = OBJECT_BYTES + (typeof spec === 'string' ? spec.length : 0)
    const isFull = batch.length >= INVENTORY_BATCH_OBJECTS_MAX || bytes + size > INVENTORY_BATCH_BYTES_MAX
    if (batch.length > 0 && isFull) {
      batches.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(step)
    bytes += size
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
