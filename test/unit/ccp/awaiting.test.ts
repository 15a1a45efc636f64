/** While new groups are computed one by one nothing is planned anew, unless somebody else has changed one of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deciding } from '../../../src/ccp/deciding.ts'
import type { Plan } from '../../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import { createTranslator } from '../../../src/ccp/translate/index.ts'
import type { ClusterGroup } from '../../../src/kube/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { CLUSTER, MEMORY, ModelCluster } from './model.ts'
import { GROUPS, group, policy, rule, setOf, tag, uuid } from './objects.ts'
import { policyStores } from './stores.ts'

const CONDITIONS = [{ type: 'GroupMembersComputed', status: 'True' }]

async function waitingForTwo() {
  const { stores } = policyStores()
  const model = new ModelCluster()
  const deciding = new Deciding({
    stores,
    clock: createFakeClock(),
    clusterId: CLUSTER,
    tiers: DEFAULT_TIERS,
    translate: createTranslator(DEFAULT_TIERS),
  })
  const objects = setOf(
    ...[1, 2].map((n) => group(`g${n}`, n, [tag(`app|a${n}`)])),
    policy('p', 10, [rule(1, { source_groups: [`${GROUPS}/g1`], scope: [`${GROUPS}/g2`] })]),
  )
  const state = desiredState({ source: 'one', epoch: 'e', version: 1, objects, snapshotMs: 0 })
  const next = () => deciding.plan(state, MEMORY, undefined)
  let version = 0
  const show = (stored: ClusterGroup) => {
    version += 1
    const metadata = { ...stored.metadata, resourceVersion: `r${version}` }
    stores.clusterGroups.upsert({ ...stored, metadata }, `r${version}`)
  }
  for (const step of (await next()).steps) {
    model.write(step)
    if (step.kind === 'create-tier') stores.tiers.upsert(model.tiers.get(step.object.metadata.name)!, 't')
    if (step.kind !== 'create-group') continue
    const { status: _none, ...stored } = model.groups.get(step.object.metadata.name)!
    show(stored)
  }
  const waiting: Plan = await next()
  assert.deepEqual(waiting.awaiting, [uuid(1), uuid(2)])
  const child = [...model.groups.values()].find(({ metadata }) => metadata.name.startsWith(`${uuid(1)}-`))!
  return { deciding, model, show, waiting, child, stores }
}

test('children and parents are computed one by one, and only the last parent lets the plan go on', async () => {
  const { deciding, model, show, waiting } = await waitingForTwo()
  const parents = new Set(waiting.awaiting)
  for (const [name, object] of model.groups) {
    if (parents.has(name)) continue
    show({ ...object, status: { conditions: CONDITIONS } })
    assert.ok(deciding.isStillAwaiting(waiting), name)
  }
  show({ ...model.groups.get(uuid(1))!, status: { conditions: CONDITIONS } })
  assert.ok(deciding.isStillAwaiting(waiting))
  show({ ...model.groups.get(uuid(2))!, status: { conditions: CONDITIONS } })
  assert.ok(!deciding.isStillAwaiting(waiting))
})

test('a child that somebody changes meanwhile, or deletes, is planned for at once', async () => {
  const one = await waitingForTwo()
  one.show({ ...one.child, spec: { podSelector: {} } })
  assert.ok(!one.deciding.isStillAwaiting(one.waiting))
  const other = await waitingForTwo()
  other.stores.clusterGroups.remove(other.child, 'gone')
  assert.ok(!other.deciding.isStillAwaiting(other.waiting))
})
