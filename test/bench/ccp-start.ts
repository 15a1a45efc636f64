/** A policy of full size through sockets: the adapter's cold start, a resync and a restart on a cluster that is right. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from '../real/harness/processes.ts'
import { GROUPS, POLICIES, RULES_EACH } from './ccp-scale.ts'
import type { WorldAsk, WorldFigures, WorldReady } from './ccp-world.ts'
import type { LoopFigures } from './loop-monitor.ts'
import { type Row, rowOf } from './report.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Of the whole; a cold start that is not through by then is told as one that failed. */
const PHASE_LIMIT_MS = 150_000
/** So long without a write, it is through: longer than any wait between its plans. */
const QUIET_MS = 3_000
const LOOK_MS = 500

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function reply<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as T)
    })
  })
}

function ask<T>(child: ChildProcess, question: WorldAsk): Promise<T> {
  const answer = reply<T>(child)
  child.send(question)
  return answer
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

const startAdapter = (config: string): ChildProcess =>
  fork(join(ROOT, 'src/main.ts'), ['run', '--config', config], {
    cwd: ROOT,
    execArgv: [
      ...(process.env['BENCH_NODE_ARGS']?.split(' ') ?? []),
      '--import',
      join(import.meta.dirname, 'loop-monitor.ts'),
    ],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })

interface Phase {
  readonly writes: number
  readonly took: number | undefined
  readonly loop: LoopFigures
}

/** Waits until a snapshot was asked for and nothing is written any more. */
async function settle(world: ChildProcess, adapter: ChildProcess, needsSnapshot: boolean): Promise<Phase> {
  const sinceMs = performance.now()
  let [writes, snapshots] = [0, 0]
  for (;;) {
    await sleep(LOOK_MS)
    if (adapter.exitCode !== null) throw new Error(`the adapter ended with ${adapter.exitCode}`)
    const now = await ask<WorldFigures>(world, 'figures')
    writes += now.writes
    snapshots += now.snapshots
    const elapsedMs = performance.now() - sinceMs
    const isRead = (!needsSnapshot || snapshots > 0) && now.policies === POLICIES
    if (isRead && elapsedMs > QUIET_MS && now.quietMs > QUIET_MS) {
      const loop = await ask<LoopFigures>(adapter, 'figures')
      return { writes, took: writes === 0 ? undefined : now.tookMs, loop }
    }
    if (elapsedMs > PHASE_LIMIT_MS)
      throw new Error(`not through after ${PHASE_LIMIT_MS} ms: ${writes} writes`)
  }
}

const inWords = ({ writes, loop }: Phase): string =>
  `${writes} writes, ${loop.cpuMs.toFixed(0)} ms of processor, longest GC pause ${loop.gcMs.toFixed(0)} ms`

/** The figures; a phase that does not end in time is told, and leaves the others of the benchmark as they are. */
export async function benchStart(say: (line: string) => void): Promise<Row[]> {
  try {
    return await measureStart(say)
  } catch (error) {
    say(`full size through an API server: ${String(error)}`)
    return [rowOf('full size through the embedded API server: not through in time', [], '')]
  }
}

async function measureStart(say: (line: string) => void): Promise<Row[]> {
  const folder = temporaryFolder('antrea-nsx-bench-')
  const world = fork(join(import.meta.dirname, 'ccp-world.ts'), [folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let adapter: ChildProcess | undefined
  try {
    const { config, fillMs } = await reply<WorldReady>(world)
    say(
      `${POLICIES} policies, ${POLICIES * RULES_EACH} rules and ${GROUPS} groups are in the manager after ${fillMs.toFixed(0)} ms`,
    )
    adapter = startAdapter(config)
    const cold = await settle(world, adapter, true)
    say(`cold start: ${cold.took?.toFixed(0)} ms, ${inWords(cold)}, stall ${cold.loop.stallMs.toFixed(0)} ms`)
    await ask(world, 'member')
    const member = await settle(world, adapter, false)
    say(`one address less: ${inWords(member)}, stall ${member.loop.stallMs.toFixed(0)} ms`)
    await ask(world, 'cut')
    const resync = await settle(world, adapter, true)
    say(`resync: ${inWords(resync)}, stall ${resync.loop.stallMs.toFixed(0)} ms`)
    await end(adapter, 'SIGTERM')
    adapter = startAdapter(config)
    const restart = await settle(world, adapter, true)
    say(`restart: ${inWords(restart)}, stall ${restart.loop.stallMs.toFixed(0)} ms`)
    const stall = (what: string, { loop }: Phase) =>
      rowOf(
        `${what}: longest turn of the loop (longest GC pause ${loop.gcMs.toFixed(0)} ms)`,
        [loop.stallMs],
        '≤ 20 ms without GC',
      )
    return [
      rowOf(
        `cold start: NSX snapshot asked for → last of ${cold.writes} objects accepted`,
        [cold.took ?? Number.NaN],
        '',
      ),
      stall('cold start', cold),
      rowOf(`resync on a new session: ${resync.writes} writes; processor`, [resync.loop.cpuMs], '0 writes'),
      stall('resync', resync),
      rowOf(
        `adapter restarted, nothing changed: ${restart.writes} writes; processor`,
        [restart.loop.cpuMs],
        '0 writes',
      ),
      stall('restart', restart),
    ]
  } finally {
    if (adapter !== undefined) await end(adapter, 'SIGTERM')
    await end(world, 'SIGTERM')
    removeFolder(folder)
  }
}
