/**
 * Elements made from plain values. Text becomes text nodes and nothing else: no word from outside can become markup.
 */

/** @typedef {Node | string | number | null | undefined | false | readonly Child[]} Child */
/** @typedef {Record<string, string | number | boolean | undefined | ((event: never) => void)>} Props */

const SVG = 'http://www.w3.org/2000/svg'

/**
 * An element. `onclick` and the like take functions; false and undefined leave an attribute out, true gives it empty.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  fill(element, props, children)
  return element
}

/**
 * The same for drawings.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag))
  fill(element, props, children)
  return element
}

/**
 * @param {Element} element
 * @param {Props} props
 * @param {readonly Child[]} children
 */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') Reflect.set(element, name, value)
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
}

/**
 * @param {Element} element
 * @param {Child} child
 */
function append(element, child) {
  if (child === null || child === undefined || child === false) return
  if (Array.isArray(child)) for (const one of child) append(element, one)
  else element.append(child instanceof Node ? child : String(child))
}

/**
 * What an element shows, anew; left alone when it shows this already.
 * @param {Element} element
 * @param {...Child} children
 */
export function show(element, ...children) {
  const fresh = document.createElement('div')
  append(fresh, children)
  if (fresh.isEqualNode(asDiv(element))) return
  element.replaceChildren(...fresh.childNodes)
}

/** @param {Element} element */
function asDiv(element) {
  const copy = document.createElement('div')
  for (const child of element.childNodes) copy.append(child.cloneNode(true))
  return copy
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Children of a list by key: made once, brought up to date, and put in order without moving what has the focus.
 * @template T
 * @param {Element} list
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} update
 */
export function keyed(list, items, keyOf, make, update) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map()
  for (const child of list.children) {
    const key = child.getAttribute('data-key')
    if (key !== null && child instanceof HTMLElement) old.set(key, child)
  }
  const focused = document.activeElement
  const wanted = items.map((item) => {
    const key = keyOf(item)
    const element = old.get(key) ?? make(item)
    element.setAttribute('data-key', key)
    old.delete(key)
    update(element, item)
    return element
  })
  for (const gone of old.values()) gone.remove()
  for (const [at, element] of wanted.entries())
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null)
  if (focused instanceof HTMLElement && list.contains(focused) && document.activeElement !== focused)
    focused.focus({ preventScroll: true })
}

/**
 * The one element of this id. Throws when it is not there: the document and the scripts are of one version.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the document has no #${id}`)
  return element
}
