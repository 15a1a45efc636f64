/** One checker a rule of ARCHITECTURE.md. Each throws with what it found; whoever calls adds the seed. */
import assert from 'node:assert/strict'
import type { StoredObject } from '../../src/sandbox/apiserver/index.ts'
import { actualLines, type ClusterView, expectedLines, isWanted, reachedGroups } from './expected.ts'
import type { ModelGroup, ModelPolicy } from './model.ts'
import type { World } from './world.ts'

const OWNED = 'app.kubernetes.io/managed-by'

export interface Intent {
  readonly policies: ReadonlyMap<string, ModelPolicy>
  readonly groups: ReadonlyMap<string, ModelGroup>
  /** What NSX assigned: the policy's unique_id and its rules' rule_id. */
  readonly assigned: ReadonlyMap<
    string,
    { readonly uniqueId: string; readonly ruleIds: ReadonlyMap<string, number> }
  >
}

const isOwned = (object: StoredObject) =>
  object.metadata.labels?.[OWNED] === 'antrea-nsx-adapter' &&
  object.metadata.annotations?.['antrea-nsx-adapter/cluster-id'] !== undefined

export function viewOf(world: World): ClusterView {
  const { api } = world.cluster
  return {
    pods: api.list('pods').filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    namespaces: new Map(
      api.list('namespaces').map(({ metadata }) => [metadata.name, metadata.labels ?? {}] as const),
    ),
    groups: new Map(
      api
        .list('clustergroups.crd.antrea.io')
        .map((group) => [group.metadata.name, (group['spec'] ?? {}) as never] as const),
    ),
  }
}

/** Rule 1 and 2: what the model wants is in the cluster exactly once, and of ours nothing else. */
export function checkPolicies(world: World, intent: Intent): void {
  const view = viewOf(world)
  const stored = world.cluster.api.list('clusternetworkpolicies.crd.antrea.io').filter(isOwned)
  const byName = new Map(stored.map((policy) => [policy.metadata.name, policy]))
  const wanted = [...intent.policies.values()].filter(isWanted)
  const names = wanted.map(({ id }) => intent.assigned.get(id)!.uniqueId)
  assert.deepEqual([...byName.keys()].sort(), [...names].sort(), 'rules 1 and 2: policies in the cluster')
  for (const policy of wanted) {
    const { uniqueId, ruleIds } = intent.assigned.get(policy.id)!
    assert.deepEqual(
      actualLines(byName.get(uniqueId)!, view).sort(),
      expectedLines(policy, ruleIds, intent.groups, view).sort(),
      `rule 1: the rules of ${policy.id}`,
    )
  }
  const groups = world.cluster.api.list('clustergroups.crd.antrea.io').filter(isOwned)
  assert.deepEqual(
    groups.map(({ metadata }) => metadata.name).sort(),
    [...reachedGroups(stored, view)].sort(),
    'rule 2: groups in the cluster',
  )
}

/** Rule 1, upwards: NSX shows the cluster's Pods as they are. */
export async function checkPodsShown(world: World, clusterId: string): Promise<void> {
  const { results } = await world.nsx<{
    results: { external_id: string; tags?: { scope: string; tag: string }[] }[]
  }>('GET', `/api/v1/fabric/container-application-instances?container_cluster_id=${clusterId}&page_size=1000`)
  const shown = results.map(({ external_id, tags = [] }) => {
    const app = tags.find(({ scope }) => scope === 'dis:k8s:app')?.tag
    return `${external_id} ${app}`
  })
  const pods = viewOf(world).pods.map(({ metadata }) => `${metadata.uid} ${metadata.labels?.['app']}`)
  assert.deepEqual(shown.sort(), pods.sort(), 'rule 1: the Pods NSX shows')
}

