/** The inventory's next plan as lines. Pure. */
import type { InventoryPreview } from '../mp/index.ts'
import { changesOf } from './diff-fields.ts'
import { type DiffHold, type DiffLine, type DiffStep, hold, type Page } from './diff-lines.ts'

const OPS = { CREATE: 'create', UPDATE: 'update', DELETE: 'delete' } as const
/** Told beside the changes. */
const IDENTITY = new Set(['resource_type', 'external_id', 'display_name', 'container_cluster_id'])

/** Lazily: each step is compared when its turn comes. */
export function* inventoryLines(
  preview: InventoryPreview,
  around: { readonly role: string; readonly leader: string },
  { offset, limit }: Page,
): Generator<DiffLine> {
  const { plan, known } = preview
  const count = { create: 0, update: 0, delete: 0 }
  for (const { steps } of plan.stages) for (const { op } of steps) count[OPS[op]] += 1
  yield {
    t: 'head',
    channel: 'mp',
    ...around,
    ...count,
    offset,
    limit,
    facts: {
      objects_in_cluster: preview.compared,
      objects_in_nsx: known.size,
      nsx_read_now: preview.isReadNow,
    },
  }
  yield* told(preview, offset, limit)
  let differs = count.create + count.update + count.delete > 0
  for (const line of holds(preview)) {
    differs ||= line.differs
    yield line
  }
  yield { t: 'end', differs }
}

function* told({ plan, known }: InventoryPreview, offset: number, limit: number): Generator<DiffStep> {
  let n = 0
  for (const [at, { steps, deletes }] of plan.stages.entries())
    for (const step of steps) {
      n += 1
      if (n <= offset) continue
      if (n > offset + limit) return
      const { external_id: id, resource_type: kind } = step.object
      const before = known.get(id)
      const { changes, more } =
        step.op === 'DELETE'
          ? { changes: [], more: 0 }
          : changesOf(step.op === 'UPDATE' ? only(before, step.object) : {}, bare(step.object), '')
      const displayName = (step.desired ?? before)?.display_name
      yield {
        t: 'step',
        n,
        op: OPS[step.op],
        stage: `${at + 1}-${deletes ? 'deletes' : 'writes'}`,
        kind,
        name: id,
        ...(typeof displayName === 'string' && displayName !== '' ? { display_name: displayName } : {}),
        changes: changes.map((change) => ({ ...change, field: change.field.replace(/^\./, '') })),
        ...(more === 0 ? {} : { more_changes: more }),
      }
    }
}

type Fields = Readonly<Record<string, unknown>>

const bare = (object: object): Fields =>
  Object.fromEntries(Object.entries(object).filter(([field]) => !IDENTITY.has(field)))

/** Of what NSX holds, the fields that an update states. */
const only = (known: object | undefined, stated: object): Fields =>
  Object.fromEntries(
    Object.entries(known ?? {}).filter(([field]) => !IDENTITY.has(field) && Object.hasOwn(stated, field)),
  )

function holds({ plan, undecided, frozen, setAside, known }: InventoryPreview): DiffHold[] {
  const nameOf = (id: string) =>
    `${known.get(id)?.resource_type ?? 'object'} ${known.get(id)?.display_name ?? id}`
  return [
    ...hold(
      'delete-guard',
      'too many at once: these deletes wait until a second comparison, at least 30 s later, says the same',
      plan.guarded.map(nameOf),
      { code: 'INVENTORY_DELETE_GUARD' },
    ),
    ...hold(
      'not-decided',
      'nothing is decided about these types: what they are made from is not known completely, or NSX does not have them',
      undecided,
      { differs: false },
    ),
    ...hold(
      'not-deleted',
      'nothing of these types is deleted: what they are made from may be behind the cluster',
      frozen,
      { differs: false },
    ),
    ...hold(
      'refused',
      'NSX refused these for good; they are sent again when they change',
      [...setAside.values()].map(({ type, name, reason }) => `${type} ${name}: ${reason}`),
      { code: 'INVENTORY_POISON' },
    ),
  ]
}
