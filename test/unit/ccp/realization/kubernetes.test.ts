/** Kubernetes NetworkPolicies: the levels of evidence, and on which Nodes a policy has to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createSpans,
  judgeKubePolicy,
  type KubeEvidence,
  selects,
  settle,
} from '../../../../src/ccp/realization/index.ts'
import { createStore, type KubeObject, RESOURCES } from '../../../../src/kube/index.ts'

const POLICY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny', namespace: 'shop', uid: 'u1', generation: 3 },
  spec: { podSelector: {} },
}

function told(more: Partial<KubeEvidence>, nowMs = 100_000, sinceMs = nowMs) {
  const evidence: KubeEvidence = {
    computedMs: 90_000,
    nodes: ['n1', 'n2'],
    agentProblem: () => undefined,
    seenOn: undefined,
    ...more,
  }
  const verdict = judgeKubePolicy(POLICY, evidence, nowMs)
  const first = settle(undefined, judgeKubePolicy(POLICY, evidence, sinceMs), sinceMs)
  const { item, againAtMs } = settle(first, verdict, nowMs)
  return { ...item, againAtMs }
}

test('computed and on agents that are connected and fresh: SUCCESS with the evidence agents', () => {
  const { state, evidence, nodes, path, kind } = told({})
  assert.deepEqual(
    [state, evidence, nodes, path, kind],
    ['SUCCESS', 'agents', { current: 2, desired: 2 }, 'k8s:K8sNetworkPolicy/u1', 'K8sNetworkPolicy'],
  )
})

test('computed alone is IN_PROGRESS with the evidence controller, and UNKNOWN after a minute, naming the node', () => {
  const lost = { agentProblem: (node: string) => (node === 'n2' ? 'no heartbeat for over 150 s' : undefined) }
  const early = told(lost)
  assert.deepEqual(
    [early.state, early.evidence, early.nodes, early.againAtMs],
    ['IN_PROGRESS', 'controller', { current: 1, desired: 2 }, 160_000],
  )
  const late = told(lost, 160_000, 100_000)
  assert.equal(late.state, 'UNKNOWN')
  assert.match(late.problems[0]!.message, /1 of 2 nodes .* n2 \(no heartbeat for over 150 s\)/)
})

test('not computed: no evidence at all', () => {
  const early = told({ computedMs: undefined })
  assert.deepEqual([early.state, early.evidence], ['IN_PROGRESS', undefined])
  assert.equal(told({ computedMs: undefined }, 160_000, 100_000).state, 'UNKNOWN')
})

test('just computed, the agents are given a settle interval', () => {
  const just = told({ computedMs: 99_500 })
  assert.deepEqual([just.state, just.evidence, just.againAtMs], ['IN_PROGRESS', 'controller', 101_000])
})

test('it selects nobody: SUCCESS with the evidence no-pods', () => {
  const none = told({ nodes: [] })
  assert.deepEqual(
    [none.state, none.evidence, none.nodes],
    ['SUCCESS', 'no-pods', { current: 0, desired: 0 }],
  )
})

test('where agents are asked, SUCCESS needs the flows of every node', () => {
  const some = told({ seenOn: new Set(['n1']) })
  assert.deepEqual(
    [some.state, some.evidence, some.nodes],
    ['IN_PROGRESS', 'agents', { current: 1, desired: 2 }],
  )
  const all = told({ seenOn: new Set(['n1', 'n2']) })
  assert.deepEqual([all.state, all.evidence], ['SUCCESS', 'flows'])
})

const pod = (name: string, labels: Record<string, string>, node: string | undefined, more: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      resourceVersion: `${name}-${node}-${JSON.stringify([labels, more])}`,
      labels,
    },
    spec: { ...(node === undefined ? {} : { nodeName: node }), ...('hostNetwork' in more ? more : {}) },
    status: { phase: 'Running', ...('phase' in more ? more : {}) },
  }) as KubeObject

test('the span: Nodes of selected Pods that run in the pod network, as Pods come, move and go', () => {
  const store = createStore(RESOURCES.pods)
  const put = (object: KubeObject) => store.upsert(object, '1')
  store.swap(new Map(), '1')
  put(pod('a', { app: 'web' }, 'n2'))
  const spans = createSpans(store)
  const moved = (name: string) => [...spans.note([`shop/${name}`])]
  for (const object of [
    pod('b', { app: 'web' }, 'n1'),
    pod('c', { app: 'web' }, undefined),
    pod('d', { app: 'web' }, 'n3', { hostNetwork: true }),
    pod('e', { app: 'web' }, 'n4', { phase: 'Succeeded' }),
    pod('f', { app: 'db' }, 'n5'),
  ]) {
    put(object)
    spans.note([`shop/${object.metadata.name}`])
  }
  const web = { matchLabels: { app: 'web' } }
  assert.deepEqual(spans.nodesOf('shop', web), ['n1', 'n2'])
  assert.deepEqual(spans.nodesOf('shop', {}), ['n1', 'n2', 'n5'])
  assert.deepEqual(spans.nodesOf('other', web), [])
  put(pod('c', { app: 'web' }, 'n6'))
  assert.deepEqual([moved('c'), spans.nodesOf('shop', web)], [['shop'], ['n1', 'n2', 'n6']])
  put({
    ...pod('c', { app: 'web' }, 'n6'),
    metadata: { ...pod('c', { app: 'web' }, 'n6').metadata, resourceVersion: 'x' },
  })
  assert.deepEqual(moved('c'), [], 'nothing of it moved')
  put(pod('a', { app: 'db' }, 'n2'))
  store.remove(pod('b', {}, 'n1'), '2')
  assert.deepEqual([...spans.note(['shop/a', 'shop/b'])], ['shop'])
  assert.deepEqual(spans.nodesOf('shop', web), ['n6'])
})

test('selectors as Kubernetes reads them', () => {
  const labels = { app: 'web', tier: '' }
  const one = (key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]) =>
    selects({ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] }, labels)
  assert.deepEqual(
    [
      selects(undefined, labels),
      selects({ matchLabels: { app: 'web' } }, labels),
      selects({ matchLabels: { app: 'web', x: 'y' } }, labels),
      one('app', 'In', ['db', 'web']),
      one('app', 'NotIn', ['web']),
      one('zone', 'NotIn', ['a']),
      one('zone', 'In', ['']),
      one('tier', 'Exists'),
      one('zone', 'DoesNotExist'),
      one('app', 'DoesNotExist'),
      one('toString', 'Exists'),
    ],
    [true, true, false, true, false, true, false, true, true, false, false],
  )
})
