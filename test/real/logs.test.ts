/** Logs through a real kube-apiserver, which asks a kubelet for them: with the rights of the Role, and over its absence. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Kubelet, startKubelet } from './harness/kubelet.ts'
import { CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const PODS = '/api/v1/namespaces/kube-system/pods'
const OPERATIONS = `/mp/v1/clusters/${CLUSTER.id}/operations`
const NODE = 'n9'
let stack: Stack
let kubelet: Kubelet

async function pod(name: string, component: string): Promise<void> {
  const { api } = stack.plane
  await api.post(PODS, {
    metadata: { name, labels: { app: 'antrea', component } },
    spec: {
      nodeName: NODE,
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      containers: [component, 'antrea-ovs'].map((one) => ({ name: one, image: 'registry.example/antrea:1' })),
    },
  })
  await api.patch(`${PODS}/${name}/status`, {
    status: {
      phase: 'Running',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      containerStatuses: [
        {
          name: component,
          image: 'antrea',
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: {} },
        },
      ],
    },
  })
}

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    kubelet = await startKubelet(stack.plane.api, NODE)
    await pod('antrea-controller-7d9f', 'antrea-controller')
    await pod('antrea-agent-x2k4p', 'antrea-agent')
    const adapter = await stack.adapter.run('only')
    await adapter.ready('leading')
  },
  { timeout: 120_000 },
)
after(async () => {
  await stack?.stop()
  await kubelet?.close()
})

interface Shown {
  readonly id: string
  readonly state: string
  readonly events: readonly {
    readonly t: string
    readonly code?: string
    readonly event?: string
    readonly lines?: readonly { readonly source: string; readonly level: string; readonly text: string }[]
    readonly sources?: readonly { readonly problem?: { readonly code: string; readonly message: string } }[]
  }[]
}

const ask = async (body: object): Promise<string> =>
  (await stack.nsx.api.post(OPERATIONS, { kind: 'logs', body, timeout_ms: 110_000 })).id
const show = (id: string): Promise<Shown> => stack.nsx.api.get(`${OPERATIONS}/${id}`)
const linesOf = ({ events }: Shown) => events.flatMap(({ lines = [] }) => lines)
const answered = (id: string) =>
  eventually('it is answered', async () => {
    const shown = await show(id)
    return shown.state === 'DONE' || shown.state === 'FAILED' ? shown : undefined
  })

test('lines of both come merged by time, by level and age', options, async () => {
  kubelet.write('antrea-controller-7d9f', 'I1125 09:00:00.000000       1 a.go:1] one')
  kubelet.write('antrea-agent-x2k4p', 'E1125 09:00:00.000000       1 a.go:1] two')
  kubelet.write('antrea-agent-x2k4p', 'goroutine 7 [running]:')
  kubelet.write('antrea-controller-7d9f', 'W1125 09:00:00.000000       1 a.go:1] three')
  const all = await answered(await ask({ component: ['controller', 'agent'], since: '5m' }))
  assert.deepEqual(
    linesOf(all).map(({ source, level, text }) => [source, level, text.split('] ').at(-1)]),
    [
      ['controller/antrea-controller-7d9f', 'info', 'one'],
      [`agent/${NODE}`, 'error', 'two'],
      [`agent/${NODE}`, 'error', 'goroutine 7 [running]:'],
      ['controller/antrea-controller-7d9f', 'warn', 'three'],
    ],
    JSON.stringify(all),
  )
  const worse = await answered(await ask({ nodes: [NODE], level: 'error', limit: 1 }))
  assert.deepEqual(
    linesOf(worse).map(({ text }) => text),
    ['goroutine 7 [running]:'],
  )
})

test('a kubelet that goes and comes back: nothing is lost, nothing is said twice', options, async () => {
  const followed = await ask({ component: 'controller', follow: true, since: 1 })
  const says = (text: string) =>
    eventually(
      `it says ${text}`,
      async () => (linesOf(await show(followed)).some((line) => line.text.endsWith(text)) ? true : undefined),
      { withinMs: 60_000, everyMs: 100 },
    )
  await eventually('it follows', async () =>
    kubelet.asked.some((query) => query.includes('follow=true')) ? true : undefined,
  )
  kubelet.write('antrea-controller-7d9f', 'W before')
  await says('before')
  await kubelet.close()
  kubelet.write('antrea-controller-7d9f', 'W meanwhile')
  const unreachable = await answered(await ask({ nodes: [NODE] }))
  assert.equal(unreachable.state, 'FAILED')
  assert.equal(unreachable.events.at(-1)?.code, 'KUBE_SERVER_ERROR', JSON.stringify(unreachable.events))
  await kubelet.open()
  await says('meanwhile')
  kubelet.write('antrea-controller-7d9f', 'W after')
  await says('after')
  assert.deepEqual(
    linesOf(await show(followed))
      .map(({ text }) => text)
      .filter((text) => text.startsWith('W ')),
    ['W before', 'W meanwhile', 'W after'],
  )
  await stack.nsx.api.delete(`${OPERATIONS}/${followed}`)
  await eventually('it is cancelled', async () =>
    (await show(followed)).events.at(-1)?.code === 'CANCELLED' ? true : undefined,
  )
})

test('without the Role in kube-system it is said which right is missing', options, async () => {
  const { api } = stack.plane
  const role =
    '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/antrea-nsx-adapter-antrea'
  const binding = await api.get(role)
  await api.delete(role)
  const refused = await eventually('it is refused', async () => {
    const shown = await answered(await ask({ component: 'controller' }))
    return shown.state === 'FAILED' ? shown.events.at(-1) : undefined
  })
  assert.equal(refused.code, 'KUBE_FORBIDDEN')
  assert.match(JSON.stringify(refused), /cannot get resource \\"pods\/log\\"/)
  const { resourceVersion: _, uid: __, ...metadata } = binding.metadata
  await api.post(role.replace(/\/[^/]+$/, ''), { ...binding, metadata })
})
