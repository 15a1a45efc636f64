/**
 * The Kubernetes side beside its peers, on one real kube-apiserver in one run: each a process of its own, one after the
 * other, on the same objects.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'
import { onlyKubeConfig } from '../../build/bundle.ts'
import { startControlPlane } from '../../src/sandbox/controlplane/index.ts'
import { createRealClock } from '../../src/world/real.ts'
import { createApi } from '../real/harness/api.ts'
import { goBuild } from '../real/harness/go-build.ts'
import { removeFolder, temporaryFolder } from '../real/harness/processes.ts'
import { programs as realPrograms } from '../real/harness/tier.ts'
import type { Steady, Synced } from './kube-measure.ts'
import { NAMESPACE, podStatus, policyBody } from './kube-objects.ts'
import { plainPodBody, podBody } from './pods.ts'

type Plane = Awaited<ReturnType<typeof startPlane>>
type Say = (line: string) => void

const SIZES = (process.env['BENCH_PODS'] ?? '10000,50000').split(',').map(Number)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const WRITERS = 16
const STEADY = { objects: 1_000, perSecond: 2_000, seconds: 5 }
const CREATED = 1_000
/** As many as the adapter's client has in flight (KUBE_WRITES_IN_FLIGHT_MAX). */
const WIDTH = 8

const go = goBuild({
  folder: join(import.meta.dirname, 'clientgo'),
  cache: 'bench-clientgo',
  programs: { clientgo: '.' },
  flags: ['-trimpath', '-ldflags', '-s -w'],
  subject: 'the client-go program of the benchmark',
  usual: '2 minutes',
})

/** A process that is measured: how it is started. */
interface Runner {
  readonly name: string
  readonly command: readonly string[]
}

interface Runners {
  readonly ours: Runner
  readonly peers: readonly Runner[]
  readonly writer: Runner
}

/** Bundled as the executable's sources are: types that are stripped at the start are memory that no user pays. */
async function bundled(folder: string, name: string, plugins: Plugin[]): Promise<string[]> {
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outfile,
    plugins,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
    },
  })
  return [process.execPath, ...process.execArgv, '--expose-gc', outfile]
}

async function runnersOf({ kubeconfig, folder }: Plane, say: Say): Promise<Runners> {
  const ours = await bundled(folder, 'kube-ours', [onlyKubeConfig(join(import.meta.dirname, '../..'))])
  const clientNode = await bundled(folder, 'kube-node', [])
  const { clientgo } = await go.programs({ clock: createRealClock(), progress: say })
  return {
    ours: { name: 'the adapter', command: [...ours, kubeconfig] },
    peers: [
      { name: 'client-go, protobuf', command: [clientgo, 'informer', kubeconfig] },
      {
        name: 'client-go, protobuf, trimming transform',
        command: [clientgo, 'informer', kubeconfig, 'trim'],
      },
      { name: 'client-node', command: [...clientNode, kubeconfig] },
    ],
    writer: { name: 'client-go', command: [clientgo, 'write', kubeconfig] },
  }
}

/** The process is gone without an answer. */
class Ended extends Error {}

interface Measured {
  ask<T>(command: string): Promise<T>
  stop(): Promise<void>
}

async function start({ name, command }: Runner): Promise<Measured> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = linesOf(child, name)
  await lines()
  return {
    async ask<T>(asked: string) {
      child.stdin.write(`${asked}\n`)
      return JSON.parse(await lines()) as T
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.stdin.end()
      }),
  }
}

function linesOf(child: ChildProcess, name: string): () => Promise<string> {
  if (child.stdout === null) throw new Error('it has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done) throw new Ended(`${name} ended`)
    return value as string
  }
}

