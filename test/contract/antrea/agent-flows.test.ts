/** Agents asked for their policies and flows over their HTTPS API, on real sockets: the client and the stand-in's agents. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFlows } from '../../../src/ccp/realization/index.ts'
import type { AntreaAgentInfo } from '../../../src/kube/antrea.ts'
import {
  agentsOfStores,
  createAgentClient,
  createStore,
  type KubeObject,
  RESOURCES,
} from '../../../src/kube/index.ts'
import { createStandInAgents } from '../../../src/sandbox/antrea/index.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import { createHttpClient, createRealClock, serve } from '../../../src/world/real.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, Names } from './objects.ts'

const SIGNAL = new AbortController().signal
const GIVEN = {
  nodes: [{ name: 'n1' }],
  namespaces: [{ name: 'red', labels: {} }],
  pods: [{ ns: 'red', name: 'web', labels: { app: 'web' }, node: 'n1', ips: ['10.1.0.1'] }],
}

async function listed(cluster: TestCluster, path: string): Promise<Map<string, KubeObject>> {
  const { items } = (await cluster.call('GET', path)).body as { items: KubeObject[] }
  return new Map(items.map((item) => [item.metadata.name, item]))
}

/** Agents with an API on the loopback that takes the token `good`. */
async function startAgents(cluster: TestCluster) {
  const authority = await createAuthority('agents', createRealClock())
  const agents = createStandInAgents(cluster.deps, {
    agentAccess: async (token, method, path) => token === 'good' && method === 'GET' && path !== '/agentinfo',
    serveAgent: async (_node, handler) => {
      const identity = await authority.server('localhost', { dns: ['localhost'], ips: [] })
      const running = await serve({ handler, host: '127.0.0.1', port: 0, tls: identity })
      return { port: running.port, caPem: authority.ca, close: () => running.close() }
    },
  })
  await createGiven(cluster, new Names(), GIVEN)
  await letGo(cluster.clock, agents.start())
  for (let tries = 0; tries < 100; tries += 1) {
    await cluster.rest(100)
    const infos = await listed(cluster, '/apis/crd.antrea.io/v1beta1/antreaagentinfos')
    if ((infos.get('n1') as AntreaAgentInfo | undefined)?.apiCABundle !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return agents
}

async function clientOf(cluster: TestCluster, token: string) {
  const agents = createStore<AntreaAgentInfo>(RESOURCES.antreaAgentInfos)
  const nodes = createStore(RESOURCES.nodes)
  agents.swap((await listed(cluster, '/apis/crd.antrea.io/v1beta1/antreaagentinfos')) as never, '1')
  const address = { type: 'InternalIP', address: '127.0.0.1' }
  nodes.swap(
    new Map([
      ['n1', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { addresses: [address] } }],
    ]),
    '1',
  )
  return createAgentClient({
    placeOf: agentsOfStores(agents, nodes),
    clock: createRealClock(),
    connect: ({ origin, caPem }) =>
      createHttpClient({
        origin,
        tls: { ca: caPem, servername: 'localhost' },
        headers: () => ({ authorization: `Bearer ${token}` }),
      }),
  })
}

test('an agent tells the policies it holds and their flows to whom it may, and the client pins its certificate', async () => {
  const cluster = await startCluster()
  const agents = await startAgents(cluster)
  try {
    const { body } = await cluster.call('POST', '/apis/networking.k8s.io/v1/namespaces/red/networkpolicies', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'red' },
      spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] },
    })
    const { uid = '', generation } = (body as KubeObject).metadata
    await cluster.rest(1_000)
    const client = await clientOf(cluster, 'good')
    const problems: unknown[] = []
    const flows = createFlows(client, (_node, error) => problems.push(error))
    const path = `k8s:K8sNetworkPolicy/${uid}`
    const question = { path, uid, generation, namespace: 'red', name: 'deny', nodes: ['n1'] }
    let missing = 1
    for (let tries = 0; tries < 100 && missing > 0; tries += 1) {
      await cluster.rest(100)
      missing = await flows.look([question], SIGNAL)
    }
    assert.equal(missing, 0)
    assert.deepEqual([[...flows.seenOn(path, generation)], problems], [['n1'], []])
    const other = { ...question, path: 'k8s:K8sNetworkPolicy/x', uid: 'x', name: 'other' }
    assert.equal(await flows.look([other], SIGNAL), 1)

    assert.equal(await client.get('n1', '/ovsflows?networkpolicy=none&type=K8SNP', SIGNAL), undefined)
    await assert.rejects(client.get('n1', '/networkpolicies?type=nonsense', SIGNAL))
    await assert.rejects(client.get('n2', '/networkpolicies', SIGNAL), { code: 'AGENT_UNKNOWN' })
    await assert.rejects((await clientOf(cluster, 'bad')).get('n1', '/networkpolicies', SIGNAL), {
      code: 'KUBE_UNAUTHORIZED',
    })

    // It says that it cannot install: no flows.
    agents.setFailing('n1', 'no space')
    assert.equal(
      await client.get('n1', '/ovsflows?networkpolicy=deny&namespace=red&type=K8SNP', SIGNAL),
      undefined,
    )
  } finally {
    await agents.stop()
    await cluster.stop()
  }
})
