/** The Nodes that address groups go to: those of all policies that use them, counted, so that one policy more is little work. */
import { NOWHERE } from './store.ts'

export interface AddressSpans {
  /** What this policy uses, and where it goes, from now on. */
  set(policy: string, groups: ReadonlyMap<string, unknown>, span: ReadonlySet<string>): void
  of(group: string): ReadonlySet<string>
}

interface Share {
  /** By name. */
  readonly groups: ReadonlyMap<string, unknown>
  readonly span: ReadonlySet<string>
}

/** `changed` is called with each group whose span may be another one. */
export function createAddressSpans(changed: (group: string) => void): AddressSpans {
  const shares = new Map<string, Share>()
  /** By group, how many policies bring it to each Node. */
  const counts = new Map<string, Map<string, number>>()
  const add = ({ groups, span }: Share, by: 1 | -1) => {
    for (const group of groups.keys()) {
      const nodes = counts.get(group) ?? new Map<string, number>()
      counts.set(group, nodes)
      for (const node of span) {
        const count = (nodes.get(node) ?? 0) + by
        if (count === 0) nodes.delete(node)
        else nodes.set(node, count)
      }
      if (nodes.size === 0) counts.delete(group)
      changed(group)
    }
  }
  return {
    set(policy, groups, span) {
      const before = shares.get(policy)
      if (before?.groups === groups && before.span === span) return
      const now = { groups, span }
      if (before !== undefined) add(before, -1)
      if (groups.size === 0) shares.delete(policy)
      else shares.set(policy, now)
      add(now, 1)
    },
    of: (group) => {
      const nodes = counts.get(group)
      return nodes === undefined ? NOWHERE : new Set(nodes.keys())
    },
  }
}
