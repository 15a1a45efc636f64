/** Who names what: policies and ClusterGroups, objects and intent paths. Kept up to date name by name. */

/** A many-to-many relation between names and keys. */
export class Relation {
  private readonly byName = new Map<string, readonly string[]>()
  private readonly byKey = new Map<string, Set<string>>()

  /** Nothing with an empty list. */
  set(name: string, keys: readonly string[]): void {
    for (const key of this.byName.get(name) ?? []) {
      const names = this.byKey.get(key)
      names?.delete(name)
      if (names?.size === 0) this.byKey.delete(key)
    }
    if (keys.length === 0) this.byName.delete(name)
    else this.byName.set(name, keys)
    for (const key of keys) {
      const names = this.byKey.get(key)
      if (names === undefined) this.byKey.set(key, new Set([name]))
      else names.add(name)
    }
  }

  keysOf(name: string): readonly string[] {
    return this.byName.get(name) ?? []
  }

  namesOf(key: string): ReadonlySet<string> {
    return this.byKey.get(key) ?? NONE
  }

  /** Whether anybody but these has the key. */
  isHeldBeside(key: string, names: ReadonlySet<string>): boolean {
    for (const name of this.namesOf(key)) if (!names.has(name)) return true
    return false
  }

  clear(): void {
    this.byName.clear()
    this.byKey.clear()
  }
}

const NONE: ReadonlySet<string> = new Set()
