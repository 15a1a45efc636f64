/** What is read of the cluster for the translation: schemas and families, their changes, and what cannot be read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClusterFacts } from '../../../src/ccp/cluster-facts.ts'
import { waitFor } from '../../../src/errors.ts'
import type { KubeObject, Store } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { customResourceDefinitions } from '../../../src/sandbox/antrea/crds/index.ts'
import { profileNamed } from '../../../src/sandbox/antrea/profiles.ts'
import type { ProfileName } from '../../../src/sandbox/antrea/types.ts'
import { createFakeClock } from '../../fakes/clock.ts'

interface State {
  profile: ProfileName
  version: number
  isDown: boolean
  nodes: (readonly string[] | undefined)[]
}

function start(first: Partial<State> = {}) {
  const clock = createFakeClock()
  const state: State = { profile: 'v2.7', version: 1, isDown: false, nodes: [['10.0.0.0/24']], ...first }
  const asked: string[] = []
  let listener = (_: ReadonlySet<string>) => {}
  const nodes = {
    synced: true,
    values: () => state.nodes.map((podCIDRs) => ({ spec: { podCIDRs } })).values(),
    subscribe: (heard: typeof listener) => {
      listener = heard
      return () => {
        listener = () => {}
      }
    },
  } as unknown as Store
  const get = async (_type: unknown, name: string) => {
    asked.push(name)
    if (state.isDown) throw waitFor('KUBE_NOT_READY', 'it is down')
    const found = customResourceDefinitions(profileNamed(state.profile).definitions).find(
      ({ metadata }) => metadata.name === name,
    )
    return { ...found, metadata: { name, resourceVersion: String(state.version) } } as KubeObject
  }
  const facts = createClusterFacts({ kube: { get: get as never }, nodes, clock, log: SILENT })
  let changes = 0
  const follow = () =>
    facts.follow(() => {
      changes += 1
    })
  const node = (...podCIDRs: (readonly string[] | undefined)[]) => {
    state.nodes = podCIDRs
    listener(new Set(['n']))
  }
  return { clock, state, asked, facts, follow, node, changes: () => changes }
}

const field = (tree: unknown, ...path: string[]): unknown =>
  path.reduce((at, name) => (at instanceof Map ? at.get(name) : at), tree)
const hasExcept = ({ facts }: ReturnType<typeof start>) =>
  field(facts.current().features.policy, 'ingress', 'from', 'ipBlock', 'except') !== undefined

test('the schemas of both kinds are read, and again each minute; only a change is told', async () => {
  const one = start()
  assert.deepEqual([one.asked, one.facts.current().features], [[], { policy: undefined, group: undefined }])
  const stop = one.follow()
  await one.clock.advance(10)
  assert.deepEqual(one.asked, ['clusternetworkpolicies.crd.antrea.io', 'clustergroups.crd.antrea.io'])
  assert.ok(hasExcept(one))
  assert.ok(field(one.facts.current().features.group, 'serviceReference'))
  const before = one.facts.current()
  const told = one.changes()
  await one.clock.advance(180_000)
  assert.deepEqual([one.asked.length, one.changes(), one.facts.current() === before], [8, told, true])
  one.state.profile = 'v2.1'
  one.state.version = 2
  await one.clock.advance(60_000)
  assert.deepEqual([one.changes(), hasExcept(one)], [told + 1, false])
  stop()
  const asked = one.asked.length
  await one.clock.advance(600_000)
  assert.equal(one.asked.length, asked)
})

test('what cannot be read stays as it was, and keeps nobody waiting', async () => {
  const one = start({ isDown: true })
  await one.facts.asked()
  assert.deepEqual(one.facts.current().features, { policy: undefined, group: undefined })
  const stop = one.follow()
  one.state.isDown = false
  await one.clock.advance(60_000)
  assert.ok(hasExcept(one))
  one.state.isDown = true
  await one.clock.advance(120_000)
  assert.ok(hasExcept(one))
  stop()
})

test('families are those of the podCIDRs that Nodes have; a Node without any changes nothing', async () => {
  const one = start()
  const stop = one.follow()
  await one.clock.advance(10)
  const families = () => one.facts.current().families
  assert.deepEqual(families(), [4])
  const told = one.changes()
  one.node(['10.0.0.0/24'], undefined)
  assert.deepEqual([families(), one.changes()], [[4], told])
  one.node(['10.0.0.0/24'], ['10.0.1.0/24', 'fd00::/64'])
  assert.deepEqual([families(), one.changes()], [[4, 6], told + 1])
  one.node(['fd00::/64'])
  assert.deepEqual(families(), [6])
  one.node(undefined)
  assert.deepEqual(families(), [4, 6])
  stop()
})
