/** The worker thread: owns the database, answers one request at a time. What fails is told, never thrown. */
import { parentPort, workerData } from 'node:worker_threads'
import { type DiagnosticsDatabase, isUnreadable, openDatabase, type ReadQuery, setAside } from './database.ts'
import type { Transition } from './inspection.ts'

export interface ThreadData {
  readonly file: string
  readonly bytesMax: number
}

export type ThreadRequest =
  | { readonly id: number; readonly do: 'write'; readonly rows: readonly Transition[] }
  | { readonly id: number; readonly do: 'read'; readonly query: ReadQuery }
  | { readonly id: number; readonly do: 'close' }

export type ThreadAnswer =
  | { readonly id: number; readonly rows?: readonly Transition[] }
  | { readonly id: number; readonly failed: string }

const { file, bytesMax } = workerData as ThreadData
let database: DiagnosticsDatabase | undefined

function answer(request: ThreadRequest): ThreadAnswer {
  const { id } = request
  if (request.do === 'close') {
    database?.close()
    database = undefined
    return { id }
  }
  database ??= openDatabase(file, bytesMax)
  if (request.do === 'read') return { id, rows: database.read(request.query) }
  database.write(request.rows)
  return { id }
}

/** After any failure the file is opened anew; a damaged one is set aside first. */
function failed(request: ThreadRequest, error: unknown): ThreadAnswer {
  const words = error instanceof Error ? error.message : String(error)
  try {
    database?.close()
    if (isUnreadable(error)) setAside(file)
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
  parentPort?.postMessage(result)
  if (request.do === 'close') parentPort?.close()
})
