/** Policy objects as the channel sends them: one `put` line each, made once and shared by all clusters. */
import { LINE_BYTES_MAX } from '../../limits.ts'
import { canonicalJson, jsonLine, type ObjectKind, sha256Hex } from '../../protocol/index.ts'
import {
  type Change,
  type KindName,
  type PolicyObject,
  type PolicyStore,
  renderWhole,
} from '../policy/index.ts'
import { membersOf } from '../policy/references.ts'

export interface Entry {
  readonly kind: ObjectKind
  readonly path: string
  /** SHA-256 of the body in RFC 8785 form. */
  readonly hash: string
  /** The put frame, with its line feed. */
  readonly line: string
}

export interface Frames {
  /** Undefined for kinds that the channel does not carry. */
  of(object: PolicyObject): Framed | undefined
  /** Groups that did not change in this change (the last one), but the members of groups in them. */
  around(change: Change): readonly string[]
  /** Groups whose members are others than those of their frame. */
  stale(): readonly string[]
}

export interface Framed {
  readonly entry: Entry
  /** Of a generic group: the addresses of its members, at the group's path. */
  readonly members?: Entry
  /** Paths that the object, its rules and its service entries refer to. */
  readonly targets: readonly string[]
}

const CARRIED: Readonly<Partial<Record<KindName, ObjectKind>>> = {
  SecurityPolicy: 'SecurityPolicy',
  Group: 'Group',
  Service: 'Service',
  PolicyContextProfile: 'ContextProfile',
}

/** The addresses of a generic group's members; undefined for other groups. */
export type AddressesOf = (group: PolicyObject) => readonly string[] | undefined

/** Must be made before whoever asks it in answer to a change of the store. */
export function createFrames(store: PolicyStore, addressesOf: AddressesOf = () => undefined): Frames {
  const made = new Map<string, Framed>()
  let last: { change: Change; around: readonly string[] } | undefined
  store.subscribe((change) => {
    last = { change, around: groupsAround(store, change) }
    for (const path of last.around) made.delete(path)
    for (const [path, { before, after }] of change.changed) {
      made.delete(path)
      made.delete((after ?? before)?.parentPath ?? '')
    }
  })
  return {
    around: (change) => (last?.change === change ? last.around : []),
    stale: () =>
      [...made].flatMap(([path, { members }]) => {
        const group = members === undefined ? undefined : store.get(path)
        return group === undefined || membersEntry(group, addressesOf)?.hash === members?.hash ? [] : [path]
      }),
    of(object) {
      const kind = CARRIED[object.kind]
      if (kind === undefined) return undefined
      const known = made.get(object.path)
      if (known !== undefined) return known
      const members = kind === 'Group' ? membersEntry(object, addressesOf) : undefined
      const framed = {
        entry: entryFrom(kind, object.path, renderWhole(store, object)),
        ...(members === undefined ? {} : { members }),
        targets: targetsOf(store, object),
      }
      made.set(object.path, framed)
      return framed
    },
  }
}

/** The groups that hold changed ones, through any number of groups. */
function groupsAround(store: PolicyStore, { changed }: Change): readonly string[] {
  const around = new Set<string>()
  const waiting = [...changed].flatMap(([path, { before, after }]) =>
    (after ?? before)?.kind === 'Group' ? [path] : [],
  )
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const { kind, path } of store.referrers(next)) {
      if (kind !== 'Group' || changed.has(path) || around.has(path)) continue
      around.add(path)
      waiting.push(path)
    }
  return [...around]
}

function membersEntry(group: PolicyObject, addressesOf: AddressesOf): Entry | undefined {
  const addresses = addressesOf(group)
  if (addresses === undefined) return undefined
  return entryFrom('GroupMembers', group.path, { group_path: group.path, ip_addresses: addresses })
}

function entryFrom(kind: ObjectKind, path: string, body: Readonly<Record<string, unknown>>): Entry {
  const canonical = canonicalJson(body)
  const hash = sha256Hex(canonical)
  // The canonical form is as good a JSON text as any, and it is there already.
  const line = `{"t":"put","kind":${JSON.stringify(kind)},"path":${JSON.stringify(path)},"hash":"${hash}","body":${canonical}}\n`
  if (Buffer.byteLength(line) <= LINE_BYTES_MAX) return { kind, path, hash, line }
  return { kind, path, hash, line: jsonLine({ t: 'put', kind, path, hash, oversize: true }) }
}

const targetsOf = (store: PolicyStore, { path, kind }: PolicyObject): readonly string[] => [
  ...membersOf(store, path),
  ...(kind === 'SecurityPolicy' ? store.children(path, 'Rule').flatMap((rule) => rule.references) : []),
]
