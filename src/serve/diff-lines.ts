/** A plan as lines that can be sent one after the other, however long it is. Pure. */
import { DIFF_NAMES_MAX } from '../limits.ts'
import type { Change } from './diff-fields.ts'

export type DiffChannel = 'ccp' | 'mp'

/** First of all: what was compared with what. */
export interface DiffHead {
  readonly t: 'head'
  readonly channel: DiffChannel
  readonly role: string
  readonly leader: string
  readonly create: number
  readonly update: number
  readonly delete: number
  /** The first step that is told, and how many at most. */
  readonly offset: number
  readonly limit: number
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

export interface DiffStep {
  readonly t: 'step'
  /** Its place in the plan, from 1. */
  readonly n: number
  readonly op: 'create' | 'update' | 'delete'
  /** What runs in one stage may go at once; the next stage waits for all of it. */
  readonly stage: string
  readonly kind: string
  readonly name: string
  readonly display_name?: string
  readonly path?: string
  readonly changes: readonly Change[]
  readonly more_changes?: number
}

/** What is not as it should be and is left so for now, and why. */
export interface DiffHold {
  readonly t: 'hold'
  readonly what: string
  /** `explain CODE` says more. */
  readonly code?: string
  readonly text: string
  readonly count: number
  /** At most DIFF_NAMES_MAX. */
  readonly names: readonly string[]
  /** Whether it is a difference that a later plan takes away; a policy that cannot be translated is none. */
  readonly differs: boolean
}

export interface DiffEnd {
  readonly t: 'end'
  readonly differs: boolean
}

export type DiffLine = DiffHead | DiffStep | DiffHold | DiffEnd

export interface Page {
  readonly offset: number
  readonly limit: number
}

export function hold(
  what: string,
  text: string,
  names: Iterable<string>,
  more: { readonly code?: string; readonly differs?: boolean } = {},
): DiffHold[] {
  const all = [...names].sort()
  if (all.length === 0) return []
  return [
    {
      t: 'hold',
      what,
      ...(more.code === undefined ? {} : { code: more.code }),
      text,
      count: all.length,
      names: all.slice(0, DIFF_NAMES_MAX),
      differs: more.differs ?? true,
    },
  ]
}
