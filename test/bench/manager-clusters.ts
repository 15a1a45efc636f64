/**
 * Many clusters on one manager: simulated adapters on both channels over TLS, the manager in a process of its own. Its
 * memory, the time until the last adapter holds a change, all of them coming back at once, and how long its event loop
 * stands still meanwhile.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createAuthority } from '../../src/sandbox/pki.ts'
import type { HttpClient, HttpMethod } from '../../src/world/index.ts'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { createSimulatedAdapter, type SimulatedAdapter } from './fleet.ts'
import type { ManagerFigures, ManagerStart } from './manager-process.ts'
import { rowOf, table } from './report.ts'

export interface ClustersOptions {
  readonly clusters: number
  readonly policies: number
  readonly changes: number
  readonly storms: number
}

/** What was measured, for a table or a test. */
export interface ClustersMeasured {
  /** From the call of a person until the last adapter, and until each of them, holds the change. */
  readonly lastMs: readonly number[]
  readonly eachMs: readonly number[]
  /** From the cut until every adapter has read everything anew and reported; and of each of them. */
  readonly stormMs: readonly number[]
  readonly stormEachMs: readonly number[]
  readonly empty: ManagerFigures
  readonly idle: ManagerFigures
  readonly changing: ManagerFigures
  readonly storming: ManagerFigures
  readonly after: ManagerFigures
  /** Of one snapshot. */
  readonly objects: number
}

const USER = { name: 'admin', password: 'a-password-of-the-measurement' }
const POLICY = '/policy/api/v1'
const DOMAIN = `${POLICY}/infra/domains/default`
const PLANES = '/infra/sites/default/enforcement-points/default/cluster-control-planes'
/** One hierarchical call holds up to 5,000 intents. */
const INTENTS_A_CALL = 4_000
const GROUPS = 100

interface Running {
  readonly user: HttpClient
  readonly adapters: readonly SimulatedAdapter[]
  figures(): Promise<ManagerFigures>
  stop(): Promise<void>
}

