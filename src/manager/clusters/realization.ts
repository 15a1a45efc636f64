/** What a cluster said of its policies' realization, and what may be believed of it (docs/protocol.md §2). */
import { MANAGER_STATUS_OBJECTS_MAX } from '../../limits.ts'
import type { StatusItem, StatusReport } from '../../protocol/index.ts'
import { badRequest } from '../rest/index.ts'

export interface Realization {
  /** Until its full report is in, what an older session said is history. */
  startSession(): void
  /** Takes a report's items in; a full one replaces everything with its last part. Throws 400. */
  take(report: StatusReport): void
  /** The last word on this object; undefined when there is none. */
  item(path: string): StatusItem | undefined
  /** The cluster has said everything since its session began. */
  readonly complete: boolean
  items(): readonly StatusItem[]
}

/** Parts of a full report: with 200 items each, ten times what may be kept. */
const PARTS_MAX = 10_000

export function createRealization(): Realization {
  let items = new Map<string, StatusItem>()
  let complete = false
  let collecting: { items: Map<string, StatusItem>; part: number; parts: number } | undefined
  const put = (into: Map<string, StatusItem>, item: StatusItem) => {
    if (item.state === 'REMOVED') {
      into.delete(item.path)
      return
    }
    if (into.size >= MANAGER_STATUS_OBJECTS_MAX && !into.has(item.path))
      throw badRequest(`A cluster may report at most ${MANAGER_STATUS_OBJECTS_MAX} objects.`)
    into.set(item.path, item)
  }
  const takePart = (report: StatusReport, { part, parts }: { part: number; parts: number }) => {
    if (part > parts || parts > PARTS_MAX) throw badRequest('full.part is beyond full.parts.')
    if (part === 1) collecting = { items: new Map(), part: 0, parts }
    if (collecting === undefined || collecting.part !== part - 1 || collecting.parts !== parts)
      throw badRequest('The parts of a full report must come in order, beginning with 1.')
    for (const item of report.items) put(collecting.items, item)
    collecting.part = part
    if (part < parts) return
    items = collecting.items
    collecting = undefined
    complete = true
  }
  return {
    get complete() {
      return complete
    },
    startSession() {
      complete = false
      collecting = undefined
    },
    take(report) {
      if (report.full !== undefined) return takePart(report, report.full)
      for (const item of report.items) put(items, item)
    },
    item: (path) => items.get(path),
    items: () => [...items.values()],
  }
}
