/** Antrea's processes and their levels: asked, set, and put back; a few at once, each for itself. */
import { asAdapterError } from '../../errors.ts'
import { AGENTS_AT_ONCE } from '../../limits.ts'
import { inParallel } from '../../world/index.ts'
import type { Fields } from '../types.ts'

/** antrea-controller, or the agent of a Node. */
export type LevelTarget = 'controller' | `agent/${string}`

/** `/loglevel` of one of Antrea's processes (antrea-io/antrea pkg/apiserver/handlers/loglevel). */
export interface AntreaLevels {
  /**
   * Its klog verbosity; undefined: there is no such process any more. Rejects with AdapterErrors: it cannot be reached, it
   * refuses, it answers what is no level.
   */
  read(target: LevelTarget, signal: AbortSignal): Promise<number | undefined>
  set(target: LevelTarget, level: number, signal: AbortSignal): Promise<void>
}

/** What is written down before a level is changed: enough to put it back. */
export interface LevelRevert {
  readonly level: number
  readonly targets: readonly { readonly target: LevelTarget; readonly was: number }[]
}

/** Somebody may have edited it by hand. */
export function readRevert(value: unknown): LevelRevert | undefined {
  const { level, targets } = (value ?? {}) as { level?: unknown; targets?: unknown }
  if (!isLevel(level) || !Array.isArray(targets)) return undefined
  const good = targets.every(
    (one: unknown) =>
      typeof one === 'object' &&
      one !== null &&
      isTarget((one as { target?: unknown }).target) &&
      isLevel((one as { was?: unknown }).was),
  )
  return good ? { level, targets: targets as LevelRevert['targets'] } : undefined
}

const isLevel = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff
const isTarget = (value: unknown): value is LevelTarget =>
  typeof value === 'string' && /^(controller|agent\/[a-z0-9.-]{1,253})$/.test(value)

/** How it is with one process; part of the answer. */
export interface TargetState extends Fields {
  readonly target: LevelTarget
  readonly was?: number
  readonly is?: number
  /** There is no such process any more. */
  readonly gone?: true
  /** Somebody else changed it meanwhile, or it was started anew: it stays as it is. */
  readonly left?: true
  readonly problem?: { readonly code: string; readonly message: string }
}

/** In the order given; a failure is its target's problem alone. Rejects with the signal's reason. */
export async function eachTarget<T extends { readonly target: LevelTarget }>(
  targets: readonly T[],
  signal: AbortSignal,
  act: (one: T) => Promise<TargetState>,
): Promise<TargetState[]> {
  return inParallel(targets, AGENTS_AT_ONCE, async (one) => {
    try {
      return await act(one)
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const { code, message } = asAdapterError(thrown)
      return { target: one.target, problem: { code, message } }
    }
  })
}

export const readEach = (
  levels: AntreaLevels,
  targets: readonly LevelTarget[],
  signal: AbortSignal,
): Promise<TargetState[]> =>
  eachTarget(
    targets.map((target) => ({ target })),
    signal,
    async ({ target }) => {
      const was = await levels.read(target, signal)
      return was === undefined ? { target, gone: true } : { target, was }
    },
  )

/** Sets it everywhere and asks what it is then. */
export const setEach = (
  levels: AntreaLevels,
  { level, targets }: LevelRevert,
  signal: AbortSignal,
): Promise<TargetState[]> =>
  eachTarget(targets, signal, async ({ target, was }) => {
    await levels.set(target, level, signal)
    const is = await levels.read(target, signal)
    return is === undefined ? { target, was, gone: true } : { target, was, is }
  })

/** Only where it still is what was set. */
export const putBackEach = (
  levels: AntreaLevels,
  { level, targets }: LevelRevert,
  signal: AbortSignal,
): Promise<TargetState[]> =>
  eachTarget(targets, signal, async ({ target, was }) => {
    const now = await levels.read(target, signal)
    if (now === undefined) return { target, was, gone: true }
    if (now === was) return { target, was, is: now }
    if (now !== level) return { target, was, is: now, left: true }
    await levels.set(target, was, signal)
    const is = await levels.read(target, signal)
    return is === undefined ? { target, was, gone: true } : { target, was, is }
  })
