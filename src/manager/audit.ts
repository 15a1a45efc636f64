/** What was asked of the manager and how it answered; bounded, for tests and for people who look. */
import { MANAGER_AUDIT_ENTRIES_MAX } from '../limits.ts'
import type { ManagerAudit, ManagerAuditEntry } from './types.ts'

export interface AuditLog {
  readonly audit: ManagerAudit
  add(entry: ManagerAuditEntry): void
}

export function createAuditLog(): AuditLog {
  let entries: ManagerAuditEntry[] = []
  let mutating = 0
  const listeners = new Set<(entry: ManagerAuditEntry) => void>()
  return {
    audit: {
      entries: () => entries.slice(-MANAGER_AUDIT_ENTRIES_MAX),
      mutatingCount: () => mutating,
      clear() {
        entries = []
        mutating = 0
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    add(entry) {
      entries.push(entry)
      // Cut in halves, so that a full log does not move all of its entries for each new one.
      if (entries.length >= 2 * MANAGER_AUDIT_ENTRIES_MAX) entries = entries.slice(-MANAGER_AUDIT_ENTRIES_MAX)
      if (entry.mutating) mutating += 1
      for (const listener of listeners) listener(entry)
    },
  }
}
