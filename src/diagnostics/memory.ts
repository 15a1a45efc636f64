/** For when nothing is kept on disk: the newest rows in memory, read in the same way. */
import { DIAGNOSTICS_MEMORY_ROWS_MAX } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import { createRecorder, type Diagnostics, readerOf } from './keeper.ts'
import { createRing } from './ring.ts'
import { type HistoryQuery, type RowKind, type RowOf, selectRows, spanOf, standingAt } from './rows.ts'

/** Holds DIAGNOSTICS_MEMORY_ROWS_MAX rows; the oldest go. */
export function rememberDiagnostics(clock: Clock): Diagnostics {
  const ring = createRing<Parameters<Parameters<typeof createRecorder>[1]>[0]>(DIAGNOSTICS_MEMORY_ROWS_MAX)
  const { tellLatencies: _, ...recorder } = createRecorder(clock, (row) => ring.push(row))
  const rows = () => ring.peek(ring.size).rows
  const select = async <K extends RowKind>(query: HistoryQuery & { readonly kind: K }) =>
    selectRows(rows(), query) as RowOf<K>[]
  return {
    ...recorder,
    ...readerOf(select),
    standing: async (atMs) => standingAt(rows(), atMs),
    span: async () => spanOf(rows()),
    counts: () => ({ written: 0, dropped: 0, failures: 0, aside: 0, waiting: ring.size }),
    close: async () => true,
  }
}
