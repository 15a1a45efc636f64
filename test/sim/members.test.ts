/**
 * What the translation stands on besides policy, through the real composition on a fake clock: the addresses of virtual
 * machines, which the manager tells and which move; and the cluster's CRDs, which change under a running adapter.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorld, driven, type World } from './world.ts'

const DOMAIN = '/policy/api/v1/infra/domains/default'
const SPAN = '/infra/sites/default/enforcement-points/default/cluster-control-planes/sim'
const CRD = '/apis/crd.antrea.io/v1beta1'
const DEFINITION =
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusternetworkpolicies.crd.antrea.io'

type Json = Readonly<Record<string, unknown>>
interface Thing {
  readonly metadata: { readonly name: string; readonly generation?: number }
  readonly spec: Json
}

async function inWorld(seed: number, run: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(seed)
  try {
    await world.startAdapter('adapter-a')
    await world.clock.advance(30_000)
    await run(world)
  } finally {
    await world.stop()
  }
}

const ask = <T = unknown>(world: World, ...call: Parameters<World['nsx']>) =>
  driven(world.clock, world.nsx<T>(...call))
const list = async (world: World, plural: string) =>
  (await driven(world.clock, world.kube<{ items: Thing[] }>('GET', `${CRD}/${plural}`))).items

async function putPolicy(world: World, rule: Json): Promise<void> {
  const path = `${DOMAIN}/security-policies/p`
  await ask(world, 'PATCH', path, {
    category: 'Application',
    scope: ['ANY'],
    rules: [
      {
        id: 'r',
        action: 'ALLOW',
        direction: 'IN',
        sequence_number: 1,
        source_groups: ['ANY'],
        destination_groups: ['ANY'],
        services: ['ANY'],
        scope: ['ANY'],
        ...rule,
      },
    ],
  })
  await ask(world, 'PATCH', `${path}/container-cluster-span/this`, {
    container_cluster_path: SPAN,
  })
  await world.clock.advance(10_000)
}

const machine = (world: World, id: string, ...ip_addresses: string[]) =>
  ask(world, 'PUT', `/api/v1/fabric/virtual-machines/${id}`, {
    display_name: id,
    tags: [{ scope: 'role', tag: 'db' }],
    ip_addresses,
  })

/** The addresses of the rule's only group, as its children in the cluster have them. */
async function addressesOf(world: World): Promise<string[]> {
  const [policy] = await list(world, 'clusternetworkpolicies')
  const [rule] = (policy?.spec['ingress'] ?? []) as { from?: { group?: string }[] }[]
  const groups = new Map((await list(world, 'clustergroups')).map((one) => [one.metadata.name, one.spec]))
  const children = (groups.get(rule?.from?.[0]?.group ?? '')?.['childGroups'] ?? []) as string[]
  return children
    .flatMap((name) => (groups.get(name)?.['ipBlocks'] ?? []) as { cidr: string }[])
    .map(({ cidr }) => cidr)
    .sort()
}

test('a rule from virtual machines to Pods follows their addresses, and writes the policy no more', async () => {
  await inWorld(1, async (world) => {
    await machine(world, 'vm-1', '192.0.2.11')
    await machine(world, 'vm-2', '192.0.2.12', '2001:db8::12')
    await ask(world, 'PATCH', `${DOMAIN}/groups/db`, {
      expression: [
        {
          resource_type: 'Condition',
          member_type: 'VirtualMachine',
          key: 'Tag',
          operator: 'EQUALS',
          value: 'role|db',
        },
      ],
    })
    await putPolicy(world, { source_groups: ['/infra/domains/default/groups/db'] })
    assert.deepEqual(await addressesOf(world), ['192.0.2.11/32', '192.0.2.12/32', '2001:db8::12/128'])
    const generation = (await list(world, 'clusternetworkpolicies'))[0]?.metadata.generation
    await machine(world, 'vm-1', '192.0.2.99')
    await world.clock.advance(20_000)
    assert.deepEqual(await addressesOf(world), ['192.0.2.12/32', '192.0.2.99/32', '2001:db8::12/128'])
    // The last one goes: nobody is left, which is not everybody.
    await machine(world, 'vm-1')
    await machine(world, 'vm-2')
    await world.clock.advance(20_000)
    assert.deepEqual(await addressesOf(world), [])
    const [policy] = await list(world, 'clusternetworkpolicies')
    assert.equal(policy?.metadata.generation, generation)
    const rules = (policy?.spec['ingress'] ?? []) as { from?: unknown[] }[]
    assert.equal(rules[0]?.from?.length, 1)
  })
})

test('a field that goes from the CRD holds what needs it, and its return lets it go on', async () => {
  await inWorld(2, async (world) => {
    const exclude = (address: string) => ({ source_groups: [address], sources_excluded: true })
    const excepted = async () =>
      JSON.stringify((await list(world, 'clusternetworkpolicies')).map(({ spec }) => spec))
    await putPolicy(world, exclude('10.0.0.1'))
    assert.match(await excepted(), /"except":\["10\.0\.0\.1\/32"\]/)
    const definition = await driven(world.clock, world.kube<Thing>('GET', DEFINITION))
    const without = JSON.parse(
      JSON.stringify(definition).replaceAll(/,"except":\{[^{}]*\{[^{}]*\}[^{}]*\}/g, ''),
    ) as Thing
    assert.ok(!JSON.stringify(without).includes('except'))
    const put = async (object: Thing) => {
      const { metadata } = await driven(world.clock, world.kube<Thing>('GET', DEFINITION))
      await driven(world.clock, world.kube('PUT', DEFINITION, { ...object, metadata }))
      await world.clock.advance(70_000)
    }
    await put(without)
    await putPolicy(world, exclude('10.0.0.2'))
    const problems = async () =>
      JSON.stringify(
        world.adapters
          .get('adapter-a')
          ?.adapter.status()
          .warnings.map(({ code }) => code),
      )
    assert.match(await problems(), /HELD_POLICIES/)
    assert.ok(!(await excepted()).includes('10.0.0.2'))
    await put(definition)
    await world.clock.advance(20_000)
    assert.match(await excepted(), /"except":\["10\.0\.0\.2\/32"\]/)
    assert.doesNotMatch(await problems(), /HELD_POLICIES/)
  })
})
