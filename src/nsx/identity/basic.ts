/** Name and password with each call (RFC 7617). */
import type { Clock } from '../../world/index.ts'
import type { NsxLogin } from '../contract.ts'
import { createGuard } from './guard.ts'
import type { Credentials, Identity } from './types.ts'

export function createBasic(login: NsxLogin, clock: Clock): Identity {
  const guard = createGuard(login, clock)
  const shown = new WeakMap<Credentials, string>()
  return {
    async credentials() {
      const password = guard.password()
      const basic = Buffer.from(`${login.username}:${password}`, 'utf8').toString('base64')
      const credentials = { headers: { authorization: `Basic ${basic}` } }
      shown.set(credentials, password)
      return credentials
    },
    refused(http, credentials) {
      const password = shown.get(credentials) ?? ''
      guard.refused(password, `${http.origin} refuses ${login.username} with its password`)
      // The file may hold another one by now.
      return login.password() !== password
    },
    renewed: () => guard.renewed(),
    close: async () => {},
  }
}
