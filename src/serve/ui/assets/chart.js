/** A chart's drawing: states that are lit, ways that flash. What is drawn came from the chart's definition, places included. */
import { h, svg } from './dom.js'
import { brief, toneOf } from './words.js'

/** @typedef {import('../chart.ts').Chart} Chart */
/** @typedef {import('../chart.ts').ChartPiece} Piece */
/** @typedef {import('../chart.ts').ChartEdge} Edge */
/** @typedef {import('../chart.ts').ChartState} State */
/** @typedef {{ edge: Edge, line: SVGElement, label: SVGElement }} Drawn */

const FLASH_MS = 1_400
const ZOOMS = [0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.6]
/** Smaller nobody can read it: then it is scrolled. */
const FIT_LEAST = 0.62

/**
 * Whether one of these states is the state or within it.
 * @param {readonly string[]} words
 * @param {string} path
 */
const isIn = (words, path) => words.some((word) => word === path || word.startsWith(`${path}.`))

export class ChartView {
  #panels
  /** @type {Chart | undefined} */
  chart
  /** @type {Map<string, { state: State, box: SVGElement }>} */
  #boxes = new Map()
  /** @type {Drawn[]} */
  #edges = []
  /** @type {{ piece: Piece, drawing: SVGElement, panel: HTMLElement }[]} */
  #pieces = []
  #zoom = 0
  #words = ''
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #calm

  /** @param {HTMLElement} panels */
  constructor(panels) {
    this.#panels = panels
    new ResizeObserver(() => this.#size()).observe(panels)
  }

  /** @param {Chart | undefined} chart */
  draw(chart) {
    if (chart === this.chart) return
    this.chart = chart
    this.#boxes.clear()
    this.#edges = []
    this.#words = ''
    clearTimeout(this.#calm)
    this.#pieces = (chart?.pieces ?? []).map((piece) => {
      const drawing = this.#drawPiece(piece)
      return { piece, drawing, panel: h('div', { class: 'panel' }, drawing) }
    })
    this.#panels.replaceChildren(...this.#pieces.map(({ panel }) => panel))
    this.#size()
  }

  /** Bigger, smaller, or (0) as it fits. @param {1 | -1 | 0} by */
  zoom(by) {
    const scale = Number(this.#pieces[0]?.drawing.getAttribute('data-scale') ?? 1)
    const next =
      by > 0 ? ZOOMS.find((zoom) => zoom > scale + 0.01) : ZOOMS.findLast((zoom) => zoom < scale - 0.01)
    this.#zoom = by === 0 ? 0 : (next ?? scale)
    this.#size()
  }

  #size() {
    const room = this.#panels.clientWidth
    if (room === 0) return
    const beside = besideScale(
      this.#pieces.map(({ piece }) => piece),
      room,
    )
    for (const { piece, drawing, panel } of this.#pieces) {
      const scale = this.#zoom || Math.max(FIT_LEAST, Math.min(beside, room / piece.width))
      const width = Math.round(piece.width * scale)
      drawing.setAttribute('width', String(width))
      drawing.setAttribute('height', String(Math.round(piece.height * scale)))
      drawing.setAttribute('data-scale', String(scale))
      // What has to be scrolled can be scrolled by keys.
      if (width > room) panel.tabIndex = 0
      else panel.removeAttribute('tabindex')
    }
  }

