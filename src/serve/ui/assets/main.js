/** The page: what is told comes in, one moment (now, or one of the past) is shown. It only looks; nothing can be changed here. */
import { ChartView } from './chart.js'
import { drawDetail, drawLog, sayState } from './detail.js'
import { byId, h, keyed, say, show } from './dom.js'
import { History } from './history.js'
import { Lanes } from './lanes.js'
import { ask, follow } from './stream.js'
import { startTheme } from './theme.js'
import { TimeLine } from './timeline.js'
import { brief, clock, duration, severityOf, shortName } from './words.js'

/** @typedef {import('../chart.ts').Chart} Chart */
/** @typedef {import('../view.ts').NowView} NowView */
/** @typedef {import('../view.ts').PastView} PastView */
/** @typedef {import('../view.ts').TransitionView} TransitionView */
/** @typedef {import('./history.js').Row} Row */
/** @typedef {{ path: string, words: string, since: number }} Shown */

/** @type {Chart[]} */
let charts = []
/** @type {NowView | undefined} */
let now
/** The browser's clock less the adapter's. */
let aheadMs = 0
let lost = 'connecting …'
let selected = named()
/** Warnings as they were at the moment shown. @type {PastView | undefined} */
let past

const history = new History()
const lanes = new Lanes()
const drawing = new ChartView(byId('panels'))
const line = new TimeLine(history, chartOf, {
  move(row) {
    past = undefined
    if (row !== undefined) askPast(row)
    else if (line.isOlder) void loadHistory().catch(tellTrouble)
    draw()
  },
  older() {
    const first = history.rows[0]
    if (first === undefined) return
    loadHistory(first.at - 1)
      .then(() => line.go(history.rows.at(-1)))
      .catch(tellTrouble)
  },
  time(at) {
    void goTo(at).catch(tellTrouble)
  },
})

/** So much after the moment is loaded with it, to go on from there. */
const AFTER_MS = 900_000

/** @param {number} at */
async function goTo(at) {
  const [first, last] = [history.rows[0]?.at ?? at, line.isOlder ? (history.rows.at(-1)?.at ?? at) : nowMs()]
  if (at < first || at > last) await loadHistory(Math.min(at + AFTER_MS, nowMs()))
  line.go(history.rows[Math.max(0, history.indexAt(at))])
}

/**
 * By what is told of the actor, by its name (`watch.discovery`, `operation:ID`), or by the states it was in.
 * @param {string} path
 */
function chartOf(path) {
  const byName = (/** @type {string | undefined} */ name) => charts.find((chart) => chart.name === name)
  const [first, ...rest] = shortName(path).split(/[.:]/)
  const told = now?.actors.find((actor) => actor.path === path)?.chart
  const known = byName(told) ?? byName(rest.at(-1)) ?? byName(first)
  if (known !== undefined) return known
  const taken = history.rows.find(({ machine }) => machine === path)?.to.split(' ') ?? []
  return charts.find(({ pieces }) => {
    const paths = pieces.flatMap(({ states }) => states.map((state) => state.path))
    return taken.length > 0 && taken.every((word) => paths.includes(word))
  })
}

/** The actor that the address names. */
function named() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || 'adapter'
  } catch {
    return 'adapter'
  }
}

/** Every chart at the moment shown. @returns {Map<string, Shown>} */
function moment() {
  const row = line.row
  if (row === undefined)
    return new Map(now?.actors.map(({ path, words, since }) => [path, { path, words, since }]))
  const standing = history.standing(history.indexOf(row.id))
  return new Map([...standing].map(([path, { to, at }]) => [path, { path, words: to, since: at }]))
}

const momentMs = () => line.row?.at ?? nowMs()
const nowMs = () => Date.now() - aheadMs

let isDrawn = true
function draw() {
  if (!isDrawn) return
  isDrawn = false
  requestAnimationFrame(() => {
    isDrawn = true
    drawAll()
  })
}

