/** A clock that stands still until it is told to go, and a seeded randomness: the same seed gives the same run. */
import type { Clock, Random } from '../../src/world/index.ts'

interface Pending {
  readonly at: number
  readonly order: number
  readonly fn: () => void
}

export interface FakeClock extends Clock {
  /** Runs everything that is due within `ms`, in order, letting promises settle before and after each timer. */
  advance(ms: number): Promise<void>
  /** Lets promises settle without moving the time. */
  settle(): Promise<void>
  readonly timers: number
}

/** 2026-01-01T00:00:00Z, so that wall time looks like one. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)

export function createFakeClock(startMs = EPOCH_MS): FakeClock {
  let elapsedMs = 0
  let order = 0
  const pending = new Map<number, Pending>()
  // Promise chains (async iterators above all) take many turns of the microtask queue; setImmediate comes after all of them.
  const settle = async () => {
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const nextDue = (limit: number): [number, Pending] | undefined => {
    let first: [number, Pending] | undefined
    for (const entry of pending) {
      const [, timer] = entry
      if (timer.at > limit) continue
      if (
        first === undefined ||
        timer.at < first[1].at ||
        (timer.at === first[1].at && timer.order < first[1].order)
      )
        first = entry
    }
    return first
  }
  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    bootMs: () => elapsedMs,
    setTimeout: (fn, delayMs) => {
      order += 1
      pending.set(order, { at: elapsedMs + Math.max(0, delayMs), order, fn })
      return order
    },
    clearTimeout: (id) => pending.delete(id),
    get timers() {
      return pending.size
    },
    settle,
    async advance(ms) {
      const limit = elapsedMs + ms
      await settle()
      for (let due = nextDue(limit); due !== undefined; due = nextDue(limit)) {
        const [id, timer] = due
        pending.delete(id)
        elapsedMs = Math.max(elapsedMs, timer.at)
        timer.fn()
        await settle()
      }
      elapsedMs = limit
    },
  }
}

/** mulberry32: small, fast and good enough to drive a simulation. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`
  return { next, uuid }
}
