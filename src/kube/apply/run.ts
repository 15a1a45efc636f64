/** Many tasks at a time, never two for one object; and which errors say no to what was sent. */
import type { AdapterError } from '../../errors.ts'

export interface Lane<T> {
  /** Tasks of one key run one after the other, in their order. */
  readonly key: (task: T) => string
  /** Must not reject: what goes wrong with a task is the caller's to note. */
  readonly execute: (task: T) => Promise<void>
  /** At most so many at a time; 1 keeps the order of all. */
  readonly atOnceMax: number
  /** Asked before each task: true ends the run, what is under way is waited for. */
  readonly isOver: () => boolean
}

/** Runs the tasks in about their order; resolves when nothing is under way any more. */
export async function runTasks<T>(
  tasks: readonly T[],
  { key, execute, atOnceMax, isOver }: Lane<T>,
): Promise<void> {
  const chains = [...Map.groupBy(tasks, key).values()]
  let next = 0
  const worker = async () => {
    for (let chain = chains[next++]; chain !== undefined; chain = chains[next++])
      for (const task of chain) {
        if (isOver()) return
        await execute(task)
      }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, chains.length) }, worker))
}

const REFUSALS: ReadonlySet<string> = new Set([
  'KUBE_ADMISSION_DENIED',
  'KUBE_INVALID',
  'KUBE_UNKNOWN_FIELD',
  'KUBE_TOO_LARGE',
  'FIELD_PRUNED',
])

/** The object is refused for what it says: sent again it is refused again, and others may well be taken. */
export const refusesContent = (error: AdapterError): boolean =>
  error.kind === 'needs-person' && REFUSALS.has(error.code)
