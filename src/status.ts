/** How the adapter is, in one value: what `status`, `/status`, `/readyz` and systemd are told. */
import { briefState } from './diagnostics/index.ts'
import type { ActiveWarning, ComponentName, Health } from './health/index.ts'
import type { KubeSide } from './kube/cluster.ts'
import type { Instances, InstanceView } from './kube/instances.ts'
import type { ResourceName } from './kube/resources.ts'

export interface StatusSnapshot {
  readonly version: string
  readonly instance: string
  readonly cluster: { readonly id: string; readonly name: string }
  readonly role: string
  readonly ready: boolean
  /** Why not, in words; empty when ready. */
  readonly reasons: readonly string[]
  readonly components: Readonly<
    Record<string, { readonly state: string; readonly since: number } | undefined>
  >
  readonly stores: Readonly<
    Record<string, { readonly objects: number; readonly synced: boolean; readonly live: boolean }>
  >
  readonly warnings: readonly ActiveWarning[]
  /** Name of the instance that holds the lease, as it was last seen; empty when nobody does. */
  readonly leader: string
  /** Of this cluster, the leader first. */
  readonly instances: readonly InstanceView[]
}

/** What a status is made of. */
export interface StatusSources {
  readonly about: Pick<StatusSnapshot, 'version' | 'instance' | 'cluster'>
  /** The root chart's, in words. */
  readonly role: string
  readonly watched: readonly ResourceName[]
  readonly health: Health
  readonly kube: KubeSide
  readonly instances: Instances
}

/** Charts by name, and the component that each stands for. */
export const COMPONENTS: Readonly<Record<string, ComponentName>> = {
  adapter: 'adapter',
  'adapter/lease': 'lease',
  'adapter/ccp': 'ccp',
  'adapter/mp': 'mp',
}

/** Everything of one moment. */
export function statusOf({
  about: { version, instance, cluster },
  role,
  watched,
  health,
  kube,
  instances,
}: StatusSources): StatusSnapshot {
  const warnings = health.warnings()
  const components = Object.fromEntries(
    Object.values(COMPONENTS).map((name) => [name, health.component(name)]),
  )
  const reasons = notReady(role, components, health, kube)
  return {
    version,
    instance,
    cluster,
    role,
    ready: reasons.length === 0,
    reasons,
    components,
    stores: Object.fromEntries(
      watched.map((name) => {
        const store = kube.store(name)
        return [name, { objects: store.size, synced: store.synced, live: store.live }]
      }),
    ),
    warnings,
    leader: kube.leaseHolder(),
    instances: instances.view(),
  }
}

/** A leader is ready when both channels watch; a standby when it has read the cluster. Blocking warnings speak for themselves. */
function notReady(
  role: string,
  components: StatusSnapshot['components'],
  health: Health,
  kube: KubeSide,
): string[] {
  const reasons = health.blocking().map((warning) => `${warning.code}: ${warning.title}`)
  if (!kube.ready()) reasons.push('the cluster has not been read completely yet, or a watch is down')
  if (role !== 'leading' && role !== 'standby') reasons.push(`the adapter is ${role}`)
  if (role === 'leading') {
    for (const channel of ['ccp', 'mp'] as const) {
      const state = components[channel]?.state ?? 'not started'
      if (!/(^|\.)watching\b/.test(state))
        reasons.push(`the ${channel} channel is not watching (${briefState(state)})`)
    }
  }
  return reasons
}
