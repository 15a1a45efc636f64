/** What the statecharts' transitions say of links, lists and reports. */
import type { Transition } from '../diagnostics/index.ts'
import type { Clock } from '../world/index.ts'
import type { Meter } from './registry.ts'
import type { CHANNEL_STATES } from './table.ts'

export type ChannelState = (typeof CHANNEL_STATES)[number]

export interface TransitionMeter {
  note(transition: Transition): void
  /** Of the channel's link; undefined before it was heard of. */
  channelState(channel: 'ccp' | 'mp'): ChannelState | undefined
}

/** `link.open.phase.watching …` → `watching`. */
export function linkState(words: string): ChannelState | undefined {
  const state = /(?:^| )link\.(open\.phase\.)?(\w+)/.exec(words)?.[2]
  if (state === 'closing') return 'closed'
  return state as ChannelState | undefined
}

/** Before the name of a resource, and of discovery (machines/watches.ts). */
const WATCH = 'adapter/watches/watch.'

const has = (words: string, state: string) => words.includes(state)

export function createTransitionMeter(meter: Meter, clock: Clock): TransitionMeter {
  const states = new Map<'ccp' | 'mp', ChannelState | undefined>()
  const lists = createLists(meter)
  const reports = createReports(meter, clock)
  return {
    channelState: (channel) => states.get(channel),
    note(transition) {
      const { machine, from, to } = transition
      meter.add('antrea_nsx_chart_transitions_total', { chart: chartOf(machine) })
      if (machine === 'adapter') {
        const isLeading = has(to, 'role.leading')
        if (isLeading !== has(from, 'role.leading')) meter.add('antrea_nsx_lease_transitions_total')
      } else if (machine === 'adapter/ccp' || machine === 'adapter/mp') {
        const channel = machine === 'adapter/ccp' ? 'ccp' : 'mp'
        const before = linkState(from)
        const now = linkState(to)
        states.set(channel, now)
        if (before === 'connecting' && now !== before && now !== 'standby' && now !== 'closed')
          meter.add('antrea_nsx_channel_connects_total', {
            channel,
            result: has(to, 'link.open') ? 'success' : 'failure',
          })
        if (channel === 'mp') reports(transition)
      } else if (machine.startsWith(WATCH)) lists(machine.slice(WATCH.length), transition)
    },
  }
}

/** The last word of the path, for those of which there are many a common one. */
function chartOf(machine: string): string {
  if (/^adapter\/mp\/./.test(machine)) return 'operation'
  if (machine === `${WATCH}discovery`) return 'discovery'
  if (machine.startsWith(WATCH)) return 'watch'
  return machine.split('/').at(-1) ?? machine
}

function createLists(meter: Meter): (resource: string, transition: Transition) => void {
  const listed = new Set<string>()
  return (resource, { from, to, event }) => {
    const isListing = has(to, 'following.listing')
    if (!isListing) return
    const isFallback = has(from, 'following.listing')
    // A streamed list that the server did not take is the same list, unless it fell silent in the middle.
    if (
      isFallback &&
      !(event.startsWith('xstate.after') && has(to, 'listing.paged') && has(from, 'streamed'))
    )
      return
    const cause = isFallback
      ? 'silent'
      : !listed.has(resource)
        ? 'start'
        : has(from, 'following')
          ? 'expired'
          : 'error'
    listed.add(resource)
    meter.add('antrea_nsx_watch_relists_total', { resource, cause })
  }
}

/** From the beginning of a comparison, or of what changed, until NSX has it. */
function createReports(meter: Meter, clock: Clock): (transition: Transition) => void {
  let begun: { readonly kind: 'full' | 'delta'; readonly atMs: number } | undefined
  return ({ from, to }) => {
    const work = (words: string, state: string) => has(words, `inventory.working.work.${state}`)
    if (work(to, 'reading') && !work(from, 'reading')) begun = { kind: 'full', atMs: clock.monotonicMs() }
    else if (work(to, 'gathering') && !work(from, 'gathering') && !work(from, 'applying'))
      begun = { kind: 'delta', atMs: clock.monotonicMs() }
    else if (work(from, 'applying') && (work(to, 'steady') || work(to, 'gathering'))) {
      if (begun !== undefined)
        meter.observe(
          'antrea_nsx_inventory_report_duration_seconds',
          { kind: begun.kind },
          (clock.monotonicMs() - begun.atMs) / 1_000,
        )
      begun = work(to, 'gathering') ? { kind: 'delta', atMs: clock.monotonicMs() } : undefined
    } else if (!work(to, '')) begun = undefined
  }
}
