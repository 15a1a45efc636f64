/** The embedded API server in a process of its own, measured from another one over TLS. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { createAuthority } from '../../src/sandbox/pki.ts'
import type { HttpClient } from '../../src/world/index.ts'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { loadPods } from './apiserver-load.ts'
import { type Served, servedChanges } from './apiserver-watches.ts'
import { plainPodBody, podBody } from './pods.ts'
import { rowOf, table } from './report.ts'
import type { WireOptions } from './wire.ts'

const STARTS = 7
const LOADS = 3

export interface ApiServerProcess {
  readonly client: HttpClient
  readonly wire: WireOptions
  /** From the start of the process until a request over TLS has been answered. */
  readonly startMs: number
  /** Processor time so far. */
  cpuMs(): Promise<number>
  stop(): Promise<void>
}

const SOURCE = join(import.meta.dirname, 'apiserver-process.ts')

/** `program` is the source, or the bundle of it. */
export async function startApiServer(program = SOURCE): Promise<ApiServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'antrea-nsx-bench-'))
  const authority = await createAuthority('bench-ca', createRealClock())
  const identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const tls = { ...(await authority.client('bench', ['system:masters'])), ca: authority.ca }
  for (const [name, text] of Object.entries({ ...identity, ca: authority.ca }))
    await writeFile(join(folder, name), text, { mode: 0o600 })
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...process.execArgv, program, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const next = linesOf(child)
  const port = Number(await next())
  const client = createHttpClient({ origin: `https://127.0.0.1:${port}`, tls })
  const answer = await client.request({ method: 'GET', path: '/readyz', headersTimeoutMs: 10_000 })
  for await (const _ of answer.body);
  const startMs = performance.now() - startedMs
  return {
    client,
    wire: { port, tls },
    startMs,
    async cpuMs() {
      child.stdin.write('\n')
      return Number(await next())
    },
    async stop() {
      await client.close()
      const exit = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('the API server has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the API server ended')
    return value as string
  }
}

/** Bundled as the executable's sources are: without it Node strips the types of each file at each start. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'apiserver.mjs')
  await build({
    entryPoints: [SOURCE],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outfile,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return outfile
}

async function measureStarts(program: string): Promise<readonly number[]> {
  const startsMs: number[] = []
  for (let round = 1; round <= STARTS; round += 1) {
    const server = await startApiServer(program)
    startsMs.push(server.startMs)
    await server.stop()
  }
  return startsMs
}

/** Starts, loads and changes; the table of it. */
export async function benchApiServer(say: (line: string) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antrea-nsx-bench-'))
  const bundledMs = await measureStarts(await bundle(folder))
  await rm(folder, { recursive: true, force: true })
  const sourceMs = await measureStarts(SOURCE)
  say(`${2 * STARTS} starts`)
  const loads: Awaited<ReturnType<typeof loadPods>>[] = []
  for (let round = 1; round <= LOADS; round += 1) {
    const server = await startApiServer()
    const load = await loadPods(server)
    loads.push(load)
    say(
      `load ${round} of ${LOADS}: ${load.pods} pods of ${load.bytesEach} bytes: created in ${load.createMs.toFixed(0)} ms (${load.createCpuMs.toFixed(0)} ms of the server's processor), listed in ${load.listMs.toFixed(0)} ms, streamed in ${load.streamMs.toFixed(0)} ms`,
    )
    await server.stop()
  }
  const rates: { readonly what: string; readonly served: Served }[] = []
  for (const [what, bodyOf] of [
    ['plain pods', plainPodBody],
    ['the pods above', podBody],
  ] as const) {
    const server = await startApiServer()
    const served = await servedChanges(server, bodyOf)
    rates.push({ what, served })
    await server.stop()
    say(
      `${what}: ${served.changes} changes at ${served.perSecond.toFixed(0)} a second, each seen by ${served.watchers} watches; ${((1_000 * served.cpuMs) / served.changes).toFixed(0)} µs of the server's processor for each`,
    )
  }
  const { pods = 0, bytesEach = 0 } = loads[0] ?? {}
  const size = `${pods.toLocaleString('en')} pods of ${(bytesEach / 1_000).toFixed(1)} KB`
  return table([
    rowOf('bundle started → first answer', bundledMs, '≤ 300 ms'),
    rowOf('sources started → first answer', sourceMs, ''),
    rowOf(
      `${size} listed, then watched from there`,
      loads.map(({ listMs }) => listMs),
      '≤ 2 s',
    ),
    rowOf(
      `${size} streamed by a watch (WatchList)`,
      loads.map(({ streamMs }) => streamMs),
      '≤ 2 s',
    ),
    rowOf(
      `${size} created, one POST each`,
      loads.map(({ createMs }) => createMs),
      '',
    ),
    ...rates.map(({ what, served: { perSecond, watchers, lagsMs, cpuMs, changes } }) =>
      rowOf(
        `${what} changed: due → read, ${Math.round(perSecond).toLocaleString('en')} changes a second, ${watchers} watches, ${Math.round((1_000 * cpuMs) / changes)} µs of the server's processor each`,
        lagsMs,
        '2,000 a second',
      ),
    ),
  ])
}
