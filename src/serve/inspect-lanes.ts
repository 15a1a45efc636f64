/** How the two channels go: what the status says of them, and what is counted as it happens. Bounded: two lanes. */
import type { InspectionEvent } from 'xstate'
import type { Fact } from '../health/index.ts'
import type { Clock } from '../world/index.ts'
import type { LaneView, StatusPart } from './ui/view.ts'

export interface Lanes {
  /** Each sign of life and each change that a channel's chart was sent. */
  readonly inspect: (event: InspectionEvent) => void
  fact(fact: Fact): void
  view(status: StatusPart): readonly LaneView[]
}

type Channel = LaneView['channel']
interface Counted {
  frames: number
  changes: number
  written: number
  plan?: NonNullable<LaneView['plan']>
  session?: NonNullable<LaneView['session']>
}

const CHANNELS = ['ccp', 'mp'] as const

export function createLanes(clock: Clock): Lanes {
  const counted: Readonly<Record<Channel, Counted>> = {
    ccp: { frames: 0, changes: 0, written: 0 },
    mp: { frames: 0, changes: 0, written: 0 },
  }
  return {
    inspect(inspected) {
      if (inspected.type !== '@xstate.event') return
      const { type } = inspected.event
      if (type !== 'SEEN' && type !== 'CHANGED') return
      const { id } = inspected.actorRef as { id?: string }
      if (id === 'ccp' || id === 'mp') counted[id][type === 'SEEN' ? 'frames' : 'changes'] += 1
    },
    fact(fact) {
      const at = clock.now()
      if (fact.kind === 'plan') {
        const { channel, written, tookMs, outcome, code, deliveredMs } = fact
        counted[channel].written += written
        counted[channel].plan = { at, written, tookMs, outcome, ...known({ code, deliveredMs }) }
      } else if (fact.kind === 'session') {
        const { channel, state, code, message } = fact
        counted[channel].session = { at, state, ...known({ code, message }) }
      }
    },
    view: (status) =>
      CHANNELS.map((channel) => ({ channel, ...counted[channel], ...standing(channel, status) })),
  }
}

function standing(channel: Channel, { progress, policies, pauses }: StatusPart) {
  const { lastFullSync, lagMs = 0, guarded = false, lastHealthReport } = progress?.[channel] ?? {}
  return {
    lagMs,
    guarded,
    ...known({ syncedAt: lastFullSync, pausedUntil: pauses?.[channel]?.until, reportedAt: lastHealthReport }),
    ...(channel === 'mp' || policies === undefined ? {} : { policies: sumOf(policies) }),
  }
}

const sumOf = ({ categories }: NonNullable<StatusPart['policies']>) =>
  Object.values(categories).reduce(
    (sum, { accepted, refused }) => ({ accepted: sum.accepted + accepted, refused: sum.refused + refused }),
    { accepted: 0, refused: 0 },
  )

/** The fields that have a value. */
const known = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
