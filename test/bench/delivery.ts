/** From a person's call to NSX until the API server has accepted the policy, seen by a watch of its own. */
import { jsonLines } from '../../src/protocol/index.ts'
import type { HttpClient, HttpMethod } from '../../src/world/index.ts'
import { podTag, rule } from '../real/harness/nsx.ts'
import { startStack } from '../real/harness/stack.ts'
import type { SandboxProcess } from './sandbox.ts'

const DOMAIN = '/policy/api/v1/infra/domains/default'
const POLICIES = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const SEEN_LIMIT_MS = 10_000

export interface Delivery {
  readonly createMs: readonly number[]
  readonly updateMs: readonly number[]
}

/** `count` policies are pushed one after the other, then each is changed once; they are deleted at the end. */
export async function measureDelivery(sandbox: SandboxProcess, count: number): Promise<Delivery> {
  const seen = await follow(sandbox.kube)
  const { manager } = sandbox
  const createMs: number[] = []
  const updateMs: number[] = []
  await call(manager, 'PATCH', `${DOMAIN}/groups/bench`, {
    group_type: ['ANTREA'],
    expression: [
      {
        resource_type: 'Condition',
        member_type: 'Pod',
        key: 'Tag',
        operator: 'EQUALS',
        value: 'dis:k8s:app|bench',
      },
    ],
  })
  const path = (index: number) => `${DOMAIN}/security-policies/bench-${index}`
  const spanPath = await controlPlanePath(sandbox)
  for (let index = 0; index < count; index += 1) {
    const { unique_id } = await call<{ unique_id: string }>(
      manager,
      'PUT',
      path(index),
      policyBody(index, '80'),
    )
    const started = performance.now()
    const arrived = seen.next(unique_id)
    await call(manager, 'PATCH', `${path(index)}/container-cluster-span/this`, {
      container_cluster_path: spanPath,
    })
    createMs.push((await arrived) - started)
  }
  for (let index = 0; index < count; index += 1) {
    const { unique_id, _revision } = await call<{ unique_id: string; _revision: number }>(
      manager,
      'GET',
      path(index),
    )
    const started = performance.now()
    const arrived = seen.next(unique_id)
    await call(manager, 'PUT', path(index), { ...policyBody(index, '8080'), _revision })
    updateMs.push((await arrived) - started)
  }
  for (let index = 0; index < count; index += 1) await call(manager, 'DELETE', path(index))
  seen.stop()
  return { createMs, updateMs }
}

async function controlPlanePath(sandbox: SandboxProcess): Promise<string> {
  const { results } = await call<{ results: { path: string; node_id: string }[] }>(
    sandbox.manager,
    'GET',
    '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes',
  )
  const found = results.find(({ node_id }) => node_id === sandbox.ready.cluster_id)
  if (found === undefined) throw new Error("the manager does not list the sandbox's cluster")
  return found.path
}

const policyBody = (index: number, port: string) => ({
  display_name: `bench-${index}`,
  category: 'Application',
  sequence_number: 1_000 + index,
  scope: ['/infra/domains/default/groups/bench'],
  rules: [
    {
      id: 'in',
      action: 'ALLOW',
      direction: 'IN',
      source_groups: ['/infra/domains/default/groups/bench'],
      destination_groups: ['ANY'],
      services: [],
      service_entries: [
        {
          resource_type: 'L4PortSetServiceEntry',
          id: 'port',
          display_name: 'port',
          l4_protocol: 'TCP',
          destination_ports: [port],
        },
      ],
      scope: ['ANY'],
      profiles: ['ANY'],
      ip_protocol: 'IPV4_IPV6',
    },
  ],
})

interface Seen {
  /** Resolves with the time at which the spec of this policy is next seen to change. */
  next(name: string): Promise<number>
  stop(): void
}

async function follow(kube: HttpClient): Promise<Seen> {
  const stop = new AbortController()
  const answer = await kube.request({
    method: 'GET',
    path: `${POLICIES}?watch=true&timeoutSeconds=600`,
    lane: 'stream',
    headersTimeoutMs: 10_000,
    bodyTimeoutMs: 0,
    signal: stop.signal,
  })
  const waiting = new Map<string, (atMs: number) => void>()
  const generations = new Map<string, number>()
  const read = async () => {
    for await (const line of jsonLines(answer.body, 8 * 1_024 * 1_024)) {
      const atMs = performance.now()
      const { object } = line as { object: { metadata: { name: string; generation?: number } } }
      const { name, generation = 0 } = object.metadata
      if ((generations.get(name) ?? -1) >= generation) continue
      generations.set(name, generation)
      waiting.get(name)?.(atMs)
      waiting.delete(name)
    }
  }
  read().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return {
    next: (name) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${name} was not seen in ${SEEN_LIMIT_MS} ms`)),
          SEEN_LIMIT_MS,
        )
        waiting.set(name, (atMs) => {
          clearTimeout(timer)
          resolve(atMs)
        })
      }),
    stop: () => stop.abort(new Error('the measurement is over')),
  }
}

async function call<T>(client: HttpClient, method: HttpMethod, path: string, body?: unknown): Promise<T> {
  const answer = await client.request({
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 10_000,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** The same way through a real kube-apiserver, with the adapter as a process: milliseconds of each change. */
export async function measureRealDelivery(count: number): Promise<number[]> {
  const stack = await startStack()
  try {
    const { nsx, plane, adapter } = stack
    await nsx.putGroup('bench', [podTag('app', 'bench')])
    const body = (port: string) => ({
      category: 'Application',
      sequence_number: 1,
      scope: ['/infra/domains/default/groups/bench'],
      rules: [
        rule({ id: 'in', action: 'ALLOW', sequence: 1, direction: 'IN', peers: ['bench'], tcpPorts: [port] }),
      ],
    })
    await nsx.putPolicy('bench', body('80'))
    await (await adapter.run('bench')).ready('leading')
    await stack.settled()
    const seen = await follow(plane.api.http)
    const updateMs: number[] = []
    for (let index = 0; index < count; index += 1) {
      const { unique_id = '' } = await nsx.policy('bench')
      const started = performance.now()
      const arrived = seen.next(unique_id)
      await nsx.putPolicy('bench', { ...(await nsx.policy('bench')), ...body(String(1_000 + index)) })
      updateMs.push((await arrived) - started)
    }
    seen.stop()
    return updateMs
  } finally {
    await stack.stop()
  }
}
