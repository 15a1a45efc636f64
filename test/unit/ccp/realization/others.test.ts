/** The policies that NSX did not make, over stores that change: what is told of each, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFlows, createOthers, type Flows } from '../../../../src/ccp/realization/index.ts'
import { retry } from '../../../../src/errors.ts'
import type { ClusterNetworkPolicy } from '../../../../src/kube/antrea.ts'
import { createStore, type KubeObject, RESOURCES } from '../../../../src/kube/index.ts'
import { createFakeClock } from '../../../fakes/clock.ts'

const SIGNAL = new AbortController().signal

/** Stores, a controller that has computed what `computed` says, and agents with the problems of `agents`. */
function world(flows?: Flows) {
  const clock = createFakeClock()
  const stores = {
    clusterNetworkPolicies: createStore<ClusterNetworkPolicy>(RESOURCES.clusterNetworkPolicies),
    antreaNetworkPolicies: createStore(RESOURCES.antreaNetworkPolicies),
    networkPolicies: createStore(RESOURCES.networkPolicies),
    pods: createStore(RESOURCES.pods),
  }
  for (const store of Object.values(stores)) {
    store.swap(new Map(), '0')
    store.setLive(true)
  }
  const computed = new Map<string, number>()
  const agents = new Map<string, string>()
  const state = { isDown: false, lists: 0, changes: 0, policies: 0, moved: () => {} }
  const others = createOthers({
    clock,
    stores,
    clusterId: 'c',
    ...(flows === undefined ? {} : { flows }),
    kube: {
      async listMetadata() {
        state.lists += 1
        if (state.isDown) throw retry('KUBE_SERVER_ERROR', 'the aggregated API does not answer')
        return [...computed].map(([name, generation]) => ({
          apiVersion: '',
          kind: '',
          metadata: { name, generation },
        }))
      },
    },
    agents: {
      follow(onChange) {
        state.moved = onChange
        return () => {}
      },
      problemOf: (node) => agents.get(node),
      troubled: () => [...agents.keys()],
    },
  })
  others.follow({
    onChange() {
      state.changes += 1
    },
    onPolicies() {
      state.policies += 1
    },
  })
  let version = 0
  const put = (store: keyof typeof stores, object: Partial<KubeObject> & { metadata: object }) => {
    version += 1
    const metadata = { resourceVersion: String(version), ...object.metadata }
    stores[store].upsert({ apiVersion: 'v1', kind: 'X', ...object, metadata } as never, String(version))
  }
  return {
    clock,
    stores,
    computed,
    agents,
    state,
    others,
    put,
    policy: (uid: string, generation = 1) =>
      put('networkPolicies', {
        metadata: { name: uid, namespace: 'shop', uid, generation },
        spec: { podSelector: { matchLabels: { app: 'web' } } },
      }),
    pod: (name: string, node: string) =>
      put('pods', {
        metadata: { name, namespace: 'shop', uid: name, labels: { app: 'web' } },
        spec: { nodeName: node },
        status: { phase: 'Running' },
      }),
    told: () => {
      const { items, againMs } = others.judge()
      return {
        againMs,
        states: Object.fromEntries(
          [...items.values()].map(({ path, state: word, evidence, nodes }) => [
            path,
            [word, evidence, nodes === undefined ? '' : `${nodes.current}/${nodes.desired}`].join(' '),
          ]),
        ),
      }
    },
  }
}

const PATH = 'k8s:K8sNetworkPolicy/u1'

/** A policy of one Pod on one node that is computed and on the agent, as long as the settle rule asks. */
async function realized() {
  const w = world()
  w.pod('a', 'n1')
  w.policy('u1')
  w.computed.set('u1', 1)
  await w.others.readEvidence(SIGNAL)
  await w.clock.advance(1_500)
  return w
}

test('a Kubernetes policy: nothing, computed, and on the agents of all its nodes', async () => {
  const w = world()
  w.pod('a', 'n1')
  w.policy('u1')
  assert.equal(w.state.policies, 1)
  assert.deepEqual(w.told().states, { [PATH]: 'IN_PROGRESS  ' })
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: 1_000 })
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: 2_000 })
  w.computed.set('u1', 1)
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: undefined })
  assert.deepEqual(w.told(), { states: { [PATH]: 'IN_PROGRESS controller 1/1' }, againMs: 1_500 })
  await w.clock.advance(1_500)
  assert.deepEqual(w.told(), { states: { [PATH]: 'SUCCESS agents 1/1' }, againMs: undefined })
  // Another generation is another matter, until it is computed too.
  w.policy('u1', 2)
  assert.equal(w.state.policies, 2)
  assert.deepEqual(w.told().states, { [PATH]: 'IN_PROGRESS  ' })
  w.policy('u1', 2)
  assert.equal(w.state.policies, 2, 'nothing that is computed from changed')
})

