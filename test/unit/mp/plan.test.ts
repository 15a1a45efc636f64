/** Inventory plans: what follows from two sides, in which order, and what is never done. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type InventoryPlan,
  type InventoryPlanInput,
  planInventory,
} from '../../../src/mp/inventory/index.ts'
import { needsSecondLook, parentsOf, stepText } from '../../../src/mp/inventory/plan.ts'
import { sameValue, stableText } from '../../../src/mp/inventory/plan-compare.ts'
import type { InventoryObject, InventoryType } from '../../../src/nsx/model.ts'

const OWN = 'c1'

const object = (type: InventoryType, id: string, fields: object = {}): InventoryObject => ({
  resource_type: type,
  external_id: id,
  container_cluster_id: OWN,
  display_name: id,
  ...fields,
})

const byId = (objects: readonly InventoryObject[]) => new Map(objects.map((one) => [one.external_id, one]))

function plan(
  desired: readonly InventoryObject[],
  known: readonly InventoryObject[],
  over: Partial<InventoryPlanInput> = {},
): InventoryPlan {
  return planInventory({
    clusterId: OWN,
    desired: byId(desired),
    waiting: new Set(),
    known: byId(known),
    unreadable: new Set(),
    setAside: new Map(),
    undecided: new Set(),
    frozen: new Set(),
    confirmed: new Set(),
    ...over,
  })
}

const lines = ({ stages }: InventoryPlan) =>
  stages.map(({ steps }) =>
    steps
      .map(({ op, object: { external_id } }) => `${op} ${external_id}`)
      .sort()
      .join(', '),
  )

const project = object('ContainerProject', 'ns')
const node = object('ContainerClusterNode', 'node')
const service = object('ContainerApplication', 'svc', { container_project_id: 'ns' })
const pod = object('ContainerApplicationInstance', 'pod', {
  container_project_id: 'ns',
  cluster_node_id: 'node',
  container_application_ids: ['svc'],
})
const ingress = object('ContainerIngressPolicy', 'ing', { container_application_ids: ['svc'] })
const policy = object('ContainerNetworkPolicy', 'np', { container_project_id: 'ns' })
const all = [policy, ingress, pod, service, project, node]

test('parents are written before children', () => {
  assert.deepEqual(lines(plan(all, [])), [
    'CREATE node, CREATE ns',
    'CREATE svc',
    'CREATE pod',
    'CREATE ing, CREATE np',
  ])
})

test('children are deleted before parents, after every write', () => {
  const confirmed = new Set(all.map(({ external_id }) => external_id))
  const other = object('ContainerProject', 'other')
  assert.deepEqual(lines(plan([other], all, { confirmed })), [
    'CREATE other',
    'DELETE ing, DELETE np',
    'DELETE pod',
    'DELETE svc',
    'DELETE node, DELETE ns',
  ])
})

test('equal is equal in any order of lists, and empty is absent', () => {
  const one = {
    ...pod,
    tags: [
      { scope: 'a', tag: '1' },
      { scope: 'b', tag: '2' },
    ],
    network_errors: [],
  }
  const { network_errors: _, ...other } = {
    ...one,
    tags: [
      { tag: '2', scope: 'b' },
      { scope: 'a', tag: '1' },
    ],
  }
  assert.deepEqual(plan([one], [other]).stages, [])
})

test('an update states what differs, and clears with an empty list', () => {
  const known = { ...pod, display_name: 'old' }
  const desired = { ...pod, container_application_ids: [] }
  const [stage] = plan([desired], [known]).stages
  assert.deepEqual(stage?.steps[0]?.object, {
    resource_type: 'ContainerApplicationInstance',
    external_id: 'pod',
    display_name: 'pod',
    container_application_ids: [],
  })
})

test('a field that is not stated or not given back is left alone', () => {
  const known = { ...node, cni_agent_status: 'HEALTHY', provider_id: 'x' }
  assert.deepEqual(plan([node], [known]).stages, [])
  const unreadable = new Set(['ContainerClusterNode.provider_id'])
  assert.deepEqual(plan([{ ...node, provider_id: 'y' }], [node], { unreadable }).stages, [])
})

test('what another cluster reported is never deleted', () => {
  const foreign = { ...pod, container_cluster_id: 'c2' }
  assert.deepEqual(plan([], [foreign]).stages, [])
  const { container_cluster_id: _, ...nobodys } = pod
  assert.deepEqual(plan([], [nobodys as InventoryObject]).stages, [])
})

test('what waits, what is undecided and what may be behind is not deleted', () => {
  const three = [pod, project, node]
  assert.deepEqual(lines(plan([project, node], three)), ['DELETE pod'])
  assert.deepEqual(lines(plan([project, node], three, { waiting: new Set(['pod']) })), [])
  assert.deepEqual(
    lines(plan([project, node], three, { frozen: new Set(['ContainerApplicationInstance']) })),
    [],
  )
  assert.deepEqual(
    lines(plan([project, node], three, { undecided: new Set(['ContainerApplicationInstance']) })),
    [],
  )
})

test('what is undecided is not written either; what may be behind is', () => {
  const types = new Set<InventoryType>(['ContainerProject'])
  assert.deepEqual(lines(plan([project], [], { undecided: types })), [])
  assert.deepEqual(lines(plan([project], [], { frozen: types })), ['CREATE ns'])
})

test('a parent stays while a child that stays refers to it', () => {
  assert.deepEqual(lines(plan([node], [project, node, pod], { waiting: new Set(['pod']) })), [])
  const free = { ...pod, container_application_ids: [] }
  assert.deepEqual(lines(plan([project, node, free], [project, node, service, pod])), [
    'UPDATE pod',
    'DELETE svc',
  ])
})

test('more than three and a fifth, or all of several, wait for a second look', () => {
  const rows: [number, number, boolean][] = [
    [0, 10, false],
    [3, 4, false],
    [4, 10, true],
    [4, 20, false],
    [20, 100, false],
    [21, 100, true],
    [1, 1, false],
    [2, 2, true],
    [3, 3, true],
  ]
  for (const [deletes, owned, expected] of rows)
    assert.equal(needsSecondLook(deletes, owned), expected, `${deletes} of ${owned}`)
})

test('guarded deletes are held and named; confirmed ones go, and the writes in any case', () => {
  const pods = Array.from({ length: 6 }, (_, at) => object('ContainerApplicationInstance', `p${at}`))
  const first = plan([project], pods)
  assert.deepEqual(lines(first), ['CREATE ns'])
  assert.equal(first.guarded.length, 6)
  const confirmed = new Set(['p0', 'p1', 'p2', 'p3', 'p4'])
  const second = plan([project], pods, { confirmed })
  assert.deepEqual(second.guarded, [])
  assert.deepEqual(lines(second), [
    'CREATE ns',
    'DELETE p0, DELETE p1, DELETE p2, DELETE p3, DELETE p4, DELETE p5',
  ])
})

test('a refused step is not sent again until it is another one, and its children wait', () => {
  const setAside = new Map([['ns', stepText({ op: 'CREATE', object: project, desired: project })]])
  assert.deepEqual(lines(plan([project, service], [], { setAside })), [])
  const changed = { ...project, display_name: 'better' }
  assert.deepEqual(lines(plan([changed], [], { setAside })), ['CREATE ns'])
  assert.deepEqual(lines(plan([project], [{ ...project, display_name: 'old' }], { setAside })), ['UPDATE ns'])
})

const TYPES: readonly InventoryType[] = [
  'ContainerClusterNode',
  'ContainerProject',
  'ContainerApplication',
  'ContainerApplicationInstance',
  'ContainerNetworkPolicy',
]

/** Objects whose references point at objects of the set, as the view gives them. */
const world = fc
  .array(fc.record({ type: fc.constantFrom(...TYPES), id: fc.nat(30), name: fc.constantFrom('a', 'b') }), {
    maxLength: 25,
  })
  .map((rows) => {
    const fixed = [
      { type: 'ContainerProject', id: 99, name: 'a' },
      { type: 'ContainerClusterNode', id: 99, name: 'a' },
    ] as const
    const unique = new Map([...rows, ...fixed].map((row) => [`${row.type}-${row.id}`, row]))
    const named = (type: InventoryType) =>
      [...unique].filter(([, row]) => row.type === type).map(([id]) => id)
    const isParent = (type: InventoryType) => type === 'ContainerProject' || type === 'ContainerClusterNode'
    return [...unique].map(([id, { type, name }]) =>
      object(type, id, {
        display_name: name,
        ...(isParent(type) ? {} : { container_project_id: named('ContainerProject')[0] }),
        ...(type === 'ContainerApplicationInstance'
          ? {
              cluster_node_id: named('ContainerClusterNode')[0],
              container_application_ids: named('ContainerApplication'),
            }
          : {}),
      }),
    )
  })