/** … and every policy in force as realized. */
export async function checkShown(world: World, intent: Intent, clusterId: string): Promise<void> {
  await checkPodsShown(world, clusterId)
  for (const policy of [...intent.policies.values()].filter(isWanted)) {
    const path = encodeURIComponent(`/infra/domains/default/security-policies/${policy.id}`)
    const answer = await world.nsx<{ results: { state: string }[] }>(
      'GET',
      `/policy/api/v1/infra/realized-state/realized-entities?intent_path=${path}`,
    )
    assert.deepEqual(
      [...new Set(answer.results.map(({ state }) => state))],
      ['REALIZED'],
      `rule 1: the realization of ${policy.id}`,
    )
  }
}

/** Rule 1, upwards: policies that NSX did not make are shown, each once, realized where they are (agents are all well here). */
export async function checkOthersShown(world: World, clusterId: string): Promise<void> {
  const { results } = await world.nsx<{
    results: { external_id: string; network_status?: string; realization?: { state: string } }[]
  }>('GET', `/api/v1/fabric/container-network-policies?container_cluster_id=${clusterId}&page_size=1000`)
  const { api } = world.cluster
  const wanted = [
    ...api.list('networkpolicies.networking.k8s.io'),
    ...api.list('clusternetworkpolicies.crd.antrea.io').filter((policy) => !isOwned(policy)),
  ].map(({ metadata }) => `${metadata.uid} SUCCESS HEALTHY`)
  const shown = results
    .filter(({ realization }) => realization !== undefined)
    .map((one) => `${one.external_id} ${one.realization?.state} ${one.network_status}`)
  assert.deepEqual(shown.sort(), wanted.sort(), 'rule 1: the policies that NSX did not make')
}

/** What is not ours and must never change. */
export interface Foreign {
  readonly resource: string
  readonly name: string
}

/** Rule 2: foreign objects are as they were. */
export function createForeignCheck(world: World, foreign: readonly Foreign[]): () => void {
  const read = () =>
    foreign.map(({ resource, name }) => {
      const object = world.cluster.api.get(resource, name)
      return object === undefined
        ? `${name} is gone`
        : JSON.stringify([
            name,
            object.metadata.uid,
            object.metadata.labels,
            object.metadata.annotations,
            object['spec'],
          ])
    })
  const before = read()
  return () => assert.deepEqual(read(), before, 'rule 2: foreign objects')
}

export interface Watcher {
  /** Writes of adapters to the cluster so far, the lease apart. */
  writes(): number
  /** Throws the first violation that was seen. */
  check(): void
}

/** A policy that was wanted so long must not be deleted: a moment's disagreement is the way a change takes. */
const WANTED_FOR_MS = 60_000

/** Rules 5 and 6, judged at every write: who writes holds the lease, and nothing NSX still wants is deleted. */
export function watchWrites(world: World, wantedSince: (uniqueId: string) => number | undefined): Watcher {
  const violations: string[] = []
  let writes = 0
  const { api } = world.cluster
  api.audit.subscribe((entry) => {
    if (!entry.mutating || !entry.user.startsWith('adapter-') || entry.path.includes('/leases')) return
    if (entry.code >= 300) return
    writes += 1
    const lease = api.get('leases.coordination.k8s.io', 'antrea-nsx-adapter', 'antrea-nsx-adapter')
    const spec = (lease?.['spec'] ?? {}) as { holderIdentity?: string; renewTime?: string }
    const ageMs = world.clock.now() - Date.parse(spec.renewTime ?? '')
    if (spec.holderIdentity !== entry.user)
      violations.push(`rule 6: ${entry.user} wrote ${entry.path} while ${spec.holderIdentity} led`)
    else if (!(ageMs <= 15_000))
      violations.push(`rule 6: ${entry.user} wrote ${entry.path} ${ageMs} ms after its renewal`)
    const name = /\/clusternetworkpolicies\/([^/?]+)/.exec(entry.path)?.[1]
    if (entry.verb !== 'delete' || name === undefined) return
    const since = wantedSince(name)
    if (since !== undefined && world.clock.now() - since > WANTED_FOR_MS)
      violations.push(`rule 5: ${entry.user} deleted ${name}, which NSX wants`)
  })
  return {
    writes: () => writes,
    check: () => assert.deepEqual(violations.slice(0, 5), []),
  }
}
