/** The kept file read without the daemon; SQLite is loaded only when somebody does. */

import type { History } from './keeper.ts'
import { readerOf as readTransitions } from './keeper.ts'
import { type HistoryQuery, type RowKind, type RowOf, standingAt } from './rows.ts'

/** The questions of `History`, each answered by opening the file for reading only. Rejects with what SQLite says. */
export function readHistoryFile(file: string): History {
  const open = async () => (await import('./database.ts')).readDatabase
  const select = async <K extends RowKind>(query: HistoryQuery & { readonly kind: K }) =>
    (await open())(file, (reader) => reader.select(query)) as RowOf<K>[]
  return {
    ...readTransitions(select),
    standing: async (atMs) =>
      standingAt(
        (await open())(file, (reader) => reader.standing(atMs)),
        atMs,
      ),
    span: async () => (await open())(file, (reader) => reader.span()),
  }
}
