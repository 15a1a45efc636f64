/** Which channels are paused and until when, for people; the root chart says when. */
import { waitFor } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'
import type { Pause } from '../status/index.ts'
import type { Clock } from '../world/index.ts'

type Channel = 'ccp' | 'mp'

export interface Pauses {
  begin(channel: Channel, forMs: number): void
  end(channel: Channel): void
  /** Throws PAUSED (wait-for) where a person's command would write what is not to be written. */
  check(channel: Channel): void
  view(): Readonly<Partial<Record<Channel, Pause>>>
}

const WARNING: Readonly<Record<Channel, WarningCode>> = { ccp: 'CCP_PAUSED', mp: 'INVENTORY_PAUSED' }

export function createPauses(clock: Clock, health: Health): Pauses {
  const pauses = new Map<Channel, Pause>()
  return {
    begin(channel, forMs) {
      const now = clock.now()
      const until = now + forMs
      pauses.set(channel, { since: pauses.get(channel)?.since ?? now, until })
      health.set(WARNING[channel], `until ${new Date(until).toISOString()}`, 'end')
    },
    end(channel) {
      pauses.delete(channel)
      for (const source of ['end', 'waiting']) health.clear(WARNING[channel], source)
    },
    check(channel) {
      if (pauses.has(channel))
        throw waitFor('PAUSED', `writing is paused: \`antrea-nsx-adapter resume ${channel}\` first`)
    },
    view: () => Object.fromEntries(pauses),
  }
}
