/**
 * What an operation has to know after a crash and cannot read from what it changed: a ConfigMap in the lease's namespace,
 * named from the request, with `{id, kind, deadline, revert}`. Written before the effect; `revert` says how to undo it.
 */
import { needsPerson } from '../errors.ts'
import type { KubeClient } from '../kube/contract.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { OPERATION_LABEL, objectName, operationMeta, rememberedBy } from './names.ts'
import type { Remembered } from './types.ts'

export interface MemoryDeps {
  readonly kube: KubeClient
  readonly clusterId: string
  /** The lease's own. */
  readonly namespace: string
}

export interface Memory<Revert> {
  /** Writes it down; where the request already has one, that one stands and is given back. */
  remember(request: Remembered, revert: Revert, signal: AbortSignal): Promise<Revert>
  recall(id: string, signal: AbortSignal): Promise<(Remembered & { readonly revert: Revert }) | undefined>
  forget(id: string, signal: AbortSignal): Promise<void>
  all(signal: AbortSignal): Promise<readonly Remembered[]>
  /** Of this kind whoever's they are, the command line's too; `revert` is undefined where it cannot be used. */
  inForce(
    signal: AbortSignal,
  ): Promise<readonly { readonly id: string; readonly revert: Revert | undefined }[]>
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

/** `readRevert` checks what somebody may have edited by hand; undefined: it cannot be used. */
export function createMemory<Revert>(
  { kube, clusterId, namespace }: MemoryDeps,
  kind: string,
  readRevert: (value: unknown) => Revert | undefined,
): Memory<Revert> {
  const find = async (id: string, signal: AbortSignal) => {
    const name = objectName(clusterId, kind, id)
    const found = await kube.get<ConfigMap>(RESOURCES.configMaps, name, namespace, signal)
    const known = found === undefined ? undefined : rememberedBy(found, clusterId, kind)
    return found === undefined || known === undefined ? undefined : { found, known }
  }
  const revertOf = (object: ConfigMap): Revert => {
    const revert = readRevert(parsed(object.data?.['revert']))
    if (revert === undefined)
      throw needsPerson(
        'OPERATION_MEMORY_BROKEN',
        `the ConfigMap ${namespace}/${object.metadata.name} does not say how to undo its operation; undo it by hand and delete the ConfigMap`,
      )
    return revert
  }
  const recall = async (id: string, signal: AbortSignal) => {
    const there = await find(id, signal)
    return there === undefined ? undefined : { ...there.known, revert: revertOf(there.found) }
  }
  return {
    recall,
    async remember(request, revert, signal) {
      const known = await recall(request.id, signal)
      if (known !== undefined) return known.revert
      const { id, deadlineMs } = request
      const object: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...operationMeta(clusterId, kind, request), namespace },
        data: { id, kind, deadline: new Date(deadlineMs).toISOString(), revert: JSON.stringify(revert) },
      }
      await kube.create(RESOURCES.configMaps, object, { signal })
      return revert
    },
    async forget(id, signal) {
      const there = await find(id, signal)
      if (there !== undefined) await kube.delete(RESOURCES.configMaps, there.found, { signal })
    },
    async all(signal) {
      const objects = await kube.list<ConfigMap>(RESOURCES.configMaps, namespace, signal)
      return objects.flatMap((object) => rememberedBy(object, clusterId, kind) ?? [])
    },
    async inForce(signal) {
      const objects = await kube.list<ConfigMap>(RESOURCES.configMaps, namespace, signal)
      return objects
        .filter(({ metadata: { labels } }) => labels?.[OPERATION_LABEL] === kind)
        .map(({ data }) => ({ id: data?.['id'] ?? '', revert: readRevert(parsed(data?.['revert'])) }))
    },
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
