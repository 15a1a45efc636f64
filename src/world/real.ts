/** The real world: clock and randomness. Only main.ts, the command line and tests import it. Transport: real-http.ts, real-server.ts. */
import { randomUUID } from 'node:crypto'
import { uptime } from 'node:os'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export type { HttpClientOptions, HttpProxy, TlsIdentity } from './real-http.ts'
export { createHttpClient } from './real-http.ts'
export type { RunningServer, ServeOptions } from './real-server.ts'
export { serve } from './real-server.ts'

export const createRealClock = (): Clock => ({
  now: () => Date.now(),
  // CLOCK_MONOTONIC, which stands still while the machine sleeps.
  monotonicMs: () => performance.now(),
  // /proc/uptime, else CLOCK_BOOTTIME (libuv's uv_uptime); a hundredth of a second fine, 2 µs a call.
  bootMs: () => uptime() * 1_000,
  setTimeout: (fn, delayMs) => setTimeout(fn, delayMs),
  clearTimeout: (timer) => clearTimeout(timer),
})

export const createRealRandom = (): Random => ({ next: () => Math.random(), uuid: () => randomUUID() })