function drawAll() {
  if (now === undefined) return drawLink()
  const shown = moment()
  if (!shown.has(selected) && line.row === undefined && !now.actors.some(({ path }) => path === selected))
    selected = 'adapter'
  drawLink()
  drawStatus(now)
  drawWarnings(now)
  lanes.draw(now, shown, line.row?.at)
  line.update(nowMs(), selected)
  drawActors([...shown.values()])
  drawChart(shown.get(selected), now)
}

/** @param {NowView} view */
function drawStatus({ status }) {
  const { ready, role = '', instance = '', cluster, version = '', reasons } = status
  say(byId('who'), `${cluster?.name ?? ''} · ${instance} · ${role} · ${version}`)
  const health = byId('health')
  health.setAttribute('data-tone', ready ? 'good' : 'bad')
  say(health, ready ? 'Ready' : `Not ready: ${reasons.join('; ')}`)
}

function drawLink() {
  const link = byId('link')
  const row = line.row
  link.setAttribute('data-link', lost !== '' ? 'lost' : row === undefined ? 'live' : 'past')
  // Without the milliseconds: a reader of screens is told of each change.
  say(link, lost !== '' ? lost : row === undefined ? 'live' : `as of ${clock(row.at)}`)
}

/** @param {NowView} view */
function drawWarnings({ status }) {
  const all = line.row === undefined ? status.warnings : (past?.warnings ?? [])
  const worst = ['error', 'warning', 'info']
  const known = new Map(status.warnings.map((warning) => [warning.code, warning]))
  show(
    byId('warnings'),
    [...all]
      .sort((a, b) => worst.indexOf(a.severity) - worst.indexOf(b.severity))
      .map(({ code, title = known.get(code)?.title, detail, severity, text, since }) =>
        h(
          'div',
          { class: 'warning', 'data-severity': severity },
          h('strong', {}, `${code}${title === undefined ? '' : `: ${title}`}`),
          since !== undefined && ` for ${duration(momentMs() - since)}`,
          h('p', {}, [detail, text].filter((one) => one !== undefined && one !== '').join('. ')),
        ),
      ),
  )
}

const isWatch = (/** @type {string} */ path) => shortName(path).startsWith('watch.')
/** The resource alone: it fits. @param {string} path */
const listName = (path) => shortName(path).replace(/^watch\./, '')

/** Worst first. @param {readonly Shown[]} shown */
function drawActors(shown) {
  const rank = new Map(shown.map((one) => [one.path, severityOf(one.words)]))
  const sorted = [...shown].sort(
    (a, b) => (rank.get(b.path) ?? 0) - (rank.get(a.path) ?? 0) || (a.path < b.path ? -1 : 1),
  )
  keyed(
    byId('actors'),
    sorted,
    ({ path }) => path,
    ({ path }) =>
      h(
        'li',
        {},
        h(
          'button',
          { type: 'button', onclick: () => choose(path) },
          h('span', { class: 'name' }, h('span', {}, listName(path)), h('span', { class: 'age' })),
          h('span', { class: 'state' }),
        ),
      ),
    (item, { path, words, since }) => {
      const button = item.firstElementChild
      const [name, state] = [...(button?.children ?? [])]
      const age = name?.lastElementChild
      button?.setAttribute('aria-current', String(path === selected))
      button?.setAttribute('title', `${path}: ${words}`)
      if (state) {
        say(state, (isWatch(path) ? 'watch: ' : '') + brief(words))
        state.setAttribute('data-tone', ['', 'warn', 'bad'][rank.get(path) ?? 0] ?? '')
      }
      if (age) say(age, duration(momentMs() - since))
    },
  )
}

/** @param {string} path */
function choose(path) {
  selected = path
  globalThis.history.replaceState(null, '', `#${encodeURIComponent(path)}`)
  draw()
}

/**
 * @param {Shown | undefined} shown
 * @param {NowView} view
 */
