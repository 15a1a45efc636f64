/** Who uses what, both ways: so that a change is taken to those alone who use what changed. */
export interface Users {
  /** `user` uses these from now on, and nothing else. */
  set(user: string, uses: Iterable<string>): void
  /** Who uses this. */
  of(used: string): ReadonlySet<string>
}

const NOBODY: ReadonlySet<string> = new Set()

export function createUsers(): Users {
  const uses = new Map<string, readonly string[]>()
  const users = new Map<string, Set<string>>()
  return {
    set(user, now) {
      for (const used of uses.get(user) ?? []) {
        const others = users.get(used)
        others?.delete(user)
        if (others?.size === 0) users.delete(used)
      }
      const list = [...now]
      if (list.length === 0) uses.delete(user)
      else uses.set(user, list)
      for (const used of list) {
        const others = users.get(used)
        if (others === undefined) users.set(used, new Set([user]))
        else others.add(user)
      }
    },
    of: (used) => users.get(used) ?? NOBODY,
  }
}
