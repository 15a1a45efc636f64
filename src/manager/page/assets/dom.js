/**
 * Elements made from plain values, and an element brought to look like another. Text becomes text nodes and nothing else:
 * no name from outside can become markup.
 */

/** @typedef {Node | string | number | bigint | boolean | null | undefined | readonly Child[]} Child */
/** @typedef {Record<string, unknown>} Props */

const SVG = 'http://www.w3.org/2000/svg'

/** Properties that are not attributes; what was rendered last, so that what a person changed since is not undone. */
const LIVE = ['value', 'checked']
/** @type {WeakMap<Element, Record<string, unknown>>} */
const rendered = new WeakMap()

/**
 * An element. `onclick` and the like take functions, `key` tells siblings apart when they are compared, `false` and
 * undefined leave an attribute out, `true` gives it without a value.
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
  append(element, children)
  /** @type {Record<string, unknown>} */
  const live = {}
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on') || LIVE.includes(name)) {
      live[name] = value
      if (value !== undefined) Reflect.set(element, name, value)
    } else if (value !== undefined && value !== false && value !== null)
      element.setAttribute(name === 'key' ? 'data-key' : name, value === true ? '' : String(value))
  }
  rendered.set(element, live)
}

/**
 * @param {Element} element
 * @param {Child} child
 */
function append(element, child) {
  if (child === null || child === undefined || typeof child === 'boolean') return
  if (Array.isArray(child)) for (const one of child) append(element, one)
  else element.append(child instanceof Node ? child : String(child))
}

/**
 * Makes the children of `element` look like these, changing what is different and leaving the rest, so that focus,
 * selection and scrolling stay where they are.
 * @param {Element} element
 * @param {Child} children
 */
export function show(element, children) {
  const fresh = document.createElement('div')
  append(fresh, children)
  syncChildren(element, fresh)
}

/**
 * @param {Node} old
 * @param {Node} fresh
 */
const isSame = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh)

/** @param {Node} node */
const keyOf = (node) => (node instanceof Element ? node.getAttribute('data-key') : null)

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function syncChildren(old, fresh) {
  /** @type {Map<string, ChildNode>} */
  const byKey = new Map()
  for (const child of old.childNodes) {
    const key = keyOf(child)
    if (key !== null) byKey.set(key, child)
  }
  let place = old.firstChild
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted)
    let match = key === null ? place : (byKey.get(key) ?? null)
    // What has a key belongs to the child with that key: it is not made into another.
    if (match !== null && !isSame(match, wanted)) match = null
    // Should two have one key, the second is made anew.
    if (key !== null) byKey.delete(key)
    if (match === null) {
      old.insertBefore(settled(wanted), place)
      if (key === null && place !== null && keyOf(place) === null) place = dropped(place)
      continue
    }
    if (match === place) place = place.nextSibling
    else old.insertBefore(match, place)
    sync(match, wanted)
  }
  while (place !== null) place = dropped(place)
}

/** @param {ChildNode} node */
function dropped(node) {
  const next = node.nextSibling
  node.remove()
  return next
}

/**
 * @param {Node} old
 * @param {Node} fresh
 */
function sync(old, fresh) {
  const own = kept.get(fresh)
  if (own !== undefined) {
    if (own !== old && old instanceof Element) old.replaceWith(own)
    return
  }
  if (old instanceof Element && fresh instanceof Element) {
    syncAttributes(old, fresh)
    syncChildren(old, fresh)
    syncLive(old, fresh)
  } else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue
}

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function syncAttributes(old, fresh) {
  // Whether details are open is the reader's.
  const isTheirs = (/** @type {string} */ name) => old instanceof HTMLDetailsElement && name === 'open'
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value && !isTheirs(name)) old.setAttribute(name, value)
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !isTheirs(name)) old.removeAttribute(name)
}

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function syncLive(old, fresh) {
  const before = rendered.get(old) ?? {}
  const after = rendered.get(fresh) ?? {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (name.startsWith('on')) Reflect.set(old, name, after[name] ?? null)
    else if (before[name] !== after[name] && after[name] !== undefined) Reflect.set(old, name, after[name])
  }
  rendered.set(old, after)
}

/** Elements that stay themselves from one drawing to the next, by what stands for them in a drawing. @type {WeakMap<Node, Element>} */
const kept = new WeakMap()

/**
 * An element with a life of its own (a form that is filled in), in a drawing: wherever it is drawn it is this very one, and
 * nothing in it is touched.
 * @param {string} key
 * @param {Element} element
 */
export function keep(key, element) {
  const place = document.createElement(element.tagName)
  for (const one of [element, place]) {
    one.setAttribute('data-key', key)
    one.setAttribute('data-keep', '')
  }
  kept.set(place, element)
  return place
}

/** What is new in the document gets its kept elements. @param {ChildNode} node */
function settled(node) {
  const own = kept.get(node)
  if (own !== undefined) return own
  if (node instanceof Element)
    for (const place of node.querySelectorAll('[data-keep]')) place.replaceWith(kept.get(place) ?? place)
  return node
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
