/**
 * The same over NSX's public REST API (docs/nsx-manager.md): policy is polled. How it is realized is looked at as ever, for
 * `status` and the inspection; NSX has no call to take it.
 */
import { REST_SYNC_MS } from '../../limits.ts'
import type { NsxRest } from '../../nsx/index.ts'
import { ANNOTATIONS, ownershipOf } from '../ownership.ts'
import type { ReportSource } from '../report.ts'
import { connectRest, followRest, restBackoffMs, restMemory } from '../source/rest/index.ts'
import type { CcpDriver, DriverDeps } from './types.ts'

export function restDriver(deps: DriverDeps, nsx: NsxRest, source: ReportSource): CcpDriver {
  const memory = restMemory()
  const rest = { ...deps, nsx, owned: () => ownedPaths(deps) }
  return {
    connect: (_leader, signal) => connectRest(rest, memory, signal),
    follow: (session, handlers, signal) => followRest(rest, session, memory, handlers, signal),
    told: () => memory.told,
    probe: (signal) => nsx.probe(signal),
    close: async () => {},
    reporter: { flush: async () => ({ againMs: source.current()?.againMs, more: false }) },
    backoffMs: (failures, error) => restBackoffMs(deps.random, failures, error),
    syncLimitMs: REST_SYNC_MS,
  }
}

/** Paths of the policies that our own objects in the cluster were made from; undefined while these are not known. */
function ownedPaths({ stores, clusterId }: DriverDeps): ReadonlySet<string> | undefined {
  const { clusterNetworkPolicies: policies } = stores
  if (!policies.synced) return undefined
  const paths = new Set<string>()
  for (const name of policies.keys()) {
    const object = policies.get(name)
    const path = object?.metadata.annotations?.[ANNOTATIONS.intentPath]
    if (object !== undefined && path !== undefined && ownershipOf(object, clusterId) === 'ours')
      paths.add(path)
  }
  return paths
}