test('an agent that goes takes SUCCESS away after the settle rule, and makes it UNKNOWN after a minute', async () => {
  const w = await realized()
  assert.equal(w.told().states[PATH], 'SUCCESS agents 1/1')
  w.agents.set('n1', 'no heartbeat for over 150 s')
  w.state.moved()
  assert.deepEqual(w.told(), { states: { [PATH]: 'SUCCESS agents 1/1' }, againMs: 10_000 })
  await w.clock.advance(10_000)
  assert.deepEqual(w.told(), { states: { [PATH]: 'IN_PROGRESS controller 0/1' }, againMs: 50_000 })
  await w.clock.advance(50_000)
  assert.deepEqual(w.told(), { states: { [PATH]: 'UNKNOWN controller 0/1' }, againMs: undefined })
  // An agent that ages without a word is found out at the next reading.
  w.agents.clear()
  await w.others.readEvidence(SIGNAL)
  assert.equal(w.told().states[PATH], 'SUCCESS agents 1/1')
})

test('Pods that move take the policy to other nodes; what they do not concern is not judged again', async () => {
  const w = await realized()
  const before = w.told().states[PATH]
  const changes = w.state.changes
  w.put('pods', { metadata: { name: 'x', namespace: 'other', uid: 'x' }, spec: { nodeName: 'n9' } })
  assert.equal(w.state.changes, changes)
  w.pod('b', 'n2')
  assert.equal(w.state.changes, changes + 1)
  assert.deepEqual([before, w.told().states[PATH]], ['SUCCESS agents 1/1', 'SUCCESS agents 2/2'])
  w.agents.set('n3', 'ControllerConnectionUp is not true')
  w.pod('c', 'n3')
  assert.equal(w.told().states[PATH], 'SUCCESS agents 2/2', 'held for the settle rule')
  await w.clock.advance(10_000)
  assert.equal(w.told().states[PATH], 'IN_PROGRESS controller 2/3')
})

test('evidence that cannot be read ages, and is none after 150 s', async () => {
  const w = await realized()
  assert.equal(w.told().states[PATH], 'SUCCESS agents 1/1')
  w.state.isDown = true
  await w.clock.advance(120_000)
  await assert.rejects(w.others.readEvidence(SIGNAL), { code: 'KUBE_SERVER_ERROR' })
  assert.equal(w.told().states[PATH], 'SUCCESS agents 1/1')
  await w.clock.advance(40_000)
  await assert.rejects(w.others.readEvidence(SIGNAL))
  w.told()
  await w.clock.advance(10_000)
  assert.equal(w.told().states[PATH], 'IN_PROGRESS  ')
  await w.clock.advance(50_000)
  assert.equal(w.told().states[PATH], 'UNKNOWN  ')
})

test('native policies of Antrea as their status says; those that are ours are not told here', async () => {
  const w = world()
  const status = {
    phase: 'Realized',
    observedGeneration: 1,
    currentNodesRealized: 2,
    desiredNodesRealized: 2,
  }
  w.put('clusterNetworkPolicies', { metadata: { name: 'native', uid: 'u2', generation: 1 }, status })
  w.put('antreaNetworkPolicies', {
    metadata: { name: 'native', namespace: 'shop', uid: 'u3', generation: 1 },
    status: {
      ...status,
      phase: 'Pending',
      conditions: [
        {
          type: 'Realizable',
          status: 'False',
          reason: 'NetworkPolicyAppliedToUnsupportedGroup',
          message: 'x',
        },
      ],
    },
  })
  w.put('clusterNetworkPolicies', {
    metadata: {
      name: 'ours',
      uid: 'u4',
      generation: 1,
      labels: { 'app.kubernetes.io/managed-by': 'antrea-nsx-adapter' },
      annotations: { 'antrea-nsx-adapter/cluster-id': 'c' },
      managedFields: [{ manager: 'antrea-nsx-adapter' }],
    },
    status,
  })
  assert.deepEqual(w.told().states, {
    'k8s:AntreaClusterNetworkPolicy/u2': 'SUCCESS nodes 2/2',
    'k8s:AntreaNetworkPolicy/u3': 'ERROR nodes 2/2',
  })
  assert.equal(w.state.policies, 0)
  // Pod churn: back to Realizing for a moment.
  const realizing = { ...status, phase: 'Realizing', desiredNodesRealized: 3 }
  w.put('clusterNetworkPolicies', {
    metadata: { name: 'native', uid: 'u2', generation: 1 },
    status: realizing,
  })
  assert.equal(w.told().states['k8s:AntreaClusterNetworkPolicy/u2'], 'SUCCESS nodes 2/2')
  await w.clock.advance(60_000)
  assert.equal(w.told().states['k8s:AntreaClusterNetworkPolicy/u2'], 'ERROR  2/3')
})

