/**
 * A machine of its own over the one fake clock: its clock runs at another rate, its wall clock is off and can be set, and
 * it can be suspended (its monotonic clock stands still) or its process be stopped (its clocks go on). Meanwhile no timer
 * fires and no answer is read; what was sent goes on its way.
 */
import type { Clock, HttpClient, HttpRequest, HttpResponse } from '../../src/world/index.ts'
import { EPOCH_MS, type FakeClock } from './clock.ts'

export interface HostOptions {
  /** Its seconds to a second of the world, 0.9 to 1.1. */
  readonly rate: number
  readonly wallOffMs: number
}

export interface Host {
  readonly clock: Clock
  /** The client as a process of this machine has it: answers are read only while it runs. */
  through(client: HttpClient): HttpClient
  /** SIGSTOP. */
  freeze(): void
  suspend(): void
  /** Goes on: what came meanwhile is read first, then the timers fire that are due. */
  wake(): void
  setWall(byMs: number): void
  /** Answers reach the process so much later. */
  answerDelayMs: number
}

interface Pending {
  readonly dueMs: number
  readonly fn: () => void
  base: unknown
}

export function createHost(world: FakeClock, { rate, wallOffMs }: HostOptions): Host {
  const startMs = world.monotonicMs()
  const bootMs = () => (world.monotonicMs() - startMs) * rate
  let wallMs = wallOffMs
  let asleep: { readonly kind: 'frozen' | 'suspended'; readonly atMs: number } | undefined
  let sleptMs = 0
  let wakers: (() => void)[] = []
  const pending = new Map<number, Pending>()
  let serial = 0

  const monotonicMs = () => (asleep?.kind === 'suspended' ? asleep.atMs : bootMs()) - sleptMs
  const arm = (id: number, timer: Pending) => {
    const leftMs = Math.max(0, timer.dueMs - monotonicMs()) / rate
    timer.base = world.setTimeout(() => {
      pending.delete(id)
      timer.fn()
    }, leftMs)
  }
  const awake = () =>
    asleep === undefined ? undefined : new Promise<void>((resolve) => wakers.push(resolve))
  const sleepAs = (kind: 'frozen' | 'suspended') => {
    if (asleep !== undefined) return
    asleep = { kind, atMs: bootMs() }
    for (const { base } of pending.values()) world.clearTimeout(base)
  }

  const host: Host = {
    answerDelayMs: 0,
    clock: {
      now: () => EPOCH_MS + startMs + bootMs() + wallMs,
      monotonicMs,
      bootMs,
      setTimeout(fn, delayMs) {
        serial += 1
        const timer: Pending = { dueMs: monotonicMs() + Math.max(0, delayMs), fn, base: undefined }
        pending.set(serial, timer)
        if (asleep === undefined) arm(serial, timer)
        return serial
      },
      clearTimeout(id) {
        const timer = pending.get(id)
        pending.delete(id)
        if (timer?.base !== undefined) world.clearTimeout(timer.base)
      },
    },
    through: (client) => ({
      ...client,
      origin: client.origin,
      request: async (wanted: HttpRequest): Promise<HttpResponse> => {
        try {
          const answer = await client.request(wanted)
          await late()
          return { ...answer, body: whileAwake(answer.body) }
        } catch (error) {
          if (!(wanted.signal?.aborted ?? false)) await late()
          throw error
        }
      },
    }),
    freeze: () => sleepAs('frozen'),
    suspend: () => sleepAs('suspended'),
    wake() {
      if (asleep === undefined) return
      if (asleep.kind === 'suspended') sleptMs += bootMs() - asleep.atMs
      asleep = undefined
      const waiting = wakers
      wakers = []
      for (const wake of waiting) wake()
      // As libuv: what came in is read before the timers that are due meanwhile.
      const due = [...pending].sort(([, a], [, b]) => a.dueMs - b.dueMs)
      for (const [id, timer] of due) arm(id, timer)
    },
    setWall(byMs) {
      wallMs += byMs
    },
  }

  const late = async () => {
    if (host.answerDelayMs > 0)
      await new Promise<void>((resolve) => world.setTimeout(resolve, host.answerDelayMs))
    await awake()
  }
  async function* whileAwake(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of body) {
      await awake()
      yield chunk
    }
  }
  return host
}
