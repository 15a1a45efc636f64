/** The audit: what was asked and how it was answered, the newest entries and a count of mutations. */
import { APISERVER_AUDIT_ENTRIES_MAX } from '../../limits.ts'
import type { Audit, AuditEntry } from './types.ts'

export interface WritableAudit extends Audit {
  record(entry: AuditEntry): void
}

export function createAudit(): WritableAudit {
  let entries: AuditEntry[] = []
  let mutating = 0
  const listeners = new Set<(entry: AuditEntry) => void>()
  return {
    entries: () => entries.slice(-APISERVER_AUDIT_ENTRIES_MAX),
    mutatingCount: () => mutating,
    clear() {
      entries = []
      mutating = 0
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    record(entry) {
      entries.push(entry)
      // Cut back in one go, so that keeping the newest costs nothing for each request.
      if (entries.length > 2 * APISERVER_AUDIT_ENTRIES_MAX)
        entries = entries.slice(-APISERVER_AUDIT_ENTRIES_MAX)
      if (entry.mutating) mutating += 1
      for (const listener of listeners) listener(entry)
    },
  }
}

export const MUTATING: ReadonlySet<string> = new Set([
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
])
