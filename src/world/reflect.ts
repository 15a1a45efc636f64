/**
 * The part of the Reflect Metadata proposal that tsyringe, which @peculiar/x509 is built on, calls when it is loaded and
 * resolves its classes. Must be imported before @peculiar/x509. Nothing is done where a polyfill is there already.
 */
type Target = object
type Key = unknown

const kept = new WeakMap<Target, Map<Key, unknown>>()

const own = (key: Key, target: Target): unknown => kept.get(target)?.get(key)

/** The metadata of the target or of what it inherits from. */
function inherited(key: Key, target: Target): unknown {
  for (let at: Target | null = target; at !== null; at = Object.getPrototypeOf(at) as Target | null)
    if (kept.get(at)?.has(key)) return own(key, at)
  return undefined
}

function define(key: Key, value: unknown, target: Target): void {
  const entries = kept.get(target) ?? new Map<Key, unknown>()
  kept.set(target, entries.set(key, value))
}

const polyfill = {
  getMetadata: inherited,
  getOwnMetadata: own,
  hasOwnMetadata: (key: Key, target: Target) => kept.get(target)?.has(key) === true,
  defineMetadata: define,
  metadata: (key: Key, value: unknown) => (target: Target) => define(key, value, target),
}

if (!('getMetadata' in Reflect)) Object.assign(Reflect, polyfill)
