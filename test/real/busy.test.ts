/** A cluster in which thousands of Pods and Services come, change, move and go: in the end NSX shows what is there. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AnyJson } from './harness/api.ts'
import { NODES } from './harness/fleet.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const PODS = 1_500
const SERVICES = 60
const TEAMS = ['red', 'green', 'blue'] as const
const WRITERS = 12
const SAMPLE = 200
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    for (const team of TEAMS) await stack.fleet.namespace(team, { team })
    await stack.adapter.run('only')
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const teamOf = (index: number) => TEAMS[index % TEAMS.length] ?? 'red'
const nodeOf = (index: number) => NODES[(index >> 2) % NODES.length] ?? 'n1'
const ipOf = (index: number) => `10.20.${index >> 8}.${index & 255}`

/** All of `count`, some at once, in order of their number. */
async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (let index = next++; index < count; index = next++) await work(index)
    }),
  )
}

const makePod = (index: number, node = nodeOf(index)) =>
  stack.fleet.pod({
    namespace: teamOf(index),
    name: `p${index}`,
    labels: { app: `app-${index % 9}`, shard: `${index % 5}` },
    node,
    ip: ipOf(index),
  })

/** Every third goes, every fifth has another label, every seventh comes back under its name on another node. */
async function disturb(index: number): Promise<void> {
  const [team, name] = [teamOf(index), `p${index}`]
  if (index % 3 === 0) return stack.fleet.deletePod(team, name)
  if (index % 5 === 0) await stack.fleet.relabel(team, name, { app: 'moved', shard: null })
  if (index % 7 === 0) {
    await stack.fleet.deletePod(team, name)
    await makePod(index, nodeOf(index + 4))
  }
}

/** A Service with its slice, as kube-controller-manager keeps it: the Pods of its team whose number divides. */
async function makeService(index: number): Promise<void> {
  const { api } = stack.plane
  const team = teamOf(index)
  await api.post(`/api/v1/namespaces/${team}/services`, {
    metadata: { name: `s${index}`, labels: { app: `app-${index % 9}` } },
    spec: { ports: [{ port: 80, targetPort: 8_080 }] },
  })
  await api.post(`/apis/discovery.k8s.io/v1/namespaces/${team}/endpointslices`, {
    metadata: { name: `s${index}-x`, labels: { 'kubernetes.io/service-name': `s${index}` } },
    addressType: 'IPv4',
    endpoints: await endpointsOf(team, index),
  })
}

async function endpointsOf(team: string, index: number) {
  const { items } = await stack.plane.api.get(
    `/api/v1/namespaces/${team}/pods?labelSelector=${encodeURIComponent(`app=app-${index % 9}`)}&limit=60`,
  )
  return items.map(({ metadata, status }: AnyJson) => ({
    addresses: [status.podIP ?? '10.20.255.1'],
    conditions: { ready: index % 2 === 0 },
    targetRef: { kind: 'Pod', namespace: team, name: metadata.name, uid: metadata.uid },
  }))
}

async function changeService(index: number): Promise<void> {
  const { api } = stack.plane
  const team = teamOf(index)
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${team}/endpointslices/s${index}-x`
  if (index % 4 === 0) {
    await api.delete(slices)
    await api.delete(`/api/v1/namespaces/${team}/services/s${index}`)
  } else await api.patch(slices, { endpoints: await endpointsOf(team, index + 1) })
}

const itemsOf = async (path: string): Promise<AnyJson[]> => (await stack.plane.api.get(path)).items
const byId = (objects: readonly AnyJson[]) =>
  new Map(objects.map((object) => [object.external_id as string, object]))
const idsOf = (objects: readonly AnyJson[]) => objects.map(({ metadata }) => metadata.uid as string).sort()

const LISTS = {
  'container-application-instances': '/api/v1/pods',
  'container-applications': '/api/v1/services',
  'container-projects': '/api/v1/namespaces',
  'container-cluster-nodes': '/api/v1/nodes',
  'container-ingress-policies': '/apis/networking.k8s.io/v1/ingresses',
} as const

/** What a Pod should look like in NSX, from the API server's objects alone. */
function expectedOf(
  pod: AnyJson,
  world: { nodes: AnyJson[]; namespaces: AnyJson[]; services: AnyJson[]; slices: AnyJson[] },
) {
  const { metadata, spec, status } = pod
  const names = world.slices
    .filter(({ endpoints }) => (endpoints ?? []).some((e: AnyJson) => e.targetRef?.uid === metadata.uid))
    .map((slice) => `${slice.metadata.namespace}/${slice.metadata.labels['kubernetes.io/service-name']}`)
  return {
    display_name: metadata.name,
    container_project_id: world.namespaces.find((each) => each.metadata.name === metadata.namespace)?.metadata
      .uid,
    cluster_node_id: world.nodes.find((each) => each.metadata.name === spec.nodeName)?.metadata.uid,
    status: status.phase === 'Running' ? 'UP' : 'DOWN',
    ip: status.podIP,
    tags: Object.entries(metadata.labels)
      .map(([key, value]) => `dis:k8s:${key}=${value}`)
      .sort(),
    services: world.services
      .filter((each) => names.includes(`${each.metadata.namespace}/${each.metadata.name}`))
      .map((each) => each.metadata.uid)
      .sort(),
  }
}

const shownOf = (object: AnyJson) => ({
  display_name: object.display_name,
  container_project_id: object.container_project_id,
  cluster_node_id: object.cluster_node_id,
  status: object.status,
  ip: object.origin_properties.find(({ key }: AnyJson) => key === 'ip')?.value,
  tags: object.tags.map(({ scope, tag }: AnyJson) => `${scope}=${tag}`).sort(),
  services: [...object.container_application_ids].sort(),
})

test('after much coming and going NSX holds the API server, object by object', {
  skip,
  timeout: 180_000,
}, async () => {
  await each(PODS, (index) => makePod(index))
  await each(SERVICES, makeService)
  await each(PODS, disturb)
  await each(SERVICES, changeService)
  for (const [list, path] of Object.entries(LISTS))
    await eventually(
      `${list} are those of the API server`,
      async () => {
        const [shown, there] = await Promise.all([stack.nsx.inventory(list), itemsOf(path)])
        assert.deepEqual([...byId(shown).keys()].sort(), idsOf(there))
        assert.equal(shown.length, there.length)
        return true
      },
      // Deletes of over a fifth wait 30 s for their second look.
      { withinMs: 90_000, everyMs: 1_000 },
    )
  const [pods, nodes, namespaces, services, slices] = await Promise.all([
    itemsOf('/api/v1/pods'),
    itemsOf('/api/v1/nodes'),
    itemsOf('/api/v1/namespaces'),
    itemsOf('/api/v1/services'),
    itemsOf('/apis/discovery.k8s.io/v1/endpointslices'),
  ])
  assert.ok(pods.length > PODS / 2)
  await eventually('a sample is the same field by field', async () => {
    const shown = byId(await stack.nsx.inventory('container-application-instances'))
    const step = Math.ceil(pods.length / SAMPLE)
    for (const pod of pods.filter((_, at) => at % step === 0))
      assert.deepEqual(
        shownOf(shown.get(pod.metadata.uid)),
        expectedOf(pod, { nodes, namespaces, services, slices }),
      )
    return true
  })
})