async function startAll(clusters: number): Promise<Running> {
  const authority = await createAuthority('bench-ca', createRealClock())
  const server = await authority.server('127.0.0.1', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const identities = await Promise.all(
    Array.from({ length: clusters }, async (_, at) => {
      const name = `cluster-${at}`
      return { nodeId: `node-${at}`, name, ...(await authority.client(name)) }
    }),
  )
  const child = fork(join(import.meta.dirname, 'manager-process.ts'), [], { execArgv: ['--expose-gc'] })
  const start: ManagerStart = {
    ...server,
    ca: authority.ca,
    user: USER,
    clusters: identities.map(({ nodeId, name, cert }) => ({ nodeId, name, certificatePem: cert })),
  }
  const { port } = await ask<{ port: number }>(child, { start })
  const place = { url: `https://127.0.0.1:${port}`, caPem: authority.ca }
  const authorization = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
  const user = createHttpClient({
    origin: place.url,
    tls: { ca: place.caPem },
    headers: () => ({ authorization, 'content-type': 'application/json' }),
  })
  const adapters = identities.map((identity) => createSimulatedAdapter(place, identity))
  return {
    user,
    adapters,
    figures: async () => (await ask<{ figures: ManagerFigures }>(child, {})).figures,
    async stop() {
      await Promise.all([user.close(), ...adapters.map((adapter) => adapter.close())])
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  const answer = once(child, 'message')
  child.send(message)
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the manager ended with ${code}`)),
  )
  return (await Promise.race([answer, ended]))[0] as T
}

/** Everything measured; throws when an adapter loses its stream or holds another set than it should. */
export async function measureClusters(
  { clusters, policies, changes, storms }: ClustersOptions,
  say: (line: string) => void,
): Promise<ClustersMeasured> {
  const running = await startAll(clusters)
  try {
    const { adapters, user } = running
    const empty = await running.figures()
    await fill(user, clusters, policies)
    say(`${policies} policies span ${clusters} clusters`)
    await Promise.all(adapters.map((adapter) => adapter.connect()))
    const objects = adapters[0]?.held ?? 0
    const idle = await running.figures()
    const [lastMs, eachMs]: [number[], number[]] = [[], []]
    for (let change = 0; change < changes; change += 1) {
      const took = await changeOne(running, change % policies, change)
      eachMs.push(...took)
      lastMs.push(Math.max(...took))
    }
    const changing = await running.figures()
    say(`${changes} changes have reached everybody`)
    const [stormMs, stormEachMs]: [number[], number[]] = [[], []]
    for (let round = 0; round < storms; round += 1) {
      const took = await storm(adapters)
      stormEachMs.push(...took)
      stormMs.push(Math.max(...took))
    }
    const storming = await running.figures()
    await changeOne(running, 0, changes)
    await assertAllAlike(running, policies)
    const after = await running.figures()
    return { lastMs, eachMs, stormMs, stormEachMs, empty, idle, changing, storming, after, objects }
  } finally {
    await running.stop()
  }
}

/** Policies of five rules between groups, each spanning every cluster. */
async function fill(user: HttpClient, clusters: number, policies: number): Promise<void> {
  const infra = (children: readonly object[]) =>
    send(user, 'PATCH', `${POLICY}/infra`, {
      resource_type: 'Infra',
      children: [{ resource_type: 'ChildResourceReference', target_type: 'Domain', id: 'default', children }],
    })
  await infra(
    Array.from({ length: GROUPS }, (_, at) => ({
      resource_type: 'ChildGroup',
      Group: { id: `g${at}`, resource_type: 'Group', group_type: ['ANTREA'], expression: [podTag(at)] },
    })),
  )
  const each = Math.max(1, Math.floor(INTENTS_A_CALL / (clusters + 2)))
  for (let from = 0; from < policies; from += each)
    await infra(
      Array.from({ length: Math.min(each, policies - from) }, (_, at) => ({
        resource_type: 'ChildSecurityPolicy',
        SecurityPolicy: {
          ...policyBody(from + at, 0),
          children: Array.from({ length: clusters }, (_unused, cluster) => ({
            resource_type: 'ChildSecurityPolicyContainerCluster',
            SecurityPolicyContainerCluster: {
              id: `s${cluster}`,
              resource_type: 'SecurityPolicyContainerCluster',
              container_cluster_path: `${PLANES}/cluster-${cluster}`,
            },
          })),
        },
      })),
    )
}

const podTag = (at: number) => ({
  resource_type: 'Condition',
  member_type: 'Pod',
  key: 'Tag',
  operator: 'EQUALS',
  value: `dis:k8s:app|a${at}`,
})

const groupPath = (at: number) => `/infra/domains/default/groups/g${at % GROUPS}`

const policyBody = (at: number, revision: number) => ({
  id: `p${at}`,
  resource_type: 'SecurityPolicy',
  display_name: `policy ${at}`,
  description: `revision ${revision}`,
  category: 'Application',
  sequence_number: at,
  scope: [groupPath(at)],
  rules: Array.from({ length: 5 }, (_, rule) => ({
    id: `r${rule}`,
    display_name: `rule ${rule}`,
    action: rule === 4 ? 'DROP' : 'ALLOW',
    direction: 'IN',
    sequence_number: rule,
    source_groups: rule === 4 ? ['ANY'] : [groupPath(at + rule + 1)],
    destination_groups: ['ANY'],
    services: ['ANY'],
    scope: ['ANY'],
  })),
})

/** Milliseconds from the call until each adapter held the change. */
async function changeOne({ user, adapters }: Running, at: number, revision: number): Promise<number[]> {
  const before = Math.max(...adapters.map(({ version }) => version))
  const started = performance.now()
  const arrivals = adapters.map((adapter) => adapter.reached(before + 1))
  await send(user, 'PATCH', `${DOMAIN}/security-policies/p${at}`, policyBody(at, revision + 1))
  const took = (await Promise.all(arrivals)).map((arrivedMs) => arrivedMs - started)
  await Promise.all(adapters.map((adapter) => adapter.reported()))
  return took
}

/** All sockets are cut, and all adapters come back at once, without waiting for a random time as adapters do. */
async function storm(adapters: readonly SimulatedAdapter[]): Promise<number[]> {
  for (const adapter of adapters) adapter.cut()
  const started = performance.now()
  return Promise.all(
    adapters.map(async (adapter) => {
      await adapter.connect()
      return performance.now() - started
    }),
  )
}

async function assertAllAlike({ adapters, user }: Running, policies: number): Promise<void> {
  for (const { nodeId, broken } of adapters) assert.equal(broken, undefined, nodeId)
  assert.equal(new Set(adapters.map(({ version }) => version)).size, 1)
  assert.equal(new Set(adapters.map(({ held }) => held)).size, 1)
  await Promise.all(adapters.map((adapter) => adapter.health()))
  const { results } = await send(user, 'GET', `${POLICY}${PLANES}-status`)
  assert.deepEqual([...new Set(results.map(({ status }: { status: string }) => status))], ['HEALTHY'])
  const path = `/infra/domains/default/security-policies/p${policies - 1}`
  const status = await send(user, 'GET', `${POLICY}/infra/realized-state/status?intent_path=${path}`)
  assert.equal(status.publish_status, 'REALIZED', JSON.stringify(status).slice(0, 500))
  assert.equal(status.consolidated_status_per_enforcement_point.length, adapters.length)
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as they come
async function send(client: HttpClient, method: HttpMethod, path: string, body?: object): Promise<any> {
  const answer = await client.request({
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 60_000,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
  return text === '' ? undefined : JSON.parse(text)
}

const MEASURED: ClustersOptions = { clusters: 200, policies: 200, changes: 60, storms: 5 }

export async function benchManagerClusters(say: (line: string) => void): Promise<string> {
  const seen = await measureClusters(MEASURED, say)
  const { clusters, policies } = MEASURED
  const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`
  const stall = (what: string, { stallMs, cpuMs }: ManagerFigures) =>
    `| ${what} | ${stallMs.toFixed(0)} ms | ${(cpuMs / 1_000).toFixed(1)} s |`
  const memory = (what: string, { rssBytes, heapBytes }: ManagerFigures) =>
    `| ${what} | ${mib(rssBytes)} | ${mib(heapBytes)} |`
  return [
    `${clusters} clusters on one manager, ${policies} policies of 5 rules that span all of them (${seen.objects} objects in each`,
    'snapshot); the adapters are simulated in one process on the same machine, with both channels and a client certificate each.',
    '',
    table([
      rowOf('a policy changed → held by the last adapter', seen.lastMs, 'median < 500 ms'),
      rowOf('a policy changed → held by each adapter', seen.eachMs, ''),
      rowOf('all cut → all have read everything anew and reported', seen.stormMs, '< 15 s'),
      rowOf('all cut → each has', seen.stormEachMs, ''),
    ]),
    '',
    '| the manager | resident | heap after a collection |',
    '|---|---|---|',
    memory('with its clusters registered', seen.empty),
    memory('with everybody connected', seen.idle),
    memory('after the changes', seen.changing),
    memory('after the storms', seen.after),
    '',
    '| while | longest stall of its event loop | its processor time |',
    '|---|---|---|',
    stall('filling and the first connects', seen.idle),
    stall(`${MEASURED.changes} changes, each reported by everybody`, seen.changing),
    stall(`${MEASURED.storms} storms`, seen.storming),
  ].join('\n')
}
