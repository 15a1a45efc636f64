/**
 * A corpus of policies through the real API server and antrea-controller (or its stand-in): what is computed from what the
 * translation emits decides every flow as NSX does.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTiers, type Post } from '../oracle/admission.ts'
import {
  type Answer,
  accepted,
  answersOf,
  enforce,
  judgeOf,
  randomWorld,
  translate,
} from '../oracle/exact.ts'
import { type Cluster, show } from '../oracle/types.ts'
import { type Antrea, attachAntrea } from './harness/antrea.ts'
import { computedJudge, readComputed } from './harness/computed.ts'
import { type ControlPlane, startControlPlane } from './harness/controlplane.ts'
import { putPod, putService } from './harness/population.ts'
import { programs, skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const POLICIES = 200
const FLOWS = 300
const CRD = '/apis/crd.antrea.io/v1beta1'
let plane: ControlPlane
let antrea: Antrea

before(
  async () => {
    if (skip !== false) return
    plane = await startControlPlane({ programs: await programs() })
    antrea = await attachAntrea(plane)
    await plane.api.post('/api/v1/nodes', { metadata: { name: 'n1' } })
  },
  { timeout: 240_000 },
)
after(async () => {
  await antrea?.stop()
  await plane?.stop()
})

const post: Post = (path, body) => plane.api.ask('POST', path, { body })

/** As the random cluster has them; those of the world before are gone. */
async function populate({ namespaces, pods, services }: Cluster): Promise<void> {
  const { api } = plane
  for (const { name, labels } of namespaces) {
    await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name } } })
    const there = (await api.get(`/api/v1/namespaces/${name}`)).metadata.labels ?? {}
    const gone = Object.fromEntries(Object.keys(there).map((key) => [key, null]))
    await api.patch(`/api/v1/namespaces/${name}`, { metadata: { labels: { ...gone, ...labels } } })
  }
  await Promise.all([
    ...pods.map((pod) => putPod(api, pod, 'n1')),
    ...services.map((service) => putService(api, service)),
  ])
}

async function clear({ pods, services }: Cluster): Promise<void> {
  const { api } = plane
  await Promise.all([
    ...pods.map(({ name, namespace }) =>
      api.delete(`/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`),
    ),
    ...services.map(({ name, namespace }) => api.delete(`/api/v1/namespaces/${namespace}/services/${name}`)),
  ])
}

interface Emitted {
  readonly metadata: { readonly name: string }
  readonly spec: unknown
}

async function create(plural: string, { metadata, ...rest }: Emitted): Promise<void> {
  const { status: _status, ...sent } = rest as Emitted & { status?: unknown }
  const { name, labels, annotations } = metadata as Emitted['metadata'] & {
    labels?: object
    annotations?: object
  }
  // A group or a policy may be asked about a moment before the controller knows what it names.
  await eventually(`${plural} ${name} is taken`, () =>
    plane.api.post(`${CRD}/${plural}`, { ...sent, metadata: { name, labels, annotations } }),
  )
}

/** Groups that others name come first. */
const byDependency = (groups: readonly Emitted[]): Emitted[] => {
  const isParent = ({ spec }: Emitted) => (spec as { childGroups?: unknown }).childGroups !== undefined
  return [...groups].sort((a, b) => Number(isParent(a)) - Number(isParent(b)))
}

async function firstDifference(
  answers: readonly Answer[],
  names: readonly string[],
): Promise<string | undefined> {
  const computed = await readComputed(plane.api)
  const found = computed.policies.map(({ sourceRef }) => sourceRef.name).sort()
  if (found.join() !== [...names].sort().join()) return `computed are ${found}`
  const judge = computedJudge(computed)
  for (const { flow, direction, verdict } of answers) {
    const antrea = judge(flow, direction)
    if (antrea !== verdict) return `${direction} of ${show(flow)}: NSX says ${verdict}, computed is ${antrea}`
  }
  return undefined
}

test(`${POLICIES} policies: what is computed decides each flow as NSX does`, {
  skip,
  timeout: 240_000,
}, async () => {
  await createTiers(post)
  const total = { worlds: 0, policies: 0, flows: 0 }
  for (let seed = 1; total.policies < POLICIES; seed += 1) {
    const world = randomWorld(seed, FLOWS)
    const translation = translate(world.intent, world.cluster)
    const { policies, groups } = enforce(translation)
    if (policies.length === 0) continue
    const answers = answersOf(judgeOf(world, accepted(translation)), world.flows)
    await populate(world.cluster)
    for (const group of byDependency(groups)) await create('clustergroups', group)
    await Promise.all(policies.map((policy) => create('clusternetworkpolicies', policy)))
    const names = policies.map(({ metadata }) => metadata.name)
    await eventually(
      `seed ${seed}: computed is what NSX says`,
      async () => {
        const difference = await firstDifference(answers, names)
        assert.equal(difference, undefined, difference)
        return true
      },
      { withinMs: 15_000, everyMs: 50 },
    )
    total.worlds += 1
    total.policies += policies.length
    total.flows += answers.length
    for (const name of names) await plane.api.delete(`${CRD}/clusternetworkpolicies/${name}`)
    for (const { metadata } of byDependency(groups).reverse())
      await plane.api.delete(`${CRD}/clustergroups/${metadata.name}`)
    await clear(world.cluster)
  }
  process.stdout.write(`# ${JSON.stringify(total)}\n`)
})
