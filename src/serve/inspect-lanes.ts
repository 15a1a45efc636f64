/** How the two channels go, counted from what their charts went through and what their parts told. Bounded: two lanes. */
import type { InspectionEvent } from 'xstate'
import type { Transition } from '../diagnostics/index.ts'
import type { Fact } from '../health/index.ts'
import type { Clock } from '../world/index.ts'
import type { LaneView } from './ui/view.ts'

export interface Lanes {
  /** Each sign of life and each change that a channel's chart was sent. */
  readonly inspect: (event: InspectionEvent) => void
  transition(transition: Transition): void
  fact(fact: Fact): void
  view(): readonly LaneView[]
}

type Lane = { -readonly [K in keyof LaneView]: LaneView[K] }

const STEADY = /(^| )inventory\.working\.work\.steady( |$)/
/** The states in which a full synchronization is under way, done, and nothing waits. */
const STATES = {
  ccp: {
    begins: /(^| )link\.open\.phase\.syncing( |$)/,
    ends: /(^| )link\.open\.phase\.watching( |$)/,
    settled: /(^| )enforcement\.settled( |$)/,
  },
  mp: { begins: /(^| )inventory\.working\.work\.reading( |$)/, ends: STEADY, settled: STEADY },
} as const
/** Where nothing is carried out there is nothing to be late with. */
const IDLE = /(^| )(enforcement\.(idle|stopped)|inventory\.(idle|closed))( |$)/

export function createLanes(clock: Clock): Lanes {
  const lanes: Readonly<Record<'ccp' | 'mp', Lane>> = {
    ccp: { channel: 'ccp', frames: 0, changes: 0, written: 0 },
    mp: { channel: 'mp', frames: 0, changes: 0, written: 0 },
  }
  const syncing = new Set<Lane>()
  return {
    inspect(inspected) {
      if (inspected.type !== '@xstate.event') return
      const { type } = inspected.event
      if (type !== 'SEEN' && type !== 'CHANGED') return
      const lane = laneOf((inspected.actorRef as { id?: string }).id, lanes)
      if (lane !== undefined) lane[type === 'SEEN' ? 'frames' : 'changes'] += 1
    },
    transition({ machine, to, at }) {
      const lane = machine.startsWith('adapter/')
        ? laneOf(machine.slice('adapter/'.length), lanes)
        : undefined
      if (lane === undefined) return
      const { begins, ends, settled } = STATES[lane.channel]
      if (begins.test(to)) syncing.add(lane)
      else if (ends.test(to) && syncing.delete(lane)) lane.syncedAt = at
      if (settled.test(to) || IDLE.test(to)) delete lane.behindSince
      else lane.behindSince ??= at
    },
    fact(fact) {
      if (fact.kind === 'plan') {
        const { channel, written, tookMs, outcome, code, deliveredMs } = fact
        lanes[channel].written += written
        lanes[channel].plan = {
          at: clock.now(),
          written,
          tookMs,
          outcome,
          ...(code === undefined ? {} : { code }),
          ...(deliveredMs === undefined ? {} : { deliveredMs }),
        }
      } else if (fact.kind === 'session') {
        const { channel, state, code, message } = fact
        lanes[channel].session = {
          at: clock.now(),
          state,
          ...(code === undefined ? {} : { code }),
          ...(message === undefined ? {} : { message }),
        }
      }
    },
    view: () => [{ ...lanes.ccp }, { ...lanes.mp }],
  }
}

const laneOf = (name: string | undefined, lanes: Readonly<Record<'ccp' | 'mp', Lane>>): Lane | undefined =>
  name === 'ccp' || name === 'mp' ? lanes[name] : undefined
