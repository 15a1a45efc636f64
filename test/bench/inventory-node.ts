/**
 * The adapter's MP channel in a process of its own: stores as its watches would hold them, a manager on TLS. Commands, one
 * a line: `sync`, `resync`, `steady`, `operator-sync`, `operator-steady`; each answers one line of JSON.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { createActor } from 'xstate'
import { stateWords } from '../../src/diagnostics/inspection.ts'
import { createHealth } from '../../src/health/index.ts'
import { OPEN_GATE } from '../../src/kube/index.ts'
import { SILENT } from '../../src/log/index.ts'
import { provideMp } from '../../src/mp/index.ts'
import { createView } from '../../src/mp/inventory/index.ts'
import { createNsxManager } from '../../src/nsx/index.ts'
import type { InventoryObject } from '../../src/nsx/model.ts'
import type { HttpClient } from '../../src/world/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../../src/world/real.ts'
import { createCluster } from '../unit/mp/cluster.ts'
import { fillCluster, pod, podKey } from './inventory-objects.ts'

const [, , folder = '.', count = '10000'] = process.argv
const pods = Number(count)
const file = (name: string) => readFileSync(join(folder, name), 'utf8')
const { url, clusterId } = JSON.parse(file('manager.json')) as { url: string; clusterId: string }
const clock = createRealClock()
const random = createRealRandom()
const cluster = createCluster()
fillCluster(cluster, pods)

const counted = { batches: 0, refused: 0 }
/** Pods whose change is under way: external id → when it happened. */
const waiting = new Map<string, number>()
const lagsMs: number[] = []

/** Notes each batch that the manager took. */
function watching(http: HttpClient): HttpClient {
  return {
    ...http,
    async request(request) {
      const answer = await http.request(request)
      if (request.method !== 'POST' || !request.path.startsWith('/api/v1/inventory/')) return answer
      if (answer.status >= 300) counted.refused += 1
      else {
        counted.batches += 1
        tookBatch(String(request.body))
      }
      return answer
    },
  }
}

function tookBatch(body: string): void {
  if (waiting.size === 0) return
  const { container_inventory_objects: updates } = JSON.parse(body) as {
    container_inventory_objects: { container_object: { external_id: string } }[]
  }
  for (const { container_object } of updates) {
    const since = waiting.get(container_object.external_id)
    if (since === undefined) continue
    waiting.delete(container_object.external_id)
    lagsMs.push(performance.now() - since)
  }
}

const tls = { ca: file('ca'), cert: file('client.cert'), key: file('client.key') }
const nsx = createNsxManager({
  http: watching(createHttpClient({ origin: url, tls })),
  clock,
  random,
  log: SILENT,
})

function startChannel() {
  const actor = createActor(
    provideMp({
      clock,
      random,
      log: SILENT,
      health: createHealth(clock),
      nsx,
      stores: cluster.deps,
      isServed: () => true,
      clusterId,
      clusterName: 'bench',
      clusterUid: async () => 'uid-kube-system',
      instance: 'bench',
      adapterVersion: '0',
      gate: OPEN_GATE,
      operations: [],
    }),
    { clock },
  )
  actor.start()
  actor.send({ type: 'KUBE_READY' })
  return actor
}

type Channel = ReturnType<typeof startChannel>
let channel: Channel | undefined
let term = 0
/** Changes made so far: each is another one, also in a second run. */
let revision = 0

/** Leads until the first comparison is carried out. */
async function measured(work: () => Promise<void>) {
  globalThis.gc?.()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const before = { ...counted }
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  delay.enable()
  await work()
  const ms = performance.now() - startedMs
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  globalThis.gc?.()
  return {
    ms,
    stallMs: delay.max / 1e6,
    cpuMs: (user + system) / 1_000,
    batches: counted.batches - before.batches,
    refused: counted.refused - before.refused,
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage().rss,
  }
}

