/** How the adapter is, in one value: what `status`, `/status`, `/readyz` and systemd are told. */
import type { PolicyFigures } from '../ccp/index.ts'
import { briefState } from '../diagnostics/index.ts'
import {
  type ActiveWarning,
  type ComponentName,
  type Health,
  WARNINGS,
  type Warning,
} from '../health/index.ts'
import type { KubeSide } from '../kube/cluster.ts'
import type { Instances, InstanceView } from '../kube/instances.ts'
import type { ResourceName } from '../kube/resources.ts'
import { conditionsOf, type StatusCondition } from './conditions.ts'
import type { ProgressView } from './progress.ts'

export interface StatusSnapshot {
  readonly version: string
  readonly instance: string
  readonly cluster: { readonly id: string; readonly name: string }
  readonly role: string
  readonly ready: boolean
  /** What being ready is made of, in a fixed order. */
  readonly checks: readonly ReadyCheck[]
  /** Why not, in words; empty when ready. */
  readonly reasons: readonly string[]
  readonly components: Readonly<
    Record<string, { readonly state: string; readonly since: number } | undefined>
  >
  readonly stores: Readonly<
    Record<string, { readonly objects: number; readonly synced: boolean; readonly live: boolean }>
  >
  readonly warnings: readonly ActiveWarning[]
  /** The same as conditions: True is always well. */
  readonly conditions: readonly StatusCondition[]
  /** Name of the instance that holds the lease, as it was last seen; empty when nobody does. */
  readonly leader: string
  /** Of this cluster, the leader first. */
  readonly instances: readonly InstanceView[]
  /** How far the channels are: last full sync, lag, the last report of health that NSX took. */
  readonly progress: ProgressView
  /** Policies of NSX in force and refused; of the instance that leads. */
  readonly policies: PolicyFigures
  /** Channels that write nothing because somebody wants it so, from when until when. */
  readonly pauses: Readonly<Partial<Record<'ccp' | 'mp', Pause>>>
  /** Agents of Antrea, and the Nodes whose agents cannot be relied on. */
  readonly agents: { readonly known: number; readonly troubled: readonly string[] }
}

/** Milliseconds since 1970. */
export interface Pause {
  readonly since: number
  readonly until: number
}

export interface ReadyCheck {
  /** As a path: `/readyz/NAME`. */
  readonly name: string
  readonly ok: boolean
  /** Why not, in words. */
  readonly reason: string
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
  readonly parts: Pick<StatusSnapshot, 'progress' | 'policies' | 'pauses' | 'agents'>
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
  parts,
}: StatusSources): StatusSnapshot {
  const warnings = health.warnings()
  const components = Object.fromEntries(
    Object.values(COMPONENTS).map((name) => [name, health.component(name)]),
  )
  const checks = readyChecks(role, components, health, kube)
  const reasons = checks.filter(({ ok }) => !ok).map(({ reason }) => reason)
  return {
    version,
    instance,
    cluster,
    role,
    ready: reasons.length === 0,
    checks,
    reasons,
    components,
    stores: Object.fromEntries(
      watched.map((name) => {
        const store = kube.store(name)
        return [name, { objects: store.size, synced: store.synced, live: store.live }]
      }),
    ),
    warnings,
    conditions: conditionsOf(reasons.length === 0, reasons, warnings),
    leader: kube.leaseHolder(),
    instances: instances.view(),
    ...parts,
  }
}

/** `KUBE_UNREACHABLE` → `kube-unreachable`. */
export const checkName = (code: string): string => code.toLowerCase().replaceAll('_', '-')

/** Warnings that keep the adapter from being ready: each is a check. */
const BLOCKING = Object.entries(WARNINGS as Readonly<Record<string, Warning>>)
  .filter(([, { blocksReady }]) => blocksReady === true)
  .map(([code]) => code)

/**
 * A leader is ready when both channels watch; a standby when it has read the cluster, for then it can lead at once: a
 * probe that took it for ill would have it restarted, and the next failover would begin with a cold copy.
 */
function readyChecks(
  role: string,
  components: StatusSnapshot['components'],
  health: Health,
  kube: KubeSide,
): ReadyCheck[] {
  const blocking = new Map<string, ActiveWarning>(health.blocking().map((warning) => [warning.code, warning]))
  const check = (name: string, problem: string | undefined): ReadyCheck => ({
    name,
    ok: problem === undefined,
    reason: problem ?? '',
  })
  const channel = (name: 'ccp' | 'mp') => {
    const state = components[name]?.state ?? 'not started'
    const isWell = role !== 'leading' || /(^|\.)watching\b/.test(state)
    const words = `the ${name} channel is not watching (${briefState(state)})`
    return check(`${name}-channel`, isWell ? undefined : words)
  }
  const isRole = role === 'leading' || role === 'standby'
  return [
    ...BLOCKING.map((code) => {
      const warning = blocking.get(code)
      return check(checkName(code), warning === undefined ? undefined : `${code}: ${warning.title}`)
    }),
    check(
      'cluster-read',
      kube.ready() ? undefined : 'the cluster has not been read completely yet, or a watch is down',
    ),
    check('role', isRole ? undefined : `the adapter is ${role}`),
    channel('ccp'),
    channel('mp'),
  ]
}
