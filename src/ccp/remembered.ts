/**
 * The last form of each wanted policy that had its spec-hash: what a held one is put back to when it was changed by hand.
 */
import type { ClusterNetworkPolicy } from '../kube/index.ts'
import { ownershipOf } from './ownership.ts'
import { isAsWritten, isTemporaryName } from './plan/index.ts'
import type { Translation } from './translate/index.ts'

export interface Remembered {
  readonly policies: ReadonlyMap<string, ClusterNetworkPolicy>
  /** This policy is another one now, or gone. */
  touch(name: string): void
  /** Brings it up to date; returns the names that are wanted. */
  learn(
    translation: Translation | undefined,
    stored: (name: string) => ClusterNetworkPolicy | undefined,
  ): ReadonlySet<string>
  forget(): void
}

/** Looks only at what was touched, as long as the translation is the same. */
export function createRemembered(clusterId: string): Remembered {
  const policies = new Map<string, ClusterNetworkPolicy>()
  const touched = new Set<string>()
  let from: Translation | undefined
  let wanted: ReadonlySet<string> = new Set()
  const isWhole = (policy: ClusterNetworkPolicy) =>
    ownershipOf(policy, clusterId) === 'ours' && isAsWritten(policy)
  return {
    policies,
    touch: (name) => void touched.add(name),
    learn(translation, stored) {
      const isSame = translation === from
      from = translation
      if (!isSame) wanted = namesOf(translation)
      for (const name of isSame ? touched : wanted) {
        const policy = wanted.has(name) && !isTemporaryName(name) ? stored(name) : undefined
        if (policy !== undefined && policies.get(name) !== policy && isWhole(policy))
          policies.set(name, policy)
      }
      touched.clear()
      if (!isSame) for (const name of policies.keys()) if (!wanted.has(name)) policies.delete(name)
      return wanted
    },
    forget() {
      policies.clear()
      touched.clear()
      from = undefined
      wanted = new Set()
    },
  }
}

const namesOf = (translation: Translation | undefined): ReadonlySet<string> =>
  new Set([
    ...(translation?.policies ?? []).map(({ name }) => name),
    ...(translation?.held ?? []).flatMap(({ name }) => name ?? []),
  ])
