/** Policy objects as the channel sends them: one `put` line each, made once and shared by all clusters. */
import { LINE_BYTES_MAX } from '../../limits.ts'
import { canonicalJson, jsonLine, type ObjectKind, sha256Hex } from '../../protocol/index.ts'
import { type KindName, type PolicyObject, type PolicyStore, renderWhole } from '../policy/index.ts'
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
}

export interface Framed {
  readonly entry: Entry
  /** Paths that the object, its rules and its service entries refer to. */
  readonly targets: readonly string[]
}

const CARRIED: Readonly<Partial<Record<KindName, ObjectKind>>> = {
  SecurityPolicy: 'SecurityPolicy',
  Group: 'Group',
  Service: 'Service',
  PolicyContextProfile: 'ContextProfile',
}

/** Must be made before whoever asks it in answer to a change of the store. */
export function createFrames(store: PolicyStore): Frames {
  const made = new Map<string, Framed>()
  store.subscribe(({ changed }) => {
    for (const [path, { before, after }] of changed) {
      made.delete(path)
      made.delete((after ?? before)?.parentPath ?? '')
    }
  })
  return {
    of(object) {
      const kind = CARRIED[object.kind]
      if (kind === undefined) return undefined
      const known = made.get(object.path)
      if (known !== undefined) return known
      const framed = {
        entry: entryFrom(kind, object.path, renderWhole(store, object)),
        targets: targetsOf(store, object),
      }
      made.set(object.path, framed)
      return framed
    },
  }
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
