/** The inventory beside nsx-operator's stated scheme, each in a process of its own, against one manager in another. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { createRealClock } from '../../src/world/real.ts'
import { removeFolder, temporaryFolder } from '../real/harness/processes.ts'

type Say = (line: string) => void

const SIZES = (process.env['BENCH_PODS'] ?? '10000,50000').split(',').map(Number)
/** NSX's own default for one client. */
const NSX_PER_SECOND = 100

interface Measured {
  readonly ms: number
  readonly stallMs: number
  readonly cpuMs: number
  readonly batches: number
  readonly refused: number
  readonly heapBytes: number
  readonly rssBytes: number
  readonly lost?: number
  readonly p50Ms?: number | null
  readonly p99Ms?: number | null
}

interface Child {
  ask(command: string): Promise<Measured>
  stop(): Promise<void>
}

const open = new Set<ChildProcess>()

async function start(script: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  open.add(child)
  const lines: Interface = createInterface({ input: child.stdout })
  const iterator = lines[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await iterator.next()
    if (done === true) throw new Error(`${script} ended early`)
    return String(value)
  }
  await next()
  return {
    async ask(command) {
      child.stdin.write(`${command}\n`)
      return JSON.parse(await next()) as Measured
    },
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await gone
      open.delete(child)
    },
  }
}

async function writeIdentities(folder: string): Promise<void> {
  const authority = await createAuthority('bench', createRealClock())
  const server = await authority.server('manager', { dns: [], ips: ['127.0.0.1'] })
  const client = await authority.client('bench')
  const files = {
    ca: authority.ca,
    'server.cert': server.cert,
    'server.key': server.key,
    'client.cert': client.cert,
    'client.key': client.key,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}

/** A manager of its own for what follows. */
async function beside<T>(
  folder: string,
  perSecond: number,
  pods: number,
  work: (child: Child) => Promise<T>,
) {
  const manager = await start('inventory-manager.ts', [folder, String(perSecond)])
  const child = await start('inventory-node.ts', [folder, String(pods)])
  const result = await work(child)
  await child.stop()
  await manager.stop()
  return result
}

const ms = (value: number | null | undefined) => (value == null ? '–' : `${value.toFixed(0)} ms`)
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`

const rowOf = (what: string, m: Measured, goal: string) =>
  `| ${what} | ${ms(m.ms)} | ${m.batches} | ${m.refused} | ${ms(m.stallMs)} | ${ms(m.cpuMs)} | ${mib(m.rssBytes)} | ${goal} |`
const steadyRow = (what: string, m: Measured, goal: string) =>
  `| ${what} | ${ms(m.p50Ms)} | ${ms(m.p99Ms)} | ${m.lost ?? 0} | ${m.batches} | ${ms(m.stallMs)} | ${mib(m.heapBytes)} | ${goal} |`

export async function benchInventory(say: Say): Promise<string> {
  const folder = await temporaryFolder('antrea-nsx-bench-')
  try {
    await writeIdentities(folder)
    const syncs: string[] = []
    const steadies: string[] = []
    for (const pods of SIZES) {
      const of = pods.toLocaleString('en')
      const goal = pods <= 10_000 ? '≤ 1 s; stall ≤ 50 ms' : '≤ 4 s; stall ≤ 50 ms'
      say(`${of} pods: the adapter`)
      const ours = await beside(folder, 0, pods, async (child) => ({
        sync: await child.ask('sync'),
        resync: await child.ask('resync'),
        steady: await child.ask('steady'),
        again: await child.ask('steady'),
      }))
      say(`${of} pods: nsx-operator's scheme`)
      const theirs = await beside(folder, 0, pods, async (child) => ({
        sync: await child.ask('operator-sync'),
        steady: await child.ask('operator-steady'),
      }))
      syncs.push(rowOf(`${of} pods, first sync`, ours.sync, goal))
      syncs.push(rowOf(`${of} pods, unchanged`, ours.resync, '0 writes'))
      const ratio = (theirs.sync.ms / ours.sync.ms).toFixed(1)
      syncs.push(
        rowOf(`${of} pods, nsx-operator's scheme (without its read-back): ${ratio} times`, theirs.sync, ''),
      )
      steadies.push(steadyRow(`${of} pods, 1,000 changes a second for 10 s`, ours.steady, 'p99 ≤ 2 s'))
      steadies.push(steadyRow('the same again', ours.again, 'memory flat'))
      steadies.push(steadyRow("nsx-operator's scheme", theirs.steady, ''))
    }
    const pods = SIZES[0] ?? 10_000
    say(`${pods} pods, a manager with NSX's own limit`)
    const limited = await beside(folder, NSX_PER_SECOND, pods, (child) => child.ask('sync'))
    syncs.push(
      rowOf(
        `${pods.toLocaleString('en')} pods, a manager that allows ${NSX_PER_SECOND} requests a second`,
        limited,
        '',
      ),
    )
    return [
      '| what | time | batches taken | refused | stall | CPU | RSS | goal |',
      '|---|---|---|---|---|---|---|---|',
      ...syncs,
      '',
      '| changes | lag, median | lag, p99 | lost | batches | stall | heap after | goal |',
      '|---|---|---|---|---|---|---|---|',
      ...steadies,
    ].join('\n')
  } finally {
    for (const child of open) child.kill()
    await removeFolder(folder)
  }
}
