/** Puts nodes, namespaces and the demo application into an API server, and plays the little that kubelets would do. */
import type { Clock } from '../world/index.ts'
import { DEMO_NAMESPACES, type DemoObject, demoObjects, nodeObjects, nodesOf } from './demo-objects.ts'
import type { Rest } from './rest.ts'

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const

/** Creates the namespaces every cluster has, and the nodes. What is there already stays. */
export async function createBase(rest: Rest, clock: Clock, nodeNames: readonly string[]): Promise<void> {
  for (const name of SYSTEM_NAMESPACES) await createNamespace(rest, name)
  for (const node of nodeObjects(nodesOf(nodeNames), stamp(clock))) await create(rest, node)
}

/** Creates the demo application, its Pods running on these nodes. */
export async function createDemo(rest: Rest, clock: Clock, nodeNames: readonly string[]): Promise<void> {
  for (const [name, labels] of Object.entries(DEMO_NAMESPACES)) await createNamespace(rest, name, labels)
  for (const object of demoObjects(nodesOf(nodeNames), stamp(clock))) await create(rest, object)
}

/** Creates the namespace unless it is there. */
export async function createNamespace(
  rest: Rest,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await rest.call(
    'POST',
    '/api/v1/namespaces',
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
    },
    { accept: [409] },
  )
}

async function create(rest: Rest, { collection, body, status }: DemoObject): Promise<void> {
  const created = await rest.call('POST', collection, body, { accept: [409] })
  if (created.status === 409 || status === undefined) return
  await rest.call('PUT', `${collection}/${body.metadata.name}/status`, {
    ...(created.body as Record<string, unknown>),
    status,
  })
}

/** Whole seconds, as Kubernetes writes times. */
const stamp = (clock: Clock): string => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
