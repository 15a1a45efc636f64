/**
 * Loaded before a process that is measured (`--import`): on each message of the parent it tells what happened since the last
 * one. It keeps nothing alive and writes nothing.
 */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'

export interface LoopFigures {
  /** The longest turn of the event loop, whatever was in it: the collection of garbage, and a core that was not ours. */
  readonly stallMs: number
  /** The longest pause of a garbage collection. */
  readonly gcMs: number
  readonly cpuMs: number
  readonly rssBytes: number
}

const RESOLUTION_MS = 1
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let gcMs = 0
let cpu = process.cpuUsage()

const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs = Math.max(gcMs, duration)
})
observer.observe({ entryTypes: ['gc'] })
loop.enable()

process.on('message', () => {
  const { user, system } = process.cpuUsage(cpu)
  const figures: LoopFigures = {
    stallMs: Math.max(0, loop.max / 1e6 - RESOLUTION_MS),
    gcMs,
    cpuMs: (user + system) / 1_000,
    rssBytes: process.memoryUsage.rss(),
  }
  loop.reset()
  gcMs = 0
  cpu = process.cpuUsage()
  process.send?.(figures)
})
process.channel?.unref()
