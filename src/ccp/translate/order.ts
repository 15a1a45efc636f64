/** Order: from sequence numbers to priorities, without ever moving a neighbour. */
import { SNAPSHOT_OBJECTS_MAX } from '../../limits.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Steps } from '../../world/steps.ts'
import type { Category } from '../settings.ts'

/** Tier order. */
export const CATEGORIES: readonly Category[] = ['Emergency', 'Infrastructure', 'Environment', 'Application']

const PLACES = 2 ** 21
/** Places found in one step. */
const PLACES_A_STEP = 200
/** 1 + n·2⁻¹⁸ stays below 5000 for every n below this; with the place's 2⁻³⁹ all of it is exact in a double. */
const SEQUENCE_MAX = 4_999 * 2 ** 18
/** Policies without a category stand at 5001 and after in their tier: behind all that have one. */
export const AFTER_APPLICATION = 5_000 * 2 ** 18

export const isSequenceNumber = (value: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value < SEQUENCE_MAX

/** The first 21 bits of SHA-256(unique_id). */
const hashedPlace = (name: string): number => Number.parseInt(sha256Hex(name).slice(0, 6), 16) >>> 3

/** Places by name: the same ones are asked for with each commit. Begun anew when it is as large as a set may be. */
const known = new Map<string, number>()

function placeOf(name: string): number {
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= SNAPSHOT_OBJECTS_MAX) known.clear()
  const place = hashedPlace(name)
  known.set(name, place)
  return place
}

export interface Ordered {
  readonly name: string
  readonly category: Category
  readonly sequence: number
}

export interface Priority {
  readonly priority: number
  /** Its place was taken and it moved up. */
  readonly probed: boolean
}

/**
 * Priority = 1 + sequence_number·2⁻¹⁸ + h·2⁻³⁹. Policies of one number and one h probe upwards in unique_id order, so
 * that two never share a tier and a priority: Antrea would interleave their rules.
 */
export function* priorities(policies: readonly Ordered[]): Steps<ReadonlyMap<string, Priority>> {
  const result = new Map<string, Priority>()
  let looked = 0
  for (const ofCategory of Map.groupBy(policies, ({ category }) => category).values()) {
    for (const [sequence, sharing] of Map.groupBy(ofCategory, ({ sequence }) => sequence)) {
      const taken = new Set<number>()
      for (const { name } of sharing.length === 1 ? sharing : sharing.sort(byName)) {
        looked += 1
        if (looked % PLACES_A_STEP === 0) yield
        const first = placeOf(name)
        let place = first
        while (taken.has(place)) place = (place + 1) % PLACES
        taken.add(place)
        result.set(name, { priority: 1 + sequence * 2 ** -18 + place * 2 ** -39, probed: place !== first })
      }
    }
  }
  return result
}

const byName = (a: Ordered, b: Ordered): number => (a.name < b.name ? -1 : 1)