test('a policy that was deleted, or made anew under its name, is gone under its former path', () => {
  const w = world()
  w.policy('u1')
  assert.equal(w.others.isGone(PATH), false)
  w.put('networkPolicies', { metadata: { name: 'u1', namespace: 'shop', uid: 'u9', generation: 1 } })
  assert.deepEqual(Object.keys(w.told().states), ['k8s:K8sNetworkPolicy/u9'])
  assert.equal(w.others.isGone(PATH), true)
  w.stores.networkPolicies.setLive(false)
  assert.equal(w.others.isGone(PATH), false, 'nothing is gone that cannot be seen')
})

test('a cluster that cannot be seen: UNKNOWN after the settle rule', async () => {
  const w = world()
  w.policy('u1')
  w.computed.set('u1', 1)
  await w.others.readEvidence(SIGNAL)
  await w.clock.advance(1_500)
  assert.equal(w.told().states[PATH], 'SUCCESS no-pods 0/0')
  w.stores.pods.setLive(false)
  assert.equal(w.told().states[PATH], 'SUCCESS no-pods 0/0')
  await w.clock.advance(10_000)
  assert.equal(w.told().states[PATH], 'UNKNOWN  ')
  w.stores.pods.setLive(true)
  assert.equal(w.told().states[PATH], 'SUCCESS no-pods 0/0')
})

test('without such policies nothing is listed', async () => {
  const w = world()
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: undefined })
  assert.equal(w.state.lists, 0)
})

test('20,000 policies: judged once, and then only what changes', async () => {
  const w = world()
  for (let n = 0; n < 200; n += 1) w.pod(`p${n}`, `n${n % 50}`)
  for (let n = 0; n < 20_000; n += 1) w.policy(`u${n}`)
  for (let n = 0; n < 20_000; n += 1) w.computed.set(`u${n}`, 1)
  await w.others.readEvidence(SIGNAL)
  await w.clock.advance(1_500)
  w.others.judge()
  const { items } = w.others.judge()
  assert.equal(items.size, 20_000)
  const before = new Map(items)
  w.policy('u7', 2)
  const after = w.others.judge().items
  const moved = [...after].filter(([path, item]) => before.get(path) !== item).map(([path]) => path)
  assert.deepEqual(moved, ['k8s:K8sNetworkPolicy/u7'])
})

test('where agents are asked, SUCCESS waits for the flows of all its nodes', async () => {
  const installed = new Set(['n1'])
  const flows = createFlows(
    {
      get: async (node, path) => {
        if (!installed.has(node)) return undefined
        return path.startsWith('/ovsflows')
          ? [{ flow: 'x' }]
          : { items: [{ metadata: { name: 'u1', generation: 1 } }] }
      },
    },
    () => {},
  )
  const w = world(flows)
  w.pod('a', 'n1')
  w.pod('b', 'n2')
  w.policy('u1')
  w.computed.set('u1', 1)
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: 1_000 }, 'an agent has yet to answer')
  await w.clock.advance(1_500)
  assert.equal(w.told().states[PATH], 'IN_PROGRESS agents 1/2')
  installed.add('n2')
  assert.deepEqual(await w.others.readEvidence(SIGNAL), { againMs: undefined })
  assert.equal(w.told().states[PATH], 'SUCCESS flows 2/2')
  w.policy('u1', 2)
  w.computed.set('u1', 2)
  await w.others.readEvidence(SIGNAL)
  await w.clock.advance(1_500)
  assert.equal(w.told().states[PATH], 'IN_PROGRESS agents 0/2', 'another generation is asked for anew')
})
