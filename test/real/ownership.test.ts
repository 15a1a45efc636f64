/** What is ours is kept as NSX wants it; what is not ours is never touched. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AnyJson } from './harness/api.ts'
import { openShop, putWebToDb } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const ACNPS = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await openShop(stack, { 'web-1': 'web', 'db-1': 'db' })
    await putWebToDb(stack.nsx, ['one', 'two', 'three'])
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const byHand = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterNetworkPolicy',
  metadata: { name, labels },
  spec: {
    priority: 5,
    tier: 'securityops',
    appliedTo: [{ podSelector: { matchLabels: { app: 'web' } } }],
    ingress: [{ name: 'mine', action: 'Drop', from: [{ podSelector: {} }] }],
  },
})
/** What a person would see changed: everything but the status and its bookkeeping. */
const visible = ({ metadata, spec }: AnyJson) => ({
  uid: metadata.uid,
  generation: metadata.generation,
  labels: metadata.labels,
  annotations: metadata.annotations,
  managers: metadata.managedFields
    .filter(({ subresource }: AnyJson) => subresource === undefined)
    .map(({ manager }: AnyJson) => manager),
  spec,
})

test('what a person made is never touched, nor what only looks like ours', options, async () => {
  const { adapter, nsx, plane } = stack
  const { api } = plane
  const nameOf = async (id: string) => (await nsx.policy(id)).unique_id!.toLowerCase()
  const conflicting = await nameOf('three')
  const mine = [
    byHand('made-by-hand'),
    byHand('looks-like-ours', { 'app.kubernetes.io/managed-by': 'antrea-nsx-adapter' }),
    // The name of a policy that the manager has; the adapter must not take it over.
    byHand(conflicting),
  ]
  for (const policy of mine) await api.post(ACNPS, policy)
  await (await adapter.run('only')).ready('leading')
  const ours = await eventually('the other policies are there', async () => {
    const { items } = await api.get(ACNPS)
    return items.length === mine.length + 2 ? items : undefined
  })
  // Somebody copies one of ours with everything that marks it, as `kubectl get -o yaml` gives it.
  const { metadata, spec } = ours.find((one: AnyJson) => one.metadata.annotations !== undefined)
  const copy = { name: 'copied-by-hand', labels: metadata.labels, annotations: metadata.annotations }
  mine.push({ ...byHand(copy.name), metadata: copy, spec: { ...spec, priority: 7 } })
  await api.post(ACNPS, mine.at(-1))
  const looks = () =>
    Promise.all(mine.map(async (one) => visible(await api.get(`${ACNPS}/${one.metadata.name}`))))
  const before = await looks()

  const changed = await nameOf('two')
  await nsx.deletePolicy('three')
  await nsx.putPolicy('two', { ...(await nsx.policy('two')), sequence_number: 50 })
  await eventually('a change is in the cluster', async () =>
    (await api.get(`${ACNPS}/${changed}`)).metadata.generation > 1 ? true : undefined,
  )
  await adapter.stop()
  await (await adapter.run('only')).ready('leading')
  await stack.quiet()
  assert.deepEqual(await looks(), before)
  for (const one of mine) await api.delete(`${ACNPS}/${one.metadata.name}`)
  await stack.settled()
})

const edits: readonly (readonly [string, (spec: AnyJson) => void])[] = [
  [
    'changed',
    (spec) => {
      spec.ingress[1].action = 'Allow'
    },
  ],
  [
    'added to',
    (spec) => {
      spec.ingress.unshift({
        ...spec.ingress[0],
        name: 'added',
        action: 'Allow',
        from: [{ podSelector: {} }],
      })
    },
  ],
  [
    'widened inside a rule',
    (spec) => {
      spec.ingress[0].ports.push({ protocol: 'TCP', port: 22 })
    },
  ],
  [
    'given a list that was empty',
    (spec) => {
      const { appliedTo } = spec.ingress[0]
      spec.egress = [
        { name: 'added', action: 'Allow', enableLogging: false, ...(appliedTo ? { appliedTo } : {}) },
      ]
    },
  ],
  [
    'taken from',
    (spec) => {
      spec.ingress.pop()
    },
  ],
]

for (const [what, edit] of edits)
  test(`one of ours that was ${what} by hand is put back`, options, async () => {
    const { api } = stack.plane
    await stack.settled()
    const path = `${ACNPS}/${(await stack.nsx.policy('one')).unique_id!.toLowerCase()}`
    const before = await api.get(path)
    const edited = structuredClone(before)
    edit(edited.spec)
    const { metadata } = await api.put(path, edited)
    assert.equal(metadata.generation, before.metadata.generation + 1, 'the edit is a change')
    await eventually('it is as before', async () => {
      const now = await api.get(path)
      assert.deepEqual(now.spec, before.spec)
      assert.equal(now.metadata.generation, before.metadata.generation + 2)
      return true
    })
    await stack.settled()
  })

test('one of ours that was deleted by hand comes back', options, async () => {
  const { api } = stack.plane
  await api.delete(`${ACNPS}/${(await stack.nsx.policy('one')).unique_id!.toLowerCase()}`)
  await eventually('it is there again', async () => {
    const { items } = await api.get(ACNPS)
    return items.length === 2 ? true : undefined
  })
  await stack.settled()
})

test('a policy deleted in NSX while the adapter is down is gone after it starts', options, async () => {
  const { nsx, plane, adapter } = stack
  await stack.settled()
  await adapter.stop()
  const name = (await nsx.policy('one')).unique_id!.toLowerCase()
  await nsx.deletePolicy('one')
  assert.equal((await plane.api.ask('GET', `${ACNPS}/${name}`)).status, 200)
  await (await adapter.run('only')).ready('leading')
  await stack.settled()
  assert.equal((await plane.api.ask('GET', `${ACNPS}/${name}`)).status, 404)
  assert.equal((await plane.api.get(ACNPS)).items.length, 1)
})