/** NSX as a model: what a plan does to it, step by step, checking at each that nothing points into the void. */
function carryOut(planned: InventoryPlan, known: Map<string, InventoryObject>): void {
  for (const { steps } of planned.stages) {
    for (const { op, object: sent } of steps) {
      const { external_id: id } = sent
      if (op === 'DELETE') known.delete(id)
      else known.set(id, { ...(op === 'UPDATE' ? known.get(id) : {}), ...sent, container_cluster_id: OWN })
    }
    for (const held of known.values())
      if (held.container_cluster_id === OWN)
        for (const parent of parentsOf(held)) assert.ok(known.has(parent), `${held.external_id} → ${parent}`)
  }
}

test('a plan carried out is the cluster: nothing dangles on the way, nothing foreign is touched, and nothing is left to do', () => {
  fc.assert(
    fc.property(world, world, (before, after) => {
      const foreign = { ...object('ContainerProject', 'foreign'), container_cluster_id: 'c2' }
      const known = byId([...before, foreign])
      const confirmed = new Set(known.keys())
      carryOut(plan(after, [...known.values()], { confirmed }), known)
      assert.deepEqual(known.get('foreign'), foreign)
      known.delete('foreign')
      assert.deepEqual([...known.keys()].sort(), after.map(({ external_id }) => external_id).sort())
      for (const desired of after) assert.ok(sameValue({ ...known.get(desired.external_id) }, { ...desired }))
      assert.deepEqual(plan(after, [...known.values()]).stages, [])
    }),
    { numRuns: 300 },
  )
})

