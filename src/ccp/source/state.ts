/** The complete copy of what NSX wants for this cluster, at one version. Immutable: each commit makes the next one. */
import { setDigest } from '../../protocol/index.ts'
import type { DesiredObjects } from '../translate/index.ts'

export interface DesiredState {
  /** The manager's policy store; another source is another store. */
  readonly source: string
  readonly epoch: string
  readonly version: number
  readonly objects: DesiredObjects
  /** When the snapshot it stands on was asked for, on the monotonic clock. */
  readonly snapshotMs: number
  /** `sha256:…` over all objects; made when first asked for. */
  digest(): string
}

export interface StateFields {
  readonly source: string
  readonly epoch: string
  readonly version: number
  readonly objects: DesiredObjects
  readonly snapshotMs: number
}

/** A state whose digest is known, or is made once when it is needed: it costs a sort of everything. */
export function desiredState(fields: StateFields, knownDigest?: string): DesiredState {
  let digest = knownDigest
  return {
    ...fields,
    digest() {
      digest ??= setDigest(fields.objects.values())
      return digest
    },
  }
}
