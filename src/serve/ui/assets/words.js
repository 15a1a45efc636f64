/** Words for states, events, times. */

const LEADING_REGIONS = new Set(['role', 'link', 'term', 'leading'])
const QUIET = /^(\w+)\.(running|clear|off|idle)$/

/**
 * `link.open.phase.watching … inventory.working.work.steady` → `watching, inventory steady`: the one word of each region
 * that says how it goes.
 * @param {string} words
 */
export function brief(words) {
  /** @type {Map<string, string>} */
  const regions = new Map()
  for (const word of words.split(' ')) {
    const region = word.split('.')[0] ?? ''
    if (!regions.has(region)) regions.set(region, word)
  }
  const ordered = [...regions].sort(
    ([a], [b]) => Number(LEADING_REGIONS.has(b)) - Number(LEADING_REGIONS.has(a)),
  )
  const told = ordered.flatMap(([region, word]) => {
    const last = word.split('.').at(-1) ?? word
    if (regions.size === 1) return [commonOf(words), last].filter((name) => name !== '')
    if (LEADING_REGIONS.has(region)) return [last]
    return QUIET.test(word) ? [] : [`${region} ${last}`]
  })
  return told.join(', ') || (regions.size > 3 ? 'all running' : words)
}

/**
 * The state around all of them: `streaming`; empty for a single one.
 * @param {string} words
 */
function commonOf(words) {
  const paths = words.split(' ').map((word) => word.split('.'))
  const [first = []] = paths
  if (paths.length === 1) return ''
  const split = first.findIndex((name, at) => paths.some((path) => path[at] !== name))
  const common = first.slice(0, split)
  return common.findLast((name) => name !== 'term') ?? ''
}

const BAD = /(^|\.)(refused|failed|broken|blocked|barred|failing|silent)$/
const WARN =
  /(^|\.)(waiting|retrying|lost|expired|late|doubtful|probing|unheard|unreached|long|lately|timedOut|holding|asking|overdue)$/
/** What these words mean elsewhere they do not mean here. */
const WELL = /(^|\.)(renewal\.holding|silence\.listening\.asking)$/

/**
 * @param {string} state
 * @returns {'bad' | 'warn' | ''}
 */
export const toneOf = (state) =>
  WELL.test(state) ? '' : BAD.test(state) ? 'bad' : WARN.test(state) ? 'warn' : ''

/**
 * 2 for what is broken, 1 for what waits, 0.
 * @param {string} words
 */
export const severityOf = (words) =>
  Math.max(...words.split(' ').map((word) => ['', 'warn', 'bad'].indexOf(toneOf(word))))

/**
 * `3 d 4 h`, `12 s`: the two largest units.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  /** @type {[string, number][]} */
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ]
  const first = units.findIndex(([, count]) => count > 0)
  if (first === -1) return '0 s'
  return units
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ')
}

/** @param {number} at */
const two = (at) => String(at).padStart(2, '0')

/**
 * Of the browser's zone; with the day when it is not today's.
 * @param {number} at
 * @param {boolean} [isExact]
 */
export function clock(at, isExact = false) {
  const date = new Date(at)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const ms = isExact ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : ''
  const isToday = new Date().toDateString() === date.toDateString()
  const day = isToday ? '' : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} `
  return day + time + ms
}

/**
 * An event's type as the chart words it: `xstate.after.backoff.ccp.link.waiting` → `after backoff`.
 * @param {import('../chart.ts').Chart | undefined} chart
 * @param {string} event
 */
export function eventWords(chart, event) {
  if (event === 'xstate.init') return 'started'
  if (event === 'xstate.stop') return 'stopped'
  if (!event.startsWith('xstate.')) return event
  const ways = chart?.pieces.flatMap(({ states }) => states.flatMap((state) => state.ways)) ?? []
  const known = ways.find((way) => way.event === event)
  if (known !== undefined) return known.text.replace(/( \[.*\]| else)$/, '')
  const [, kind = '', rest = ''] =
    /^xstate\.(after|done\.actor|error\.actor|done\.state)\.(.*)$/.exec(event) ?? []
  const name = kind === 'after' ? rest.split('.')[0] : rest.split('.').at(-1)
  return kind === ''
    ? event
    : `${name} ${kind === 'after' ? 'passed' : kind.startsWith('done') ? 'done' : 'failed'}`
}

/**
 * Only what changed: `reporting.pausing → reporting.quiet`.
 * @param {string} from
 * @param {string} to
 */
export function changed(from, to) {
  const [before, after] = [from.split(' '), to.split(' ')]
  const left = before.filter((word) => !after.includes(word)).join(' ')
  const entered = after.filter((word) => !before.includes(word)).join(' ')
  return from === '' ? `begins: ${brief(to)}` : `${left || '·'} → ${entered || '·'}`
}

/** @param {string} path */
export const shortName = (path) => path.split('/').at(-1) ?? path

/** @type {Record<string, number>} */
const UNITS = { s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `10:30` of today (or yesterday, when that is still to come), `2026-01-31 10:30`, `2h` or `2h ago`; undefined for what is no
 * time.
 * @param {string} text
 * @param {number} now
 */
export function timeOf(text, now) {
  const ago = /^\s*(\d{1,9})\s*(s|m|min|h|d)(\s+ago)?\s*$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0)
  const hour = /^\s*([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s*$/.exec(text)
  if (hour !== null) {
    const date = new Date(now)
    date.setHours(Number(hour[1]), Number(hour[2]), Number(hour[3] ?? 0), 0)
    if (date.getTime() > now) date.setDate(date.getDate() - 1)
    return date.getTime()
  }
  if (!/^\s*\d{4}-\d{2}-\d{2}/.test(text)) return undefined
  const at = Date.parse(text.trim())
  return Number.isNaN(at) ? undefined : at
}