  /** The states that are taken. @param {string} words */
  light(words) {
    if (words === this.#words) return
    const isFirst = this.#words === ''
    this.#words = words
    const taken = words.split(' ')
    for (const [path, { box }] of this.#boxes) {
      const isLit = isIn(taken, path)
      box.classList.toggle('lit', isLit)
      box.setAttribute('data-tone', isLit ? toneOf(path) : '')
    }
    for (const { edge, line, label } of this.#edges) {
      const isOpen = taken.includes(edge.from)
      line.classList.toggle('open', isOpen)
      label.classList.toggle('open', isOpen)
    }
    for (const { piece, drawing, panel } of this.#pieces) {
      if (isFirst) center(panel, drawing)
      const lit = piece.states.filter(({ path }) => taken.includes(path)).map(({ path }) => path)
      const [region = ''] = piece.states.map(({ name }) => name)
      const name = this.#pieces.length === 1 ? (this.chart?.name ?? '') : region
      drawing.setAttribute(
        'aria-label',
        `${name}: ${lit.length === 0 ? 'nothing is taken' : brief(lit.join(' '))}`,
      )
      panel.setAttribute('role', 'group')
      panel.setAttribute('aria-label', `Drawing of ${name}`)
    }
  }

  /**
   * Shows the way that was taken, for a moment or for good.
   * @param {{ from: string, to: string, event: string } | undefined} transition
   * @param {boolean} [isKept]
   */
  flash(transition, isKept = false) {
    clearTimeout(this.#calm)
    const taken = transition === undefined ? [] : this.#waysOf(transition)
    for (const { edge, line, label } of this.#edges) {
      line.classList.toggle('flash', taken.includes(edge))
      label.classList.toggle('flash', taken.includes(edge))
    }
    if (!isKept && taken.length > 0) this.#calm = setTimeout(() => this.flash(undefined), FLASH_MS)
  }

  /**
   * The lines that lead from the states left to those entered: the event's, and those taken by themselves after it.
   * @param {{ from: string, to: string, event: string }} transition
   * @returns {Edge[]}
   */
  #waysOf({ from, to, event }) {
    const [before, after] = [from.split(' '), to.split(' ')]
    const entered = after.filter((word) => !before.includes(word))
    const left = before.filter((word) => !after.includes(word))
    const edges = this.#edges.map(({ edge }) => edge)
    const hasEvent = (/** @type {Edge} */ edge, /** @type {string} */ type) =>
      edge.ways.some((at) => this.#boxes.get(edge.from)?.state.ways[at]?.event === type)
    /** @type {(edge: Edge, depth: number) => Edge[]} */
    const onwards = (edge, depth) => {
      if (isIn(entered, edge.to)) return [edge]
      if (depth === 0) return []
      const next = edges.filter(
        (one) => (one.from === edge.to || one.from.startsWith(`${edge.to}.`)) && hasEvent(one, ''),
      )
      const rest = next.map((one) => onwards(one, depth - 1)).find((found) => found.length > 0)
      return rest === undefined ? [] : [edge, ...rest]
    }
    const begun = edges.filter((edge) => edge.from !== '' && isIn(before, edge.from) && hasEvent(edge, event))
    const found = begun.flatMap((edge) => onwards(edge, 6))
    if (found.length > 0) return found
    return edges.filter((edge) => edge.from !== '' && isIn(left, edge.from) && isIn(entered, edge.to))
  }

  /** Outer states lie below the lines, inner ones above, and labels on top. @param {Piece} piece */
  #drawPiece(piece) {
    const isOuter = (/** @type {State} */ state) =>
      piece.states.some(({ path }) => path.startsWith(`${state.path}.`))
    const regions = new Set(piece.states.filter(({ kind }) => kind === 'parallel').map(({ path }) => path))
    const boxes = piece.states.map((state) => {
      const parent = state.path.split('.').slice(0, -1).join('.')
      const isRegion = parent === '' ? (this.chart?.pieces.length ?? 0) > 1 : regions.has(parent)
      const box = drawState(state, isOuter(state), isRegion)
      this.#boxes.set(state.path, { state, box })
      return box
    })
    const edges = piece.edges.map((edge) => ({ edge, line: drawLine(edge), label: drawLabel(edge) }))
    this.#edges.push(...edges)
    return svg(
      'svg',
      { viewBox: `0 0 ${piece.width} ${piece.height}`, role: 'img' },
      boxes.filter((box) => box.classList.contains('outer')),
      edges.map(({ line }) => line),
      boxes.filter((box) => !box.classList.contains('outer')),
      piece.marks.map(drawMark),
      edges.map(({ label }) => label),
    )
  }
}

/**
 * @param {State} state
 * @param {boolean} isOuter
 * @param {boolean} isRegion
 */
function drawState({ path, name, kind, invokes, box: { x, y, width, height } }, isOuter, isRegion) {
  const middle = isOuter ? x + 12 : x + width / 2
  const anchor = isOuter ? 'start' : 'middle'
  const top = isOuter || invokes.length > 0 ? y + 18 : y + height / 2 + 4.5
  return svg(
    'g',
    { class: `box ${kind}${isOuter ? ' outer' : ''}${isRegion ? ' region' : ''}`, 'data-path': path },
    svg('rect', { x, y, width, height, rx: isOuter ? 9 : 7 }),
    kind === 'final' &&
      svg('rect', { class: 'inner-line', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 5 }),
    svg('text', { x: middle, y: top, 'text-anchor': anchor }, name),
    invokes.map((invoke, at) =>
      svg(
        'text',
        { class: 'invoke', x: middle, y: y + 33 + 15 * at, 'text-anchor': anchor },
        `runs ${invoke}`,
      ),
    ),
  )
}

/** @param {import('../chart.ts').ChartMark} mark */
const drawMark = ({ kind, x, y, width, height }) =>
  kind === 'initial'
    ? svg('circle', { class: 'dot', cx: x + width / 2, cy: y + height / 2, r: width / 2 })
    : svg(
        'g',
        { class: 'any' },
        svg('rect', { x, y, width, height, rx: height / 2 }),
        svg('text', { x: x + width / 2, y: y + height / 2 + 4, 'text-anchor': 'middle' }, 'any state'),
      )

const CORNER = 7

/** A line with round corners, and the arrow's head at its end. @param {Edge} edge */
function drawLine({ from, to, points }) {
  const [first = [0, 0], ...rest] = points
  let path = `M${first.join(' ')}`
  for (const [at, point] of rest.entries()) {
    const next = rest[at + 1]
    const before = at === 0 ? first : (rest[at - 1] ?? first)
    if (next === undefined) path += `L${point.join(' ')}`
    else {
      const radius = Math.min(CORNER, length(before, point) / 2, length(point, next) / 2)
      path += `L${towards(point, before, radius)}Q${point.join(' ')} ${towards(point, next, radius)}`
    }
  }
  const end = rest.at(-1) ?? first
  const origin = rest.at(-2) ?? first
  return svg(
    'g',
    { class: 'edge', 'data-from': from, 'data-to': to },
    svg('path', { d: path }),
    svg('polygon', { points: head(origin, end) }),
  )
}

/** Where two regions find room beside each other, a size at which names and labels can be read still. */
const BESIDE_LEAST = 0.8
const GAP = 12

/**
 * How large pieces are drawn for the least height, dear as small writing is.
 * @param {readonly Piece[]} pieces
 * @param {number} room
 */
function besideScale(pieces, room) {
  let [best, least] = [1, Number.POSITIVE_INFINITY]
  for (let scale = 1; scale >= BESIDE_LEAST; scale -= 0.02) {
    let [total, row, x] = [0, 0, 0]
    for (const piece of pieces) {
      const [width, height] = [piece.width * scale, piece.height * scale]
      if (x > 0 && x + GAP + width > room) {
        total += row + GAP
        row = 0
        x = 0
      }
      x += (x > 0 ? GAP : 0) + width
      row = Math.max(row, height)
    }
    const cost = (total + row) / scale ** 1.5
    if (cost < least * 0.98) [best, least] = [scale, cost]
  }
  return best
}

/**
 * Scrolls a panel to what is lit in it, when it does not show as a whole.
 * @param {HTMLElement} panel
 * @param {SVGElement} drawing
 */
function center(panel, drawing) {
  const lit = drawing.querySelector('.box.lit:not(.outer)')
  if (lit === null || panel.scrollWidth <= panel.clientWidth) return
  const [inner, outer] = [lit.getBoundingClientRect(), panel.getBoundingClientRect()]
  panel.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2
}

/** @typedef {readonly number[]} Point */

/** @type {(a: Point, b: Point) => number} */
const length = ([ax = 0, ay = 0], [bx = 0, by = 0]) => Math.hypot(bx - ax, by - ay)

/** @type {(from: Point, to: Point, by: number) => string} */
function towards([ax = 0, ay = 0], [bx = 0, by = 0], by_) {
  const whole = Math.hypot(bx - ax, by - ay) || 1
  return `${ax + ((bx - ax) / whole) * by_} ${ay + ((by - ay) / whole) * by_}`
}

/** @type {(from: Point, to: Point) => string} */
function head([ax = 0, ay = 0], [bx = 0, by = 0]) {
  const whole = Math.hypot(bx - ax, by - ay) || 1
  const [dx, dy] = [(bx - ax) / whole, (by - ay) / whole]
  const [backX, backY] = [bx - dx * 8, by - dy * 8]
  return `${bx},${by} ${backX - dy * 3.6},${backY + dx * 3.6} ${backX + dy * 3.6},${backY - dx * 3.6}`
}

/** @param {Edge} edge */
const drawLabel = ({ label: { x, y, lines } }) =>
  svg(
    'g',
    { class: 'edge-label' },
    lines.map((line, at) => svg('text', { class: 'label', x: x + 3, y: y + 11 + 14 * at }, line)),
  )