test('after a complete plan was carried out, a plan of what is touched alone is the plan of everything', () => {
  fc.assert(
    fc.property(world, world, fc.array(fc.nat(30)), (before, after, more) => {
      const foreign = { ...object('ContainerProject', 'foreign'), container_cluster_id: 'c2' }
      const known = byId([...before, foreign])
      const was = byId(before)
      const only = new Set([
        ...after.filter((one) => !sameValue(one, was.get(one.external_id))).map((one) => one.external_id),
        ...before.map((one) => one.external_id).filter((id) => !after.some((one) => one.external_id === id)),
        // To be told of more than what changed does no harm.
        ...more.map((id) => `ContainerApplication-${id}`),
      ])
      const whole = plan(after, [...known.values()])
      const partial = plan(after, [...known.values()], { only })
      assert.deepEqual(lines(partial), lines(whole))
      assert.deepEqual([...partial.guarded].sort(), [...whole.guarded].sort())
      assert.equal(partial.isComplete, whole.isComplete)
    }),
    { numRuns: 500 },
  )
})

test('what is left undone makes a plan incomplete: a parent that is still used, a guarded delete', () => {
  assert.equal(plan(all, all).isComplete, true)
  assert.equal(plan([], [project]).isComplete, true)
  assert.equal(plan([pod], [project, pod]).isComplete, false)
  assert.equal(plan([], all).isComplete, false)
})

test('the text of a value is the same exactly for what NSX shows alike', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(stableText(value), stableText(JSON.parse(JSON.stringify(value))))
    }),
  )
  assert.notEqual(stableText(['a']), stableText('a'))
  assert.notEqual(stableText({ a: '1' }), stableText({ a: 1 }))
  assert.notEqual(stableText('\ud800'), stableText('\ud801'))
})
