/** unique_ids for random policies and groups; some share the place that their hash gives them. */
import { createHash } from 'node:crypto'

const sha = (text: string) => createHash('sha256').update(text).digest()

function uuid(n: number): string {
  const hex = sha(`id ${n}`).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Four pairs of one place each (by birthday, some thousands of ids hold them), then others. */
function policyIds(): string[] {
  const byPlace = new Map<number, string>()
  const pairs: string[] = []
  for (let n = 0; pairs.length < 8; n += 1) {
    const id = uuid(n)
    const place = sha(id).readUIntBE(0, 3) >> 3
    const twin = byPlace.get(place)
    if (twin === undefined) byPlace.set(place, id)
    else pairs.push(twin, id)
  }
  return [...pairs, ...Array.from({ length: 4 }, (_, n) => uuid(1_000_000 + n))]
}

export const POLICY_IDS: readonly string[] = policyIds()
export const groupId = (n: number): string => uuid(2_000_000 + n)
/** Policies that meet nobody at their place. */
export const LONE_IDS: readonly string[] = Array.from({ length: 60 }, (_, n) => uuid(1_000_000 + n))
