/** Agents asked for the flows of Kubernetes policies: what counts as an answer, and that asking stays within limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFlows, type FlowQuestion } from '../../../../src/ccp/realization/index.ts'
import { AGENT_ASKS_AT_ONCE, AGENT_ASKS_MAX } from '../../../../src/limits.ts'

const SIGNAL = new AbortController().signal
const question = (uid: string, more: Partial<FlowQuestion> = {}): FlowQuestion => ({
  path: `k8s:K8sNetworkPolicy/${uid}`,
  uid,
  generation: 2,
  namespace: 'shop',
  name: uid,
  nodes: ['n1', 'n2'],
  ...more,
})

/** Agents that answer what they are told to. */
function world() {
  const held = new Map<string, unknown>()
  const flows = new Map<string, unknown>()
  const failing = new Set<string>()
  const state = { asks: 0, now: 0, most: 0, problems: [] as string[] }
  const asked = createFlows(
    {
      async get(node, path) {
        state.asks += 1
        state.now += 1
        state.most = Math.max(state.most, state.now)
        await new Promise((resolve) => setImmediate(resolve))
        state.now -= 1
        if (failing.has(node)) throw new Error(`${node} does not answer`)
        const { pathname, searchParams } = new URL(path, 'https://agent')
        assert.deepEqual([searchParams.get('type'), searchParams.get('namespace')], ['K8SNP', 'shop'])
        const key = `${node} ${searchParams.get('source') ?? searchParams.get('networkpolicy')}`
        return (pathname === '/networkpolicies' ? held : flows).get(key)
      },
    },
    (node) => state.problems.push(node),
  )
  const agent = (node: string, uid: string, generation: number | undefined, flowCount = 1) => {
    held.set(`${node} ${uid}`, { items: [{ metadata: { name: uid, generation }, sourceRef: { uid } }] })
    flows.set(
      `${node} ${uid}`,
      Array.from({ length: flowCount }, () => ({ flow: 'table=1' })),
    )
  }
  const seen = (uid: string, generation = 2) => [...asked.seenOn(question(uid).path, generation)].sort()
  return { asked, agent, seen, failing, state, held }
}

test('a node counts when its agent holds this generation and has flows of it', async () => {
  const w = world()
  w.agent('n1', 'a', 2)
  assert.equal(await w.asked.look([question('a')], SIGNAL), 1)
  assert.deepEqual(w.seen('a'), ['n1'])
  w.agent('n2', 'a', 1)
  assert.equal(await w.asked.look([question('a')], SIGNAL), 1, 'an older generation')
  w.agent('n2', 'a', 2, 0)
  assert.equal(await w.asked.look([question('a')], SIGNAL), 1, 'no flows yet')
  w.agent('n2', 'a', undefined)
  assert.equal(await w.asked.look([question('a')], SIGNAL), 0, 'an agent that tells no generation')
  assert.deepEqual([w.seen('a'), w.seen('a', 3)], [['n1', 'n2'], []])
  const { asks } = w.state
  assert.equal(await w.asked.look([question('a')], SIGNAL), 0)
  assert.equal(w.state.asks, asks, 'what was seen is not asked again')
})

test('another policy of that name, and answers that make no sense, are no evidence', async () => {
  const w = world()
  for (const answer of [
    null,
    'text',
    [],
    [null, 7, 'a'],
    { items: 7 },
    { items: [{ metadata: { name: 'other' }, sourceRef: { uid: 'other' } }] },
  ]) {
    w.held.set('n1 a', answer)
    assert.equal(await w.asked.look([question('a', { nodes: ['n1'] })], SIGNAL), 1)
  }
  assert.deepEqual(w.state.problems, [])
})

test('an agent that fails is told and asked again; the others go on', async () => {
  const w = world()
  w.agent('n1', 'a', 2)
  w.agent('n2', 'a', 2)
  w.failing.add('n1')
  assert.equal(await w.asked.look([question('a')], SIGNAL), 1)
  assert.deepEqual([w.seen('a'), w.state.problems], [['n2'], ['n1']])
  w.failing.clear()
  assert.equal(await w.asked.look([question('a')], SIGNAL), 0)
})

test('what is not asked about any more, or not on this node, is forgotten', async () => {
  const w = world()
  w.agent('n1', 'a', 2)
  w.agent('n2', 'a', 2)
  await w.asked.look([question('a')], SIGNAL)
  w.asked.keep([question('a', { nodes: ['n2', 'n3'] })])
  assert.deepEqual(w.seen('a'), ['n2'])
  w.asked.keep([question('a', { generation: 3 })])
  assert.deepEqual([w.seen('a'), w.seen('a', 3)], [[], []])
})

test('a few at a time, and so many in one reading', async () => {
  const w = world()
  const many = Array.from({ length: 100 }, (_, at) => question(`u${at}`, { nodes: ['n1'] }))
  for (const { uid } of many) w.agent('n1', uid, 2)
  assert.equal(await w.asked.look(many, SIGNAL), 100 - AGENT_ASKS_MAX)
  assert.deepEqual([w.state.asks, w.state.most], [2 * AGENT_ASKS_MAX, AGENT_ASKS_AT_ONCE])
  const gone = AbortSignal.abort()
  assert.equal(await w.asked.look(many, gone), 100 - AGENT_ASKS_MAX)
  assert.equal(w.state.asks, 2 * AGENT_ASKS_MAX)
})
