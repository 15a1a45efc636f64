/** The kept transitions, and how every chart stood at each of them. Bounded: the newest so many. */

/** @typedef {import('../view.ts').TransitionView} TransitionView */
/** @typedef {import('../view.ts').PastView} PastView */
/** @typedef {TransitionView & { readonly id: number }} Row */
/** @typedef {ReadonlyMap<string, TransitionView>} Charts */

const ROWS_MAX = 10_000
/** States are kept whole at each so-many-th row, and made from there. */
const STEP = 250
/** Charts that began longer before the outermost one than this are of an earlier process. */
const START_MS = 5_000

/**
 * @param {Map<string, TransitionView>} charts
 * @param {TransitionView} row
 */
function take(charts, row) {
  if (row.machine === 'adapter' && row.from === '')
    for (const [path, { at }] of charts) if (at < row.at - START_MS) charts.delete(path)
  if (row.ended === true) charts.delete(row.machine)
  else charts.set(row.machine, row)
}

export class History {
  /** @type {Row[]} */
  rows = []
  /** How everything stood before the first row. @type {Map<string, TransitionView>} */
  #base = new Map()
  /** Before each row whose number is a multiple of STEP. @type {Map<string, TransitionView>[]} */
  #steps = []
  #lastId = 0

  /**
   * In place of what is there. What came by the stream meanwhile stays at the end, unless these are older ones.
   * @param {readonly TransitionView[]} rows
   * @param {PastView | undefined} before
   * @param {boolean} isOlder
   */
  load(rows, before, isOlder) {
    const last = rows.at(-1)?.at ?? 0
    const isKnown = (/** @type {TransitionView} */ row) =>
      row.at <= last &&
      rows.some((one) => one.at === row.at && one.machine === row.machine && one.to === row.to)
    const newer = isOlder ? [] : this.rows.filter((row) => row.at >= last && !isKnown(row))
    this.#base = new Map(before?.transitions.map((row) => [row.machine, row]))
    this.#steps = []
    this.rows = []
    for (const row of [...rows, ...newer]) this.add(row)
  }

  /** @param {TransitionView} row */
  add(row) {
    this.#lastId += 1
    if (this.rows.length % STEP === 0) this.#steps.push(new Map(this.#state(this.rows.length)))
    this.rows.push({ ...row, id: this.#lastId })
    if (this.rows.length < ROWS_MAX + STEP) return
    this.#base = this.#steps[1] ?? this.#base
    this.#steps.shift()
    this.rows.splice(0, STEP)
  }

  /** Before the row of this number. @param {number} index */
  #state(index) {
    const step = Math.min(Math.floor(index / STEP), this.#steps.length - 1)
    const charts = new Map(step < 0 ? this.#base : this.#steps[step])
    for (const row of this.rows.slice(Math.max(0, step) * STEP, index)) take(charts, row)
    return charts
  }

  /** The number of the last row up to this moment; -1 before all. @param {number} at */
  indexAt(at) {
    let [low, high] = [0, this.rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.rows[middle]?.at ?? 0) <= at) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** By its id; -1 when it is not kept any more. @param {number} id */
  indexOf(id) {
    const first = this.rows[0]?.id ?? 0
    return id >= first && id <= this.#lastId ? id - first : -1
  }

  /**
   * How every chart stood when this row had happened.
   * @param {number} index
   * @returns {Charts}
   */
  standing(index) {
    return this.#state(index + 1)
  }

  /** The last row of a chart up to a row. @param {string} machine @param {number} index */
  lastOf(machine, index) {
    for (let at = index; at >= 0; at -= 1) if (this.rows[at]?.machine === machine) return this.rows[at]
    return undefined
  }
}
