/** What the disk of the diagnostics costs the delivery of policy, well or ill: the daemon as a process, all else in this one. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { POLICIES } from '../../src/sandbox/scenario-policy.ts'
import type { Handler } from '../../src/world/index.ts'
import { type Parts, startParts } from '../e2e/parts.ts'
import { until } from '../e2e/process.ts'
import { ACNP } from '../e2e/seen.ts'
import { type Row, rowOf, table } from './report.ts'

const CHANGES = 100
const ROUNDS = 5
const GOAL_MS = 5

/** Makes the disk so, for a file in this folder; resolves with how to end it. Undefined: not possible here. */
type Condition = (folder: string) => { readonly file: string; ill?(): void; end(): void } | undefined

/** A file system of its own, which root can fill or make read-only. */
function ownDisk(folder: string, ill: (at: string) => void): ReturnType<Condition> {
  if (process.getuid?.() !== 0) return undefined
  const at = join(folder, 'disk')
  execFileSync('mkdir', ['-p', at])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', at])
  return {
    file: join(at, 'd.sqlite'),
    ill: () => ill(at),
    end: () => execFileSync('umount', ['--lazy', at]),
  }
}

const CONDITIONS: Readonly<Record<string, Condition>> = {
  well: (folder) => ({ file: join(folder, 'well.sqlite'), end() {} }),
  full: (folder) =>
    ownDisk(folder, (at) => {
      try {
        writeFileSync(join(at, 'filler'), Buffer.alloc(1 << 20))
      } catch {
        // ENOSPC: now it is.
      }
    }),
  'read-only': (folder) => ownDisk(folder, (at) => execFileSync('mount', ['-o', 'remount,ro', at])),
  locked(folder) {
    const file = join(folder, 'locked.sqlite')
    const holder = new Database(file)
    holder.exec('CREATE TABLE IF NOT EXISTS held (x); BEGIN EXCLUSIVE')
    return { file, end: () => void holder.close() }
  },
  'not answering'(folder) {
    const file = join(folder, 'dead.sqlite')
    execFileSync('rm', ['-f', file])
    execFileSync('mkfifo', [file])
    return { file, end() {} }
  },
}

/** Each condition in turn, several times; the p99 of each round is compared with that of a disk that is well. */
export async function benchDiagnostics(say: (line: string) => void): Promise<string> {
  const ends: (() => unknown)[] = []
  const context = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext
  const arrivals = seen()
  const parts = await startParts(context, { beforeApi: arrivals.between })
  const samples = new Map<string, number[][]>()
  try {
    await parts.nsx.putPolicy('bench', body())
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, make] of Object.entries(CONDITIONS)) {
        const disk = make(parts.path)
        if (disk === undefined) continue
        try {
          const taken = await measure(parts, disk, arrivals)
          samples.set(name, [...(samples.get(name) ?? []), taken])
          say(`${name}: ${rowOf(name, taken, '').p99.toFixed(1)} ms at the 99th percentile`)
        } finally {
          disk.end()
        }
      }
  } finally {
    for (const end of ends.reverse()) await end()
  }
  const p99s = (name: string) => (samples.get(name) ?? []).map((taken) => rowOf('', taken, '').p99)
  const well = p99s('well')
  const rows = [...samples].map(([name, rounds]): Row => {
    // Round by round, so that what else the machine does meanwhile is the same for both.
    const movesMs = p99s(name).map((p99, round) => p99 - (well[round] ?? Number.NaN))
    return rowOf(
      `disk ${name}: changed in NSX → written`,
      rounds.flat(),
      name === 'well' ? '' : moved(rowOf('', movesMs, '').p50),
    )
  })
  return table(rows)
}

const moved = (byMs: number): string =>
  `p99 moves < ${GOAL_MS} ms: ${byMs < 0 ? '−' : '+'}${Math.abs(byMs).toFixed(1)}`

/** When a policy's write has reached the API server. */
function seen() {
  let arrived = () => {}
  return {
    between:
      (next: Handler): Handler =>
      (request) => {
        if (request.method === 'PUT' && request.path.includes('/clusternetworkpolicies/')) arrived()
        return next(request)
      },
    next: () =>
      new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no write came within 20 s')), 20_000)
        arrived = () => {
          clearTimeout(timer)
          resolve(performance.now())
        }
      }),
  }
}

/** Another port each time: whatever is written late is written still. */
let port = 1_000
const body = () => {
  port += 1
  const service_entries = [
    {
      resource_type: 'L4PortSetServiceEntry' as const,
      id: 'port',
      display_name: 'port',
      l4_protocol: 'TCP' as const,
      destination_ports: [String(port)],
    },
  ]
  return {
    ...POLICIES.quarantine,
    scope: ['ANY'],
    display_name: 'bench',
    rules: (POLICIES.quarantine.rules ?? []).map((rule) => ({ ...rule, services: [], service_entries })),
  }
}

async function measure(
  parts: Parts,
  disk: { readonly file: string; ill?(): void },
  arrivals: { next(): Promise<number> },
): Promise<number[]> {
  const daemon = parts.run({ diagnostics: disk.file })
  const takenMs: number[] = []
  try {
    await until('ready', async () => (await daemon.status())?.ready, 30_000, daemon.stdout)
    await until('the policy', () => parts.cluster.api.list(ACNP).length === 1, 20_000, daemon.stdout)
    disk.ill?.()
    if (!disk.file.endsWith('well.sqlite'))
      await until(
        'the warning',
        async () => (await daemon.status())?.warnings.some(({ code }) => code === 'DIAGNOSTICS_LOST'),
        60_000,
        daemon.stdout,
      )
    for (let change = 0; change < CHANGES; change += 1) {
      const arrived = arrivals.next()
      const startMs = performance.now()
      await parts.nsx.putPolicy('bench', body())
      takenMs.push((await arrived) - startMs)
    }
  } finally {
    await daemon.stop()
  }
  return takenMs
}