/** Pods from number `from` on, each with a status as the kubelet's. */
async function load(plane: Plane, from: number, to: number): Promise<void> {
  let next = from
  const writer = async () => {
    while (next < to) {
      const index = next
      next += 1
      const stored = await plane.api.post('/api/v1/namespaces/default/pods', podBody(index))
      await plane.api.put(`/api/v1/namespaces/default/pods/${stored.metadata.name}/status`, {
        ...stored,
        status: podStatus(index),
      })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

async function bytesEach(plane: Plane): Promise<number> {
  const { items } = await plane.api.get('/api/v1/namespaces/default/pods?limit=20')
  return Math.round(Buffer.byteLength(JSON.stringify(items)) / items.length)
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/**
 * The server collects its garbage (net/http/pprof, `gc=1`). Of 50,000 pods it holds gigabytes, a collection takes seconds of
 * both cores, and without this it falls on whichever client is there when the clients before have filled the heap.
 */
async function collectGarbage({ http }: Plane): Promise<void> {
  const { status, body } = await http.request({
    method: 'GET',
    path: '/debug/pprof/heap?gc=1',
    headersTimeoutMs: 60_000,
  })
  for await (const _ of body);
  if (status !== 200) throw new Error(`the server does not collect its garbage: ${status}`)
}

async function measure(plane: Plane, runner: Runner, count: number): Promise<Synced> {
  await collectGarbage(plane)
  const process = await start(runner)
  try {
    return await process.ask<Synced>(`sync ${count}`)
  } finally {
    await process.stop()
  }
}

/** undefined: this client cannot read so many (client-node makes one string of them all, which Node does not take). */
const measurePeer = (plane: Plane, runner: Runner, count: number): Promise<Synced | undefined> =>
  measure(plane, runner, count).catch((error: unknown) => {
    if (error instanceof Ended) return undefined
    throw error
  })

/** Round by round, so that what the machine does besides falls on all alike. */
async function syncAll(
  plane: Plane,
  { ours, peers }: Runners,
  count: number,
  say: Say,
): Promise<Map<Runner, Synced[]>> {
  const runners = [ours, ...peers]
  const found = new Map<Runner, Synced[]>(runners.map((runner) => [runner, []]))
  // Once without being looked at: the server's own caches are warm for all.
  await measure(plane, ours, count)
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const runner of runners) {
      const synced = await (runner === ours ? measure : measurePeer)(plane, runner, count)
      if (synced !== undefined) found.get(runner)?.push(synced)
      say(`${count} pods, round ${round}, ${runner.name}: ${JSON.stringify(synced ?? 'ended')}`)
    }
  return found
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)

function syncTable(found: ReadonlyMap<Runner, readonly Synced[]>, ours: Runner): string {
  const of = (runner: Runner, pick: (synced: Synced) => number) => median((found.get(runner) ?? []).map(pick))
  const worst = (runner: Runner, pick: (synced: Synced) => number) =>
    Math.max(...(found.get(runner) ?? []).map(pick))
  const oursMs = of(ours, ({ ms }) => ms)
  const rows = [...found].map(([runner, rounds]) => {
    if (rounds.length === 0) return [runner.name, 'ended without them', ...Array(7).fill('–')].join(' | ')
    const ms = of(runner, (synced) => synced.ms)
    const stall = worst(runner, ({ stallMs }) => stallMs ?? Number.NaN)
    return [
      runner.name,
      `${ms.toFixed(0)} ms`,
      `${worst(runner, (synced) => synced.ms).toFixed(0)} ms`,
      (oursMs / ms).toFixed(2),
      `${mb(of(runner, ({ bytes }) => bytes))} MB`,
      Number.isNaN(stall) ? '–' : `${stall.toFixed(0)} ms`,
      `${of(runner, ({ cpuMs }) => cpuMs).toFixed(0)} ms`,
      `${mb(of(runner, ({ heapBytes }) => heapBytes))} MB`,
      `${mb(worst(runner, ({ peakRssBytes }) => peakRssBytes))} MB`,
    ].join(' | ')
  })
  return [
    '| client | time, median | worst | the adapter’s time ÷ this | bytes | worst stall | CPU | heap kept | peak RSS |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

async function steadyTable(runners: Runners, count: number, say: Say): Promise<string> {
  const writer = await start(runners.writer)
  const rows: string[] = []
  for (const runner of [runners.ours, ...runners.peers]) {
    const process = await start(runner)
    await process.ask(`sync ${count}`)
    await process.ask('window')
    const { perSecond } = await writer.ask<{ perSecond: number }>(
      `churn ${STEADY.objects} ${STEADY.perSecond} ${STEADY.seconds}`,
    )
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const steady = await process.ask<Steady>('end')
    await process.stop()
    say(`steady, ${runner.name}: ${JSON.stringify({ perSecond, ...steady })}`)
    const ms = (value: number) => `${value.toFixed(1)} ms`
    rows.push(
      `| ${runner.name} | ${perSecond.toFixed(0)} | ${steady.events} | ${ms(steady.p50Ms)} | ${ms(steady.p99Ms)} | ${ms(steady.maxMs)} | ${((steady.cpuMs * 1_000) / steady.events).toFixed(0)} µs |`,
    )
  }
  await writer.stop()
  return [
    '| client | changes a second | events | median | p99 | max | CPU each |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

async function createTable(plane: Plane, runners: Runners, kubectl: string, say: Say): Promise<string> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`
  const file = join(plane.folder, 'policies.json')
  const items = Array.from({ length: CREATED }, (_, at) => policyBody(at))
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const byProcess = (runner: Runner, command: string) => async () => {
    const process = await start(runner)
    const { ms } = await process.ask<{ ms: number }>(command)
    await process.stop()
    return ms
  }
  const ways: Readonly<Record<string, () => Promise<number>>> = {
    'the adapter': byProcess(runners.ours, `create ${CREATED}`),
    'client-go without its own rate limit': byProcess(runners.writer, `create ${CREATED} ${WIDTH}`),
    '`kubectl apply`': async () => {
      const startedMs = performance.now()
      await promisify(execFile)(kubectl, ['--kubeconfig', plane.kubeconfig, 'apply', '-f', file], {
        maxBuffer: 1 << 24,
      })
      return performance.now() - startedMs
    },
  }
  const found = new Map<string, number[]>()
  for (let round = 1; round <= Math.min(3, ROUNDS); round += 1)
    for (const [name, act] of Object.entries(ways)) {
      const ms = await act()
      say(`${CREATED} objects, round ${round}, ${name}: ${ms.toFixed(0)} ms`)
      found.set(name, [...(found.get(name) ?? []), ms])
      await plane.api.delete(path)
    }
  const oursMs = median(found.get('the adapter') ?? [])
  return [
    '| who | time, median | the adapter’s time ÷ this |',
    '|---|---|---|',
    ...[...found].map(
      ([name, ms]) => `| ${name} | ${median(ms).toFixed(0)} ms | ${(oursMs / median(ms)).toFixed(2)} |`,
    ),
  ].join('\n')
}

/** Without the audit log that the tests have: it would be a write for each request. */
async function startPlane() {
  const folder = temporaryFolder('antrea-nsx-bench-')
  const programs = await realPrograms()
  const plane = await startControlPlane({ programs, clock: createRealClock(), folder })
  return {
    ...plane,
    kubectl: programs.kubectl,
    api: createApi(plane.http),
    async stop() {
      await plane.stop()
      removeFolder(folder)
    },
  }
}

export async function benchKube(say: Say): Promise<string> {
  const plane = await startPlane()
  try {
    const runners = await runnersOf(plane, say)
    await plane.api.post('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
    const parts: string[] = []
    let loaded = 0
    for (const size of SIZES) {
      say(`making ${size} pods`)
      await load(plane, loaded, size)
      loaded = size
      const found = await syncAll(plane, runners, size, say)
      parts.push(
        `${size.toLocaleString('en')} pods of ${await bytesEach(plane)} bytes of JSON:\n\n${syncTable(found, runners.ours)}`,
      )
      if (size === SIZES[0]) {
        parts.push(
          `${CREATED} network policies applied:\n\n${await createTable(plane, runners, plane.kubectl, say)}`,
        )
        for (let at = 0; at < STEADY.objects; at += 1)
          await plane.api.post(`/api/v1/namespaces/${NAMESPACE}/pods`, {
            ...plainPodBody(at),
            metadata: { ...plainPodBody(at).metadata, namespace: NAMESPACE },
          })
        parts.push(
          `Changes at a steady pace, beside the ${size.toLocaleString('en')} pods, sent → handled:\n\n${await steadyTable(runners, size + STEADY.objects, say)}`,
        )
        await plane.api.delete(`/api/v1/namespaces/${NAMESPACE}/pods?gracePeriodSeconds=0`)
      }
    }
    return parts.join('\n\n')
  } finally {
    await plane.stop()
  }
}
