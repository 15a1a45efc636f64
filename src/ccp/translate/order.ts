/** Order: from sequence numbers to priorities, without ever moving a neighbour. */
import { SNAPSHOT_OBJECTS_MAX } from '../../limits.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Category } from '../settings.ts'
import type { Steps } from './steps.ts'

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
  const taken = new Map<string, Set<number>>()
  const result = new Map<string, Priority>()
  const ordered = [...policies].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [at, { name, category, sequence }] of ordered.entries()) {
    if (at % PLACES_A_STEP === 0) yield
    const key = `${category} ${sequence}`
    const places = taken.get(key) ?? new Set()
    taken.set(key, places)
    const first = placeOf(name)
    let place = first
    while (places.has(place)) place = (place + 1) % PLACES
    places.add(place)
    result.set(name, { priority: 1 + sequence * 2 ** -18 + place * 2 ** -39, probed: place !== first })
  }
  return result
}
