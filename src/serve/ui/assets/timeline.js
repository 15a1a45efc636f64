/**
 * The time line: how much happened when, and the moment that is shown. A slider for keys and pointers alike; at its right end
 * it is now.
 */
import { byId, h, say, svg } from './dom.js'
import { changed, clock, duration, eventWords, shortName, timeOf } from './words.js'

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Row} Row */

const WINDOWS = /** @type {const} */ ([
  ['5 min', 300_000],
  ['1 h', 3_600_000],
  ['all', Number.POSITIVE_INFINITY],
])
const BARS = 150
const HEIGHT = 58

export class TimeLine {
  #history
  #onMove
  /** @type {(machine: string) => import('../chart.ts').Chart | undefined} */
  #chartOf
  #windowMs = 300_000
  /** The row that is shown; undefined: now. @type {Row | undefined} */
  #row
  #now = Date.now()
  #selected = ''
  #from = 0
  #to = 1
  #slider
  #words = h('p', { id: 'moment' })
  #ticks = h('div', { class: 'ticks', 'aria-hidden': true })
  #drawing = svg('svg', { viewBox: `0 0 1000 ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': true })
  #older = h('button', { type: 'button', id: 'older', title: 'The transitions kept before these' }, 'Older')
  #goTo = h('input', {
    id: 'go-to',
    type: 'text',
    size: 14,
    placeholder: '10:30 or 2h ago',
    autocomplete: 'off',
    title: 'A time of day, 2026-01-31 10:30, or how long ago: 90s, 5min, 2h, 1d. Enter goes there.',
  })
  #onOlder
  #onTime
  #live = h('button', { type: 'button', id: 'to-now' }, 'Now')

  /**
   * @param {History} history
   * @param {(machine: string) => import('../chart.ts').Chart | undefined} chartOf
   * @param {{ move: (row: Row | undefined) => void, older: () => void, time: (at: number) => void }} on
   */
  constructor(history, chartOf, on) {
    this.#history = history
    this.#chartOf = chartOf
    this.#onMove = on.move
    this.#onOlder = on.older
    this.#onTime = on.time
    this.#slider = h('div', {
      class: 'slider',
      id: 'slider',
      role: 'slider',
      tabindex: 0,
      'aria-label':
        'Moment shown. Left and right: a transition of this chart; with shift: of any chart. Home: the oldest. End: now.',
      'aria-orientation': 'horizontal',
    })
    this.#slider.append(this.#drawing)
    this.#slider.onkeydown = (event) => this.#key(event)
    this.#slider.onpointerdown = (event) => {
      this.#slider.setPointerCapture(event.pointerId)
      this.#point(event)
    }
    this.#slider.onpointermove = (event) => {
      if (this.#slider.hasPointerCapture(event.pointerId)) this.#point(event)
    }
    this.#live.onclick = () => this.#move(undefined)
    const windows = WINDOWS.map(([name, ms]) => {
      const button = h(
        'button',
        { type: 'button', 'aria-pressed': ms === this.#windowMs ? 'true' : 'false' },
        name,
      )
      button.onclick = () => {
        this.#windowMs = ms
        for (const one of windows) one.setAttribute('aria-pressed', String(one === button))
        this.draw()
      }
      return button
    })
    this.#older.onclick = () => this.#onOlder()
    this.#goTo.onkeydown = (event) => {
      if (event.key !== 'Enter') return
      const at = timeOf(this.#goTo.value, this.#now)
      this.#goTo.setAttribute('aria-invalid', String(at === undefined))
      if (at !== undefined) this.#onTime(at)
    }
    const choice = h('div', { class: 'zoom', role: 'group', 'aria-label': 'How much of the past' }, windows)
    byId('time').append(
      h(
        'div',
        { class: 'time-head' },
        h('h2', {}, 'Time line'),
        this.#words,
        h('label', {}, 'Go to ', this.#goTo),
        this.#older,
        choice,
        this.#live,
      ),
      this.#slider,
      this.#ticks,
    )
  }

  /** The row that is shown; undefined: now. */
  get row() {
    return this.#row
  }

  /** Why the past is not there, or not all of it. */
  trouble = ''
  /** Rows of long ago are on the line, and its right end is the last of them. */
  isOlder = false
  /** Since when transitions are kept at all. @type {number | undefined} */
  keptSince

  /** The right end of what there is. */
  get #end() {
    return this.isOlder ? (this.#history.rows.at(-1)?.at ?? this.#now) : this.#now
  }

  /** @param {number} now @param {string} selected */
  update(now, selected) {
    this.#now = now
    this.#selected = selected
    this.draw()
  }

  /** Shows this row. @param {Row | undefined} row */
  go(row) {
    this.#move(row)
  }

  /** @param {Row | undefined} row */
  #move(row) {
    if (row?.id === this.#row?.id) return
    this.#row = row
    this.draw()
    this.#onMove(row)
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left, width } = this.#slider.getBoundingClientRect()
    const share = (event.clientX - left) / width
    const at = this.#from + share * (this.#to - this.#from)
    if (share >= 0.995 && this.#to >= this.#now && !this.isOlder) return this.#move(undefined)
    this.#move(this.#history.rows[Math.max(0, this.#history.indexAt(at))])
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { rows } = this.#history
    const index = this.#row === undefined ? rows.length : Math.max(0, this.#history.indexOf(this.#row.id))
    const step = (/** @type {1 | -1} */ by) => this.#move(this.#beside(index, by, event.shiftKey))
    const leap = (/** @type {1 | -1} */ by) => {
      const at = (this.#row?.at ?? this.#now) + (by * (this.#to - this.#from)) / 10
      this.#move(at >= this.#now && !this.isOlder ? undefined : rows[Math.max(0, this.#history.indexAt(at))])
    }
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => step(-1),
      ArrowDown: () => step(-1),
      ArrowRight: () => step(1),
      ArrowUp: () => step(1),
      PageDown: () => leap(-1),
      PageUp: () => leap(1),
      Home: () => this.#move(rows[0]),
      End: () => this.#move(undefined),
      Escape: () => this.#move(undefined),
    }
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  }

  /**
   * The next row of the chart that is shown, or of any.
   * @param {number} index
   * @param {1 | -1} by
   * @param {boolean} isAny
   */
  #beside(index, by, isAny) {
    const { rows } = this.#history
    for (let at = index + by; at >= 0 && at < rows.length; at += by)
      if (isAny || rows[at]?.machine === this.#selected) return rows[at]
    return by > 0 && !this.isOlder ? undefined : (this.#row ?? rows[0])
  }

  draw() {
    const { rows } = this.#history
    const oldest = rows[0]?.at ?? this.#now - 1_000
    const shown = this.#row?.at ?? this.#now
    const end = this.#end
    const span = Math.max(1_000, Math.min(this.#windowMs, end - oldest))
    this.#to = shown >= end - span ? end : Math.min(end, shown + span / 2)
    this.#from = this.#to - span
    this.#drawing.replaceChildren(...this.#bars(span), ...this.#knob(shown))
    this.#say(oldest, shown)
  }

  /** @param {number} span */
  #bars(span) {
    const { rows } = this.#history
    const all = new Array(BARS).fill(0)
    const own = new Array(BARS).fill(0)
    for (let at = this.#history.indexAt(this.#from) + 1; at < rows.length; at += 1) {
      const row = rows[at]
      if (row === undefined || row.at > this.#to) break
      const bar = Math.min(BARS - 1, Math.floor(((row.at - this.#from) / span) * BARS))
      all[bar] += 1
      if (row.machine === this.#selected) own[bar] += 1
    }
    const most = Math.max(4, ...all)
    const width = 1_000 / BARS
    // By the square root, so that a full synchronization leaves something of everything else to see.
    const bars = (/** @type {number[]} */ counts, /** @type {string} */ kind) =>
      counts.flatMap((count, bar) => {
        if (count === 0) return []
        const height = Math.max(3, Math.sqrt(count / most) * (HEIGHT - 6))
        return [
          svg('rect', { class: kind, x: bar * width + 0.6, y: HEIGHT - height, width: width - 1.2, height }),
        ]
      })
    return [...bars(all, 'bar'), ...bars(own, 'own')]
  }

  /** @param {number} shown */
  #knob(shown) {
    if (this.#row === undefined) return []
    const x = ((shown - this.#from) / (this.#to - this.#from)) * 1_000
    return [
      svg('rect', { class: 'beyond', x, y: 0, width: Math.max(0, 1_000 - x), height: HEIGHT }),
      svg('rect', { class: 'knob', x: x - 1.5, y: 0, width: 3, height: HEIGHT }),
    ]
  }

  /** @param {number} oldest @param {number} shown */
  #say(oldest, shown) {
    const row = this.#row
    const kept = `${this.#history.rows.length.toLocaleString('en')} transitions since ${clock(oldest)}`
    const words =
      row === undefined
        ? `now; ${kept}${this.trouble === '' ? '' : `; the past before cannot be read: ${this.trouble}`}`
        : `${clock(row.at, true)}, ${duration(this.#now - row.at)} ago: ${shortName(row.machine)} ${changed(row.from, row.to)} (${eventWords(this.#chartOf(row.machine), row.event)})`
    say(this.#words, words)
    this.#live.disabled = row === undefined
    this.#older.disabled = this.keptSince === undefined || this.keptSince >= oldest
    this.#slider.setAttribute('aria-valuemin', String(Math.round(oldest)))
    this.#slider.setAttribute('aria-valuemax', String(Math.round(this.#end)))
    this.#slider.setAttribute('aria-valuenow', String(Math.round(shown)))
    this.#slider.setAttribute('aria-valuetext', words)
    const middle = (this.#from + this.#to) / 2
    this.#ticks.replaceChildren(
      ...[this.#from, middle, this.#to].map((at) => h('span', {}, at >= this.#now ? 'now' : clock(at))),
    )
  }
}
