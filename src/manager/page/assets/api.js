/** The manager's public calls, as the one who signed in. Every call has a deadline, and every failure a sentence. */
import { hearDate } from './clock.js'
import { isObject, object, objects, parseExact, text } from './json.js'
import { token } from './session.js'

/** @import { Json } from './json.js' */

export const INFRA = '/policy/api/v1/infra'
export const CONTROL_PLANES = `${INFRA}/sites/default/enforcement-points/default/cluster-control-planes`
const DEADLINE_MS = 30_000

/** What a call came to when not what was asked for. `kind` decides what the page does about it. */
export class CallError extends Error {
  /**
   * @param {'signed-out' | 'unreachable' | 'busy' | 'refused' | 'missing'} kind
   * @param {string} message
   * @param {number} [retryAfterMs]
   */
  constructor(kind, message, retryAfterMs) {
    super(message)
    this.kind = kind
    this.retryAfterMs = retryAfterMs
  }
}

/** @typedef {{ signal?: AbortSignal | undefined, deadlineMs?: number }} CallOptions */

/**
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<Json>}
 */
export const get = (path, options) => call('GET', path, undefined, options)

/**
 * An answer's body as an object; empty when it has none. Rejects with a CallError, or the signal's reason.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {CallOptions} [options]
 * @returns {Promise<Json>}
 */
export async function call(method, path, body, options = {}) {
  const response = await send(method, path, body, options)
  const source = await readText(response)
  if (source === '') return {}
  try {
    return object(parseExact(source))
  } catch {
    throw new CallError('busy', 'The manager gave an answer that is no JSON. The page asks again by itself.')
  }
}

/**
 * An answer's bytes, for what is kept as a file.
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {CallOptions} options
 * @returns {Promise<{ bytes: Blob, headers: Headers }>}
 */
export async function fetchFile(method, path, body, options) {
  const response = await send(method, path, body, options)
  return { bytes: await response.blob(), headers: response.headers }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {CallOptions} options
 */
async function send(method, path, body, { signal, deadlineMs = DEADLINE_MS }) {
  const deadline = AbortSignal.timeout(deadlineMs)
  /** @type {Response} */
  let response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: {
        'x-xsrf-token': token(),
        accept: 'application/json, */*',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw unreachable(error)
  }
  hearDate(response.headers.get('date'))
  if (response.ok) return response
  throw failure(response, await readText(response).catch(() => ''))
}

/** @param {Response} response */
async function readText(response) {
  try {
    return await response.text()
  } catch (error) {
    throw unreachable(error)
  }
}

/** @param {unknown} error */
const unreachable = (error) =>
  new CallError(
    'unreachable',
    error instanceof DOMException && error.name === 'TimeoutError'
      ? 'The manager did not answer in time. It may be busy; the page asks again by itself.'
      : 'The manager cannot be reached. It may be restarting; the page asks again by itself.',
  )

/** NSX's error codes of a session that is over, and of a token that is not its own. */
const SIGNED_OUT = ['403', '98']

/**
 * @param {Response} response
 * @param {string} source
 */
function failure({ status, headers }, source) {
  const body = parsed(source)
  const said = text(body['error_message']) || `The manager answered ${status}.`
  const more = objects(body['related_errors']).map((one) => text(one['error_message']))
  const message = [said, ...more].filter(Boolean).join(' ')
  if (status === 401 || (status === 403 && SIGNED_OUT.includes(text(body['error_code']))))
    return new CallError('signed-out', 'The session has ended. Sign in again to go on.')
  if (status === 404) return new CallError('missing', message)
  if (status === 429 || status >= 500) {
    const seconds = Number(headers.get('retry-after'))
    return new CallError('busy', message, seconds > 0 ? seconds * 1_000 : undefined)
  }
  return new CallError('refused', message)
}

/** @param {string} source */
function parsed(source) {
  try {
    const value = JSON.parse(source)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/**
 * Results of several calls, a few at a time; undefined for each that failed. Rejects only when signed out or aborted.
 * @template T, R
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<R>} ask
 * @returns {Promise<(R | undefined)[]>}
 */
export async function askAll(items, ask) {
  /** @type {(R | undefined)[]} */
  const answers = items.map(() => undefined)
  const places = items.keys()
  const worker = async () => {
    for (const place of places) {
      try {
        answers[place] = await ask(/** @type {T} */ (items[place]))
      } catch (error) {
        if (!(error instanceof CallError) || error.kind === 'signed-out') throw error
      }
    }
  }
  await Promise.all(Array.from({ length: 6 }, worker))
  return answers
}