async function sync(): Promise<void> {
  channel?.stop()
  channel = startChannel()
  const actor = channel
  term += 1
  const led = new Promise<void>((resolve) => {
    const look = () => /(^|\.)watching\b/.test(stateWords(actor.getSnapshot().value))
    const { unsubscribe } = actor.subscribe(() => {
      if (!look()) return
      unsubscribe()
      resolve()
    })
  })
  actor.send({ type: 'LEAD', leader: { leaseCreated: 1, transitions: term } })
  await led
}

/** Changes `perSecond` pods each second, evenly, and waits for the last to be taken. */
async function change(perSecond: number, seconds: number): Promise<void> {
  lagsMs.length = 0
  let made = 0
  const startedMs = performance.now()
  while (made < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, ((performance.now() - startedMs) / 1_000) * perSecond)
    for (; made < due; made += 1) {
      const at = made % pods
      revision += 1
      const changed = pod(at, revision)
      // A change of one that is still under way counts from the first.
      if (!waiting.has(changed.metadata.uid)) waiting.set(changed.metadata.uid, performance.now())
      cluster.put('pods', changed)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const endMs = performance.now() + 60_000
  while (waiting.size > 0 && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

async function steady(perSecond: number, seconds: number) {
  const result = await measured(() => change(perSecond, seconds))
  const sorted = [...lagsMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null
  return { ...result, lost: waiting.size, p50Ms: at(0.5), p99Ms: at(0.99) }
}

// ---- nsx-operator's stated scheme as a model: 50 objects or 5 s, one batch in flight
const OPERATOR = { objects: 50, everyMs: 5_000 }

async function post(objects: readonly InventoryObject[], op: string): Promise<void> {
  await nsx.call({
    method: 'POST',
    path: `/api/v1/inventory/container/${clusterId}?action=updates`,
    body: {
      container_inventory_objects: objects.map((object) => {
        // Read-only in NSX for these two.
        const { container_cluster_id: _, ...rest } = object
        return { container_object: rest, object_update_type: op }
      }),
    },
  })
}

function mappedAll() {
  const view = createView(
    cluster.deps,
    clusterId,
    () => undefined,
    () => true,
    clock,
  )
  view.reset({ newerFields: true })
  return view
}

async function operatorSync(): Promise<void> {
  const view = mappedAll()
  await view.update()
  const objects = [...view.desired.values()]
  for (let at = 0; at < objects.length; at += OPERATOR.objects)
    await post(objects.slice(at, at + OPERATOR.objects), 'CREATE')
}

/** Its buffer over the same changes: flushed when it is full or its time has come, one batch in flight. */
async function operatorSteady(perSecond: number, seconds: number) {
  const view = mappedAll()
  await view.update()
  const buffer = new Set<string>()
  const stop = cluster.stores.pods.subscribe((keys) => {
    for (const key of keys) buffer.add(key)
  })
  let isRunning = true
  const worker = (async () => {
    let flushedMs = performance.now()
    while (isRunning || buffer.size > 0) {
      const isDue = performance.now() - flushedMs >= OPERATOR.everyMs
      if (buffer.size < OPERATOR.objects && !(isDue && buffer.size > 0)) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        continue
      }
      const keys = [...buffer].slice(0, OPERATOR.objects)
      for (const key of keys) buffer.delete(key)
      view.mark('pods', keys)
      await view.update()
      const ids = keys.map((key) => cluster.stores.pods.get(key)?.metadata.uid ?? '')
      await post(
        ids.flatMap((id) => view.desired.get(id) ?? []),
        'UPDATE',
      )
      flushedMs = performance.now()
    }
  })()
  const result = await steady(perSecond, seconds)
  isRunning = false
  await worker
  stop()
  return result
}

const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  sync: () => measured(sync),
  resync: () => measured(sync),
  steady: () => steady(1_000, 10),
  'operator-sync': () => measured(operatorSync),
  'operator-steady': () => {
    channel?.stop()
    return operatorSteady(1_000, 10)
  },
}

if (cluster.stores.pods.get(podKey(0)) === undefined) throw new Error('the stores are empty')
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const run = COMMANDS[line.trim()]
  if (run === undefined) throw new Error(`no command ${line}`)
  process.stdout.write(`${JSON.stringify(await run())}\n`)
}
process.exit(0)
