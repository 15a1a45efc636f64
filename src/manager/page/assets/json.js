/** Looking into answers: what is not of the kind that is expected counts as absent. */

/** @typedef {Record<string, unknown>} Json */

/**
 * @param {unknown} value
 * @returns {value is Json}
 */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * @param {unknown} value
 * @returns {string}
 */
export const text = (value) =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : ''

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
export const number = (value) => (typeof value === 'number' ? value : undefined)

/**
 * @param {unknown} value
 * @returns {Json}
 */
export const object = (value) => (isObject(value) ? value : {})

/**
 * @param {unknown} value
 * @returns {Json[]}
 */
export const objects = (value) => (Array.isArray(value) ? value.filter(isObject) : [])

/**
 * @param {unknown} value
 * @returns {string[]}
 */
export const texts = (value) => (Array.isArray(value) ? value.map(text).filter((one) => one !== '') : [])

/**
 * JSON with whole numbers beyond what a double holds kept whole, where the browser can (it then gives the source text).
 * @param {string} source
 * @returns {unknown}
 */
export function parseExact(source) {
  /** @type {(key: string, value: unknown, context?: { source?: string }) => unknown} */
  const whole = (_key, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? 0)
      : value
  return JSON.parse(source, whole)
}
