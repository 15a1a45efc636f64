/** What a Node process can tell of itself, and how it answers the commands of kube.ts: one a line in, one JSON a line out. */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'

export interface Synced {
  readonly ms: number
  /** Read from sockets, as they came over the wire. */
  readonly bytes: number
  readonly stallMs: number | null
  readonly cpuMs: number
  readonly heapBytes: number
  readonly peakRssBytes: number
}

export interface Steady {
  readonly events: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly cpuMs: number
}

function field(file: string, name: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(name))
  return Number(/\d+/.exec(line ?? '')?.[0] ?? Number.NaN)
}

export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('it is run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** Measures from here until what `begin` gives back is resolved. */
export async function measureSync(begin: () => Promise<void>): Promise<Synced> {
  const heapBefore = heapBytes()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const bytesBefore = field('/proc/self/io', 'rchar:')
  const cpuBefore = cpuMs()
  const startedMs = performance.now()
  delay.enable()
  await begin()
  const ms = performance.now() - startedMs
  const cpu = cpuMs() - cpuBefore
  // The last slice is seen by the next turn only.
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  const bytes = field('/proc/self/io', 'rchar:') - bytesBefore
  const peakRssBytes = field('/proc/self/status', 'VmHWM:') * 1_024
  return {
    ms,
    bytes,
    stallMs: delay.max / 1e6,
    cpuMs: cpu,
    heapBytes: heapBytes() - heapBefore,
    peakRssBytes,
  }
}

/** When a change was sent, in milliseconds since 1970. */
export const SENT = 'bench/sent'

export function createWindow() {
  let latencies: number[] = []
  let cpuBefore = 0
  return {
    saw(labels: Readonly<Record<string, string>> | undefined) {
      const sent = Number(labels?.[SENT])
      if (sent > 0) latencies.push(performance.timeOrigin + performance.now() - sent)
    },
    begin() {
      latencies = []
      cpuBefore = cpuMs()
    },
    end(): Steady {
      latencies.sort((a, b) => a - b)
      const at = (share: number) =>
        latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? -1
      return {
        events: latencies.length,
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        maxMs: at(1),
        cpuMs: cpuMs() - cpuBefore,
      }
    },
  }
}

type Command = (...words: number[]) => unknown

/** Says that it is ready, answers each line, and ends with its input. */
export async function answerCommands(commands: Readonly<Record<string, Command>>): Promise<void> {
  const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer ?? {})}\n`)
  say({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = '', ...words] = line.split(' ')
    const command = commands[name]
    if (command === undefined) throw new Error(`unknown command ${name}`)
    say(await command(...words.map(Number)))
  }
  process.exit(0)
}
