/** The whole: control plane, Antrea, manager, a fleet, and the adapter as a process. */
import assert from 'node:assert/strict'
import { type AdapterHost, adapterWrites, prepareAdapter } from './adapter.ts'
import { type Antrea, type AntreaOptions, attachAntrea } from './antrea.ts'
import { type AuditEvent, inWords } from './audit.ts'
import { type ControlPlane, startControlPlane } from './controlplane.ts'
import { clusterGroups, clusterNetworkPolicies, enforced, isOwned } from './enforced.ts'
import { expectedEnforcement } from './expected.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { type Nsx, startNsx } from './nsx.ts'
import { programs } from './tier.ts'
import { type EventuallyOptions, eventually, sleep } from './wait.ts'

export const CLUSTER = { id: '6f5a1d0c-2b1e-4c55-9c6e-0d9f8a7b6c5d', name: 'real-cluster' }

export interface Stack {
  readonly plane: ControlPlane
  readonly antrea: Antrea
  readonly nsx: Nsx
  readonly fleet: Fleet
  readonly adapter: AdapterHost
  /** Waits until Antrea enforces exactly what NSX wants, and the manager's inventory holds exactly the cluster's pods. */
  settled(options?: EventuallyOptions): Promise<void>
  /** Waits until the adapters have changed nothing for `forMs`, in the cluster or in NSX. */
  quiet(forMs?: number): Promise<void>
  /** Counts what the adapter writes from here on, in the cluster and in NSX. */
  countWrites(instance?: string): { kube(): AuditEvent[]; nsx(): string[] }
  stop(): Promise<void>
}

export interface StackOptions extends AntreaOptions {
  /** A manager that another cluster's stack has, as this cluster sees it; one of its own without it. */
  readonly nsx?: Nsx
}

/** Starts everything but the adapter. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const ends: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of ends.reverse()) await end()
  }
  try {
    const plane = await startControlPlane({ programs: await programs() })
    ends.push(() => plane.stop())
    const fleet = await createFleet(plane.api)
    const antrea = await attachAntrea(plane, options)
    ends.push(() => antrea.stop())
    const nsx = options.nsx ?? (await startNsx(CLUSTER))
    ends.push(() => nsx.stop())
    const adapter = await prepareAdapter(plane, nsx)
    ends.push(() => adapter.stop())
    return {
      plane,
      antrea,
      nsx,
      fleet,
      adapter,
      async settled(within) {
        await eventually('everything is settled', () => checkSettled(plane, nsx), { everyMs: 250, ...within })
      },
      async quiet(forMs = 2_500) {
        await eventually(
          `${forMs} ms pass without a write`,
          async () => {
            const writes = countWrites(plane, nsx)
            await sleep(forMs)
            assert.deepEqual([inWords(writes.kube()), writes.nsx()], [[], []])
            return true
          },
          { withinMs: 60_000, everyMs: 0 },
        )
      },
      countWrites: (instance) => countWrites(plane, nsx, instance),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Throws what differs: Antrea enforces exactly what NSX wants, and the inventory holds exactly the cluster's pods. */
export async function checkSettled(plane: ControlPlane, nsx: Nsx): Promise<true> {
  const wanted = await expectedEnforcement(nsx, plane.api)
  const owned = new Set(
    (await clusterNetworkPolicies(plane.api)).filter(isOwned).map(({ metadata }) => metadata.name),
  )
  const found = await enforced(plane.api, (name) => owned.has(name))
  assert.deepEqual(found, wanted)
  assert.deepEqual([...owned].sort(), wanted.map(({ name }) => name).sort())
  const [pods, instances] = await Promise.all([
    plane.api.get('/api/v1/pods'),
    nsx.inventory('container-application-instances'),
  ])
  const inKubernetes = pods.items.map(
    ({ metadata, status }: { metadata: { name: string; uid: string }; status: { podIP: string } }) => ({
      id: metadata.uid,
      name: metadata.name,
      ip: status.podIP,
    }),
  )
  const inNsx = instances.map(({ external_id, display_name, origin_properties }) => ({
    id: external_id,
    name: display_name,
    ip: origin_properties.find(({ key }: { key: string }) => key === 'ip')?.value,
  }))
  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
  assert.deepEqual(inNsx.sort(byId), inKubernetes.sort(byId))
  return true
}

/** Every ClusterGroup of the adapter is in use: named by one of its policies, or by a group that is. */
export async function assertNoStaleGroups({ api }: ControlPlane): Promise<void> {
  const groups = (await clusterGroups(api)).filter(isOwned)
  const policies = (await clusterNetworkPolicies(api)).filter(isOwned)
  const used = new Set<string>()
  const text = JSON.stringify(policies.map(({ spec }) => spec))
  const visit = (name: string) => {
    if (used.has(name)) return
    used.add(name)
    for (const child of groups.find(({ metadata }) => metadata.name === name)?.spec.childGroups ?? [])
      visit(child)
  }
  for (const { metadata } of groups) if (text.includes(`"${metadata.name}"`)) visit(metadata.name)
  assert.deepEqual(
    groups.map(({ metadata }) => metadata.name).filter((name: string) => !used.has(name)),
    [],
    'ClusterGroups of the adapter that nothing uses',
  )
}

function countWrites(plane: ControlPlane, nsx: Nsx, instance?: string) {
  const mark = plane.audit.mark()
  const inNsx: string[] = []
  nsx.manager.audit.subscribe(({ mutating, method, path, status, user }) => {
    if (mutating && user === nsx.cluster.name) inNsx.push(`${method} ${path} ${status}`)
  })
  return { kube: () => plane.audit.writes(adapterWrites(instance), mark), nsx: () => [...inNsx] }
}
