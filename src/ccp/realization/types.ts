/** What is thought of one policy, before time has its say. */
import type { Problem, StatusItem } from '../../protocol/ccp.ts'

/** Without when it was observed: that is added when it is sent. */
export type Realized = Omit<StatusItem, 'observed_at'>

export interface Verdict {
  readonly item: Realized
  /** Which form of the policy it is about. Another one begins to wait anew, and is never held back. */
  readonly revision: string
  /** Since when it stands so, monotonic; where nothing says so, since it was first judged so. */
  readonly sinceMs?: number
  /** It becomes another one by time alone, after this. */
  readonly waitMs?: number
  /** What is told in place of IN_PROGRESS once it has lasted REALIZE_TIMEOUT_MS. Absent: it may last. */
  readonly late?: { readonly state: 'ERROR' | 'UNKNOWN'; readonly problem: Problem }
  /** A way back that Pods coming and going explain: what was shown stays for the settle rule's while. */
  readonly isTransient?: boolean
}

export const sameItem = (a: Realized, b: Realized): boolean =>
  a === b ||
  (a.path === b.path &&
    a.kind === b.kind &&
    a.state === b.state &&
    a.hash === b.hash &&
    a.applied_hash === b.applied_hash &&
    a.evidence === b.evidence &&
    a.nodes?.current === b.nodes?.current &&
    a.nodes?.desired === b.nodes?.desired &&
    a.problems.length === b.problems.length &&
    a.problems.every((one, index) => sameProblem(one, b.problems[index])))

const sameProblem = (a: Problem, b: Problem | undefined): boolean =>
  a === b ||
  (b !== undefined &&
    a.code === b.code &&
    a.message === b.message &&
    a.severity === b.severity &&
    a.rule_path === b.rule_path &&
    a.group_path === b.group_path &&
    a.field === b.field)