function drawChart(shown, view) {
  const chart = chartOf(selected)
  drawing.draw(chart)
  say(byId('chart-title'), selected)
  const words = shown?.words ?? ''
  drawing.light(words)
  if (shown === undefined) sayState('did not live then')
  else sayState(`${brief(words)}, for ${duration(momentMs() - shown.since)}`)
  const row = line.row
  if (row !== undefined) drawing.flash(row.machine === selected ? row : undefined, true)
  const actor = row === undefined ? view.actors.find(({ path }) => path === selected) : undefined
  drawDetail(chart, shown ?? { words: '', since: momentMs() }, actor, nowMs())
  const until = row === undefined ? history.rows.length : history.indexOf(row.id) + 1
  const own = history.rows.slice(0, until).filter(({ machine }) => isAll || machine === selected)
  drawLog(own, row, chartOf, (one) => line.go(one))
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let asking
/** The slider may run over many moments: only where it rests is asked for. @param {Row} row */
function askPast({ id, at }) {
  clearTimeout(asking)
  asking = setTimeout(async () => {
    /** @type {PastView | undefined} */
    const told = await ask(`/inspect/at?at=${Math.round(at)}`).catch(() => undefined)
    if (line.row?.id !== id) return
    past = told
    draw()
  }, 150)
}

/** @param {TransitionView} row */
function take(row) {
  if (!line.isOlder) history.add(row)
  if (line.row === undefined && row.machine === selected) {
    drawing.light(row.to)
    drawing.flash(row)
  }
  draw()
}

/** What comes from now on is shown all the same. @param {unknown} error */
function tellTrouble(error) {
  line.trouble = error instanceof Error ? error.message : String(error)
  draw()
}

/** The newest, or those up to a moment. @param {number} [until] */
async function loadHistory(until) {
  const query = until === undefined ? '' : `?until=${Math.round(until)}`
  const { transitions } = await /** @type {Promise<{ transitions: TransitionView[] }>} */ (
    ask(`/inspect/transitions${query}`)
  )
  const first = transitions[0]?.at
  if (until !== undefined && first === undefined) throw new Error('nothing is kept of that time')
  /** @type {PastView | undefined} */
  const before =
    first === undefined
      ? undefined
      : await ask(`/inspect/at?at=${Math.round(first) - 1}`).catch(() => undefined)
  const shown = line.row
  history.load(transitions, before, until !== undefined)
  line.isOlder = until !== undefined
  line.trouble = ''
  line.keptSince = (
    await /** @type {Promise<{ oldest?: number }>} */ (ask('/inspect/span')).catch(() => undefined)
  )?.oldest
  // The same moment has another row now.
  if (shown !== undefined && until === undefined && line.row === shown)
    line.go(history.rows.find(({ at, machine }) => at === shown.at && machine === shown.machine))
  draw()
}

/** Whether transitions of all charts are listed. */
let isAll = false

function startKeys() {
  const all = byId('log-all')
  all.onclick = () => {
    isAll = !isAll
    all.setAttribute('aria-pressed', String(isAll))
    draw()
  }
  byId('zoom-in').onclick = () => drawing.zoom(1)
  byId('zoom-out').onclick = () => drawing.zoom(-1)
  byId('zoom-fit').onclick = () => drawing.zoom(0)
  window.onhashchange = () => choose(named())
}

async function begin() {
  startTheme()
  startKeys()
  charts = await ask(new URL('charts.json', import.meta.url).pathname)
  void follow(
    (news) => {
      if (news.kind === 'transition') return take(news)
      if (news.kind !== 'now') return
      // Between two streams something may have been missed.
      if (lost !== '' && !line.isOlder) void loadHistory().catch(tellTrouble)
      lost = ''
      now = news
      aheadMs = Date.now() - news.at
      lanes.take(news)
      draw()
    },
    (why) => {
      lost = `not connected: ${why}`
      draw()
    },
  )
}

begin().catch((error) => {
  lost = `not started: ${error instanceof Error ? error.message : String(error)}`
  drawLink()
})
