/** The two channels: how each goes, how much comes, when it was last complete, and what waits. */
import { byId, h, show, svg } from './dom.js'
import { brief, clock, duration, severityOf } from './words.js'

/** @typedef {import('../view.ts').NowView} NowView */
/** @typedef {import('../view.ts').LaneView} LaneView */

const TITLES = {
  ccp: ['CCP', 'policy down, realization up'],
  mp: ['MP', 'inventory and health up, requests down'],
}
/** One a second. */
const SAMPLES_MAX = 60

export class Lanes {
  /** Totals of each second. @type {{ at: number, frames: Record<string, number>, changes: Record<string, number> }[]} */
  #samples = []

  /** @param {NowView} now */
  take({ at, lanes }) {
    const last = this.#samples.at(-1)
    // A process that began anew counts from zero.
    if (last !== undefined && lanes.some(({ channel, frames }) => frames < (last.frames[channel] ?? 0)))
      this.#samples = []
    this.#samples.push({
      at,
      frames: Object.fromEntries(lanes.map(({ channel, frames }) => [channel, frames])),
      changes: Object.fromEntries(lanes.map(({ channel, changes }) => [channel, changes])),
    })
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
  }

  /**
   * @param {NowView} now
   * @param {ReadonlyMap<string, { words: string, since: number }>} charts as they are at the moment shown
   * @param {number | undefined} past that moment, when it is not now
   */
  draw(now, charts, past) {
    show(
      byId('lanes'),
      now.lanes.map((lane) => this.#lane(lane, charts.get(`adapter/${lane.channel}`), now.at, past)),
    )
  }

  /**
   * @param {LaneView} lane
   * @param {{ words: string, since: number } | undefined} chart
   * @param {number} now
   * @param {number | undefined} past
   */
  #lane(lane, chart, now, past) {
    const [name, about] = TITLES[lane.channel]
    const tone = chart === undefined ? 'bad' : (['good', 'warn', 'bad'][severityOf(chart.words)] ?? 'good')
    const isNow = past === undefined
    return h(
      'article',
      { class: 'lane', id: `lane-${lane.channel}` },
      h('div', { class: 'lane-head' }, h('h2', {}, name), h('p', {}, about)),
      h(
        'p',
        { class: 'lane-state', 'data-tone': tone },
        chart === undefined ? 'not started' : brief(chart.words),
      ),
      isNow
        ? h('dl', { class: 'facts' }, this.#facts(lane, now))
        : h('p', { class: 'quiet' }, `as of ${clock(past, true)}`),
      isNow && this.#spark(lane.channel),
    )
  }

  /** @param {LaneView} lane @param {number} now */
  #facts(
    { channel, syncedAt, lagMs, guarded, pausedUntil, reportedAt, policies, written, plan, session },
    now,
  ) {
    const fact = (/** @type {string} */ name, /** @type {string} */ words, /** @type {string} */ tone = '') =>
      h('div', {}, h('dt', {}, name), h('dd', { 'data-tone': tone || undefined }, words))
    const failed = plan !== undefined && plan.outcome !== 'done'
    return [
      fact('last full sync', syncedAt === undefined ? 'not yet' : `${duration(now - syncedAt)} ago`),
      fact('lag', lagMs < 1_000 ? 'none' : duration(lagMs), lagMs > 30_000 ? 'warn' : ''),
      pausedUntil !== undefined && fact('paused', `for ${duration(pausedUntil - now)} more`, 'warn'),
      guarded && fact('deletes', 'wait for a second look', 'warn'),
      fact('frames', `${this.#rate(channel, 'frames')} / min`),
      fact('changes', `${this.#rate(channel, 'changes')} / min`),
      fact('written', `${written.toLocaleString('en')} objects`),
      policies !== undefined &&
        fact(
          'policies',
          `${policies.accepted} in force${policies.refused === 0 ? '' : `, ${policies.refused} refused`}`,
          policies.refused === 0 ? '' : 'warn',
        ),
      reportedAt !== undefined && fact('health told', `${duration(now - reportedAt)} ago`),
      plan !== undefined &&
        fact(
          'last plan',
          failed
            ? `${plan.outcome}${plan.code === undefined ? '' : `: ${plan.code}`}`
            : `${plan.written} written in ${Math.round(plan.tookMs)} ms, ${duration(now - plan.at)} ago`,
          failed ? 'warn' : '',
        ),
      plan?.deliveredMs !== undefined &&
        fact('delivered', `${Math.round(plan.deliveredMs)} ms after NSX said so`),
      session?.state === 'ended' &&
        fact(
          'session',
          `ended ${duration(now - session.at)} ago${session.code === undefined ? '' : `: ${session.code}`}`,
          'warn',
        ),
    ]
  }

  /** @param {'ccp' | 'mp'} channel @param {'frames' | 'changes'} what */
  #rate(channel, what) {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.at - first.at < 1_000) return '–'
    const count = (last[what][channel] ?? 0) - (first[what][channel] ?? 0)
    const perMinute = (count * 60_000) / (last.at - first.at)
    return perMinute >= 10 || perMinute === 0 ? String(Math.round(perMinute)) : perMinute.toFixed(1)
  }

  /** Frames and changes of each of the last seconds. @param {'ccp' | 'mp'} channel */
  #spark(channel) {
    const counts = this.#samples.slice(1).map((sample, at) => {
      const before = this.#samples[at]
      const more = (/** @type {'frames' | 'changes'} */ what) =>
        (sample[what][channel] ?? 0) - (before?.[what][channel] ?? 0)
      return more('frames') + more('changes')
    })
    const most = Math.max(4, ...counts)
    const x = (/** @type {number} */ at) => SAMPLES_MAX - counts.length + at
    const line = counts.map((count, at) => `L${x(at)} ${25 - (count / most) * 23}`).join('')
    return svg(
      'svg',
      {
        class: 'spark',
        viewBox: `0 0 ${SAMPLES_MAX - 1} 26`,
        preserveAspectRatio: 'none',
        'aria-hidden': true,
      },
      counts.length > 1 && svg('path', { d: `M${x(0)} 26${line}L${x(counts.length - 1)} 26Z` }),
    )
  }
}
