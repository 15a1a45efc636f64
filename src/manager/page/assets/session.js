/**
 * Signing in and out with the manager's own sessions: the cookie is the browser's and no script can read it; its token is
 * kept for this tab alone. A password is sent once and kept nowhere.
 */
import { hearDate } from './clock.js'

const TOKEN = 'antrea-nsx-manager.xsrf'
const USER = 'antrea-nsx-manager.user'
const DEADLINE_MS = 15_000

export const token = () => sessionStorage.getItem(TOKEN) ?? ''
export const userName = () => sessionStorage.getItem(USER) ?? ''
export const isSignedIn = () => token() !== ''

/** What is known of the session is forgotten; the manager is not asked. */
export function forget() {
  sessionStorage.removeItem(TOKEN)
  sessionStorage.removeItem(USER)
}

/**
 * Undefined when signed in, else why not.
 * @param {string} name
 * @param {string} password
 * @returns {Promise<string | undefined>}
 */
export async function signIn(name, password) {
  try {
    const response = await fetch('/api/session/create', {
      method: 'POST',
      credentials: 'same-origin',
      cache: 'no-store',
      body: new URLSearchParams({ j_username: name, j_password: password }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    hearDate(response.headers.get('date'))
    const given = response.headers.get('x-xsrf-token')
    if (response.ok && given !== null) {
      sessionStorage.setItem(TOKEN, given)
      sessionStorage.setItem(USER, name)
      return undefined
    }
    return response.status === 401 || response.status === 403
      ? 'That user name and password do not belong together, or the account is locked. Check both and try again.'
      : `The manager cannot open a session now (${response.status}). Wait a moment and try again.`
  } catch {
    return 'The manager cannot be reached. Check that it runs, then try again.'
  }
}

/** Ends the session at the manager too, where it can be reached. */
export async function signOut() {
  const held = token()
  forget()
  await fetch('/api/session/destroy', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'x-xsrf-token': held },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).catch(() => undefined)
}
