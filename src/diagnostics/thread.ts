/** The worker thread: owns the database, answers one request at a time. What fails is told, never thrown. */
import { parentPort, workerData } from 'node:worker_threads'
import { type DiagnosticsDatabase, isUnreadable, openDatabase, setAside } from './database.ts'
import type { HistoryQuery, Row, Span } from './rows.ts'

export interface ThreadData {
  readonly file: string
  readonly bytesMax: number
}

export type ThreadRequest = { readonly id: number } & (
  | { readonly do: 'write'; readonly rows: readonly Row[] }
  | { readonly do: 'select'; readonly query: HistoryQuery }
  | { readonly do: 'standing'; readonly atMs: number }
  | { readonly do: 'span' }
  | { readonly do: 'close' }
)

/** Why a file was set aside, once, beside whatever else is answered. */
export type ThreadAnswer = { readonly id: number; readonly asideBecause?: string } & (
  | { readonly rows?: readonly Row[]; readonly span?: Span }
  | { readonly failed: string }
)

const { file, bytesMax } = workerData as ThreadData
let database: DiagnosticsDatabase | undefined
let asideBecause: string | undefined

function opened(): DiagnosticsDatabase {
  if (database !== undefined) return database
  database = openDatabase(file, bytesMax)
  asideBecause ??= database.asideBecause
  return database
}

function answer(request: ThreadRequest): ThreadAnswer {
  const { id } = request
  if (request.do === 'close') {
    database?.close()
    database = undefined
    return { id }
  }
  if (request.do === 'select') return { id, rows: opened().select(request.query) }
  if (request.do === 'standing') return { id, rows: opened().standing(request.atMs) }
  if (request.do === 'span') return { id, span: opened().span() }
  opened().write(request.rows)
  return { id }
}

/** After any failure the file is opened anew; a damaged one is set aside first. */
function failed(request: ThreadRequest, error: unknown): ThreadAnswer {
  const words = error instanceof Error ? error.message : String(error)
  try {
    database?.close()
    if (isUnreadable(error)) {
      setAside(file)
      asideBecause ??= words
    }
  } catch {
    // The disk is what failed; the words above say so.
  }
  database = undefined
  return { id: request.id, failed: words }
}

parentPort?.on('message', (request: ThreadRequest) => {
  let result: ThreadAnswer
  try {
    result = answer(request)
  } catch (error) {
    result = failed(request, error)
  }
  parentPort?.postMessage(asideBecause === undefined ? result : { ...result, asideBecause })
  asideBecause = undefined
  if (request.do === 'close') parentPort?.close()
})
