/**
 * Why a policy is held, or what is worth knowing about one that is not: one file a subject. `explain CODE` prints these;
 * the realization report carries the code. ERROR holds the whole policy; NOTICE does not. The translation, the plan, the
 * reports and `explain` come in here.
 */
import { CLUSTER_CODES } from './cluster.ts'
import { GROUP_CODES } from './group.ts'
import { POLICY_CODES } from './policy.ts'
import { RULE_CODES } from './rule.ts'
import { SERVICE_CODES } from './service.ts'

export type { CodeText } from './text.ts'

export const CODES = { ...POLICY_CODES, ...RULE_CODES, ...SERVICE_CODES, ...GROUP_CODES, ...CLUSTER_CODES }

export type Code = keyof typeof CODES

/** What is not there yet, or not any more: it may come by itself. */
export const UNRESOLVED: ReadonlySet<Code> = new Set([
  'GROUP_MISSING',
  'GROUP_MEMBERS_MISSING',
  'SERVICE_MISSING',
  'PROFILE_MISSING',
])
