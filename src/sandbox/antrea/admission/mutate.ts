/** What /mutate/acnp and /mutate/annp change: the default tier, and names for rules that have none. */
import { createHash } from 'node:crypto'
import type { Rule } from '../model.ts'
import type { Decoded } from './go-json.ts'
import { encode } from './go-json.ts'
import { RULE } from './go-types.ts'
import { DEFAULT_TIER } from './tiers.ts'

/** A rule without name and action: the real webhook dies in the middle of its answer. */
export class MutatorCrash extends Error {}

interface Replacement {
  readonly op: 'replace'
  readonly path: string
  readonly value: string
}

/** The JSON Patch; empty when nothing is missing. `spec` is decoded. Throws MutatorCrash. */
export function mutatePolicy(spec: Readonly<Record<string, Decoded>>): readonly Replacement[] {
  const replacements = (['ingress', 'egress'] as const).flatMap((direction) =>
    ((spec[direction] ?? []) as readonly Decoded[]).flatMap((rule, index) => {
      const { name = '', action } = rule as Rule
      if (name !== '') return []
      if (action === undefined) throw new MutatorCrash('a rule has neither name nor action')
      const value = `${direction}-${action.toLowerCase()}-${digestOf(rule)}`
      return [{ op: 'replace' as const, path: `/spec/${direction}/${index}/name`, value }]
    }),
  )
  const tier = spec['tier'] ?? ''
  return tier === ''
    ? [...replacements, { op: 'replace', path: '/spec/tier', value: DEFAULT_TIER }]
    : replacements
}

/** The first seven digits of the SHA-1 of the rule as Go writes it. Not for security. */
const digestOf = (rule: Decoded): string =>
  createHash('sha1').update(encode(rule, RULE)).digest('hex').slice(0, 7)
