/**
 * A manager on TLS in a process of its own, for whoever measures it from outside: takes what it needs, and tells memory and
 * the longest stall of its event loop, as messages of its parent.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createManager } from '../../src/manager/index.ts'
import { createRealClock, createRealRandom, serve } from '../../src/world/real.ts'

export interface ManagerStart {
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly user: { readonly name: string; readonly password: string }
  readonly clusters: readonly {
    readonly nodeId: string
    readonly name: string
    readonly certificatePem: string
  }[]
}

/** Since the last question. */
export interface ManagerFigures {
  readonly rssBytes: number
  readonly heapBytes: number
  readonly stallMs: number
  readonly cpuMs: number
}

const RESOLUTION_MS = 1
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let cpu = process.cpuUsage()

async function start({ cert, key, ca, user, clusters }: ManagerStart): Promise<number> {
  const manager = createManager({ clock: createRealClock(), random: createRealRandom(), users: [user] })
  for (const cluster of clusters) manager.register(cluster)
  const server = await serve({ handler: manager.handler, tls: { cert, key, ca, requestCert: true } })
  loop.enable()
  return server.port
}

/** Memory after a collection where the process may ask for one (--expose-gc). */
function figures(): ManagerFigures {
  const stallMs = Math.max(0, loop.max / 1e6 - RESOLUTION_MS)
  const used = process.cpuUsage(cpu)
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  loop.reset()
  cpu = process.cpuUsage()
  return { rssBytes: rss, heapBytes: heapUsed, stallMs, cpuMs: (used.user + used.system) / 1_000 }
}

process.on('message', (message: { start?: ManagerStart }) => {
  const { start: wanted } = message
  if (wanted === undefined) process.send?.({ figures: figures() })
  else void start(wanted).then((port) => process.send?.({ port }))
})
process.on('disconnect', () => process.exit(0))
